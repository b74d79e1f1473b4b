"""Lanes on a real ledger: who is taken when, and what the trouble of one means for the others."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hotfolder import errors
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.holds import ACCOUNT, HoldKind
from hotfolder.core.image import Image, State
from hotfolder.core.life import Delivered, Finished, NotListed, PutOff, UnlistedTransition, Uploaded
from hotfolder.core.trouble import BUGS_BEFORE_GIVING_UP
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.lanes import ImageProgress, Lane, Lanes
from hotfolder.ports import Progress
from tests.fakes import NOW, HandClock, an_image, hash_of

Work = Callable[[Progress], Awaitable[None]]
LIMIT_S = 20.0


async def upload(progress: Progress) -> None:
    await progress.record(Uploaded())


class House:
    """One lane (or more) on a ledger of its own. `begun`: names in the order they were taken; `at_once`: most ever."""

    def __init__(self, ledger: LedgerThread, work: Work = upload, limit: int = 4, group: int = 1) -> None:
        self.clock = HandClock()
        self.ledger = ledger
        self.work = work
        self.begun: list[str] = []
        self.jobs: list[list[str]] = []
        self.running = self.at_once = 0
        self.ready = {"Packshots", "Portraits"}
        self.gates = Gates(ledger, self.clock.surroundings, lambda: self.lanes.wake())
        self.lane = Lane("upload", frozenset({State.QUEUED, State.REQUESTED}), limit, self._work, group)
        self.priorities = {"Packshots": 0, "Portraits": 0}
        self.lanes = self.made([self.lane])

    def made(self, lanes: Sequence[Lane]) -> Lanes:
        return Lanes(
            lanes, self.priorities, self.ledger, self.gates, self.clock.surroundings, self.ready.__contains__
        )

    async def _work(self, group: Sequence[Progress], folder: str) -> None:
        assert {progress.image.folder for progress in group} == {folder}
        self.running += 1
        self.at_once = max(self.at_once, self.running)
        self.jobs.append([progress.image.path for progress in group])
        try:
            for progress in group:
                self.begun.append(progress.image.path)
                await self.work(progress)
        finally:
            self.running -= 1

    async def add(self, *images: Image) -> None:
        def add_all(ledger: Ledger) -> None:
            for image in images:
                ledger.add(image)

        await self.ledger.call(add_all)

    async def image(self, path: str) -> Image:
        (found,) = await self.ledger.call(lambda ledger: ledger.images(path=path))
        return found

    async def states(self) -> dict[str, State]:
        return {i.path: i.state for i in await self.ledger.call(lambda ledger: ledger.images())}

    async def all_are(self, state: State) -> bool:
        return set((await self.states()).values()) == {state}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.lanes.run())
        try:
            yield
        finally:
            self.lanes.stop_taking()
            async with asyncio.timeout(LIMIT_S):
                await running

    async def is_at_rest(self) -> bool:
        """Nothing runs, and a look at the ledger that began after this question found nothing to begin."""
        if self.lanes.under_way:
            return False
        before = len(self.begun)
        self.lanes.wake()
        for _ in range(8):
            await self.ledger.call(lambda _: None)
        return not self.lanes.under_way and len(self.begun) == before


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await condition():  # noqa: ASYNC110 - what is waited for is in the ledger
            await asyncio.sleep(0.005)


def queued(n: int, folder: str = "Packshots", **changes: Any) -> Image:
    path = f"{folder[:2]}{n}.jpg"
    facts = {"id": f"{folder}-{n}", "folder": folder, "path": path, "content_hash": hash_of(path.encode())}
    return an_image(**{**facts, "detected_at": NOW + n, **changes})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerThread]:
    one = LedgerThread(open_ledger(tmp_path / "ledger.sqlite", busy_s=0.05))
    yield one
    one.close()


@pytest.fixture
def house(ledger: LedgerThread) -> House:
    return House(ledger)


# --- who is taken ---------------------------------------------------------------------------------


async def test_everything_that_is_due_is_worked_on_in_the_order_it_came(ledger: LedgerThread) -> None:
    house = House(ledger, limit=1)
    await house.add(*(queued(n) for n in range(10)))
    async with house.open():
        await until(lambda: house.all_are(State.UPLOADED))
    assert house.begun == [f"Pa{n}.jpg" for n in range(10)]


async def test_no_image_is_begun_twice_however_often_the_lane_is_woken(house: House) -> None:
    gate = asyncio.Event()

    async def wait_and_upload(progress: Progress) -> None:
        await gate.wait()
        await upload(progress)

    house.work = wait_and_upload
    await house.add(*(queued(n) for n in range(3)))
    async with house.open():
        for _ in range(20):
            house.lanes.wake()
            await a_turn(house)
        gate.set()
        await until(lambda: house.all_are(State.UPLOADED))
    assert sorted(house.begun) == ["Pa0.jpg", "Pa1.jpg", "Pa2.jpg"]


async def a_turn(house: House) -> None:
    await house.ledger.call(lambda _: None)


async def test_a_lane_works_on_no_more_at_once_than_its_limit(ledger: LedgerThread) -> None:
    house = House(ledger, limit=3)

    async def upload_in_steps(progress: Progress) -> None:
        for _ in range(5):
            await a_turn(house)
        await upload(progress)

    house.work = upload_in_steps
    await house.add(*(queued(n) for n in range(20)))
    async with house.open():
        await until(lambda: house.all_are(State.UPLOADED))
    assert house.at_once == 3


async def test_a_small_drop_is_not_kept_behind_a_large_one(ledger: LedgerThread) -> None:
    house = House(ledger, limit=2)
    await house.add(*(queued(n) for n in range(40)), *(queued(100 + n, "Portraits") for n in range(3)))
    async with house.open():
        await until(lambda: house.all_are(State.UPLOADED))
    assert max(house.begun.index(f"Po{100 + n}.jpg") for n in range(3)) < 10


async def test_a_hot_folder_of_higher_priority_goes_first(ledger: LedgerThread) -> None:
    house = House(ledger, limit=1)
    house.priorities["Portraits"] = 5
    await house.add(*(queued(n) for n in range(5)), *(queued(100 + n, "Portraits") for n in range(5)))
    async with house.open():
        await until(lambda: house.all_are(State.UPLOADED))
    assert [path[:2] for path in house.begun] == ["Po"] * 5 + ["Pa"] * 5


async def test_an_image_is_not_begun_before_its_time(house: House) -> None:
    await house.add(queued(1), queued(2, wake_at=NOW + 60))
    async with house.open():
        await until(house.is_at_rest)
        assert house.begun == ["Pa1.jpg"]
        house.clock.turn(60)
        house.lanes.wake()
        await until(lambda: house.all_are(State.UPLOADED))


async def test_a_lane_wakes_by_itself_for_the_next_appointment(house: House) -> None:
    """Nobody turns the clock by hand here: the lane's rest ends, and the image is due."""
    await house.add(queued(1, wake_at=NOW + 0.02))
    async with house.open():
        await until(house.is_at_rest)
        house.clock.turn(0.02)
        await until(lambda: house.all_are(State.UPLOADED))


