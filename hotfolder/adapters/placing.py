"""How a file comes into an out folder: a part file beside it, written and fsynced, then under its final name.

The one way in for results and for the probes that prove the way (keeps I3, I5). A crash leaves a part file, which the
next start sweeps (I10), or the whole result.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hotfolder.adapters.durably import rename_to_free_name, sync_folder
from hotfolder.adapters.looking import NO_LINKS, is_folder, try_to_remove
from hotfolder.adapters.out_trouble import (
    Meaning,
    blocked,
    in_use,
    is_in_use,
    may_be_the_name,
    meaning_of,
)
from hotfolder.adapters.spool import PIECE_BYTES
from hotfolder.core.naming import part_name

Note = Callable[[str], None]
"""Told of the name of each part and probe file before it is made: met in an in folder, it tells of a route from there."""


def unnoted(_: str) -> None:
    """Where nobody watches an in folder."""


class NameRefused(Exception):
    """The part file could be written and its final name could not be given, or the folder's name was refused."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Part:
    """A part file that is written and closed. `device`, `number`: which file it is, where the system tells."""

    path: Path
    size_bytes: int
    device: int
    number: int


def make_folder(root: Path, subfolder: str) -> Path:
    """The subfolder (with `/`, perhaps at its end), made if need be. The root must be there."""
    place = root
    for name in filter(None, subfolder.split("/")):
        place = place / name
        if is_folder(place):
            continue
        try:
            place.mkdir(exist_ok=True)
        except OSError as error:
            _raise_unmade(place, error)
    return place


def _raise_unmade(place: Path, error: OSError) -> None:
    if meaning_of(error) is Meaning.EXISTS or os.path.lexists(place):
        raise blocked(place) from error
    if may_be_the_name(error):
        raise NameRefused(error) from error
    raise error


@contextmanager
def part_in(folder: Path, content: BinaryIO, size_bytes: int, note: Note) -> Iterator[Part]:
    """A part file of these bytes, durable; gone at the end, under whatever name. It is made anew and through no link."""
    path = folder / part_name(uuid.uuid4().hex)
    note(path.name)
    try:
        yield _written(path, content, size_bytes)
    finally:
        try_to_remove(path)


def _written(path: Path, content: BinaryIO, size_bytes: int) -> Part:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | NO_LINKS, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(content, file, PIECE_BYTES)
        file.flush()
        os.fsync(file.fileno())
        facts = os.fstat(file.fileno())
    if path.lstat().st_size != size_bytes:
        raise OSError(errno.EIO, "the part file is shorter than what was written", str(path))
    return Part(path, size_bytes, facts.st_dev, facts.st_ino)


def give_name(part: Part, final: Path, *, replacing: bool = False) -> bool:
    """Put the part file under its final name; false when something stands there that is not to be replaced."""
    try:
        if replacing:
            part.path.replace(final)
        elif not rename_to_free_name(part.path, final):
            return False
    except OSError as error:
        _sort_refusal(part, final, error)
    _require_ours(part, final)
    sync_folder(final.parent)
    return True


def _sort_refusal(part: Part, final: Path, error: OSError) -> None:
    """In use, a name that is refused, or the folder's trouble. Where the part file is gone too, it is no name."""
    if is_in_use(error):
        raise in_use(final) from error
    part.path.lstat()
    if may_be_the_name(error):
        raise NameRefused(error) from error
    raise error


def _require_ours(part: Part, final: Path) -> None:
    """What stands there now is what was written. Where files have no number that stays, their size must do."""
    there = final.lstat()
    if (there.st_dev, there.st_ino) == (part.device, part.number):
        return
    if not stat.S_ISREG(there.st_mode) or there.st_size != part.size_bytes:
        raise OSError(errno.EIO, "something else took the place of the result", str(final))
