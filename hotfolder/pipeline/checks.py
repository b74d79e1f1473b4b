"""Checks: looks whether what is held can go on, each kind of hold in its own way, until it can (keeps I9)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.out_folders import OutFolders
from hotfolder.core.config import Config
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
from hotfolder.core.image import State
from hotfolder.core.trouble import BUG_ADVICE
from hotfolder.errors import (
    HotfolderError,
    KeyringNotReady,
    LedgerUnusable,
    NeedsPerson,
    TemporaryError,
    WorkflowUnavailable,
)
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.lanes import Lanes
from hotfolder.pipeline.purse import CreditPurse
from hotfolder.pipeline.sending import folder_of
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.pipeline.targets import resolve_target
from hotfolder.ports import Service, Target

log = logging.getLogger(__name__)

TICK_S = 0.25
FRESH_S = 10.0
"""A workflow's version is believed for so long where a repeat depends on it."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Knows the one question to ask for each kind of hold. `targets` is filled in as hot folders are resolved."""

    config: Config
    targets: dict[str, Target]
    service: Service
    ledger: LedgerThread
    results: OutFolders
    purse: CreditPurse
    gates: Gates
    surroundings: Surroundings
    prove_room: Callable[[], None]
    """Raises `LedgerUnusable` while working copies find no room. Blocks."""
    scan_soon: Callable[[str], None]
    """Has the in folder of this hot folder looked at: its intake releases the hold when it is back."""
    lanes: Lanes
    stands: Callable[[], bool] = lambda: True
    """Whether the ledger that is open is the home's: one that was removed can be written, and nobody will read it."""
    resolved_at: dict[str, float] = field(default_factory=dict)
    """When each hot folder was resolved (monotonic seconds)."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: resolve the hot folders, and check every hold when its time has come."""
        while not stop.is_set():
            await self._resolve_missing()
            for hold in self.gates.due(self.surroundings.now()):
                await self._check(hold)
            for folder in self.lanes.trials:
                await self._try(partial(self._end_trial, folder), folder)
            try:
                async with asyncio.timeout(TICK_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def check_out_folder(self, folder: str) -> None:
        """Hold the hot folder from the start where its results could not be put anywhere; where an earlier life held it
        and it is well now, begin to place what waits."""
        if await self._try(partial(self.results.check, folder), folder) and self._is_held(folder):
            self.lanes.begin_trial(folder)

    def _is_held(self, folder: str) -> bool:
        return self.gates.get(folder, HoldKind.OUT_FOLDER) is not None

    async def _end_trial(self, folder: str) -> None:
        """The hold ends when all that waited has its place, so that nothing is bought before."""
        if await self.lanes.has_placed_all(folder):
            await self.gates.release(folder, HoldKind.OUT_FOLDER)
            self.lanes.end_trial(folder)

    async def _resolve_missing(self) -> None:
        """Find out where the images of each hot folder go, unless something stands in the way."""
        for folder in self.config.folders:
            held = [
                h
                for h in self.gates.holds
                if h.kind in _BEFORE_RESOLVING and h.scope in (ACCOUNT, folder.name)
            ]
            if folder.name not in self.targets and not held:
                await self._try(partial(self._resolve, folder.name), folder.name)

    async def _resolve(self, name: str) -> None:
        try:
            self.targets[name] = await resolve_target(self.service, self.config, folder_of(self.config, name))
        except HotfolderError:
            raise
        except Exception as bug:
            log.exception("%s: its workflow could not be looked up", name)
            reason = f"An unexpected problem in hotfolder ({type(bug).__name__})."
            raise WorkflowUnavailable(reason, BUG_ADVICE) from bug
        if name not in self.resolved_at:
            log.info("%s: sends to the workflow %s", name, self.targets[name].workflow_name)
        self.resolved_at[name] = self.surroundings.monotonic()
        self.gates.note_success()
        self.gates.changed()

    async def refresh(self, name: str) -> None:
        """Look the workflow of this hot folder up anew, unless that was done a moment ago. Raises as `resolve_target`."""
        now = self.surroundings.monotonic()
        if now - self.resolved_at.get(name, 0.0) > FRESH_S:
            await self._resolve(name)

    async def _check(self, hold: Hold) -> None:
        if hold.kind is HoldKind.SERVICE:
            if not await self._try(self._probe, ACCOUNT):
                await self.gates.put_off(hold)
            return
        questions: Mapping[HoldKind, Callable[[Hold], Awaitable[bool]]] = {
            HoldKind.SIGN_IN: self._is_signed_in,
            HoldKind.KEYRING: self._is_keyring_there,
            HoldKind.CREDITS: self._has_credits,
            HoldKind.WORKFLOW: self._has_workflow,
            HoldKind.IN_FOLDER: self._is_scanned,
            HoldKind.OUT_FOLDER: self._takes_results,
            HoldKind.LEDGER: self._ledger_writes,
        }
        question = questions.get(hold.kind)
        if question is None:
            return
        if not await self._try(lambda: self._ask(question, hold), hold.scope):
            await self.gates.put_off(hold)

    async def _ask(self, question: Callable[[Hold], Awaitable[bool]], hold: Hold) -> None:
        if await question(hold):
            await self.gates.release(hold.scope, hold.kind)
        else:
            await self.gates.put_off(hold)

    async def _try(self, work: Callable[[], Awaitable[None]], folder: str) -> bool:
        """Whether the work was done; what stood in its way is held."""
        try:
            await work()
        except TemporaryError as error:
            await self.gates.note_fault(error)
        except NeedsPerson as error:
            await self.gates.hold(error, folder)
        except Exception:
            log.exception("A check failed; it is made again")
            await asyncio.sleep(1.0)
        else:
            return True
        return False

    async def _probe(self) -> None:
        """One call, whatever waits. That the sign-in is refused also means that the service is there."""
        try:
            await self.service.organizations()
        except TemporaryError as error:
            await self.gates.note_probe(error)
            return
        except NeedsPerson as error:
            await self.gates.hold(error, ACCOUNT)
        await self.gates.note_probe(None)

    async def _is_signed_in(self, _: Hold) -> bool:
        """Perhaps with another account: where the images of each hot folder go is found out anew before they go on."""
        await self.service.organizations()
        for name in list(self.targets):
            await self._try(partial(self._resolve, name), name)
        return True

    async def _is_keyring_there(self, _: Hold) -> bool:
        """Also where nobody is signed in, or the service is away: those are holds of their own."""
        try:
            await self.service.organizations()
        except KeyringNotReady:
            raise
        except TemporaryError as error:
            await self.gates.note_fault(error)
        except NeedsPerson as error:
            await self.gates.hold(error, ACCOUNT)
        return True

    async def _has_credits(self, _: Hold) -> bool:
        """Whether one of the workflows that images wait for could be paid: anything less would be held again at once."""
        counts = await self.ledger.call(lambda ledger: ledger.counts())
        waiting = [
            target
            for name, target in self.targets.items()
            if not _WAITING_TO_PAY.isdisjoint(counts.get(name, {}))
        ]
        return await self.purse.would_suffice(waiting or self.targets.values())

    async def _has_workflow(self, hold: Hold) -> bool:
        """What was resolved before stays: paid executions are asked about and delivered meanwhile."""
        await self._resolve(hold.scope)
        return True

    async def _is_scanned(self, hold: Hold) -> bool:
        """Never an end of the hold: a scan that finds the folder there releases it."""
        self.scan_soon(hold.scope)
        return False

    async def _takes_results(self, hold: Hold) -> bool:
        """Never an end of the hold: when what failed works again, all that waits is placed on trial, and that ends it."""
        await self.results.check(hold.scope)
        self.lanes.begin_trial(hold.scope)
        return False

    async def _ledger_writes(self, hold: Hold) -> bool:
        if not self.stands():
            return False
        try:
            await self.ledger.call(lambda ledger: ledger.prove_writable())
            if hold.scope != ACCOUNT:
                await asyncio.to_thread(self.prove_room)
        except LedgerUnusable:
            return False
        return True


_WAITING_TO_PAY = frozenset({State.UPLOADED, State.HELD})
_BEFORE_RESOLVING = frozenset(
    {HoldKind.SERVICE, HoldKind.SIGN_IN, HoldKind.KEYRING, HoldKind.WORKFLOW, HoldKind.LEDGER}
)
