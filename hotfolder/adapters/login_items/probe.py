"""The proof that what would be started at login exists and starts: it is started as it would be then, for its version."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotfolder import __version__
from hotfolder.adapters.login_items.program import program_is_there
from hotfolder.core.login_item import LoginEntry
from hotfolder.core.plain_words import plain_reason

STARTS_WITHIN_S = 60.0
"""A cold start from a slow disk, with a virus scanner looking on."""

_KEPT = ("HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP", "APPDATA", "LOCALAPPDATA")
_SWITCH_ON = "Run `hotfolder service install` to switch it on again."
_AGAIN = "Run `hotfolder service install` again."


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether its program starts; if anything is wrong, what it is and what to do."""

    starts: bool
    problem: str = ""
    advice: str = ""


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What is there at login for certain: no venv, no variables of a terminal, a short PATH."""
    kept = {name: environ[name] for name in _KEPT if environ.get(name)}
    system = environ.get("SYSTEMROOT")
    return {**kept, "PATH": rf"{system}\System32" if system else "/usr/bin:/bin"}


def judge(entries: Sequence[LoginEntry], environ: Mapping[str, str]) -> Proof:
    """Whether the one entry that should be there is there, switched on, and starts hotfolder. Blocks."""
    if not entries:
        return Proof(
            False, "hotfolder is not started at login.", "Run `hotfolder service install` to have it started."
        )
    proof = prove(entries[0], environ)
    if not proof.starts:
        return proof
    if not entries[0].enabled:
        return Proof(True, "The entry is there, but it was switched off.", _SWITCH_ON)
    if len(entries) > 1:
        places = " and ".join(entry.place for entry in entries)
        return Proof(True, f"There are two entries, and only one can be of use: {places}.", _AGAIN)
    return proof


def prove(entry: LoginEntry, environ: Mapping[str, str], limit_s: float = STARTS_WITHIN_S) -> Proof:
    """Start the entry's program with `--version`, elsewhere and without this environment. Blocks."""
    command = entry.command
    if command is None:
        return Proof(False, "The entry was changed by hand, so it cannot be told whether it starts.", _AGAIN)
    program = command.program
    if not program_is_there(program):
        return Proof(False, f"The program that it would start is not there any more: {program[0]}.", _AGAIN)
    try:
        done = subprocess.run(
            [*program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=Path(program[0]).anchor,
            env=clean_environment(environ),
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Proof(False, f"{program[0]} did not answer within {limit_s:.0f} seconds.", _AGAIN)
    except OSError as error:
        return Proof(False, f"{program[0]} could not be started ({plain_reason(error)}).", _AGAIN)
    return _judged(program[0], done.returncode, done.stdout.decode("utf-8", "replace").strip())


def _judged(program: str, code: int, said: str) -> Proof:
    """A windowed program may have nothing to say it with, and only its exit code speaks."""
    if code != 0:
        return Proof(
            False, f"{program} ended with exit code {code} at once.", f"Install hotfolder anew. {_AGAIN}"
        )
    if said not in ("", f"hotfolder {__version__}"):
        seen = said.splitlines()[0][:80]
        return Proof(False, f"It would start {seen}, and this is hotfolder {__version__}.", _AGAIN)
    return Proof(True)
