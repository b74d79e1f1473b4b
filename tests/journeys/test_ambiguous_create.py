"""The ambiguous create: the request went out and nobody knows what became of it. It is looked up, never repeated (I2)."""

from __future__ import annotations

from typing import Any

import pytest

from hotfolder.core.image import State
from hotfolder.errors import ExitCode
from hotfolder.sandbox import FAST_ID
from tests.journeys.workshop import PATIENCE, Workshop

IMAGES = 6

LOST_ANSWERS: dict[str, dict[str, Any]] = {
    "reset": {"effect": "drop"},
    "closed in good order": {"effect": "close"},
    "reset in the middle of the body": {"effect": "cut"},
    "500": {"effect": "status", "status": 500},
    "502": {"effect": "status", "status": 502},
    "503": {"effect": "status", "status": 503},
    "504": {"effect": "status", "status": 504},
    "no body": {"effect": "empty"},
    "half an id": {"effect": "truncate"},
    "a web page": {"effect": "garbage"},
}


def creates(workshop: Workshop) -> int:
    return workshop.sandbox.world.count_calls("create")


def looks(workshop: Workshop) -> int:
    return workshop.sandbox.world.count_calls("list")


@pytest.mark.parametrize("kind", LOST_ANSWERS)
async def test_an_answer_lost_after_the_effect_is_found_by_its_label_and_not_paid_again(
    workshop: Workshop, kind: str
) -> None:
    workshop.drop_many(IMAGES)
    fault = {"when": "after", **LOST_ANSWERS[kind]}
    lost = workshop.sandbox.faults.add("create", fault.pop("effect"), times=2, **fault)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert lost.hits == 2
    assert creates(workshop) == IMAGES
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("kind", ["reset", "closed in good order", "500", "502", "503", "504"])
async def test_an_answer_lost_before_the_effect_is_created_once_after_the_whole_listing_lag(
    workshop: Workshop, kind: str
) -> None:
    workshop.drop_many(IMAGES)
    fault = dict(LOST_ANSWERS[kind])
    workshop.sandbox.faults.add("create", fault.pop("effect"), times=2, **fault)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert creates(workshop) == IMAGES + 2
    assert looks(workshop) >= 5, "it looks again and again before it creates"
    workshop.assert_once_and_whole()


async def test_a_create_that_is_never_answered_times_out_and_is_looked_up(workshop: Workshop) -> None:
    workshop.timeouts = PATIENCE
    workshop.drop_many(IMAGES)
    workshop.sandbox.faults.add("create", "hang", when="after", times=2)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert creates(workshop) == IMAGES
    workshop.assert_once_and_whole()


async def test_every_create_losing_its_answer_still_costs_each_image_once(workshop: Workshop) -> None:
    workshop.drop_many(12)
    workshop.sandbox.faults.add("create", "drop", when="after")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert creates(workshop) == 12
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("order", ["newest", "oldest", "random", "shuffled"])
@pytest.mark.parametrize("limit", [50, 7])
async def test_it_finds_its_own_in_any_order_and_with_any_length_of_pages(
    workshop: Workshop, order: str, limit: int
) -> None:
    workshop.sandbox.world.seed_history(FAST_ID, 120)
    workshop.sandbox.world.switches.listing_order = order  # type: ignore[assignment]
    workshop.sandbox.world.switches.listing_limit = limit
    workshop.drop_many(IMAGES)
    workshop.sandbox.faults.add("create", "drop", when="after", times=2)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert creates(workshop) == IMAGES
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_thousands_of_older_executions_are_not_read_where_the_order_allows_to_stop(
    workshop: Workshop, order: str
) -> None:
    """By a home that has read the list once, at its first start."""
    workshop.sandbox.world.switches.listing_order = order  # type: ignore[assignment]
    workshop.drop("first.jpg", seed=90)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.sandbox.world.seed_history(FAST_ID, 5000)
    workshop.drop_many(IMAGES)
    lost = workshop.sandbox.faults.add("create", "drop", when="before", times=2)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert lost.hits == 2
    assert looks(workshop) < 100, "the whole history is a hundred pages for each look"
    assert creates(workshop) == 1 + IMAGES + 2
    workshop.assert_once_and_whole()


