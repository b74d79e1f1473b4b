"""Looking at what stands in an out folder, without waiting for pipes, following links, or guessing where nobody can say."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path

from hotfolder.adapters.out_trouble import Meaning, in_use, is_in_use, meaning_of, winerror_of
from hotfolder.adapters.spool import PIECE_BYTES, SpoolParcel

NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)
"""A pipe under a result's name would be waited for, for ever."""


def hash_of(path: Path) -> str | None:
    """SHA-256 of a plain file as hex; None when there is none that may be read. Raises `ResultInUse`."""
    try:
        with plain_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        if is_in_use(error) or _is_denied_on_windows(path, error):
            raise in_use(path) from error
        if is_not_there(error) or (meaning_of(error) is Meaning.NO_RIGHT and winerror_of(error) is None):
            return None
        error.filename = str(path.parent)  # it is the folder's trouble, and the same for all its files
        raise


def plain_file(path: Path) -> BufferedReader:
    """Opened for reading; raises `FileNotFoundError` for what is a pipe or a folder, and like `os.open` for a link."""
    file = os.fdopen(os.open(path, os.O_RDONLY | NO_LINKS | _NO_WAITING), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FileNotFoundError(errno.ENOENT, "there is no plain file", str(path))
    return file


def _is_denied_on_windows(path: Path, error: OSError) -> bool:
    """There opening a file says only EACCES of one that another program has to itself, and of a folder."""
    return os.name == "nt" and isinstance(error, PermissionError) and not path.is_dir()


def names_in(folder: Path) -> list[str]:
    """What stands in a folder; nothing where there is no such folder, or none of that name can be."""
    try:
        return [entry.name for entry in os.scandir(folder)]
    except OSError as error:
        if is_not_there(error) or (error.errno == errno.EINVAL and winerror_of(error) is None):
            return []
        raise


def is_folder(path: Path) -> bool:
    """Unlike `Path.is_dir` it raises where nobody can say."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        if is_not_there(error):
            return False
        raise


def has_become(old: Path, new: Path) -> bool:
    """Whether what stood at `old` stands at `new` now: it is gone there, or the two are one file with two names."""
    try:
        before = old.lstat()
    except OSError as error:
        if is_not_there(error):
            return True
        raise
    there = new.lstat()
    return (before.st_dev, before.st_ino) == (there.st_dev, there.st_ino) and before.st_nlink >= 2


_NOT_THERE = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EILSEQ, errno.ENXIO}
)
_NOT_THERE_ON_WINDOWS = frozenset({2, 3, 123, 161, 206, 267})
"""File or path not found, a name it does not take. Not 53 and 67, a network that is away, which Python calls ENOENT, too."""


def is_not_there(error: OSError) -> bool:
    number = winerror_of(error)
    return error.errno in _NOT_THERE if number is None else number in _NOT_THERE_ON_WINDOWS


def try_to_remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # a read-only or vanished folder: swept at another start


def copied(path: Path, parcel: SpoolParcel) -> bool:
    """Whether a file's bytes could be read into the parcel, whole."""
    try:
        with plain_file(path) as file:
            while piece := file.read(PIECE_BYTES):
                parcel.write(piece)
    except OSError:
        return False
    return True
