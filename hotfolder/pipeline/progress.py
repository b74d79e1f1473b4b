"""One image on its way through the stages: every event is decided by the table and committed before anything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.image import Image
from hotfolder.core.life import Event, RequestIntended, step
from hotfolder.pipeline.surroundings import Surroundings

Listener = Callable[[Image, Image], None]
"""Told of each committed change: the image before and after."""


class ImageProgress:
    """Implements `ports.Progress`. `on_intent` is told how many intents to pay there have been, before one is carried
    out; it runs in the ledger's thread."""

    def __init__(
        self,
        image: Image,
        ledger: LedgerThread,
        surroundings: Surroundings,
        on_change: Listener,
        on_intent: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.image = image
        self._ledger = ledger
        self._surroundings = surroundings
        self._moved_s = surroundings.moved_s()
        self._on_change = on_change
        self._on_intent = on_intent

    async def record(self, event: Event) -> None:
        await self.decide(lambda ledger, image: (event,))

    async def decide(self, choose: Callable[[Ledger, Image], Sequence[Event]]) -> Sequence[Event]:
        """Let happen what `choose` says, and nothing else in between: it looks at the ledger in its own thread, where the
        events are committed, all or none."""
        before = self.image
        events, after = await self._ledger.call(lambda ledger: self._keep(ledger, choose))
        self.image = after
        if events:
            self._on_change(before, after)
        return events

    def _keep(
        self, ledger: Ledger, choose: Callable[[Ledger, Image], Sequence[Event]]
    ) -> tuple[Sequence[Event], Image]:
        """Runs in the ledger's thread."""
        events, after = choose(ledger, self.image), self.image
        for event in events:
            after, _ = step(after, self._moved_along(event), self._surroundings.now())
        if any(isinstance(event, RequestIntended) for event in events):
            # Crash here: the mark is lower than the ledger's count, which proves nothing against the ledger.
            self._on_intent(ledger.save_intent(after))
        elif events:
            ledger.save(after)
        return events, after

    def _moved_along(self, event: Event) -> Event:
        """The appointment moves along if the clock was set since the work began."""
        moved_s = self._surroundings.moved_s() - self._moved_s
        return replace(event, wake_at=event.wake_at + moved_s) if event.wake_at > 0 else event

    def adopt(self, image: Image) -> None:
        self.image = image