async def test_a_hot_folder_whose_target_is_unknown_waits_and_no_other(house: House) -> None:
    house.ready.discard("Portraits")
    await house.add(queued(1), queued(2, "Portraits"))
    async with house.open():
        await until(house.is_at_rest)
        assert await house.states() == {"Pa1.jpg": State.UPLOADED, "Po2.jpg": State.QUEUED}
        house.ready.add("Portraits")
        house.gates.changed()
        await until(lambda: house.all_are(State.UPLOADED))


async def test_images_of_a_hot_folder_that_is_no_longer_configured_are_left_alone(house: House) -> None:
    await house.add(queued(1, "Old"))
    async with house.open():
        await until(house.is_at_rest)
    assert house.begun == []


async def test_a_group_holds_images_of_one_hot_folder_up_to_its_size(ledger: LedgerThread) -> None:
    house = House(ledger, limit=1, group=4)
    await house.add(*(queued(n) for n in range(6)), *(queued(100 + n, "Portraits") for n in range(2)))
    async with house.open():
        await until(lambda: house.all_are(State.UPLOADED))
    assert sorted(len(job) for job in house.jobs) == [2, 2, 4]


async def test_one_lane_hands_over_to_the_next(house: House) -> None:
    async def deliver(group: Sequence[Progress], _: str) -> None:
        (progress,) = group
        await progress.record(Delivered(result_path="a.png", result_hash=None, delivered_at=NOW))

    house.lanes = house.made([house.lane, Lane("deliver", frozenset({State.FINISHED}), 2, deliver)])
    await house.add(queued(1), an_image(State.FINISHED, path="done.jpg"))
    async with house.open():
        await until(house.is_at_rest)
    assert await house.states() == {"Pa1.jpg": State.UPLOADED, "done.jpg": State.DELIVERED}


