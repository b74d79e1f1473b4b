"""The daemon: builds the parts, joins them, and takes them down again in order.

One daemon per home (adapters.home.sole_daemon). Everything that matters is in the ledger, so it may be killed at
any moment; a clean stop only spares the next start some looking up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hotfolder.adapters import ledger_memory
from hotfolder.adapters.autoretouch import AutoRetouch, Timeouts, signed_out
from hotfolder.adapters.ground import Ground
from hotfolder.adapters.high_water import HighWater
from hotfolder.adapters.home import Home
from hotfolder.adapters.in_folders import InFolders
from hotfolder.adapters.kept_results import are_of
from hotfolder.adapters.leaving import LeavableTokens
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.neighbours import Neighbourhood
from hotfolder.adapters.out_folders import OutFolders
from hotfolder.adapters.part_names import PartNames
from hotfolder.adapters.spool import Spool
from hotfolder.adapters.token_store import TokenSource
from hotfolder.core.config import Config, FolderConfig, Watch
from hotfolder.core.holds import ACCOUNT, Hold, after_pause, after_resume
from hotfolder.core.ignore import IgnoreRules
from hotfolder.core.image import Image, State
from hotfolder.core.repeats import digest_of
from hotfolder.core.snapshot import settling_facts
from hotfolder.core.state_words import state_word
from hotfolder.core.timing import LONGEST_WAIT_S
from hotfolder.errors import LedgerUnusable, no_such_folder
from hotfolder.pipeline.adoption import Adoption
from hotfolder.pipeline.checks import Checker
from hotfolder.pipeline.dating import Dating, wait_anew_for_lists
from hotfolder.pipeline.ears import Ears
from hotfolder.pipeline.enqueue import Enqueuer
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.intake import Intake
from hotfolder.pipeline.keep_going import keep_going
from hotfolder.pipeline.lanes import Lanes, Listener
from hotfolder.pipeline.once import Once
from hotfolder.pipeline.once import Outcome as Outcome
from hotfolder.pipeline.passed_over import PassedOver, Told, tell_nobody
from hotfolder.pipeline.purse import CreditPurse
from hotfolder.pipeline.recognise import Recogniser
from hotfolder.pipeline.routes import Routes
from hotfolder.pipeline.sending import Sender
from hotfolder.pipeline.surroundings import SteadyClock, Surroundings
from hotfolder.pipeline.watchman import Watchman
from hotfolder.pipeline.wishes import Wishes
from hotfolder.ports import Target

log = logging.getLogger(__name__)

STOP_WITHIN_S = 10.0
"""How long running requests may take to finish at the end; what is cut off then is looked up at the next start."""

SUPERVISE_S = 2.0


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
        on_gone: Callable[[], None] = lambda: None,
        on_not_sent: Told = tell_nobody,
    ) -> None:
        """Raises `LedgerUnusable`. The caller holds the home's lock. `on_change` is told of each committed change of
        an image, `on_new` of each new one; `on_gone` is to end the daemon, as its program or its home is gone;
        `on_not_sent` is told what is not sent."""
        self._config = config
        self._clock = SteadyClock(surroundings)
        self._surroundings = surroundings = self._clock.surroundings
        ledger = open_ledger(home.ledger)
        self._is_rebuilt = ledger.is_rebuilt
        self._ledger = LedgerThread(ledger)
        ground = Ground(home.ledger)
        self._tokens = tokens if isinstance(tokens, LeavableTokens) else LeavableTokens(tokens)
        service = config.service
        self._service = AutoRetouch(
            service.api_url,
            service.auth_url,
            self._tokens,
            service.proxy,
            timeouts,
            monotonic=surroundings.monotonic,
        )
        self._dating = Dating(surroundings, self._service.now)
        self._spool = Spool(home.spool)
        self._targets: dict[str, Target] = {}
        self._gates = Gates(self._ledger, surroundings, self.wake_lanes)
        outs = {folder.name: Path(folder.out_folder) for folder in config.folders}
        ins = {folder.name: Path(folder.in_folder) for folder in config.folders}
        self._part_names = PartNames(surroundings.monotonic)
        self._results = OutFolders(outs, self._spool, self._ledger, self._part_names.note)
        self._purse = CreditPurse(self._service, self._targets)
        self._sources = InFolders(ins, self._spool, self._ledger)
        self._high_water = HighWater(home.high_water)
        self._adoption = self._make_adoption()
        self._recogniser = self._make_recogniser()
        self._lanes = self._make_lanes()
        self._lanes.listeners.append(self._after_change)
        if on_change is not None:
            self._lanes.listeners.append(on_change)
        self._watchman = Watchman(self._service, ground, self._gates, on_gone)
        self._checker = self._make_checker()
        self._on_new = on_new
        self._wishes = self._make_wishes()
        self._on_not_sent = on_not_sent
        self._intakes: dict[str, Intake] = {}
        self._neighbourhood = Neighbourhood(config)
        self._once = Once(self._intakes, self._targets, self._lanes, self._gates, self._ledger)
        self._ears = Ears(self._intakes, self._part_names.is_ours)
        self._intakes.update({folder.name: self._intake(folder) for folder in config.folders})

    def _make_adoption(self) -> Adoption:
        return Adoption(
            self._targets,
            self._service,
            self._ledger,
            self._gates,
            self._surroundings,
            self._config.service.listing_lag_s,
            {folder.name: digest_of(folder.settings) for folder in self._config.folders},
            self._after_adoption,
        )

    def _make_recogniser(self) -> Recogniser:
        return Recogniser(
            {folder.name: folder for folder in self._config.folders},
            self._targets,
            self._adoption,
            self._ledger,
            self._sources,
            self._surroundings,
            lambda name: self._checker.refresh(name),
        )

    def _make_lanes(self) -> Lanes:
        config, ledger, surroundings = self._config, self._ledger, self._surroundings
        sender = Sender(
            config,
            self._targets,
            self._service,
            ledger,
            self._sources,
            self._results,
            self._purse,
            self._recogniser,
            surroundings,
            lambda name: not self._gates.is_paused(name),
        )
        priorities = {folder.name: folder.priority for folder in config.folders}
        is_ready = self._targets.__contains__
        on_intent = self._high_water.rise
        return Lanes(sender.lanes(), priorities, ledger, self._gates, surroundings, is_ready, on_intent)

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
            self._spool.prove_room,
            lambda name: self._intakes[name].look_at(None),
            self._lanes,
            lambda: self._watchman.stands,
        )

    def _make_wishes(self) -> Wishes:
        return Wishes(
            self._targets,
            self._service,
            self._purse,
            self._ledger,
            self._lanes,
            self._gates,
            self._surroundings,
            self._after_new,
        )

    def _intake(self, folder: FolderConfig) -> Intake:
        name, watcher = folder.name, self._ears.watcher
        dated = self._dating.surroundings
        return Intake(
            folder=folder,
            rules=IgnoreRules(folder.ignore),
            ledger=self._ledger,
            gates=self._gates,
            enqueuer=Enqueuer(
                folder, self._ledger, dated, self._lanes.record, self._after_new, self._results
            ),
            surroundings=dated,
            routes=Routes(
                Path(folder.in_folder), self._neighbourhood.of(name).look, self._part_names.is_ours
            ),
            passed_over=PassedOver(name, self._ledger, dated.now, self._on_not_sent),
            is_polled=lambda: watcher.mode_of(name) is Watch.POLLING,
            on_scan=lambda folders: watcher.saw_folders(name, folders),
            may_date=self._dating.is_known,
        )

    # --- running ----------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> Outcome:
        """Until `stop` is set, or with `once` until nothing is left to do without a person."""
        try:
            await self._take_up()
            await self._work(stop, once)
            return await self._once.outcome()
        finally:
            await self._take_down()

    async def _take_up(self) -> None:
        """Recovery: what an earlier life left is swept or taken up where it was."""
        names = {folder.name: str(folder.in_folder) for folder in self._config.folders}
        for old, new in await self._ledger.call(lambda ledger: ledger.follow_renames(names)):
            log.info("The hot folder %s is called %s now; its images are known", old, new)
        now, lag_s = self._surroundings.now(), self._config.service.listing_lag_s
        await self._ledger.call(lambda ledger: ledger.limit_appointments(now + LONGEST_WAIT_S))
        await self._ledger.call(lambda ledger: wait_anew_for_lists(ledger, now, lag_s))
        await self._gates.load(self._intakes)
        height = await asyncio.to_thread(self._high_water.height)
        counted = await self._ledger.call(ledger_memory.intents)
        self._adoption.is_in_doubt = counted < height or self._is_rebuilt
        waiting = await self._ledger.call(lambda ledger: ledger.images(states=(State.FINISHED,)))
        await asyncio.to_thread(self._spool.sweep, partial(are_of, {image.id for image in waiting}))
        await asyncio.to_thread(self._results.sweep)
        for name in self._intakes:
            await self._checker.check_out_folder(name)
        await self._ears.open(self._config.folders)

    async def _work(self, stop: asyncio.Event, once: bool) -> None:
        ending = asyncio.Event()
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "lanes": self._lanes.run,
            "checks": partial(self._checker.run, ending),
            "adoption": partial(self._adoption.run, ending),
            "twins": partial(self._recogniser.wake_twins, ending, self.wake_lanes),
            "hints": partial(self._ears.hand_out_hints, ending),
            "supervisor": partial(self._supervise, ending),
            "watchman": partial(self._watchman.run, ending),
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
        self._recogniser.told.set()
        for intake in self._intakes.values():
            intake.wake.set()

    async def _until_done(self, stop: asyncio.Event, once: bool) -> None:
        while not stop.is_set():
            if once and await self._once.is_done():
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
        self._high_water.close()

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

    async def _after_adoption(self) -> None:
        """Once everything is known, the ledger counts from the last purchase on: at the next start it is not in doubt."""
        if self._adoption.is_final and len(self._targets) == len(self._config.folders):
            height = await asyncio.to_thread(self._high_water.height)
            await self._ledger.call(lambda ledger: _count_from(ledger, height))
            self._adoption.is_in_doubt = False
        await self._wishes.enter_wanted()
        self.wake_lanes()

    def _after_new(self, image: Image) -> None:
        if image.state is State.FAILED:
            log.warning("%s: %s failed: %s %s", image.folder, image.path, image.reason, image.advice)
        else:
            log.info("%s: %s is queued", image.folder, image.path)
        if self._on_new is not None:
            self._on_new(image)
        self._lanes.wake_for({image.state})

    def _after_change(self, before: Image, after: Image) -> None:
        """Say in the log where an image has got to; look anew at a file whose image was forgotten, and at twins."""
        self._recogniser.note_change(before, after)
        if after.state is State.FORGOTTEN:
            self._intakes[after.folder].look_at(after.path)
        elif after.state is State.FAILED:
            log.warning("%s: %s failed: %s %s", after.folder, after.path, after.reason, after.advice)
        elif after.state is State.DELIVERED:
            log.info("%s: %s is delivered as %s", after.folder, after.path, after.result_path or after.reason)
        elif state_word(before.state) != state_word(after.state):
            log.info("%s: %s is %s", after.folder, after.path, state_word(after.state))

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
        offset = self._dating.now() - self._surroundings.monotonic()
        return [
            settling_facts(name, path, candidate.first_seen + offset)
            for name, intake in self._intakes.items()
            for path, candidate in intake.candidates.items()
        ]

    def not_sent(self) -> dict[str, Mapping[str, int]]:
        """How many files of each group lie in each in folder and are not sent."""
        return {name: intake.passed_over.groups for name, intake in self._intakes.items()}

    async def retry(self, ids: Sequence[str] | None) -> int:
        return await self._wishes.retry(ids)

    async def dismiss(self, ids: Sequence[str] | None) -> int:
        return await self._wishes.dismiss(ids)

    async def fetch(self, execution_ids: Sequence[str], image_ids: Sequence[str]) -> int:
        return await self._wishes.fetch(execution_ids, image_ids)

    def begin_sign_out(self) -> None:
        """From here on nothing goes out that spends: for good, unless `sign_out` follows."""
        self._service.begin_sign_out()

    async def sign_out(self) -> bool:
        """A person signed out: when this returns nothing that spends goes out any more (keeps I14), and all is held until
        somebody signs in. Whether the sign-in was given from outside, where `logout` cannot forget it."""
        await self._service.sign_out(self._tokens.leave)
        await self._gates.hold(signed_out(), ACCOUNT)
        return self._tokens.is_given()

    async def signed_in(self) -> None:
        """Somebody signed in: look at once."""
        self._tokens.enter()
        await self.retry(())

    async def pause(self, folder: str | None) -> None:
        """Send nothing new of this hot folder (None: of all), until `resume`, across restarts. Raises `LedgerUnusable`."""
        await self._gates.set_paused(after_pause(self._gates.paused, self._scope(folder)))

    async def resume(self, folder: str | None) -> None:
        """Go on in this hot folder (None: in all). Raises `LedgerUnusable`."""
        await self._gates.set_paused(after_resume(self._gates.paused, self._scope(folder), self._intakes))

    def _scope(self, folder: str | None) -> str:
        if folder is not None and folder not in self._intakes:
            raise no_such_folder(folder, self._intakes)
        return ACCOUNT if folder is None else folder


def _count_from(ledger: Ledger, height: int) -> None:
    if ledger_memory.intents(ledger) < height:
        ledger_memory.note_intents(ledger, height)


async def _finish(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Give running requests their time; after that they are cut off, and looked up at the next start."""
    _, unfinished = await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
    for task in unfinished:
        log.info("%s did not finish in %d s; the next start takes it up", task.get_name(), STOP_WITHIN_S)
        task.cancel()
