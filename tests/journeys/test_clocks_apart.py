"""Three clocks that disagree: our own, the one of the service's answers, the one of its lists. None is believed alone where
money depends on it (keeps I2), and none dates an order if it cannot be right."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import product

import pytest

from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.core.batching import created_at_label
from hotfolder.core.image import State
from hotfolder.errors import ExitCode
from hotfolder.sandbox import FAST_ID
from tests.journeys.workshop import Clock, Workshop

DAY_S = 86_400.0
NEWER = 130
"""More executions than two pages show."""

CLOCKS: dict[str, tuple[float, float, float]] = {
    "all right": (0, 0, 0),
    "the answers' a day ahead": (DAY_S, 0, 0),
    "the answers' a day behind": (-DAY_S, 0, 0),
    "our own a day ahead": (0, DAY_S, 0),
    "our own a day behind": (0, -DAY_S, 0),
    "our own in 1970": (0, 3 * DAY_S - time.time(), 0),
    "the lists' 40 minutes behind": (0, 0, -2400),
    "the lists' 40 minutes behind, the answers' a day ahead": (DAY_S, 0, -2400),
}
"""By how much each is ahead (seconds): the answers', our own, the lists'."""


class WrongClock(Clock):
    """Its wall hand stands `ahead_s` from where it should."""

    def __init__(self, ahead_s: float) -> None:
        super().__init__()
        self._wall += ahead_s


def set_clocks(workshop: Workshop, answers_s: float, own_s: float, lists_s: float) -> None:
    switches = workshop.sandbox.world.switches
    switches.date_offset_s, switches.created_offset_s = answers_s, lists_s
    workshop.clock = WrongClock(own_s)


@pytest.mark.parametrize(("when", "order"), list(product(("before", "after"), ("newest", "oldest"))))
@pytest.mark.parametrize("clocks", CLOCKS)
async def test_a_lost_create_below_newer_executions_is_paid_once_whatever_clock_is_wrong(
    workshop: Workshop, clocks: str, when: str, order: str
) -> None:
    world, faults = workshop.sandbox.world, workshop.sandbox.faults
    set_clocks(workshop, *CLOCKS[clocks])
    world.seed_history(FAST_ID, 300)
    world.switches.listing_order = order  # type: ignore[assignment]
    workshop.drop("a.jpg")
    faults.add("create", "drop", when=when, times=1)
    unlisted = faults.add("list", "status", status=503)
    async with workshop.at_work():
        await workshop.until(lambda: unlisted.hits > 0)
        stranger = world.executions[0]
        for _ in range(NEWER):
            world.create(stranger.workflow, "other.jpg", stranger.input_hash, "image/jpeg")
        unlisted.release()
        await workshop.until_delivered(1)
    assert world.count_calls("create") == (1 if when == "after" else 2)
    assert len(world.executions) == 300 + NEWER + 1
    assert workshop.execution_of("a.jpg").charged == 1


async def test_a_list_that_is_hours_behind_shows_it_by_the_others_of_ours(workshop: Workshop) -> None:
    """Nobody could guess three hours; but five of six answers came, and the list dates them three hours early."""
    world, faults = workshop.sandbox.world, workshop.sandbox.faults
    set_clocks(workshop, 0, 0, -3 * 3600)
    world.seed_history(FAST_ID, 300)
    faults.add("create", "drop", when="after", times=1)
    pages_at_the_start = 300 // 50
    unlisted = faults.add("list", "status", status=503, skip=pages_at_the_start)
    workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until(lambda: unlisted.hits > 0)
        stranger = world.executions[0]
        for _ in range(NEWER):
            world.create(stranger.workflow, "other.jpg", stranger.input_hash, "image/jpeg")
        for number in range(1, 6):
            workshop.drop(f"{number}.jpg", seed=number)
        await workshop.until(lambda: workshop.count(State.DELIVERED) == 5)
        unlisted.release()
        await workshop.until_delivered(6)
    assert world.count_calls("create") == 6
    assert len(world.executions) == 300 + NEWER + 6


async def test_a_clock_set_forward_while_nothing_ran_does_not_shorten_the_wait_for_the_list(
    workshop: Workshop,
) -> None:
    """The execution is listed late; the last look of a look-up is due, by the clock of the next life, at once."""
    world = workshop.sandbox.world
    workshop.service["listing_lag"] = "4s"
    world.switches.listing_lag_s = 3600
    workshop.sandbox.faults.add("create", "drop", when="after", times=1)
    workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until(lambda: any(image.looks == 4 for image in workshop.images()))
    workshop.clock = WrongClock(3600)
    async with workshop.at_work():
        await workshop.until(lambda: workshop.clock.passed_s() > 0.7)  # a look that is due is made by now
        world.switches.listing_lag_s = 0
        await workshop.until_delivered(1)
    assert world.count_calls("create") == 1
    workshop.assert_once_and_whole()


# --- what people read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ahead_s", [3 * DAY_S - time.time(), 2 * DAY_S, -2 * DAY_S], ids=["1970", "two days ahead", "behind"]
)
async def test_an_order_is_dated_by_the_services_clock_where_our_own_cannot_be_right(
    workshop: Workshop, ahead_s: float
) -> None:
    set_clocks(workshop, 0, ahead_s, 0)
    today = f"{datetime.now().astimezone():%Y-%m-%d}"
    since = created_at_label(time.time() - 2)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: daemon._service.now() is not None)
        workshop.drop("a.jpg")
        await workshop.until_delivered(1)
    labels = workshop.execution_of("a.jpg").labels
    days = (today, f"{datetime.now().astimezone():%Y-%m-%d}")
    assert labels["autoretouch_batch_name"] in {f"Studio {day}" for day in days}
    assert since <= labels["autoretouch_batch_createdAt"] <= created_at_label(time.time() + 1)


async def test_an_order_keeps_our_own_date_where_the_clocks_differ_by_hours_only(workshop: Workshop) -> None:
    set_clocks(workshop, 0, -5 * 3600, 0)
    workshop.drop("a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    made_at = workshop.execution_of("a.jpg").labels["autoretouch_batch_createdAt"]
    assert made_at < created_at_label(time.time() - 4 * 3600)


async def test_in_1970_an_image_waits_settling_until_the_service_tells_the_time(workshop: Workshop) -> None:
    """Nothing could be sent meanwhile anyway; `--once` waits for it."""
    set_clocks(workshop, 0, 3 * DAY_S - time.time(), 0)
    workshop.sandbox.faults.add("any", "drop", times=3)
    workshop.drop("a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.execution_of("a.jpg").labels["autoretouch_batch_createdAt"] > created_at_label(
        time.time() - 60
    )
    workshop.assert_once_and_whole()


async def test_in_1970_without_a_sign_in_an_image_settles_on_and_once_says_to_sign_in(
    workshop: Workshop,
) -> None:
    set_clocks(workshop, 0, 3 * DAY_S - time.time(), 0)
    workshop.tokens = MemoryTokens(None)
    workshop.drop("a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.SIGN_IN
    assert workshop.images() == []
