"""Adoption: the service remembers what this ledger may not know, so it is asked before anything is paid (keeps I12).

A new computer, a lost, damaged or restored ledger, folders that moved to a second home: the executions are on the
service, under our labels. At the start each workflow's list is read, one page after the other: all of it where this
ledger never read it, else only what is newer than the ledger. Until then, an image that was not found waits.

The list may lag behind. Where there is a reason to think that another life of this home has just bought something, what
is not listed counts as new only after the whole listing lag.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from hotfolder.adapters import ledger_memory
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_memory import Reading
from hotfolder.adapters.ledger_tallies import intents_of
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.execution import Execution, hash_in_path
from hotfolder.core.life import Command
from hotfolder.core.lookup import Listed, Search
from hotfolder.core.repeats import Remembered
from hotfolder.core.timing import backoff_s
from hotfolder.errors import HotfolderError, NeedsPerson, TemporaryError
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.ports import IMAGE_LABEL, SETTINGS_LABEL, ExecutionPage, Service, Target

log = logging.getLogger(__name__)

TICK_S = 0.1
LOOK_AGAIN_S = 30.0
"""How often an image looks whether the reading has ended, should nobody wake it (keeps I9)."""

RECENT_S = 3600.0
"""An execution of ours that is younger than this makes a new ledger suspect that its home has just lost one."""

PAGES_BETWEEN_WORDS = 20
NOBODY = frozenset({""})
"""What a reading looks for: nothing, so it ends only where the list does, or where all the rest is known."""

Key = tuple[str, str]
"""Organization and workflow."""


@dataclass(slots=True)
class _Past:
    """What is known of one workflow's past. `since`: the ledger knows everything up to then; None: nothing."""

    since: float | None
    reading: Reading
    began_at: float | None
    is_final: bool = False
    is_read: bool = False
    attempts: int = 0
    next_at: float = 0.0
    hashes: set[str] = field(default_factory=set)
    """Content hashes of executions that were found and that the ledger did not know."""
    newest: float | None = None
    ours: int = 0


