"""Wishes: what a person asks of a daemon at work. Try it again, be done with it, fetch it once more."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from hotfolder.adapters import ledger_memory
from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.image import Image, State
from hotfolder.core.life import ResultWanted, dismiss, try_again
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.lanes import Lanes
from hotfolder.pipeline.purse import CreditPurse
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.ports import Target


@dataclass(frozen=True, slots=True)
class Wishes:
    """Each answers how many images it concerns. Raises `LedgerUnusable`."""

    targets: Mapping[str, Target]
    service: AutoRetouch
    purse: CreditPurse
    ledger: LedgerThread
    lanes: Lanes
    gates: Gates
    surroundings: Surroundings
    on_new: Callable[[Image], None]

    async def retry(self, ids: Sequence[str] | None) -> int:
        """Try these failed, ignored or dismissed images again (None: all that failed, and everything that waits)."""
        states = (State.FAILED,) if ids is None else (State.FAILED, State.IGNORED, State.DISMISSED)
        chosen = await self._chosen(states, ids)
        for image in chosen:
            await self.lanes.record(image, try_again(image))
        await self.ledger.call(lambda ledger: ledger.forget_backoffs())
        self.service.forget_refusal()
        self.purse.forget_refusals()
        await self.gates.check_soon()
        self.lanes.wake()
        return len(chosen)

    async def dismiss(self, ids: Sequence[str] | None) -> int:
        """Be done with these failed or ignored images (None: with all of them)."""
        chosen = await self._chosen((State.FAILED, State.IGNORED), ids)
        for image in chosen:
            await self.lanes.record(image, dismiss(image))
        return len(chosen)

    async def fetch(self, execution_ids: Sequence[str], image_ids: Sequence[str]) -> int:
        """Get results once more, free of charge: of executions whose pictures are not here, and of delivered images."""
        wanted = await self.ledger.call(lambda ledger: ledger_memory.want(ledger, execution_ids))
        chosen = await self._chosen((State.DELIVERED,), image_ids)
        for image in chosen:
            await self.lanes.record(image, ResultWanted())
        await self.enter_wanted()
        self.lanes.wake()
        return wanted + len(chosen)

    async def enter_wanted(self) -> None:
        """Results that a person fetches though their pictures are not here go the way of any other."""
        folders = {(t.organization_id, t.workflow_id): name for name, t in self.targets.items()}
        now = self.surroundings.now()
        work = partial(ledger_memory.enter_wanted, folders=folders, now=now, new_id=lambda: str(uuid.uuid4()))
        for image in await self.ledger.call(work):
            self.on_new(image)

    async def _chosen(self, states: Collection[State], ids: Sequence[str] | None) -> list[Image]:
        found = await self.ledger.call(lambda ledger: ledger.images(states=states))
        wanted = None if ids is None else set(ids)
        return [image for image in found if wanted is None or image.id in wanted]
