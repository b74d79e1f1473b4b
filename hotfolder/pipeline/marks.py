"""Marks: does this file system tell the truth about change times and inodes?

A file whose size and time are as they were, and whose change time or inode is not, is hashed: its bytes may be
others. Some network and FUSE file systems tell others at every look, and would have everything read for ever: there
both are believed no longer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from hotfolder.adapters.ledger_stamps import was_said
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.settling import FileStamp
from hotfolder.pipeline.surroundings import Surroundings

log = logging.getLogger(__name__)

MOST_FRUITLESS = 3
"""Scans in a row that had the same file hashed for nothing."""

_NOT_BELIEVED = (
    "The file system of this in folder tells other change times or inodes at every look, so they are not heeded: a file "
    "that is changed in place, with its size and time kept, is noticed only where the system reports the writing."
)


@dataclass(slots=True)
class Marks:
    """Of one hot folder's in folder."""

    folder: str
    ledger: LedgerThread
    surroundings: Surroundings
    believed: bool = True
    _fruitless: dict[str, int] = field(default_factory=dict)
    _odd: set[str] = field(default_factory=set)
    _key: str = ""

    async def begin(self, device: int) -> None:
        """Of a device that was found out once it is remembered."""
        key = f"marks {device}"
        if key != self._key:
            self._key = key
            self.believed = not await self.ledger.call(lambda ledger: was_said(ledger, self.folder, key))

    def seen(self, stamp: FileStamp) -> FileStamp:
        """What is to be believed of a stamp."""
        return stamp if self.believed else replace(stamp, ctime_ns=None, inode=None)

    def note_scan(self, odd: set[str]) -> None:
        """These files are odd in this scan: who was not so again has told the truth."""
        self._odd = odd
        for path in self._fruitless.keys() - odd:
            del self._fruitless[path]

    async def note_hashed(self, path: str, *, is_known: bool) -> None:
        """A file was hashed. `is_known`: its bytes were the same as before."""
        if path not in self._odd:
            return
        self._odd.discard(path)
        if not is_known:
            self._fruitless.pop(path, None)
            return
        self._fruitless[path] = self._fruitless.get(path, 0) + 1
        if self._fruitless[path] >= MOST_FRUITLESS and self.believed:
            self.believed = False
            self._fruitless.clear()
            now = self.surroundings.now()
            if await self.ledger.call(
                lambda ledger: ledger.say_once(self.folder, self._key, _NOT_BELIEVED, now)
            ):
                log.warning("%s: %s", self.folder, _NOT_BELIEVED)
