"""Recognise: before an image is sent, ask whether its bytes have been paid for already (keeps I12)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from hotfolder.adapters import ledger_memory
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.config import FolderConfig, Repeats
from hotfolder.core.execution import COMPLETED
from hotfolder.core.image import Image, State
from hotfolder.core.life import Adopted, Event, Finished, GaveUp, Repeated, RequestIntended, SetAside, Waits
from hotfolder.core.repeats import (
    Adopt,
    GiveUp,
    Leave,
    Recipe,
    Remembered,
    Send,
    Share,
    TakeOver,
    Verdict,
    WaitFor,
    digest_of,
    recognise,
)
from hotfolder.errors import SourceChanged
from hotfolder.pipeline.adoption import Adoption
from hotfolder.pipeline.progress import ImageProgress
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.ports import Sources, Target

log = logging.getLogger(__name__)

WAIT_S = 30.0
"""How often an image that waits for its twin looks by itself, should nobody wake it (keeps I9)."""


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Says of an image that is to be sent what it is: new, a repeat, one of before, or a result."""

    folders: Mapping[str, FolderConfig]
    targets: Mapping[str, Target]
    adoption: Adoption
    ledger: LedgerThread
    sources: Sources
    surroundings: Surroundings
    refresh: Callable[[str], Awaitable[None]]
    """Has the workflow of this hot folder looked at anew: a changed version is no repeat."""
    waited_for: set[str] = field(default_factory=set)
    """Content hashes that some image waits for."""
    ready: set[str] = field(default_factory=set)
    """Those of them that need not be waited for any longer."""
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def recipe(self, image: Image) -> Recipe:
        """What the image is sent to now. Of one that the ledger may have lost nobody knows whether the version has changed
        since it was paid for: any will do."""
        target = self.targets[image.folder]
        digest = digest_of(self.folders[image.folder].settings)
        was_lost = self.adoption.was_lost(target, image.detected_at)
        version = None if was_lost else target.current_version
        return Recipe(target.organization_id, target.workflow_id, version, digest)

    async def is_new(self, progress: ImageProgress) -> bool:
        """Whether the image is to be sent. If not, what is to become of it has been recorded."""
        if not await self.may_ask_for(progress):
            return False
        image = progress.image
        if isinstance(await self.ledger.call(lambda ledger: self._verdict(ledger, image)), Send):
            return True
        await self.refresh(image.folder)
        if not await self.sources.is_unchanged(image):
            raise SourceChanged("The file was changed before it was sent.")
        events = await progress.decide(self._events)
        for event in events:
            self._say(image, event)
        return not events

    async def may_ask_for(self, progress: ImageProgress) -> bool:
        """Whether it can be told by now if these bytes were paid for. If not, the image is put off."""
        image = progress.image
        until = self.adoption.unknown_until(self.targets[image.folder], image.content_hash)
        if until is not None:
            await progress.record(Waits(reason=_READING, wake_at=until))
        return until is None

    async def intend(self, progress: ImageProgress, intent: RequestIntended) -> bool:
        """Commit the intent to pay, if the image is still new at this very moment: of twins that were dropped together
        the first one to come here is paid for, and the others wait (keeps I12)."""

        def choose(ledger: Ledger, image: Image) -> Sequence[Event]:
            return (intent,) if isinstance(self._verdict(ledger, image), Send) else ()

        return bool(await progress.decide(choose))

    def note_change(self, before: Image, after: Image) -> None:
        """Twins may have waited for this."""
        is_told = after.state in (State.FINISHED, State.DELIVERED, State.FAILED)
        if is_told and before.state is not after.state and after.content_hash in self.waited_for:
            self.ready.add(after.content_hash)
            self.told.set()

    async def wake_twins(self, ending: asyncio.Event, wake: Callable[[], None]) -> None:
        """Until `ending`: have those that wait for a picture looked at when it is known what has become of it."""
        while not ending.is_set():
            await self.told.wait()
            self.told.clear()
            while self.ready:
                content_hash = self.ready.pop()
                self.waited_for.discard(content_hash)
                await self.ledger.call(partial(ledger_memory.wake_twins, content_hash=content_hash))
                wake()

    # --- in the ledger's thread -------------------------------------------------------------------

    def _verdict(self, ledger: Ledger, image: Image) -> Verdict:
        reuse = self.folders[image.folder].repeats is Repeats.REUSE
        memory = ledger_memory.memory_of(ledger, image)
        return recognise(image, self.recipe(image), memory, reuse=reuse, active=self._active())

    def _active(self) -> Collection[str]:
        return self.folders.keys()

    def _events(self, ledger: Ledger, image: Image) -> Sequence[Event]:
        verdict = self._verdict(ledger, image)
        meaning = _MEANINGS.get(type(verdict))
        if isinstance(verdict, WaitFor):
            self.waited_for.add(image.content_hash)
            return (_waiting(image, verdict.twin, self.surroundings.now()),)
        return meaning(verdict) if meaning is not None else ()

    def _say(self, image: Image, event: Event) -> None:
        if isinstance(event, Repeated | Adopted):
            log.info("%s: %s: %s", image.folder, image.path, event.note)
        elif isinstance(event, SetAside | GaveUp):
            log.warning("%s: %s is not sent: %s %s", image.folder, image.path, event.reason, event.advice)


