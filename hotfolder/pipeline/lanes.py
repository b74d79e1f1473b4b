"""Lanes: how many images a stage works on at once, and in what order they are taken.

The ledger is the queue. A lane takes the images that are due from it, a few at a time, fair between hot folders, and
sleeps until something changes or the next appointment comes. 10,000 waiting images are 10,000 rows, not 10,000 tasks.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.holds import Hold, HoldKind
from hotfolder.core.image import Image, State
from hotfolder.core.life import COMMANDS, Event
from hotfolder.core.sharing import share
from hotfolder.core.trouble import Decision, decide, is_held
from hotfolder.errors import FolderUnwritable, LedgerUnusable, NeedsPerson, TemporaryError
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.keep_going import keep_going
from hotfolder.pipeline.progress import ImageProgress, Listener
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.ports import Progress

log = logging.getLogger(__name__)

LONGEST_REST_S = 5.0
"""A lane looks at the ledger at least this often, whatever it was told (keeps I9)."""


@dataclass(slots=True)
class Lane:
    """One stage's share of the work. `group`: up to so many images of a hot folder go through as one job."""

    name: str
    states: frozenset[State]
    limit: int
    work: Callable[[Sequence[ImageProgress], str], Awaitable[None]]
    group: int = 1
    running: Counter[str] = field(default_factory=Counter)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def free(self) -> int:
        return self.limit - self.running.total()


