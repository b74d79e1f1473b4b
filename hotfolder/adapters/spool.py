"""The spool: private copies of bytes on their way up or down, small ones in memory, large ones on the local disk.

An in or out folder may be a slow NAS; only threads touch it. What goes up is copied here while its hash is checked, so the
bytes sent are the bytes hashed, whatever happens to the file meanwhile. What comes down waits here until it is whole.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from hotfolder.errors import LedgerUnusable

IN_MEMORY_BYTES = 8 * 1024 * 1024
PIECE_BYTES = 1024 * 1024


class Spool:
    """A folder of nameless temporary files; what a crash leaves behind is swept at the next start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> None:
        """Remove what an earlier life left behind. Only for the one daemon that holds this home."""
        for left in self._folder.iterdir():
            if left.is_file():
                left.unlink(missing_ok=True)

    def new_file(self) -> BinaryIO:
        return cast(
            BinaryIO,
            tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=str(self._folder), prefix="spool-"),
        )

    def parcel(self) -> SpoolParcel:
        return SpoolParcel(self.new_file(), self._folder)


class SpoolParcel:
    """Bytes being collected, with their hash. A full disk is nobody's fault but the disk's: no image fails for it."""

    def __init__(self, file: BinaryIO, folder: Path) -> None:
        self.file = file
        self._folder = folder
        self.size_bytes = 0
        self._sha256 = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        try:
            self.file.write(piece)
        except OSError as error:
            raise LedgerUnusable(
                f"There is no room for working copies in {self._folder} ({error.strerror or error}).",
                "Make room on that disk; it goes on by itself.",
            ) from error
        self._sha256.update(piece)
        self.size_bytes += len(piece)

    @property
    def content_hash(self) -> str:
        return self._sha256.hexdigest()

    def close(self) -> None:
        self.file.close()
