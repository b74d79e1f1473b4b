"""Every wait, hold and backoff survives a restart, heals afterwards as it would have, and "retry now" clears it (I9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.sandbox import FAST_ID, REFRESH_TOKEN, Sandbox
from tests.journeys.workshop import Clock, Workshop, in_thread


@pytest.fixture
def slow(tmp_path: Path, sandbox: Sandbox) -> Workshop:
    """A workshop whose service asks for patience: nothing heals soon unless somebody turns the clock."""
    sandbox.world.switches.execution_s = 0.02
    return Workshop(tmp_path / "slow", sandbox, Clock())


@dataclass(frozen=True)
class Trouble:
    """How a kind of hold is brought about, and mended."""

    break_it: Callable[[Workshop], object]
    mend_it: Callable[[Workshop], object]


def lose_folder(folder: Path) -> None:
    folder.rename(folder.with_name(f"{folder.name} away"))


def find_folder(folder: Path) -> None:
    folder.with_name(f"{folder.name} away").rename(folder)


TROUBLES = {
    HoldKind.SERVICE: Trouble(lambda w: w.sandbox.stop(), lambda w: w.sandbox.start()),
    HoldKind.SIGN_IN: Trouble(
        lambda w: w.sandbox.world.sign_in.revoke_everything(),
        lambda w: w.sandbox.world.sign_in.refresh_tokens.add(REFRESH_TOKEN),
    ),
    HoldKind.CREDITS: Trouble(
        lambda w: w.sandbox.world.set_credits(0), lambda w: w.sandbox.world.set_credits(100)
    ),
    HoldKind.WORKFLOW: Trouble(
        lambda w: w.sandbox.world.change_workflow(FAST_ID, name="Renamed"),
        lambda w: w.sandbox.world.change_workflow(FAST_ID, name="Fast"),
    ),
    HoldKind.IN_FOLDER: Trouble(lambda w: lose_folder(w.inside), lambda w: find_folder(w.inside)),
    HoldKind.OUT_FOLDER: Trouble(lambda w: lose_folder(w.outside), lambda w: find_folder(w.outside)),
}


async def hold(workshop: Workshop, kind: HoldKind) -> None:
    """A first life that delivers one image, and a second that runs into the trouble."""
    workshop.drop("first.jpg", seed=50)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        if kind is HoldKind.IN_FOLDER:
            workshop.drop("Boots/a.jpg", seed=1)
            await workshop.until_delivered(2)
    await in_thread(lambda: TROUBLES[kind].break_it(workshop))
    if kind is not HoldKind.IN_FOLDER:
        workshop.drop("Boots/a.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_held(kind)
        if kind is not HoldKind.IN_FOLDER:
            await workshop.until(lambda: workshop.state_of("Boots/a.jpg") is not None)


@pytest.mark.parametrize("kind", TROUBLES)
async def test_a_hold_is_still_there_after_a_restart_and_heals_by_itself(
    slow: Workshop, kind: HoldKind
) -> None:
    await hold(slow, kind)
    (before,) = slow.holds()
    async with slow.at_work() as daemon:
        assert [(h.kind, h.scope, h.reason, h.since) for h in slow.holds()] == [
            (kind, before.scope, before.reason, before.since)
        ]
        await in_thread(lambda: TROUBLES[kind].mend_it(slow))
        await slow.turn_clock(daemon, 3600.0)
        await slow.until_free(kind)
        await slow.until_delivered(2)
    assert slow.holds() == []
    slow.assert_once_and_whole()


@pytest.mark.parametrize("kind", TROUBLES)
async def test_retry_now_has_every_hold_looked_at_at_once(slow: Workshop, kind: HoldKind) -> None:
    """Mended, and its next check is far away: a person need not wait for it."""
    await hold(slow, kind)
    (held,) = slow.holds()
    slow.change_ledger(lambda ledger: ledger.set_hold(replace(held, wake_at=slow.clock.now() + 3000.0)))
    async with slow.at_work() as daemon:
        await slow.until(lambda: daemon.holds)
        await in_thread(lambda: TROUBLES[kind].mend_it(slow))
        await daemon.retry(None)
        await slow.until_free(kind)
        await slow.until_delivered(2)
    assert slow.holds() == []
    slow.assert_once_and_whole()


async def test_a_backoff_goes_on_after_a_restart_where_it_was(slow: Workshop) -> None:
    slow.drop("bad.jpg")
    damaged = slow.sandbox.faults.add("download", "corrupt", name="bad.jpg")
    async with slow.at_work() as daemon:
        await slow.until(lambda: slow.state_of("bad.jpg") is State.FINISHED)
        for attempts in range(1, 5):
            await slow.until(lambda number=attempts: slow.image("bad.jpg").attempts == number)  # type: ignore[misc]
            before = slow.image("bad.jpg")
            if attempts < 4:
                await slow.turn_clock(daemon, before.wake_at - slow.clock.now())
    assert (before.state, before.wake_at > slow.clock.now() + 3.0) == (State.FINISHED, True)
    slow.drop("good.jpg", seed=1)
    async with slow.at_work() as daemon:
        await slow.until(lambda: slow.state_of("good.jpg") is State.DELIVERED)
        assert slow.image("bad.jpg") == before
        assert damaged.hits == 4
        damaged.release()
        await slow.turn_clock(daemon, 60.0)
        await slow.until_delivered(2)
    slow.assert_once_and_whole()


async def test_retry_now_clears_a_backoff(slow: Workshop) -> None:
    slow.drop("bad.jpg")
    damaged = slow.sandbox.faults.add("download", "corrupt")
    async with slow.at_work() as daemon:
        await slow.until(lambda: damaged.hits == 1)
        await slow.until(lambda: slow.image("bad.jpg").attempts == 1)
    slow.change_ledger(
        lambda ledger: ledger.save(replace(slow.image("bad.jpg"), wake_at=slow.clock.now() + 3000))
    )
    damaged.release()
    async with slow.at_work() as daemon:
        await daemon.retry(None)
        await slow.until_delivered(1)
    slow.assert_once_and_whole()


async def test_a_look_up_goes_on_after_a_restart_where_it_was_and_no_retry_now_shortens_it(
    slow: Workshop,
) -> None:
    """The listing lag is waited out across lives: the execution is found, and not made a second time."""
    slow.service["listing_lag"] = "1h"
    world = slow.sandbox.world
    world.switches.listing_lag_s = 3600.0
    slow.drop("a.jpg")
    slow.sandbox.faults.add("create", "drop", when="after", times=1)
    async with slow.at_work() as daemon:
        await slow.until(
            lambda: slow.state_of("a.jpg") is State.REQUESTED and slow.image("a.jpg").wake_at > 0
        )
        await slow.turn_clock(daemon, slow.image("a.jpg").wake_at - slow.clock.now())
        await slow.until(lambda: slow.image("a.jpg").looks == 1)
    before = slow.image("a.jpg")
    slow.drop("b.jpg", seed=1)
    async with slow.at_work() as daemon:
        await daemon.retry(None)
        await slow.until(lambda: slow.state_of("b.jpg") is State.DELIVERED)
        assert slow.image("a.jpg") == before
        world.switches.listing_lag_s = 0.0
        await slow.turn_clock(daemon, before.wake_at - slow.clock.now())
        await slow.until_delivered(2)
    assert world.count_calls("create") == 2
    slow.assert_once_and_whole()


async def test_quality_assurance_is_waited_for_across_restarts_without_asking_any_sooner(
    slow: Workshop,
) -> None:
    slow.service["poll"] = "10m"
    world = slow.sandbox.world
    world.script("a.jpg", (("IN_QA", None), "COMPLETED"))
    slow.drop("a.jpg")
    async with slow.at_work():
        await slow.until(lambda: slow.state_of("a.jpg") is State.IN_QA)
    before, asked = slow.image("a.jpg"), world.count_calls("details")
    world.release()
    async with slow.at_work() as daemon:
        await slow.until(lambda: world.count_calls("workflows") == 2)
        assert slow.image("a.jpg") == before
        assert world.count_calls("details") == asked
        await slow.turn_clock(daemon, 600.0)
        await slow.until_delivered(1)
    slow.assert_once_and_whole()


async def test_an_execution_without_credits_is_waited_for_across_restarts_and_retried_once(
    slow: Workshop,
) -> None:
    world = slow.sandbox.world
    world.script("a.jpg", "PAYMENT_REQUIRED", "COMPLETED", "FAILED")
    slow.drop("a.jpg")
    slow.service["listing_lag"] = "30s"
    async with slow.at_work():
        await slow.until(lambda: slow.state_of("a.jpg") is State.HELD)
    async with slow.at_work() as daemon:
        await slow.until(lambda: slow.state_of("a.jpg") is State.HELD)
        await slow.turn_clock(daemon, 60.0)
        await slow.until_delivered(1)
    assert world.count_calls("retry") == 1
    slow.assert_once_and_whole()