# --- stopping -------------------------------------------------------------------------------------


async def test_after_stop_taking_what_runs_is_finished_and_nothing_new_is_begun(ledger: LedgerThread) -> None:
    gate, began = asyncio.Event(), asyncio.Event()

    async def wait_and_upload(progress: Progress) -> None:
        began.set()
        await gate.wait()
        await upload(progress)

    house = House(ledger, wait_and_upload, limit=1)
    await house.add(queued(1), queued(2))
    async with house.open():
        await began.wait()
        house.lanes.stop_taking()
        gate.set()
    assert await house.states() == {"Pa1.jpg": State.UPLOADED, "Pa2.jpg": State.QUEUED}


async def test_idle_lanes_stop_at_once(house: House) -> None:
    async with house.open():
        await until(house.is_at_rest)


# --- the trouble of one ---------------------------------------------------------------------------


def trouble_for(path: str, error: Exception) -> Work:
    async def work(progress: Progress) -> None:
        if progress.image.path == path:
            raise error
        await upload(progress)

    return work


async def test_an_image_that_cannot_be_done_fails_and_the_others_go_on(house: House) -> None:
    house.work = trouble_for("Pa1.jpg", errors.UnreadableImage("It is cut off.", "Copy it again."))
    await house.add(*(queued(n) for n in range(5)), queued(6, "Portraits"))
    async with house.open():
        await until(house.is_at_rest)
    image = await house.image("Pa1.jpg")
    assert (image.state, image.reason, image.advice) == (State.FAILED, "It is cut off.", "Copy it again.")
    others = {path: state for path, state in (await house.states()).items() if path != "Pa1.jpg"}
    assert set(others.values()) == {State.UPLOADED}


