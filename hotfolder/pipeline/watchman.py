"""Watchman: notices, without being told, that hotfolder may no longer spend: nobody is signed in any more, or the ground it
stands on is gone (keeps I14)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.ground import Ground
from hotfolder.core.holds import ACCOUNT
from hotfolder.errors import LedgerUnusable, SignInNeeded
from hotfolder.pipeline.gates import Gates

log = logging.getLogger(__name__)

LOOK_S = 2.0
LOOKS_BEFORE_END = 3
"""An upgrade takes files away and puts others there: only what is still gone at the third look ends hotfolder."""


class Watchman:
    """`end`: has hotfolder end in order."""

    def __init__(self, service: AutoRetouch, ground: Ground, gates: Gates, end: Callable[[], None]) -> None:
        self._service = service
        self._ground = ground
        self._gates = gates
        self._end = end
        self._found_gone = 0
        self.stands = True
        """Whether the ground was there at the last look."""
        service.ask_before_spending(self._look_before_spending)

    async def run(self, ending: asyncio.Event) -> None:
        """Until `ending`."""
        while not ending.is_set():
            await self._look_at_ground()
            await self._look_at_sign_in()
            try:
                async with asyncio.timeout(LOOK_S):
                    await ending.wait()
            except TimeoutError:
                continue

    async def _look_at_sign_in(self) -> None:
        try:
            await self._service.look_at_sign_in()
        except SignInNeeded as error:
            await self._gates.hold(error, ACCOUNT)

    async def _look_at_ground(self) -> None:
        gone = await self._gone()
        self._found_gone = self._found_gone + 1 if gone is not None else 0
        if gone is not None and self._found_gone == LOOKS_BEFORE_END:
            log.warning("%s hotfolder ends.", gone.title)
            self._end()

    async def _look_before_spending(self) -> None:
        gone = await self._gone()
        if gone is not None:
            raise gone

    async def _gone(self) -> LedgerUnusable | None:
        """Hold everything back where the ground is gone. When it is there again the checks release that: see `stands`."""
        gone = await asyncio.to_thread(self._ground.gone)
        self.stands = gone is None
        if gone is None:
            self._service.hold_back(None)
            return None
        error = LedgerUnusable(gone, "Nothing is sent any more, and hotfolder ends.")
        self._service.hold_back(error)
        await self._gates.hold(error, ACCOUNT)
        return error
