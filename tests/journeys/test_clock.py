"""The clock is set by an hour, or the machine sleeps: no storm of requests, and nothing that stalls (keeps I9)."""

from __future__ import annotations

import logging
from functools import partial

import pytest

from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.sandbox import Sandbox
from tests.journeys.test_ledger_trouble import ledger_hold, locked
from tests.journeys.workshop import Clock, Workshop

HOUR_S = 3600.0


class JumpingClock(Clock):
    """Its wall hand can be set; its monotonic one cannot."""

    ahead_s = 0.0

    @property
    def surroundings(self) -> Surroundings:
        plain = super().surroundings
        return Surroundings(lambda: plain.now() + self.ahead_s, plain.monotonic, plain.jitter)


@pytest.fixture
def clock(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> JumpingClock:
    monkeypatch.setattr("hotfolder.daemon.SUPERVISE_S", 0.1)
    caplog.set_level(logging.INFO)
    workshop.clock = JumpingClock()
    return workshop.clock


async def until_followed(workshop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    await workshop.until(lambda: "The clock jumped" in caplog.text)


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S, 8 * HOUR_S], ids=["forward", "back", "a night of sleep"])
async def test_a_jump_of_the_clock_neither_storms_nor_stalls(
    workshop: Workshop, clock: JumpingClock, caplog: pytest.LogCaptureFixture, jump_s: float
) -> None:
    """At the jump ten images are with QA, one waits after a fault, and new ones come later."""
    world = workshop.sandbox.world
    world.script("*", ("CREATED", ("IN_QA", None), "COMPLETED"))
    for number in range(10):
        workshop.drop(f"{number}.jpg", seed=number)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: workshop.count(State.IN_QA) == 10)
        asked = world.count_calls("details")
        clock.ahead_s = jump_s
        daemon.wake_lanes()
        await until_followed(workshop, caplog)
        assert world.count_calls("details") - asked <= 30, "a storm"
        workshop.drop("new.jpg", seed=11)
        await workshop.until(lambda: workshop.count(State.IN_QA) == 11)
        furthest = max(image.wake_at for image in workshop.images())
        assert furthest < clock.surroundings.now() + 600, "an appointment by the clock as it was"
        world.release()
        await workshop.turn_clock(
            daemon, 600
        )  # what has been with QA for an hour is asked about every ten minutes
        await workshop.until_delivered(11)
    assert caplog.text.count("The clock jumped") == 1
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])
async def test_a_clock_set_during_an_outage_keeps_the_probes_as_they_were(
    workshop: Workshop,
    clock: JumpingClock,
    caplog: pytest.LogCaptureFixture,
    sandbox: Sandbox,
    jump_s: float,
) -> None:
    sandbox.world.switches.outage = "unavailable"
    workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until_held(HoldKind.SERVICE)
        clock.ahead_s = jump_s
        await until_followed(workshop, caplog)
        probes = sandbox.world.count_calls()
        await workshop.until(lambda: sandbox.world.count_calls() > probes)
        assert sandbox.world.count_calls() <= probes + 2
        sandbox.world.switches.outage = ""
        await workshop.until_delivered(1)


async def test_a_look_up_waits_out_the_lag_of_the_list_though_the_clock_is_set_forward(
    workshop: Workshop, clock: JumpingClock, caplog: pytest.LogCaptureFixture, sandbox: Sandbox
) -> None:
    """Otherwise an execution that is only not listed yet would be created, and paid, again (I2)."""
    workshop.service["listing_lag"] = "3s"
    sandbox.world.switches.listing_lag_s = 2.0
    sandbox.faults.add("create", "drop", when="after", times=1)
    workshop.drop("a.jpg")
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: any(i.looks for i in workshop.images()))
        clock.ahead_s = HOUR_S
        daemon.wake_lanes()
        await until_followed(workshop, caplog)
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


async def test_after_a_sleep_in_which_the_connections_died_everything_goes_on(
    workshop: Workshop, clock: JumpingClock, caplog: pytest.LogCaptureFixture, sandbox: Sandbox
) -> None:
    sandbox.world.script("0.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
    workshop.drop("0.jpg", seed=0)
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.IN_QA) == 1)
        sandbox.faults.add("any", "drop", times=2)
        clock.ahead_s = 8 * HOUR_S
        workshop.drop("1.jpg", seed=1)
        sandbox.world.release()
        await until_followed(workshop, caplog)
        await workshop.until_delivered(2)
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])
async def test_a_clock_set_while_the_ledger_cannot_be_written_is_followed_when_it_can(
    workshop: Workshop,
    clock: JumpingClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    jump_s: float,
) -> None:
    monkeypatch.setattr("hotfolder.daemon.open_ledger", partial(open_ledger, busy_s=0.1))
    workshop.drop("a.jpg", seed=1)
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(1)
        with locked(workshop):
            workshop.drop("b.jpg", seed=2)
            await workshop.until(lambda: ledger_hold(daemon))
            clock.ahead_s = jump_s
            await workshop.until(lambda: daemon._clock.jump_s)
            assert "The clock jumped" not in caplog.text
        await until_followed(workshop, caplog)
        await workshop.until_delivered(2)
    assert "Traceback" not in caplog.text
    workshop.assert_once_and_whole()