class Lanes:
    """All lanes of one daemon."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        priorities: Mapping[str, int],
        ledger: LedgerThread,
        gates: Gates,
        surroundings: Surroundings,
        is_ready: Callable[[str], bool],
        on_intent: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`priorities`: of each hot folder by name; `is_ready`: whether a hot folder's target is known; `on_intent`: see
        `ImageProgress`."""
        self._lanes = lanes
        self._priorities = priorities
        self._ledger = ledger
        self._gates = gates
        self._surroundings = surroundings
        self._is_ready = is_ready
        self._on_intent = on_intent
        self._under_way: set[str] = set()
        self._trials: dict[str, int] = {}
        self._stopping = False
        self.listeners: list[Listener] = []

    @property
    def under_way(self) -> frozenset[str]:
        """Ids of the images that are being worked on."""
        return frozenset(self._under_way)

    # --- results on trial -------------------------------------------------------------------------

    @property
    def trials(self) -> frozenset[str]:
        """The hot folders whose out folder is held, and whose waiting results are being placed all the same."""
        return frozenset(self._trials)

    @property
    def is_trying(self) -> bool:
        """Whether a trial is going on that nothing else holds up."""
        return any(map(self._may_deliver, self._trials))

    def _may_deliver(self, folder: str) -> bool:
        """Now, or as soon as it is known where its workflow is."""
        is_lost = not self._is_ready(folder) and self._gates.get(folder, HoldKind.WORKFLOW) is not None
        return not is_lost and self._stopping_step(State.FINISHED, folder) is None

    def begin_trial(self, folder: str) -> None:
        """Place what waits for this out folder though it is still held, so that nothing is bought before all of it has
        its place: one first, and with each that finds its place twice as many at once, since all of them together may be
        too much for a disk that has room for some. The first that finds none ends the trial."""
        self._trials.setdefault(folder, 1)
        self.wake()

    def end_trial(self, folder: str) -> None:
        self._trials.pop(folder, None)

    async def has_placed_all(self, folder: str) -> bool:
        """Whether no result waits for this out folder any more."""
        now = self._surroundings.now()
        return not await self._ledger.call(lambda ledger: ledger.due(folder, (State.FINISHED,), now, 1))

    def _stopping_step(self, state: State, folder: str) -> Hold | None:
        on_trial = state is State.FINISHED and folder in self._trials
        besides = HoldKind.OUT_FOLDER if on_trial else None
        return self._gates.stopping(COMMANDS[state], folder, besides=besides)

    # --- at work ----------------------------------------------------------------------------------

    def wake(self) -> None:
        """Something changed: every lane looks at the ledger now."""
        for lane in self._lanes:
            lane.wake.set()

    def stop_taking(self) -> None:
        """Begin nothing new; what is running finishes."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Until `stop_taking`; returns when the last job has finished."""
        async with asyncio.TaskGroup() as tasks:
            for lane in self._lanes:
                name = f"lane {lane.name}"
                tasks.create_task(keep_going(name, partial(self._run_lane, lane, tasks)), name=name)

    async def record(self, image: Image, event: Event) -> None:
        """Let an event happen to an image that no lane is working on."""
        await self._progress(image).record(event)

    async def _run_lane(self, lane: Lane, tasks: asyncio.TaskGroup) -> None:
        while not self._stopping:
            lane.wake.clear()
            rest_s: float | None = LONGEST_REST_S
            now = self._surroundings.now()
            try:
                rest_s = None if await self._begin_due(lane, tasks) else await self._rest_s(lane, now)
            except LedgerUnusable as error:
                await self._gates.hold(error, "")
            if rest_s is not None:
                await self._rest(lane, rest_s)

    async def _begin_due(self, lane: Lane, tasks: asyncio.TaskGroup) -> bool:
        """Take what is due, as far as there are places; false when there was nothing to take or no place."""
        open_states = self._open_states(lane)  # not in the ledger's thread: holds come and go in this one
        if lane.free <= 0 or not open_states:
            return False
        found = await self._ledger.call(lambda ledger: self._due(ledger, lane, open_states))
        jobs = [job for job in found if self._is_open(job)]  # something may have been held meanwhile
        for images in jobs:
            self._under_way.update(image.id for image in images)
            lane.running[images[0].folder] += 1
            tasks.create_task(self._do(lane, images), name=f"{lane.name} {images[0].path}")
        return bool(jobs)

    def _is_open(self, images: Sequence[Image]) -> bool:
        return all(self._stopping_step(image.state, image.folder) is None for image in images)

    def _open_states(self, lane: Lane) -> dict[str, list[State]]:
        """By hot folder: the states whose next step nothing holds; without the hot folders that have none."""
        by_folder = {
            folder: [s for s in lane.states if self._stopping_step(s, folder) is None]
            for folder in filter(self._is_ready, self._priorities)
        }
        return {folder: states for folder, states in by_folder.items() if states}

    def _due(
        self, ledger: Ledger, lane: Lane, open_states: Mapping[str, Sequence[State]]
    ) -> list[list[Image]]:
        """The next jobs, fair between the hot folders that are open. Runs in the ledger's thread."""
        waiting: dict[str, list[list[Image]]] = {}
        limit = lane.free * lane.group + len(self._under_way)
        for folder, states in open_states.items():
            due = ledger.due(folder, states, self._surroundings.now(), limit)
            idle = [image for image in due if image.id not in self._under_way]
            allowed = self._trials.get(folder) if State.FINISHED in lane.states else None
            if allowed is not None:
                idle = idle[: max(0, allowed - lane.running[folder])]
            waiting[folder] = [idle[i : i + lane.group] for i in range(0, len(idle), lane.group)]
        numbers = {folder: len(jobs) for folder, jobs in waiting.items()}
        shares = share(lane.free, numbers, lane.running, self._priorities)
        return [job for folder, number in shares.items() for job in waiting[folder][:number]]

    async def _rest_s(self, lane: Lane, now: float) -> float:
        """How long until the next appointment. `now` is from before the lane looked for what is due: what has become
        due since is an appointment too."""
        if lane.free <= 0 or not self._open_states(lane):
            return LONGEST_REST_S
        wake_at = await self._ledger.call(lambda ledger: ledger.next_wake(lane.states, now))
        return LONGEST_REST_S if wake_at is None else min(LONGEST_REST_S, max(0.01, wake_at - now))

    @staticmethod
    async def _rest(lane: Lane, rest_s: float) -> None:
        """Sleep until woken, and no longer than that."""
        try:
            async with asyncio.timeout(rest_s):
                await lane.wake.wait()
        except TimeoutError:
            return

    async def _do(self, lane: Lane, images: Sequence[Image]) -> None:
        group = [self._progress(image) for image in images]
        try:
            await lane.work(group, images[0].folder)
            self._gates.note_success()
            if State.FINISHED in lane.states and images[0].folder in self._trials:
                self._trials[images[0].folder] = min(lane.limit, 2 * self._trials[images[0].folder])
        except Exception as error:  # noqa: BLE001 - decided in one place (core.trouble); keeps I7
            await self._after_error(error, group, images)
        finally:
            lane.running[images[0].folder] -= 1
            self._under_way.difference_update(image.id for image in images)
            self.wake_for({progress.image.state for progress in group})
            lane.wake.set()

    def wake_for(self, states: Collection[State]) -> None:
        """Images have come into these states: their lanes look at the ledger now."""
        for lane in self._lanes:
            if not lane.states.isdisjoint(states):
                lane.wake.set()

    def _progress(self, image: Image) -> ImageProgress:
        return ImageProgress(image, self._ledger, self._surroundings, self._tell, self._on_intent)

    def _tell(self, before: Image, after: Image) -> None:
        for listener in self.listeners:
            try:
                listener(before, after)
            except Exception:  # the change is committed, and whoever failed must not undo it (keeps I7)
                log.exception("Somebody who was told that %s is %s failed", after.path, after.state.value)

    # --- when it goes wrong -----------------------------------------------------------------------

    async def _after_error(
        self, error: Exception, group: Sequence[Progress], images: Sequence[Image]
    ) -> None:
        """Decide what the error means for each image that had not got further, and keep it."""
        try:
            if isinstance(error, TemporaryError):
                await self._gates.note_fault(error)
            if isinstance(error, NeedsPerson) and is_held(error):
                await self._gates.hold(error, images[0].folder)
            if isinstance(error, FolderUnwritable):
                self.end_trial(images[0].folder)
            for progress in group:
                await self._settle_one(error, progress)
        except LedgerUnusable as unusable:
            await self._gates.hold(unusable, "")
        except Exception:
            log.exception("The trouble of %s could not be recorded", images[0].path)
            await asyncio.sleep(1.0)  # the ledger still has it as it was: taken again, but not in a busy loop

    async def _settle_one(self, error: Exception, progress: Progress) -> None:
        now, jitter = self._surroundings.now(), self._surroundings.jitter()
        decision = decide(error, progress.image, now, jitter)
        self._say(error, progress.image, decision)
        if decision.event is not None and not progress.image.state.is_final:
            await progress.record(decision.event)

    @staticmethod
    def _say(error: Exception, image: Image, decision: Decision) -> None:
        """Each failure is logged once, here."""
        if decision.is_bug:
            log.error("%s: %s", image.folder, image.path, exc_info=error)
        elif decision.is_service_fault:
            log.info("%s: %s waits: %s", image.folder, image.path, error)


__all__ = ["ImageProgress", "Lane", "Lanes", "Listener"]