async def test_thousands_of_older_executions_in_no_order_are_all_read(workshop: Workshop) -> None:
    workshop.sandbox.world.seed_history(FAST_ID, 2000)
    workshop.sandbox.world.switches.listing_order = "random"
    workshop.drop_many(IMAGES)
    workshop.sandbox.faults.add("create", "drop", when="after", times=2)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert creates(workshop) == IMAGES
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
async def test_an_execution_that_is_listed_late_is_waited_for(workshop: Workshop, order: str) -> None:
    """The service lags for less than `listing_lag`: never a second create."""
    workshop.service["listing_lag"] = "2s"
    workshop.sandbox.world.switches.listing_lag_s = 0.9
    workshop.sandbox.world.switches.listing_order = order  # type: ignore[assignment]
    workshop.drop_many(IMAGES)
    workshop.sandbox.faults.add("create", "drop", when="after", times=2)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert creates(workshop) == IMAGES
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("effect", ["cut", "garbage", "truncate", "empty"])
async def test_a_list_that_cannot_be_read_is_no_proof_that_nothing_was_created(
    workshop: Workshop, effect: str
) -> None:
    workshop.drop_many(IMAGES)
    workshop.sandbox.faults.add("create", "drop", when="after", times=2)
    spoilt = workshop.sandbox.faults.add("list", effect, times=2)  # type: ignore[arg-type]
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert spoilt.hits == 2
    assert creates(workshop) == IMAGES
    workshop.assert_once_and_whole()


async def test_an_unknown_answer_is_still_looked_up_by_the_next_life(workshop: Workshop) -> None:
    workshop.drop_many(IMAGES)
    workshop.sandbox.faults.add("create", "drop", when="after")
    workshop.sandbox.faults.add("list", "status", status=503, skip=1)  # read once at the first start
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.REQUESTED) >= 4)
    created = creates(workshop)
    workshop.sandbox.faults.clear()
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert creates(workshop) == max(created, IMAGES)
    workshop.assert_once_and_whole()


# --- retry ---------------------------------------------------------------------------------------------

RETRY_FAULTS = {
    f"{kind} {when} the effect": {**LOST_ANSWERS[kind], "when": when}
    for kind in ("reset", "500", "504")
    for when in ("before", "after")
}


@pytest.mark.parametrize("kind", RETRY_FAULTS)
async def test_a_failed_execution_is_retried_once_though_the_answer_is_lost(
    workshop: Workshop, kind: str
) -> None:
    workshop.drop("a.jpg")
    workshop.sandbox.world.script("a.jpg", "FAILED", "COMPLETED", "FAILED")
    fault = dict(RETRY_FAULTS[kind])
    workshop.sandbox.faults.add("retry", fault.pop("effect"), times=1, **fault)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.execution_of("a.jpg").attempts == 2
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("kind", RETRY_FAULTS)
async def test_an_execution_that_fails_again_after_a_lost_retry_is_not_retried_a_second_time(
    workshop: Workshop, kind: str
) -> None:
    workshop.drop("a.jpg")
    workshop.sandbox.world.script("a.jpg", "FAILED")
    fault = dict(RETRY_FAULTS[kind])
    workshop.sandbox.faults.add("retry", fault.pop("effect"), times=1, **fault)
    assert (await workshop.once()).exit_code is ExitCode.SOME_FAILED
    assert workshop.execution_of("a.jpg").attempts == 2
    assert workshop.image("a.jpg").state is State.FAILED


@pytest.mark.parametrize("kind", RETRY_FAULTS)
async def test_an_unpaid_execution_is_retried_once_though_the_answer_is_lost(
    workshop: Workshop, kind: str
) -> None:
    workshop.drop("a.jpg")
    world = workshop.sandbox.world
    world.script("a.jpg", "PAYMENT_REQUIRED", "COMPLETED", "FAILED")
    fault = dict(RETRY_FAULTS[kind])
    workshop.sandbox.faults.add("retry", fault.pop("effect"), times=1, **fault)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.execution_of("a.jpg").attempts == 2
    workshop.assert_once_and_whole()


async def test_a_retry_that_is_never_answered_is_not_sent_again(workshop: Workshop) -> None:
    workshop.timeouts = PATIENCE
    workshop.drop("a.jpg")
    workshop.sandbox.world.script("a.jpg", "FAILED", "COMPLETED", "FAILED")
    workshop.sandbox.faults.add("retry", "hang", when="after", times=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.sandbox.world.count_calls("retry") == 1
    workshop.assert_once_and_whole()
