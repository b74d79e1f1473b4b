"""The spool: private copies of bytes on their way up or down, small ones in memory, large ones on the local disk.

An in or out folder may be a slow NAS; only threads touch it. What goes up is copied here while its hash is checked, so the
bytes sent are the bytes hashed, whatever happens to the file meanwhile. What comes down waits here until it is whole.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import NoRoom

IN_MEMORY_BYTES = 8 * 1024 * 1024
PIECE_BYTES = 1024 * 1024


class Spool:
    """A folder of nameless temporary files; what a crash leaves behind is swept at the next start. Beside them lie the
    results that came down and could not be placed yet (`kept_results`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lacked_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        return self._folder

    def sweep(self, is_waited_for: Callable[[str], bool] = lambda _: False) -> None:
        """Remove what an earlier life left behind, but for the files whose name is said to be still waited for. Only for
        the one daemon that holds this home."""
        for left in self._folder.iterdir():
            if left.is_file() and not is_waited_for(left.name):
                left.unlink(missing_ok=True)

    def new_file(self) -> BinaryIO:
        return cast(
            BinaryIO,
            tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=str(self._folder), prefix="spool-"),
        )

    def parcel(self, expected_bytes: int = 0) -> SpoolParcel:
        """`expected_bytes`: how large it will be, as far as that is known."""
        return SpoolParcel(self.new_file(), self._folder, expected_bytes, self._note_lack)

    def _note_lack(self, size_bytes: int) -> None:
        self._lacked_bytes = max(self._lacked_bytes, size_bytes)

    def prove_room(self) -> None:
        """What found no room the last time would find it now; raises `NoRoom` while it would not. Blocks."""
        if not self._lacked_bytes:
            return
        try:
            with tempfile.TemporaryFile(dir=str(self._folder), prefix="spool-") as file:
                _take_room(file.fileno(), self._folder, self._lacked_bytes)
        except OSError as error:
            raise _no_room(self._folder, error) from error
        self._lacked_bytes = 0


class SpoolParcel:
    """Bytes being collected, with their hash. A full disk is nobody's fault but the disk's: no image fails for it."""

    def __init__(
        self, file: BinaryIO, folder: Path, expected_bytes: int, on_lack: Callable[[int], None]
    ) -> None:
        """`on_lack` is told how many bytes found no room."""
        self.file = file
        self._folder = folder
        self._expected_bytes = expected_bytes
        self._on_lack = on_lack
        self.size_bytes = 0
        self._sha256 = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        try:
            self.file.write(piece)
        except OSError as error:
            self._on_lack(max(self._expected_bytes, self.size_bytes + len(piece)))
            raise _no_room(self._folder, error) from error
        self._count(piece)

    def _count(self, piece: bytes) -> None:
        self._sha256.update(piece)
        self.size_bytes += len(piece)

    @property
    def content_hash(self) -> str:
        return self._sha256.hexdigest()

    @classmethod
    def read_back(cls, file: BinaryIO, folder: Path) -> SpoolParcel:
        """Bytes that were collected before and lie in a file: their hash is taken anew. Closes with the parcel."""
        parcel = cls(file, folder, 0, lambda _: None)
        while piece := file.read(PIECE_BYTES):
            parcel._count(piece)
        return parcel

    def close(self) -> None:
        self.file.close()


def _take_room(descriptor: int, folder: Path, size_bytes: int) -> None:
    """Let the file have so many bytes, or raise as a write of them would."""
    if sys.platform == "win32" or sys.platform == "darwin":
        if shutil.disk_usage(folder).free < size_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    else:
        os.posix_fallocate(descriptor, 0, size_bytes)


def _no_room(folder: Path, error: OSError) -> NoRoom:
    return NoRoom(
        f"There is no room for working copies in {folder} ({plain_reason(error)}).",
        "Make room on that disk; it goes on by itself.",
    )
