"""Checks: looks whether what is held can go on, each kind of hold in its own way, until it can (keeps I9)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.out_folders import OutFolders
from hotfolder.core.config import Config
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
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
from hotfolder.pipeline.purse import CreditPurse, least_price
from hotfolder.pipeline.sending import folder_of
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.pipeline.targets import resolve_target
from hotfolder.ports import Service, Target

log = logging.getLogger(__name__)

TICK_S = 0.25


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
    scan_soon: Callable[[str], None]
    """Has the in folder of this hot folder looked at: its intake releases the hold when it is back."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: resolve the hot folders, and check every hold when its time has come."""
        while not stop.is_set():
            await self._resolve_missing()
            for hold in self.gates.due(self.surroundings.now()):
                await self._check(hold)
            try:
                async with asyncio.timeout(TICK_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def check_out_folder(self, folder: str) -> None:
        """Hold the hot folder from the start where its results could not be put anywhere."""
        await self._try(partial(self.results.check, folder), folder)

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
        log.info("%s: sends to the workflow %s", name, self.targets[name].workflow_name)
        self.gates.note_success()
        self.gates.changed()

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
        await self.service.organizations()
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
        targets = list(self.targets.values())
        if not targets:
            return False
        price = min(least_price(target) for target in targets)
        return await self.purse.refresh(targets[0].organization_id, price) >= price

    async def _has_workflow(self, hold: Hold) -> bool:
        """What was resolved before stays: paid executions are asked about and delivered meanwhile."""
        await self._resolve(hold.scope)
        return True

    async def _is_scanned(self, hold: Hold) -> bool:
        """Never an end of the hold: a scan that finds the folder there releases it."""
        self.scan_soon(hold.scope)
        return False

    async def _takes_results(self, hold: Hold) -> bool:
        await self.results.check(hold.scope)
        return True

    async def _ledger_writes(self, _: Hold) -> bool:
        try:
            await self.ledger.call(lambda ledger: ledger.prove_writable())
        except LedgerUnusable:
            return False
        return True


_BEFORE_RESOLVING = frozenset(
    {HoldKind.SERVICE, HoldKind.SIGN_IN, HoldKind.KEYRING, HoldKind.WORKFLOW, HoldKind.LEDGER}
)
