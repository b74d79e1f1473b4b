"""What an operating system says about an out folder, in our words: a table by meaning.

Errors of an out folder are the folder's, never an image's: an error that nobody knows holds the hot folder until what
failed works again. Where Windows gave its own number (`winerror`), that decides and never `errno`: Python maps network
errors (51, 59, 64, 121, 1231 …) to EINVAL, which elsewhere is a bad name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path

from hotfolder import errors
from hotfolder.core.naming import is_part_name
from hotfolder.core.plain_words import plain_reason


class Meaning(Enum):
    EXISTS = auto()
    FULL = auto()
    NO_RIGHT = auto()
    IN_USE = auto()
    """Another program holds the file open. Only at a final name, or a file of ours; anywhere else it is UNKNOWN."""
    UNKNOWN = auto()
    """A drive or network that is away, a name that is refused, or something nobody has seen before."""


_WINDOWS = {
    **dict.fromkeys((80, 183), Meaning.EXISTS),  # ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS
    **dict.fromkeys((39, 112, 1295), Meaning.FULL),  # HANDLE_DISK_FULL, DISK_FULL, DISK_QUOTA_EXCEEDED
    **dict.fromkeys((5, 19), Meaning.NO_RIGHT),  # ACCESS_DENIED, WRITE_PROTECT
    **dict.fromkeys((32, 33), Meaning.IN_USE),  # SHARING_VIOLATION, LOCK_VIOLATION
}
_POSIX = {
    errno.EEXIST: Meaning.EXISTS,
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), Meaning.FULL),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), Meaning.NO_RIGHT),
    **dict.fromkeys((errno.EBUSY, errno.ETXTBSY), Meaning.IN_USE),
}

_ACCESS_DENIED = 5
"""Windows says so of a file that is open elsewhere, too, when something is to take its place."""


def meaning_of(error: OSError) -> Meaning:
    number = winerror_of(error)
    if number is not None:
        return _WINDOWS.get(number, Meaning.UNKNOWN)
    return _POSIX.get(error.errno or 0, Meaning.UNKNOWN)


def winerror_of(error: OSError) -> int | None:
    """Windows' own number; None on every other system."""
    number: int | None = getattr(error, "winerror", None)
    return number


def is_in_use(error: OSError) -> bool:
    """Whether a final name could not be given, or a file of ours not be read, because another program has it open."""
    return meaning_of(error) is Meaning.IN_USE or winerror_of(error) == _ACCESS_DENIED


_MAY_BE_THE_NAME_ON_WINDOWS = frozenset({2, 3, 87, 123, 161, 206, 267})
"""File or path not found, and all kinds of names that are none."""


def may_be_the_name(error: OSError) -> bool:
    """Whether a name may be what was refused, beside a part file that could be written. But on Windows no list of errors
    could say (exFAT answers ENOENT, NTFS EINVAL, some shares EACCES), so all that have no other meaning."""
    number = winerror_of(error)
    if number is not None:
        return number in _MAY_BE_THE_NAME_ON_WINDOWS
    meaning = meaning_of(error)
    return meaning is Meaning.UNKNOWN or (meaning is Meaning.NO_RIGHT and error.errno != errno.EROFS)


@contextmanager
def guarded(root: Path) -> Iterator[None]:
    """Whatever the system says of this out folder is told in our words."""
    try:
        yield
    except OSError as error:
        raise unwritable(root, error) from error


def unwritable(root: Path, error: OSError) -> errors.FolderUnwritable:
    """The hot folder's trouble, with the folder that really failed: one reason for all its files, so it is said once."""
    place = _place_of(root, error)
    reason = plain_reason(error)
    if meaning_of(error) is Meaning.FULL:
        return errors.FolderUnwritable(
            f"The disk of {root} is full.", "Make room there; the results are put there then by themselves."
        )
    if meaning_of(error) is Meaning.NO_RIGHT:
        return errors.FolderUnwritable(
            f"The out folder {place} cannot be written ({reason}).",
            "Give this user the right to write there; it goes on by itself.",
        )
    return errors.FolderUnwritable(
        f"Waiting for the out folder {place} ({reason}).",
        "Connect the drive or put the folder back; it goes on by itself.",
    )


def away(root: Path) -> errors.FolderUnwritable:
    return errors.FolderUnwritable(
        f"Waiting for the out folder {root}.",
        "Connect the drive or put the folder back; it goes on by itself.",
    )


def blocked(place: Path) -> errors.FolderUnwritable:
    """Something that is no folder stands where the results' folder must be."""
    what, it = ("a file", "that file") if os.path.isfile(place) else ("no folder", "it")  # noqa: PTH113 - never raises
    return errors.FolderUnwritable(
        f"{place} is {what}, and the results need a folder of that name.",
        f"Move or rename {it}; the rest goes on by itself.",
    )


def in_use(place: Path) -> errors.ResultInUse:
    return errors.ResultInUse(
        f"The result's place is open in another program: {place}.",
        "Close it there; the result is put in its place by itself.",
    )


def _place_of(root: Path, error: OSError) -> Path:
    """The folder that failed, or the one of the file that did."""
    if error.filename2:
        return Path(os.fsdecode(error.filename2)).parent
    if not isinstance(error.filename, str | bytes) or not error.filename:
        return root
    place = Path(os.fsdecode(error.filename))
    return place.parent if is_part_name(place.name) else place