class Adoption:
    """The memory of the service for one daemon, a reading for each workflow of the config."""

    def __init__(
        self,
        targets: Mapping[str, Target],
        service: Service,
        ledger: LedgerThread,
        gates: Gates,
        surroundings: Surroundings,
        listing_lag_s: float,
        settings_digests: Mapping[str, str],
        when_final: Callable[[], Awaitable[None]],
    ) -> None:
        """`settings_digests`: of each hot folder; `when_final` is called whenever a workflow's past is known."""
        self._targets = targets
        self._service = service
        self._ledger = ledger
        self._gates = gates
        self._surroundings = surroundings
        self._settings_digests = settings_digests
        self._when_final = when_final
        self._certain_at = surroundings.monotonic() + listing_lag_s
        self._pasts: dict[Key, _Past] = {}
        self.is_in_doubt = False
        """Whether the ledger may be older than the last purchase of this home."""

    def unknown_until(self, target: Target, content_hash: str) -> float | None:
        """When to ask again whether these bytes have been paid for; None: now it can be told."""
        past = self._pasts.get(_key(target))
        if past is not None and (past.is_final or content_hash in past.hashes):
            return None
        return self._surroundings.now() + LOOK_AGAIN_S

    def was_lost(self, target: Target, detected_at: float) -> bool:
        """Whether an image that was first seen then (epoch seconds, our own clock) may be one that this ledger had lost.
        Whatever the workflow's version is by now, what was paid for it counts. While the list is read, all may be."""
        past = self._pasts.get(_key(target))
        if past is None or not past.is_final:
            return True
        return past.reading.recovered_at is not None and detected_at <= past.reading.recovered_at

    @property
    def is_final(self) -> bool:
        """Whether the past of every hot folder that is known by now is known."""
        keys = {_key(target) for target in self._targets.values()}
        return all(key in self._pasts and self._pasts[key].is_final for key in keys)

    # --- running ----------------------------------------------------------------------------------

    async def run(self, ending: asyncio.Event) -> None:
        """Until `ending`: read what has to be read, each workflow for itself (keeps I7)."""
        async with asyncio.TaskGroup() as tasks:
            reading: dict[Key, asyncio.Task[None]] = {}
            while not ending.is_set():
                for folder, target in list(self._targets.items()):
                    key = _key(target)
                    if self._is_due(key, folder) and (key not in reading or reading[key].done()):
                        reading[key] = tasks.create_task(self._try(folder, target))
                try:
                    async with asyncio.timeout(TICK_S):
                        await ending.wait()
                except TimeoutError:
                    continue
            for task in reading.values():
                task.cancel()

    def _is_due(self, key: Key, folder: str) -> bool:
        past = self._pasts.get(key)
        if past is not None and (past.is_final or self._surroundings.monotonic() < past.next_at):
            return False
        return self._gates.stopping(Command.UPLOAD, folder) is None

    async def _try(self, folder: str, target: Target) -> None:
        try:
            await self._read(target)
        except TemporaryError as error:
            self._put_off(target)
            await self._gates.note_fault(error)
        except NeedsPerson as error:
            self._put_off(target)
            await self._gates.hold(error, folder)
        except HotfolderError as error:
            self._put_off(target)
            log.warning("%s: AutoRetouch's list cannot be read: %s", folder, error)

    def _put_off(self, target: Target) -> None:
        past = self._pasts.get(_key(target))
        if past is not None:
            past.attempts += 1
            wait_s = backoff_s(past.attempts, self._surroundings.jitter(), longest_s=60.0)
            past.next_at = self._surroundings.monotonic() + wait_s

    # --- reading ----------------------------------------------------------------------------------

    async def _read(self, target: Target) -> None:
        past = self._pasts.get(_key(target))
        if past is None:
            past = await self._ledger.call(lambda ledger: self._begin(ledger, target))
            self._pasts[_key(target)] = past
        if not past.is_read and not await self._read_list(target, past):
            raise TemporaryError("AutoRetouch's list could not be read whole.")
        past.is_read = True
        now = self._surroundings.monotonic()
        if self._is_suspect(past) and now < self._certain_at:
            past.next_at, past.is_read, past.since = self._certain_at, False, past.began_at
            return
        await self._finish(target, past)

    def _begin(self, ledger: Ledger, target: Target) -> _Past:
        """Runs in the ledger's thread."""
        for folder in self._folders_of(_key(target)):
            ledger_memory.note_workflow(ledger, folder, *_key(target), self._settings_digests[folder])
        reading = ledger_memory.reading_of(ledger, *_key(target))
        known = [ledger_memory.newest_request(ledger, *_key(target)), reading.read_at]
        times = [time for time in known if time is not None]
        return _Past(max(times, default=None), reading, self._service.now())

    async def _read_list(self, target: Target, past: _Past) -> bool:
        """Whether the list was read to its end, or to where all the rest is known."""
        resumed = past.reading.offset if past.since is None and not past.reading.complete else 0
        search = Search(NOBODY, past.since, seen_before=resumed)
        pages = 0
        while True:
            page = await self._service.executions(*_key(target), search.offset)
            listed = await self._listed(page)
            is_over = search.take(listed, page.total)
            await self._keep(
                target, past, page, replace(past.reading, offset=0 if is_over else search.offset)
            )
            pages += 1
            if is_over:
                return search.complete
            if pages % PAGES_BETWEEN_WORDS == 0:
                log.info(
                    "AutoRetouch's list is read: %d of %s", search.offset, page.total or "an unknown number"
                )

    async def _listed(self, page: ExecutionPage) -> list[Listed]:
        """With the times of our own intents, so that the list's clock is not believed alone."""
        labels = [label for e in page.entries if (label := e.labels.get(IMAGE_LABEL)) is not None]
        intents = await self._ledger.call(lambda ledger: intents_of(ledger, labels))
        return [
            Listed(e.id, None, e.created_at, intents.get(e.labels.get(IMAGE_LABEL, ""))) for e in page.entries
        ]

    async def _keep(self, target: Target, past: _Past, page: ExecutionPage, reading: Reading) -> None:
        ours = [one for e in page.entries if (one := remembered_in(e, target)) is not None]
        past.ours += len(ours)
        created = [one.created_at for one in ours if one.created_at is not None]
        past.newest = max([*created, *([past.newest] if past.newest is not None else [])], default=None)
        if past.since is None:
            past.reading = reading

        def keep(ledger: Ledger) -> list[Remembered]:
            known = ledger_memory.known_executions(ledger, [one.execution_id for one in ours])
            new = [one for one in ours if one.execution_id not in known]
            ledger_memory.remember(ledger, *_key(target), new, past.reading)
            return new

        new = await self._ledger.call(keep)
        past.hashes.update(one.content_hash for one in new)

    def _folders_of(self, key: Key) -> list[str]:
        return [name for name, target in self._targets.items() if _key(target) == key]

    def _is_suspect(self, past: _Past) -> bool:
        """Whether somebody may have bought something that is not listed yet."""
        if self.is_in_doubt:
            return True
        if past.since is not None:
            return bool(past.hashes)
        service_now = self._service.now() or self._surroundings.now()
        return past.newest is not None and service_now - past.newest < RECENT_S

    async def _finish(self, target: Target, past: _Past) -> None:
        past.is_final = True
        recovered_at = self._surroundings.now() if past.hashes else past.reading.recovered_at
        past.reading = reading = Reading(0, True, past.began_at, recovered_at)
        folders = self._folders_of(_key(target))

        def keep(ledger: Ledger) -> None:
            ledger_memory.remember(ledger, *_key(target), (), reading)
            ledger_memory.wake_unsent(ledger, folders)

        await self._ledger.call(keep)
        if past.hashes:
            log.info(
                "%s: AutoRetouch has %d images of before that this ledger did not know; what is here of them is not"
                " paid again",
                target.workflow_name,
                len(past.hashes),
            )
        await self._when_final()


def _key(target: Target) -> Key:
    return target.organization_id, target.workflow_id


def remembered_in(execution: Execution, target: Target) -> Remembered | None:
    """What is to be remembered of an entry of the list; None for one that is not under our labels."""
    image_id = execution.labels.get(IMAGE_LABEL)
    if image_id is None:
        return None
    path = execution.result_path
    return Remembered(
        execution_id=execution.id,
        organization_id=target.organization_id,
        workflow_id=target.workflow_id,
        workflow_version=execution.workflow_version,
        settings_digest=execution.labels.get(SETTINGS_LABEL),
        image_id=image_id,
        content_hash=execution.input_hash or "",
        input_name=execution.input_name,
        status=execution.status,
        created_at=execution.created_at,
        batch_name=execution.labels.get("autoretouch_batch_name"),
        service_path=path,
        result_hash=execution.result_hash or (hash_in_path(path) if path else None),
        result_type=execution.result_type,
        result_name=execution.result_name,
        credits=execution.credits,
    )
