"""What of one hot folder is not sent: found by its scans and events, kept in the ledger, counted in memory.

The ledger's copy is what commands list, also while nothing runs. Crash here: a copy that is a little old; repaired by the
next scan, which compares all of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from hotfolder.adapters.foreign import Foreign
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_not_sent import not_sent, note_not_sent
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.scanner import Scan, not_sent_at
from hotfolder.core.ignore import Verdict
from hotfolder.core.not_sent import NotSent, all_not_sent, group_words, printable_path, stuck

log = logging.getLogger(__name__)

Told = Callable[[str, Mapping[str, int], frozenset[str]], None]
"""Told after each change: the hot folder, how many there are of each group, and the groups met for the first time."""


def tell_nobody(folder: str, groups: Mapping[str, int], new: frozenset[str]) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class PassedOver:
    """Of one hot folder. Paths are kept as they can be shown."""

    folder: str
    ledger: LedgerThread
    now: Callable[[], float]
    on_change: Told = tell_nobody
    found: dict[str, NotSent] = field(default_factory=dict)
    groups: Counter[str] = field(default_factory=Counter)
    _stuck: dict[str, NotSent] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)
    _is_loaded: bool = False

    async def scanned(self, scan: Scan) -> None:
        """The whole truth of a scan."""
        self._stuck = {path: entry for path, entry in self._stuck.items() if path in scan.files}
        found = {**all_not_sent(scan.passed_over, scan.trouble), **self._stuck}
        await self.load()
        shown = {printable_path(path): entry for path, entry in found.items()}
        await self._change(shown, [path for path in self.found if path not in shown])

    async def named(
        self, root: Path, verdicts: Mapping[str, Verdict], look_around: Callable[[], Foreign]
    ) -> None:
        """Paths that events named, and that are no images to send; a verdict is on the name alone."""

        def look() -> dict[str, NotSent | None]:
            foreign = look_around()
            return {path: not_sent_at(root, path, verdict, foreign) for path, verdict in verdicts.items()}

        if verdicts:
            await self.met(await asyncio.to_thread(look))

    async def met(self, changes: Mapping[str, NotSent | None]) -> None:
        """What events tell of single paths; None: it is gone, or sent."""
        await self.load()
        shown = {printable_path(path): entry for path, entry in changes.items()}
        there = {path: entry for path, entry in shown.items() if entry is not None}
        await self._change({**self.found, **there}, [path for path in shown if path not in there])

    async def stumbled(self, path: str, error: Exception) -> None:
        """It could not be entered; it is tried again."""
        self._stuck[path] = stuck(error)
        await self.met({path: self._stuck[path]})

    async def entered(self, path: str) -> None:
        """It is an image of the ledger now."""
        self._stuck.pop(path, None)
        await self.no_longer(path)

    async def no_longer(self, path: str) -> None:
        """It stands there as an image now."""
        if path not in self._stuck and printable_path(path) in self.found:
            await self.met({path: None})

    async def load(self) -> None:
        """What an earlier life found, until the first scan tells."""
        if not self._is_loaded:
            self.found = await self.ledger.call(partial(_read, self.folder))
            self.groups = Counter(entry.group for entry in self.found.values())
            self._is_loaded = True

    async def _change(self, found: dict[str, NotSent], no_more: Iterable[str]) -> None:
        """`no_more`: paths that are gone unless they are in `found` with a new reason."""
        new = {path: entry for path, entry in found.items() if self.found.get(path) != entry}
        gone = {path for path in no_more if path in self.found and path not in new}
        found = {path: entry for path, entry in found.items() if path not in gone}
        if not new and not gone:
            return
        groups, now = Counter(entry.group for entry in found.values()), self.now()
        unknown = [group for group in groups if group not in self._met]
        keep = partial(_keep, self.folder, new, gone, unknown, now)
        first = await self.ledger.call(keep)
        self.found, self.groups = found, groups
        self._met.update(unknown)
        if first:
            told = (group_words(group, groups[group]) for group in sorted(first))
            log.warning("%s: not sent: %s", self.folder, ", ".join(told))
        self.on_change(self.folder, groups, first)


def _read(folder: str, ledger: Ledger) -> dict[str, NotSent]:
    return not_sent(ledger, folder)


def _keep(
    folder: str,
    new: Mapping[str, NotSent],
    gone: Collection[str],
    unknown: Iterable[str],
    now: float,
    ledger: Ledger,
) -> frozenset[str]:
    """The groups that were not met in this hot folder before; from now on they were."""
    note_not_sent(ledger, folder, new, gone, now)
    return frozenset(group for group in unknown if ledger.say_once(folder, f"not sent {group}", "", now))
