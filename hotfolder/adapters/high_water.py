"""The high-water mark: how many intents to spend this home has ever committed, kept beside the ledger.

A ledger that counts fewer is older than the last purchase: a backup that was put back, or a new one in the place of one
that is gone. Then the service is asked what it remembers before anything is bought (keeps I12).
"""

from __future__ import annotations

import os
from pathlib import Path

from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import LedgerUnusable

DIGITS = 20


class HighWater:
    """One file with one number, held open: in a home that was removed meanwhile nothing is made anew. It is not synced to
    the disk: a power cut may lower it, and never lowers the ledger. Raises `LedgerUnusable`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def height(self) -> int:
        """0 where it is new, or nobody can read it."""
        try:
            text = os.read(self._at_start(), DIGITS)
        except OSError as error:
            raise self._unusable(error) from error
        return int(text) if text.isdigit() else 0

    def rise(self, number: int) -> None:
        """Before what was intended goes out. Never falls."""
        if number <= self.height():
            return
        try:
            os.write(self._at_start(), f"{number:0{DIGITS}d}".encode())
        except OSError as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _at_start(self) -> int:
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self._path, flags, 0o600)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return self._descriptor

    @staticmethod
    def _unusable(error: OSError) -> LedgerUnusable:
        return LedgerUnusable(
            f"hotfolder's own files cannot be written now ({plain_reason(error)}).",
            "Make room on the disk, or give this user the right to write there.",
        )
