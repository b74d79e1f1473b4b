"""The daemon: builds the parts, joins them, and takes them down again in order.

One daemon per home (adapters.home.sole_daemon). Everything that matters is in the ledger, so it may be killed at
any moment; a clean stop only spares the next start some looking up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hotfolder.adapters.autoretouch import AutoRetouch, Timeouts
from hotfolder.adapters.home import Home
from hotfolder.adapters.in_folders import InFolders
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.out_folders import OutFolders
from hotfolder.adapters.spool import Spool
from hotfolder.adapters.token_store import TokenSource
from hotfolder.core.config import Config, FolderConfig, Watch
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind, after_pause, after_resume
from hotfolder.core.ignore import IgnoreRules
from hotfolder.core.image import Image, State
from hotfolder.core.life import try_again
from hotfolder.core.snapshot import settling_facts
from hotfolder.core.timing import LONGEST_WAIT_S
from hotfolder.errors import ExitCode, LedgerUnusable, no_such_folder
from hotfolder.pipeline.checks import Checker
from hotfolder.pipeline.ears import Ears
from hotfolder.pipeline.enqueue import Enqueuer
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.intake import Intake
from hotfolder.pipeline.keep_going import keep_going
from hotfolder.pipeline.lanes import Lanes, Listener
from hotfolder.pipeline.purse import CreditPurse
from hotfolder.pipeline.sending import Sender
from hotfolder.pipeline.surroundings import SteadyClock, Surroundings
from hotfolder.ports import Target

log = logging.getLogger(__name__)

STOP_WITHIN_S = 10.0
"""How long running requests may take to finish at the end; what is cut off then is looked up at the next start."""

SUPERVISE_S = 2.0


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


class Daemon:
    """One hotfolder at work. Make it inside a running event loop, then `await run(stop)`."""

    def __init__(
        self,
        config: Config,
        home: Home,
        tokens: TokenSource,
        *,
        surroundings: Surroundings = Surroundings(),  # noqa: B008 - frozen
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        on_change: Listener | None = None,
        on_new: Callable[[Image], None] | None = None,
    ) -> None:
        """Raises `LedgerUnusable`. The caller holds the home's lock. `on_change` is told of each committed change of
        an image, `on_new` of each new one."""
        self._config = config
        self._clock = SteadyClock(surroundings)
        self._surroundings = surroundings = self._clock.surroundings
        self._ledger = LedgerThread(open_ledger(home.ledger))
        service = config.service
        self._service = AutoRetouch(
            service.api_url,
            service.auth_url,
            tokens,
            service.proxy,
            timeouts,
            monotonic=surroundings.monotonic,
        )
        self._spool = Spool(home.spool)
        self._targets: dict[str, Target] = {}
        self._gates = Gates(self._ledger, surroundings, self.wake_lanes)
        outs = {folder.name: Path(folder.out_folder) for folder in config.folders}
        ins = {folder.name: Path(folder.in_folder) for folder in config.folders}
        self._results = OutFolders(outs, self._spool, self._ledger)
        self._purse = CreditPurse(self._service)
        self._lanes = self._make_lanes(InFolders(ins, self._spool, self._ledger))
        self._lanes.listeners.append(self._after_change)
        if on_change is not None:
            self._lanes.listeners.append(on_change)
        self._checker = self._make_checker()
        self._on_new = on_new
        self._intakes: dict[str, Intake] = {}
        self._ears = Ears(self._intakes)
        self._intakes.update({folder.name: self._intake(folder) for folder in config.folders})

    def _make_lanes(self, sources: InFolders) -> Lanes:
        config, ledger, surroundings = self._config, self._ledger, self._surroundings
        sender = Sender(
            config,
            self._targets,
            self._service,
            ledger,
            sources,
            self._results,
            self._purse,
            surroundings,
        )
        priorities = {folder.name: folder.priority for folder in config.folders}
        is_ready = self._targets.__contains__
        return Lanes(sender.lanes(), priorities, ledger, self._gates, surroundings, is_ready)

    def _make_checker(self) -> Checker:
        return Checker(
            self._config,
            self._targets,
            self._service,
            self._ledger,
            self._results,
            self._purse,
            self._gates,
            self._surroundings,
            lambda name: self._intakes[name].look_at(None),
        )

    def _intake(self, folder: FolderConfig) -> Intake:
        name, watcher = folder.name, self._ears.watcher
        return Intake(
            folder=folder,
            rules=IgnoreRules(folder.ignore),
            ledger=self._ledger,
            gates=self._gates,
            enqueuer=Enqueuer(folder, self._ledger, self._surroundings, self._lanes.record, self._after_new),
            surroundings=self._surroundings,
            is_polled=lambda: watcher.mode_of(name) is Watch.POLLING,
            on_scan=lambda folders: watcher.saw_folders(name, folders),
        )

    # --- running ----------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> Outcome:
        """Until `stop` is set, or with `once` until nothing is left to do without a person."""
        try:
            await self._take_up()
            await self._work(stop, once)
            return await self._outcome()
        finally:
            await self._take_down()

    async def _take_up(self) -> None:
        """Recovery: what an earlier life left is swept or taken up where it was."""
        names = {folder.name: str(folder.in_folder) for folder in self._config.folders}
        for old, new in await self._ledger.call(lambda ledger: ledger.follow_renames(names)):
            log.info("The hot folder %s is called %s now; its images are known", old, new)
        latest = self._surroundings.now() + LONGEST_WAIT_S
        await self._ledger.call(lambda ledger: ledger.limit_appointments(latest))
        await self._gates.load(self._intakes)
        await asyncio.to_thread(self._spool.sweep)
        await asyncio.to_thread(self._results.sweep)
        for name in self._intakes:
            await self._checker.check_out_folder(name)
        await self._ears.open(self._config.folders)

    async def _work(self, stop: asyncio.Event, once: bool) -> None:
        ending = asyncio.Event()
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "lanes": self._lanes.run,
            "checks": partial(self._checker.run, ending),
            "hints": partial(self._ears.hand_out_hints, ending),
            "supervisor": partial(self._supervise, ending),
            "self-test": partial(self._ears.prove, ending),
        }
        for name, intake in self._intakes.items():
            works[f"intake of {name}"] = partial(intake.run, ending)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(keep_going(name, work), name=name) for name, work in works.items()]
            await self._until_done(stop, once)
            ending.set()
            self._end_waits()
            await _finish(tasks)

    def _end_waits(self) -> None:
        self._lanes.stop_taking()
        self._ears.wake()
        for intake in self._intakes.values():
            intake.wake.set()

    async def _until_done(self, stop: asyncio.Event, once: bool) -> None:
        while not stop.is_set():
            if once and await self._is_done():
                return
            try:
                async with asyncio.timeout(0.1 if once else None):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _take_down(self) -> None:
        await self._ears.close()
        await self._service.aclose()
        await asyncio.to_thread(self._ledger.close)

    # --- looking after things ---------------------------------------------------------------------

    async def _supervise(self, ending: asyncio.Event) -> None:
        """Watch the watcher, and the clock."""
        while not ending.is_set():
            try:
                async with asyncio.timeout(SUPERVISE_S):
                    await ending.wait()
            except TimeoutError:
                pass
            await self._ears.check()
            await self._follow_clock()

    async def _follow_clock(self) -> None:
        """The wall clock was set, or the machine slept: all appointments move along, so nothing storms or stalls."""
        jump_s = self._clock.jump_s
        if not jump_s:
            return
        try:
            await self._ledger.call(lambda ledger: self._move_appointments(ledger, jump_s))
        except LedgerUnusable as error:  # the old time goes on until they can be moved
            await self._gates.hold(error, ACCOUNT)
            return
        self._gates.shift(jump_s)
        log.info("The clock jumped by %.0f s; all appointments move along", jump_s)
        self.wake_lanes()
        for intake in self._intakes.values():
            intake.look_at(None)

    def _move_appointments(self, ledger: Ledger, jump_s: float) -> None:
        """In the ledger's thread, so that whatever is kept after it is kept by the new time."""
        ledger.shift_appointments(jump_s)
        self._clock.follow(jump_s)

    def wake_lanes(self) -> None:
        """Every lane looks now for what is due."""
        self._lanes.wake()

    def _after_new(self, image: Image) -> None:
        if image.state is State.FAILED:
            log.warning("%s: %s failed: %s %s", image.folder, image.path, image.reason, image.advice)
        else:
            log.info("%s: %s is queued", image.folder, image.path)
        if self._on_new is not None:
            self._on_new(image)
        self._lanes.wake_for({image.state})

    def _after_change(self, before: Image, after: Image) -> None:
        """Say in the log where an image has got to; look anew at a file whose image was forgotten."""
        if after.state is State.FORGOTTEN:
            self._intakes[after.folder].look_at(after.path)
        elif after.state is State.FAILED:
            log.warning("%s: %s failed: %s %s", after.folder, after.path, after.reason, after.advice)
        elif after.state is State.DELIVERED:
            log.info("%s: %s is delivered as %s", after.folder, after.path, after.result_path)
        elif before.state is not after.state:
            log.info("%s: %s is %s", after.folder, after.path, after.state.value)

    # --- asked by the faces -----------------------------------------------------------------------

    async def call_ledger(self, work: Callable[[Ledger], Any]) -> Any:
        """Look into the ledger, in its thread."""
        return await self._ledger.call(work)

    @property
    def holds(self) -> list[Hold]:
        """What is held right now, and why."""
        return self._gates.holds

    @property
    def credits(self) -> int | None:
        """What the account has left, as far as it is known."""
        return self._purse.balance

    def settling(self) -> list[dict[str, Any]]:
        """The files that are not in the ledger yet, as `images --json` shows them."""
        offset = self._surroundings.now() - self._surroundings.monotonic()
        return [
            settling_facts(name, path, candidate.first_seen + offset)
            for name, intake in self._intakes.items()
            for path, candidate in intake.candidates.items()
        ]

    async def retry(self, ids: Sequence[str] | None) -> int:
        """A person says "try again" to these failed images (None: to all, and to everything that waits): how many."""
        failed = await self._ledger.call(lambda ledger: ledger.images(states=(State.FAILED,)))
        chosen = [image for image in failed if ids is None or image.id in ids]
        for image in chosen:
            await self._lanes.record(image, try_again(image))
        await self._ledger.call(lambda ledger: ledger.forget_backoffs())
        self._service.forget_refusal()
        await self._gates.check_soon()
        self._lanes.wake()
        return len(chosen)

    async def pause(self, folder: str | None) -> None:
        """Begin nothing new in this hot folder (None: in all), until `resume`, across restarts. Raises `LedgerUnusable`."""
        await self._gates.set_paused(after_pause(self._gates.paused, self._scope(folder)))

    async def resume(self, folder: str | None) -> None:
        """Go on in this hot folder (None: in all). Raises `LedgerUnusable`."""
        await self._gates.set_paused(after_resume(self._gates.paused, self._scope(folder), self._intakes))

    def _scope(self, folder: str | None) -> str:
        if folder is not None and folder not in self._intakes:
            raise no_such_folder(folder, self._intakes)
        return ACCOUNT if folder is None else folder

    # --- once -------------------------------------------------------------------------------------

    async def _is_done(self) -> bool:
        """Everything is delivered, failed, or held for a person."""
        if self._lanes.under_way or not all(intake.is_idle for intake in self._intakes.values()):
            return False
        needs_person = [hold for hold in self._gates.holds if hold.needs_person]
        if len(self._targets) < len(self._config.folders) and not needs_person:
            return False
        counts = await self._ledger.call(lambda ledger: ledger.counts())
        mine = [(name, state) for name in self._intakes for state in counts.get(name, {})]
        waiting = all(state.is_final or self._waits_for_person(state, name) for name, state in mine)
        return waiting and not self._lanes.under_way

    def _waits_for_person(self, state: State, folder: str) -> bool:
        """Held by name, or because nobody knows where its workflow is."""
        lost = folder not in self._targets and self._gates.get(folder, HoldKind.WORKFLOW) is not None
        rests = lost or self._gates.is_paused(folder)
        return rests or self._gates.person_hold(state, folder) is not None

    async def _outcome(self) -> Outcome:
        images = await self._ledger.call(lambda ledger: ledger.images())
        mine = [image for image in images if image.folder in self._intakes]
        holds = [hold for hold in self._gates.holds if hold.needs_person]
        return Outcome(
            delivered=sum(image.state is State.DELIVERED for image in mine),
            failed=sum(image.state is State.FAILED for image in mine),
            held=sum(not image.state.is_final for image in mine) + len(holds),
            needs_sign_in=any(hold.kind in (HoldKind.SIGN_IN, HoldKind.KEYRING) for hold in holds),
        )


async def _finish(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Give running requests their time; after that they are cut off, and looked up at the next start."""
    _, unfinished = await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
    for task in unfinished:
        log.info("%s did not finish in %d s; the next start takes it up", task.get_name(), STOP_WITHIN_S)
        task.cancel()
