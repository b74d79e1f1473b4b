"""Teller: notes what happens, asks the ledger which batches are finished, and has shown what `core.telling` tells.

It outlives the daemons that a changed config replaces, so it knows none of them, only callables. Nothing that goes wrong
here harms them (keeps I7).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_tallies import batch_tallies
from hotfolder.core.config import Notifications
from hotfolder.core.glance import Action
from hotfolder.core.holds import Hold
from hotfolder.core.image import Image
from hotfolder.core.telling import Telling
from hotfolder.core.telling_words import Notification, NotSentNews, Places
from hotfolder.errors import LedgerUnusable
from hotfolder.pipeline.keep_going import keep_going
from hotfolder.pipeline.surroundings import Surroundings

log = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often to look what is held; nothing that was noted is due sooner."""

SHORTEST_S = 0.2
ANSWERED_WITHIN_S = 10.0
LAST_WORDS_S = 2.0
"""How long the end may take: what is finished by then and not told yet is told all the same."""


class Teller:
    """`level` and `places` are asked anew each time, so that a changed config is followed; `show` may take its time, but
    while it does nothing else is shown. `withdraw` takes back the one shown under a key."""

    def __init__(
        self,
        level: Callable[[], Notifications],
        places: Callable[[], Places],
        holds: Callable[[], Sequence[Hold]],
        call_ledger: Callable[[Callable[[Ledger], Any]], Awaitable[Any]],
        show: Callable[[Notification], Awaitable[None]],
        withdraw: Callable[[str], Awaitable[None]] | None = None,
        surroundings: Surroundings = Surroundings(),  # noqa: B008 - frozen
    ) -> None:
        self._level = level
        self._places = places
        self._holds = holds
        self._call_ledger = call_ledger
        self._show = show
        self._withdraw = withdraw
        self._now = surroundings.monotonic
        self._telling = Telling(surroundings.now())
        self._wake = asyncio.Event()
        self._is_answered = True

    # --- noted, from the loop ---------------------------------------------------------------------

    def note_new(self, image: Image) -> None:
        """There is a new image. Never raises."""
        self._note(lambda now: self._telling.note_new(image, now))

    def note_change(self, before: Image, after: Image) -> None:
        """A change of an image was committed. Never raises."""
        self._note(lambda now: self._telling.note_change(before, after, now))

    def tell_problem(self, title: str, text: str, action: Action | None = None) -> None:
        """Something else needs the person; the same words are told at most every half hour. Never raises."""
        self._note(lambda now: self._telling.note_problem(title, text, now, action))
        self.wake()

    def problem_is_over(self, title: str) -> None:
        """What was told under that title is mended. Never raises."""
        self._note(lambda _: self._telling.note_no_problem(title))
        self.wake()

    def note_not_sent(self, folder: str, groups: Mapping[str, int], new: frozenset[str]) -> None:
        """What is not sent of a hot folder has changed. Never raises."""
        self._note(lambda now: self._telling.note_not_sent(NotSentNews(folder, dict(groups), new), now))

    def wake(self) -> None:
        """Have `run` look now."""
        self._wake.set()

    def _note(self, work: Callable[[float], None]) -> None:
        try:
            work(self._now())
        except Exception:
            log.exception("A notification may be missing")

    # --- telling ----------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then the last words. Set it while the ledger can still be asked."""
        telling = asyncio.create_task(
            keep_going("notifications", partial(self._tell_until, stop)), name="notifications"
        )
        try:
            await stop.wait()
            self.wake()
            async with asyncio.timeout(LAST_WORDS_S):
                await telling
                await self._look(last=True)
        except TimeoutError:
            log.info("The last notifications took too long and were left out")
        except Exception:
            log.exception("The last notifications were left out")
        finally:
            telling.cancel()
            await asyncio.wait([telling])

    async def _tell_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._look()
            await self._rest()

    async def _rest(self) -> None:
        """Until something is due, or the holds are to be looked at."""
        due_at = self._telling.due_at(self._now(), self._level())
        rest_s = LOOK_S if due_at is None else min(LOOK_S, max(SHORTEST_S, due_at - self._now()))
        try:
            async with asyncio.timeout(rest_s):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _look(self, *, last: bool = False) -> None:
        self._telling.note_holds(self._holds(), self._now())
        await self._take_back()
        await self._ask_about_batches(last)
        for notification in self._telling.take(self._now(), self._level(), self._places(), last=last):
            try:
                await self._show(notification)
            except Exception:
                log.exception("A notification was not shown: %s", notification.title)

    async def _take_back(self) -> None:
        """Messages whose cause is gone."""
        for key in self._telling.take_back():
            try:
                if self._withdraw is not None:
                    await self._withdraw(key)
            except Exception:
                log.exception("A notification was not taken back: %s", key)

    async def _ask_about_batches(self, last: bool) -> None:
        asked_at = self._now()
        keys = self._telling.batches_to_check(asked_at, last=last)
        if not keys:
            return
        self._telling.put_off(keys, asked_at)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                tallies = await self._call_ledger(lambda ledger: batch_tallies(ledger, keys))
        except (LedgerUnusable, RuntimeError, TimeoutError) as error:
            # its disk is full, or one daemon has ended and the next not begun
            if self._is_answered:
                log.info("Notifications wait for the ledger: %s", str(error) or "it does not answer")
            self._is_answered = False
            return
        self._is_answered = True
        self._telling.note_tallies(keys, tallies, asked_at, self._now())