async def test_an_unexpected_exception_puts_one_image_off_and_is_logged_once_with_its_traceback(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.work = trouble_for("Pa1.jpg", ZeroDivisionError("a bug"))
    await house.add(*(queued(n) for n in range(4)))
    async with house.open():
        await until(house.is_at_rest)
    image = await house.image("Pa1.jpg")
    assert (image.state, image.attempts) == (State.QUEUED, 1)
    assert image.wake_at > NOW
    (record,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert "Pa1.jpg" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


async def test_a_bug_that_stays_puts_its_image_aside_in_the_end(house: House) -> None:
    house.work = trouble_for("Pa1.jpg", ZeroDivisionError("a bug"))
    await house.add(queued(1))
    async with house.open():
        for _ in range(BUGS_BEFORE_GIVING_UP):
            await until(house.is_at_rest)
            house.clock.turn(3600)
            house.lanes.wake()
        await until(lambda: house.all_are(State.FAILED))
    assert len(house.begun) == BUGS_BEFORE_GIVING_UP
    assert "ZeroDivisionError" in (await house.image("Pa1.jpg")).reason


async def test_an_event_that_the_table_does_not_list_is_a_bug_and_changes_nothing(house: House) -> None:
    async def record_nonsense(progress: Progress) -> None:
        await progress.record(NotListed(looks=1))

    house.work = record_nonsense
    await house.add(queued(1))
    async with house.open():
        await until(house.is_at_rest)
    image = await house.image("Pa1.jpg")
    assert (image.state, image.looks, image.attempts) == (State.QUEUED, 0, 1)


async def test_an_error_without_a_hold_of_its_own_is_a_bug_and_not_a_busy_loop(house: House) -> None:
    house.work = trouble_for("Pa1.jpg", errors.ConfigError("Not now."))
    await house.add(queued(1))
    async with house.open():
        await until(house.is_at_rest)
    assert (await house.image("Pa1.jpg")).attempts == 1
    assert house.gates.holds == []


async def test_a_failed_look_of_a_group_puts_each_of_it_off(ledger: LedgerThread) -> None:
    house = House(ledger, trouble_for("Pa1.jpg", errors.ServiceAway("Away.")), limit=1, group=10)
    await house.add(*(queued(n, state=State.REQUESTED) for n in range(1, 4)))
    async with house.open():
        await until(house.is_at_rest)
    images = await ledger.call(lambda one: one.images())
    assert [(i.state, i.attempts, i.reason) for i in images] == [(State.REQUESTED, 1, "Away.")] * 3


async def test_a_file_that_vanished_unpaid_is_forgotten(house: House) -> None:
    house.work = trouble_for("Pa1.jpg", errors.SourceVanished("Gone."))
    await house.add(queued(1))
    async with house.open():
        await until(house.is_at_rest)
    assert await house.states() == {}


# --- gates ----------------------------------------------------------------------------------------


async def test_what_needs_a_person_holds_its_hot_folder_is_said_once_and_heals(
    ledger: LedgerThread, caplog: pytest.LogCaptureFixture
) -> None:
    full = True

    async def upload_if_room(progress: Progress) -> None:
        if full and progress.image.folder == "Packshots":
            raise errors.FolderUnwritable("The disk is full.", "Make room.")
        await upload(progress)

    house = House(ledger, upload_if_room, limit=3)
    await house.add(*(queued(n) for n in range(5)), *(queued(100 + n, "Portraits") for n in range(5)))
    async with house.open():
        await until(house.is_at_rest)
        states = await house.states()
        assert {states[f"Pa{n}.jpg"] for n in range(5)} == {State.QUEUED}
        assert {states[f"Po{100 + n}.jpg"] for n in range(5)} == {State.UPLOADED}
        assert len([path for path in house.begun if path.startswith("Pa")]) <= 3
        (hold,) = await ledger.call(lambda one: one.holds())
        assert (hold.scope, hold.kind, hold.reason) == ("Packshots", HoldKind.OUT_FOLDER, "The disk is full.")
        assert [r.getMessage() for r in caplog.records].count("Packshots: The disk is full. Make room.") == 1
        full = False
        await house.gates.release("Packshots", HoldKind.OUT_FOLDER)
        await until(lambda: house.all_are(State.UPLOADED))
    assert await ledger.call(lambda one: one.holds()) == []


async def test_a_hold_closes_only_the_lanes_whose_work_it_stops(house: House) -> None:
    async def finish(group: Sequence[Progress], _: str) -> None:
        nothing = dict.fromkeys(["result_hash", "result_type", "result_name", "credits"])
        await group[0].record(Finished(service_path="/image/x", **nothing))  # type: ignore[arg-type]

    house.lanes = house.made([house.lane, Lane("ask", frozenset({State.PROCESSING}), 2, finish)])
    await house.gates.hold(errors.WorkflowUnavailable("No such workflow."), "Packshots")
    await house.add(queued(1), an_image(State.PROCESSING, path="under way.jpg"))
    async with house.open():
        await until(house.is_at_rest)
    assert await house.states() == {"Pa1.jpg": State.QUEUED, "under way.jpg": State.FINISHED}


async def test_several_faults_close_the_gate_for_everybody_until_a_probe_succeeds(
    ledger: LedgerThread,
) -> None:
    away = True

    async def upload_if_there(progress: Progress) -> None:
        if away:
            raise errors.ServiceAway("AutoRetouch cannot be reached.")
        await upload(progress)

    house = House(ledger, upload_if_there, limit=1)
    await house.add(*(queued(n) for n in range(10)), queued(100, "Portraits"))
    async with house.open():
        await until(house.is_at_rest)
        assert len(house.begun) == 3
        (hold,) = await ledger.call(lambda one: one.holds())
        assert (hold.scope, hold.kind) == (ACCOUNT, HoldKind.SERVICE)
        away = False
        house.clock.turn(3600)
        house.lanes.wake()
        await until(house.is_at_rest)
        assert len(house.begun) == 3, "only a probe opens it"
        await house.gates.note_probe(None)
        await until(lambda: house.all_are(State.UPLOADED))


async def test_too_many_requests_closes_the_gate_at_once_for_as_long_as_the_service_wishes(
    ledger: LedgerThread,
) -> None:
    slow = errors.TooManyRequests("Slow down.", retry_after_s=120.0)
    house = House(ledger, trouble_for("Pa0.jpg", slow), limit=1)
    await house.add(*(queued(n) for n in range(5)))
    async with house.open():
        await until(house.is_at_rest)
    assert house.begun == ["Pa0.jpg"]
    (hold,) = await ledger.call(lambda one: one.holds())
    assert hold.wake_at == NOW + 120
    assert (await house.image("Pa0.jpg")).wake_at >= NOW + 120


async def test_holds_of_an_earlier_life_keep_their_lanes_closed(ledger: LedgerThread) -> None:
    await House(ledger).gates.hold(errors.SignInNeeded("Sign in again."), "Packshots")
    house = House(ledger)
    await house.gates.load(["Packshots"])
    await house.add(queued(1))
    async with house.open():
        await until(house.is_at_rest)
    assert house.begun == []
    assert house.gates.person_hold(State.QUEUED, "Packshots") is not None


# --- a ledger that cannot be written --------------------------------------------------------------


async def test_nothing_is_begun_while_the_ledger_cannot_be_written_and_all_goes_on_after(
    house: House, tmp_path: Path
) -> None:
    await house.add(*(queued(n) for n in range(3)))
    stranger = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    stranger.execute("BEGIN EXCLUSIVE")
    try:
        async with house.open():
            await until(lambda: is_held(house, HoldKind.LEDGER))
            assert house.begun == []
            stranger.execute("ROLLBACK")
            await until(lambda: goes_on(house))
    finally:
        stranger.close()


async def test_work_whose_outcome_cannot_be_recorded_is_done_again_and_fails_no_image(
    house: House, tmp_path: Path
) -> None:
    stranger = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    failed = asyncio.Event()

    async def upload_while_locked(progress: Progress) -> None:
        if len(house.begun) > 1:
            await upload(progress)
            return
        stranger.execute("BEGIN EXCLUSIVE")
        with pytest.raises(errors.LedgerUnusable) as caught:
            await upload(progress)
        failed.set()
        raise caught.value

    house.work = upload_while_locked
    await house.add(queued(1))
    try:
        async with house.open():
            async with asyncio.timeout(LIMIT_S):
                await failed.wait()
            await until(lambda: is_held(house, HoldKind.LEDGER))
            stranger.execute("ROLLBACK")
            await until(lambda: goes_on(house))
    finally:
        stranger.close()
    assert house.begun == ["Pa1.jpg", "Pa1.jpg"]


async def goes_on(house: House) -> bool:
    """Whether everything is done; a look that began while the ledger was locked may have held it once more."""
    await house.gates.release(ACCOUNT, HoldKind.LEDGER)
    return await house.all_are(State.UPLOADED)


async def is_held(house: House, kind: HoldKind) -> bool:
    return house.gates.get(ACCOUNT, kind) is not None


# --- the progress of one image --------------------------------------------------------------------


async def test_an_event_is_committed_before_anybody_hears_of_it(house: House) -> None:
    heard: list[tuple[State, State, State]] = []

    def listen(before: Image, after: Image) -> None:
        stored = house.ledger._ledger.image(after.id)
        assert stored is not None
        heard.append((before.state, after.state, stored.state))

    house.lanes.listeners.append(listen)
    await house.add(queued(1))
    await house.lanes.record(queued(1), Uploaded())
    assert heard == [(State.QUEUED, State.UPLOADED, State.UPLOADED)]


async def test_an_event_that_cannot_be_committed_has_not_happened(house: House, tmp_path: Path) -> None:
    heard: list[Image] = []
    await house.add(queued(1))
    progress = ImageProgress(
        queued(1), house.ledger, house.clock.surroundings, lambda _, after: heard.append(after)
    )
    stranger = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    stranger.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(errors.LedgerUnusable):
            await progress.record(Uploaded())
    finally:
        stranger.close()
    assert progress.image.state is State.QUEUED
    assert heard == []


async def test_an_unlisted_event_reaches_neither_the_ledger_nor_anybody(house: House) -> None:
    heard: list[Image] = []
    await house.add(queued(1))
    progress = ImageProgress(
        queued(1), house.ledger, house.clock.surroundings, lambda _, after: heard.append(after)
    )
    with pytest.raises(UnlistedTransition):
        await progress.record(NotListed(looks=1))
    await progress.record(PutOff(reason="Later.", wake_at=NOW + 5))
    assert [image.reason for image in heard] == ["Later."]
    assert (await house.image("Pa1.jpg")).attempts == 1


# --- results on trial -----------------------------------------------------------------------------


def waiting_results(ledger: LedgerThread, work: Work, limit: int = 4) -> House:
    house = House(ledger, work, limit)
    house.lane = Lane("deliver", frozenset({State.FINISHED}), limit, house._work)
    house.lanes = house.made([house.lane])
    return house


async def deliver(progress: Progress) -> None:
    await progress.record(Delivered(result_path="a.jpg", result_hash=None, delivered_at=NOW))


async def test_what_waits_for_a_held_out_folder_is_placed_on_trial_one_first(ledger: LedgerThread) -> None:
    house = waiting_results(ledger, deliver)
    await house.add(*(queued(n, state=State.FINISHED, execution_id=f"{n}") for n in range(8)))
    await house.gates.hold(errors.FolderUnwritable("Full."), "Packshots")
    async with house.open():
        assert await house.is_at_rest()
        assert house.begun == []
        house.lanes.begin_trial("Packshots")
        await until(lambda: house.lanes.has_placed_all("Packshots"))
        assert house.gates.get("Packshots", HoldKind.OUT_FOLDER) is not None, "whoever began it releases it"
    assert len(house.begun) == 8


async def test_the_first_result_that_finds_no_place_ends_the_trial(ledger: LedgerThread) -> None:
    async def fail(progress: Progress) -> None:
        raise errors.FolderUnwritable("Full.")

    house = waiting_results(ledger, fail)
    await house.add(*(queued(n, state=State.FINISHED, execution_id=f"{n}") for n in range(8)))
    await house.gates.hold(errors.FolderUnwritable("Full."), "Packshots")
    async with house.open():
        house.lanes.begin_trial("Packshots")
        await until(lambda: _is(not house.lanes.trials))
        await until(house.is_at_rest)
        assert (len(house.begun), house.at_once) == (1, 1)
        assert not await house.lanes.has_placed_all("Packshots")


async def test_a_trial_does_not_go_on_while_something_else_holds_it_up(ledger: LedgerThread) -> None:
    house = waiting_results(ledger, deliver)
    await house.add(queued(1, state=State.FINISHED, execution_id="1"))
    await house.gates.hold(errors.FolderUnwritable("Full."), "Packshots")
    await house.gates.hold(errors.SignInNeeded("Sign in."), "Packshots")
    async with house.open():
        house.lanes.begin_trial("Packshots")
        assert not house.lanes.is_trying
        assert await house.is_at_rest()
        assert house.begun == []
        await house.gates.release(ACCOUNT, HoldKind.SIGN_IN)
        await until(lambda: house.lanes.has_placed_all("Packshots"))


async def test_a_trial_that_waits_for_a_workflow_nobody_finds_is_not_going_on(ledger: LedgerThread) -> None:
    """`run --once` would wait for it for ever."""
    house = waiting_results(ledger, deliver)
    await house.gates.hold(errors.FolderUnwritable("Full."), "Packshots")
    house.lanes.begin_trial("Packshots")
    house.ready.clear()
    assert house.lanes.is_trying
    await house.gates.hold(errors.WorkflowUnavailable("Gone."), "Packshots")
    assert not house.lanes.is_trying


async def _is(condition: bool) -> bool:
    return condition
