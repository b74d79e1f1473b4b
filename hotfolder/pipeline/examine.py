"""Examine: a file that has settled: is it an image, whole, of a size the service takes, and does nobody write it any
more?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotfolder.adapters.image_check import ImageFacts, check_image, hash_file
from hotfolder.adapters.writers import has_writer
from hotfolder.core.settling import (
    Candidate,
    FileStamp,
    complain,
    is_alike,
    is_given_up,
    is_worth_waiting_for_writer,
    wait_for_writer,
)
from hotfolder.errors import SourceChanged


@dataclass(frozen=True, slots=True)
class Looking:
    """When (monotonic seconds), and whether the system can be asked who writes here."""

    now: float
    may_ask_for_writers: bool


@dataclass(frozen=True, slots=True)
class Examined:
    content_hash: str
    stamp: FileStamp
    facts: ImageFacts


def examine(root: Path, candidate: Candidate, quiet_s: float, looking: Looking) -> Examined | Candidate:
    """What was found, or the candidate as it goes on waiting: for a program that has it open for writing, or because
    it looks as if a part was still to come. Blocks; raises what `check_image` and `hash_file` raise."""
    path = root / candidate.path
    is_asked = looking.may_ask_for_writers and is_worth_waiting_for_writer(candidate, looking.now)
    if is_asked and has_writer(path):
        return wait_for_writer(candidate, looking.now)
    facts = check_image(path)
    if facts.is_doubtful and not is_given_up(complain(candidate), quiet_s):
        return complain(candidate)
    content_hash, stamp = hash_file(path)
    if not is_alike(candidate, stamp):
        raise SourceChanged("The file was written again after it had settled.")
    return Examined(content_hash, stamp, facts)
