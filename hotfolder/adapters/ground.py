"""The ground that a running hotfolder stands on: its own program files, and the home whose ledger is open."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hotfolder


class Ground:
    """As it is at the moment this is made. What cannot be looked at (a share that is away, no rights) is not gone."""

    def __init__(self, ledger: Path) -> None:
        """`ledger`: the file that has just been opened."""
        program = _program()
        self._program = program if program.exists() else None
        self._ledger = ledger
        self._opened = _identity(ledger)

    def gone(self) -> str | None:
        """What is no longer there, as a sentence; None where all is. Blocks."""
        return next(self._gone(), None)

    def _gone(self) -> Iterator[str]:
        if self._program is not None and _is_missing(self._program):
            yield "hotfolder was removed from this computer while it ran."
        if _is_missing(self._ledger):
            yield f"hotfolder's memory was removed while it ran: {self._ledger} is gone."
        elif os.name == "posix" and _identity(self._ledger) not in (None, self._opened):
            yield f"hotfolder's memory was replaced while it ran: {self._ledger} is another file now."


def _program() -> Path:
    return Path(sys.executable if getattr(sys, "frozen", False) else hotfolder.__file__)


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
