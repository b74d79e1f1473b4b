"""Once: whether a daemon that is to work off what is there (`run --once`) is done, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from hotfolder.adapters import ledger_memory
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.holds import PAUSED, HoldKind
from hotfolder.core.image import State
from hotfolder.errors import ExitCode
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.intake import Intake
from hotfolder.pipeline.lanes import Lanes
from hotfolder.ports import Target


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `run --once` came to."""

    delivered: int
    failed: int
    held: int
    needs_sign_in: bool

    @property
    def exit_code(self) -> ExitCode:
        if self.needs_sign_in:
            return ExitCode.SIGN_IN
        return ExitCode.SOME_FAILED if self.failed or self.held else ExitCode.DONE


@dataclass(frozen=True, slots=True)
class Once:
    """Judges by what the parts of the daemon say of themselves."""

    intakes: Mapping[str, Intake]
    targets: Mapping[str, Target]
    lanes: Lanes
    gates: Gates
    ledger: LedgerThread

    async def is_done(self) -> bool:
        """Everything is delivered, failed, or held for a person."""
        if self._is_at_work():
            return False
        needs_person = any(hold.needs_person for hold in self.gates.holds)
        if len(self.targets) < len(self.intakes) and not needs_person:
            return False
        workflows = {(t.organization_id, t.workflow_id) for t in self.targets.values()}
        if await self.ledger.call(partial(ledger_memory.has_wanted, workflows=workflows)):
            return False
        counts = await self.ledger.call(lambda ledger: ledger.counts())
        there = [(state, folder) for folder in self.intakes for state in counts.get(folder, {})]
        for state, folder in there:
            if not await self._rests(state, folder):
                return False
        return not self.lanes.under_way

    def _is_at_work(self) -> bool:
        is_idle = all(intake.is_idle for intake in self.intakes.values())
        return bool(self.lanes.under_way) or self.lanes.is_trying or not is_idle

    async def _rests(self, state: State, folder: str) -> bool:
        """Whether images of the hot folder in this state go on only when a person does something."""
        if state.is_final or self._waits_for_person(state, folder):
            return True
        return await self._all_rest(state, folder)

    def _waits_for_person(self, state: State, folder: str) -> bool:
        """Held by name, or because nobody knows where its workflow is."""
        lost = folder not in self.targets and self.gates.get(folder, HoldKind.WORKFLOW) is not None
        rests = lost or self.gates.rests(state, folder)
        return rests or self.gates.person_hold(state, folder) is not None

    async def _all_rest(self, state: State, folder: str) -> bool:
        """Whether all of these would have to be run again at the service, and must not because they are paused."""
        if not self.gates.is_paused(folder):
            return False
        images = await self.ledger.call(lambda ledger: ledger.images(folder, (state,)))
        return all(image.reason == PAUSED for image in images)

    async def outcome(self) -> Outcome:
        images = await self.ledger.call(lambda ledger: ledger.images())
        mine = [image for image in images if image.folder in self.intakes]
        holds = [hold for hold in self.gates.holds if hold.needs_person]
        return Outcome(
            delivered=sum(image.state is State.DELIVERED for image in mine),
            failed=sum(image.state is State.FAILED for image in mine),
            held=sum(not image.state.is_final for image in mine) + len(holds),
            needs_sign_in=any(hold.kind in (HoldKind.SIGN_IN, HoldKind.KEYRING) for hold in holds),
        )