_READING = "Asking AutoRetouch whether it has been paid for before."


def _waiting(image: Image, twin: Image, now: float) -> Waits:
    where = twin.path if twin.folder == image.folder else f"{twin.path} in {twin.folder}"
    reason = f"The same picture as {where}, which is on its way: it gets the same result, for 0 credits."
    return Waits(reason=reason, wake_at=now + WAIT_S)


def _shared(verdict: Share) -> Sequence[Event]:
    twin = verdict.twin
    return (
        Repeated(
            repeat_of=twin.id,
            execution_id=twin.execution_id or "",
            organization_id=twin.organization_id or "",
            workflow_id=twin.workflow_id or "",
            workflow_version=twin.workflow_version,
            settings_digest=twin.settings_digest or "",
            service_path=twin.service_path or "",
            result_hash=twin.result_hash,
            result_type=twin.result_type,
            result_name=twin.result_name,
            note=f"The same picture as {twin.path}: it gets the same result, for 0 credits.",
        ),
    )


def _taken_over(verdict: TakeOver) -> Sequence[Event]:
    twin = verdict.twin
    return (
        Adopted(
            execution_id=twin.execution_id or "",
            organization_id=twin.organization_id or "",
            workflow_id=twin.workflow_id or "",
            workflow_version=twin.workflow_version,
            settings_digest=twin.settings_digest or "",
            note=f"Paid for before, as {twin.path} in {twin.folder}: not sent again.",
        ),
    )


def _adopted(verdict: Adopt) -> Sequence[Event]:
    found = verdict.execution
    adopted = Adopted(
        execution_id=found.execution_id,
        organization_id=found.organization_id,
        workflow_id=found.workflow_id,
        workflow_version=found.workflow_version,
        settings_digest=found.settings_digest or digest_of({}),
        note="Paid for before: AutoRetouch has it already, so it is not sent again.",
    )
    return (adopted, *_finished(found))


def _finished(found: Remembered) -> Sequence[Event]:
    """What is done need not be asked about."""
    if found.status != COMPLETED or found.service_path is None:
        return ()
    return (
        Finished(
            service_path=found.service_path,
            result_hash=found.result_hash,
            result_type=found.result_type,
            result_name=found.result_name,
            credits=found.credits,
            workflow_version=found.workflow_version,
        ),
    )


def _given_up(verdict: GiveUp) -> Sequence[Event]:
    reason = f"The same picture has failed before, as {verdict.twin.path}. {verdict.twin.reason}".rstrip()
    return (GaveUp(reason=reason, advice=verdict.twin.advice),)


def _left(verdict: Leave) -> Sequence[Event]:
    return (
        SetAside(
            reason=f"It is a result of this workflow (of {verdict.name}), so it is not sent by itself.",
            advice="If it is to be retouched once more, send it: `hotfolder retry` with its path.",
        ),
    )


_MEANINGS: Mapping[type, Callable[..., Sequence[Event]]] = {
    Share: _shared,
    TakeOver: _taken_over,
    Adopt: _adopted,
    GiveUp: _given_up,
    Leave: _left,
}
