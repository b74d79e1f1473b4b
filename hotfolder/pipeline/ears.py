"""Ears: what the watcher hears goes to the intake of its hot folder, and the watcher has to prove that it hears."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hotfolder.adapters.watcher import Notice, Watcher
from hotfolder.core.config import FolderConfig, Watch
from hotfolder.pipeline.intake import Intake

log = logging.getLogger(__name__)

SELF_TEST_S = 600.0
"""How often the watcher has to prove that it hears: first at the start, then at this interval."""


class Ears:
    """The watcher of one daemon, joined to its intakes. Made inside the running loop."""

    def __init__(self, intakes: Mapping[str, Intake], is_ours: Callable[[str], bool]) -> None:
        """`is_ours`: whether a part file of that name was made in an out folder."""
        self.watcher = Watcher(self._wake_from_thread, is_ours=is_ours)
        self._intakes = intakes
        self._loop = asyncio.get_running_loop()
        self._hinted = asyncio.Event()
        self._noticed: frozenset[Notice] = frozenset()

    async def open(self, folders: Sequence[FolderConfig]) -> None:
        """Begin to listen."""
        await asyncio.to_thread(self._watch, folders)

    def _watch(self, folders: Sequence[FolderConfig]) -> None:
        for folder in folders:
            self.watcher.watch(folder.name, Path(folder.in_folder), folder.watch)
        self.watcher.start()

    async def close(self) -> None:
        await asyncio.to_thread(self.watcher.stop)

    def wake(self) -> None:
        """Have `hand_out_hints` look again, also whether it is ending."""
        self._hinted.set()

    async def hand_out_hints(self, ending: asyncio.Event) -> None:
        """Until `ending`: every hint to the intake of its hot folder."""
        while not ending.is_set():
            await self._hinted.wait()
            self._hinted.clear()
            for hint in self.watcher.take():
                intake = self._intakes.get(hint.folder_name)
                if intake is not None:
                    intake.look_at(hint.path, closed=hint.closed)

    async def check(self) -> None:
        """Have the watcher mend what has broken, and say what it has to tell, each once while it holds."""
        notices = await asyncio.to_thread(self.watcher.check)
        for notice in notices:
            if notice not in self._noticed:
                log.warning("%s: %s %s", notice.folder_name or "all hot folders", notice.title, notice.advice)
        self._noticed = frozenset(notices)

    async def prove(self, ending: asyncio.Event) -> None:
        """Until `ending`: a watcher that hears nothing is found out and replaced by polling; `check` tells the person."""
        while not ending.is_set():
            for name in self._intakes:
                if self.watcher.mode_of(name) is Watch.EVENTS:
                    await asyncio.to_thread(self.watcher.self_test, name)
            try:
                async with asyncio.timeout(SELF_TEST_S):
                    await ending.wait()
            except TimeoutError:
                continue

    def _wake_from_thread(self) -> None:
        """Called from watchdog's threads."""
        try:
            self._loop.call_soon_threadsafe(self._hinted.set)
        except RuntimeError:  # the loop has ended, and nobody waits for hints any more
            return
