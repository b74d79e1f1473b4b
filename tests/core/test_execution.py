"""What the service's answers mean for the image."""

from __future__ import annotations

import pytest

from hotfolder.core.execution import (
    KNOWN_STATUSES,
    AskRules,
    event_for,
    may_retry_for_credits,
    retry_for_credits,
)
from hotfolder.core.image import Image, State
from hotfolder.core.life import (
    LIFE,
    Event,
    Finished,
    GaveUp,
    NotListed,
    NotRetried,
    PaymentRequired,
    RetryIntended,
    SeenInQa,
    SeenProcessing,
)
from hotfolder.core.timing import LOOKS_BEFORE_CREATING_AGAIN
from hotfolder.ports import Execution
from tests.fakes import NOW, RESULT, a_completed_execution, an_execution, an_image, hash_of

RULES = AskRules(retries=1, first_s=2.0, listing_lag_s=30.0)
ASKED = [State.PROCESSING, State.IN_QA, State.HELD, State.RETRYING]
THEN, LATER = "2026-11-24T10:00:00Z", "2026-11-24T10:05:00Z"


def event_of(image: Image, execution: Execution, rules: AskRules = RULES) -> Event:
    return event_for(image, execution, rules, NOW, 0.5)


@pytest.mark.parametrize("status", sorted(KNOWN_STATUSES | {"SOMETHING_NEW", ""}))
@pytest.mark.parametrize("state", ASKED)
@pytest.mark.parametrize("finished_at", [None, THEN])
def test_every_answer_means_an_event_that_the_table_lists(
    state: State, status: str, finished_at: str | None
) -> None:
    for looks in range(6):
        image = an_image(state, looks=looks)
        event = event_of(image, an_execution(status, finished_at=finished_at))
        assert (state, type(event)) in LIFE


@pytest.mark.parametrize("state", ASKED)
def test_completed_brings_all_that_the_delivery_needs(state: State) -> None:
    assert event_of(an_image(state), a_completed_execution()) == Finished(
        service_path=f"/image/{hash_of(RESULT)}/boot.png",
        result_hash=hash_of(RESULT),
        result_type="image/png",
        result_name="boot.png",
        credits=10,
    )


def test_without_a_result_hash_the_one_in_the_path_is_taken() -> None:
    event = event_of(an_image(State.PROCESSING), a_completed_execution(result_hash=None))
    assert isinstance(event, Finished)
    assert event.result_hash == hash_of(RESULT)


def test_a_path_without_a_hash_promises_none() -> None:
    execution = a_completed_execution(result_hash=None, result_path="/image/latest/boot.png")
    event = event_of(an_image(State.PROCESSING), execution)
    assert isinstance(event, Finished)
    assert event.result_hash is None


def test_completed_without_a_result_is_waited_for() -> None:
    assert isinstance(event_of(an_image(State.PROCESSING), an_execution("COMPLETED")), SeenProcessing)


@pytest.mark.parametrize("status", ["CREATED", "ACTIVE", "SOMETHING_NEW"])
def test_what_runs_or_is_not_known_is_asked_about_again_soon(status: str) -> None:
    event = event_of(an_image(State.PROCESSING, state_since=NOW), an_execution(status))
    assert event == SeenProcessing(wake_at=NOW + 1.8)


def test_quality_assurance_is_asked_about_rarely() -> None:
    event = event_of(an_image(State.IN_QA, state_since=NOW - 86_400), an_execution("IN_QA"))
    assert event == SeenInQa(wake_at=NOW + 540)


def test_payment_required_says_what_to_do() -> None:
    event = event_of(an_image(State.PROCESSING), an_execution("PAYMENT_REQUIRED"))
    assert isinstance(event, PaymentRequired)
    assert "credits" in event.reason
    assert event.advice


# --- FAILED and the automatic retry ---------------------------------------------------------------


def test_failed_is_retried_as_often_as_configured() -> None:
    event = event_of(an_image(State.PROCESSING), an_execution("FAILED", finished_at=THEN))
    assert event == RetryIntended(seen_finished_at=THEN, retries=1)


def test_failed_again_is_given_up_with_the_services_reason() -> None:
    image = an_image(State.PROCESSING, retries=1, seen_finished_at=THEN)
    event = event_of(image, an_execution("FAILED", finished_at=LATER, reason="no product found"))
    assert isinstance(event, GaveUp)
    assert "no product found" in event.reason
    assert event.advice


def test_without_retries_failed_is_given_up_at_once() -> None:
    event = event_of(
        an_image(State.PROCESSING), an_execution("FAILED", finished_at=THEN), AskRules(retries=0)
    )
    assert isinstance(event, GaveUp)


def test_a_failed_from_before_the_retry_is_not_taken_for_its_outcome() -> None:
    """The service needs a while until everybody sees a change."""
    image = an_image(State.PROCESSING, retries=1, seen_finished_at=THEN, state_since=NOW - 29.0)
    assert isinstance(event_of(image, an_execution("FAILED", finished_at=THEN)), SeenProcessing)


def test_a_failed_with_a_new_finish_time_is_believed_at_once() -> None:
    image = an_image(State.PROCESSING, retries=1, seen_finished_at=THEN, state_since=NOW)
    assert isinstance(event_of(image, an_execution("FAILED", finished_at=LATER)), GaveUp)


def test_a_first_failed_with_a_finish_time_is_retried_at_once() -> None:
    image = an_image(State.PROCESSING, state_since=NOW)
    assert isinstance(event_of(image, an_execution("FAILED", finished_at=THEN)), RetryIntended)


def test_a_failed_that_stays_after_the_retry_is_believed_in_the_end() -> None:
    image = an_image(State.PROCESSING, retries=1, seen_finished_at=THEN, state_since=NOW - 30.0)
    assert isinstance(event_of(image, an_execution("FAILED", finished_at=THEN)), GaveUp)


def test_a_failed_from_before_the_retry_is_not_retried_because_a_person_said_try_again_meanwhile() -> None:
    image = an_image(State.PROCESSING, retries=0, seen_finished_at=THEN, state_since=NOW - 5.0)
    assert isinstance(event_of(image, an_execution("FAILED", finished_at=THEN)), SeenProcessing)


def test_an_unpaid_from_before_the_retry_is_not_taken_for_its_outcome() -> None:
    image = an_image(State.PROCESSING, retries=1, seen_finished_at=None, state_since=NOW - 5.0)
    assert isinstance(event_of(image, an_execution("PAYMENT_REQUIRED")), SeenProcessing)


def test_a_first_payment_required_is_believed_at_once() -> None:
    image = an_image(State.PROCESSING, state_since=NOW)
    assert isinstance(event_of(image, an_execution("PAYMENT_REQUIRED")), PaymentRequired)


# --- a retry whose answer was lost ----------------------------------------------------------------


def retrying(looks: int = 0, seen: str | None = THEN, retries: int = 1) -> Image:
    return an_image(State.RETRYING, looks=looks, seen_finished_at=seen, retries=retries)


LAST_LOOK = LOOKS_BEFORE_CREATING_AGAIN - 1


@pytest.mark.parametrize("status", ["FAILED", "PAYMENT_REQUIRED"])
def test_another_finish_time_proves_that_the_retry_ran(status: str) -> None:
    event = event_of(retrying(), an_execution(status, finished_at=LATER))
    assert event == SeenProcessing()


def test_the_same_finish_time_is_looked_at_again_until_the_lag_is_over() -> None:
    waits = []
    for looks in range(LAST_LOOK):
        event = event_of(retrying(looks), an_execution("FAILED", finished_at=THEN))
        assert isinstance(event, NotListed)
        assert event.looks == looks + 1
        waits.append(event.wake_at - NOW)
    assert sum(waits) == pytest.approx(RULES.listing_lag_s)


def test_the_same_finish_time_over_the_whole_lag_proves_that_the_retry_never_ran() -> None:
    event = event_of(retrying(LAST_LOOK), an_execution("FAILED", finished_at=THEN))
    assert isinstance(event, NotRetried)
    assert event.retries == 0


def test_a_failed_without_finish_times_counts_as_retried() -> None:
    """It cannot be told, and a second retry could be a second charge."""
    assert isinstance(event_of(retrying(LAST_LOOK, None), an_execution("FAILED")), SeenProcessing)


def test_an_unpaid_one_without_finish_times_counts_as_not_retried() -> None:
    """It cost nothing, so running it again costs once at most."""
    event = event_of(retrying(LAST_LOOK, None, retries=0), an_execution("PAYMENT_REQUIRED"))
    assert isinstance(event, NotRetried)


def test_a_lost_retry_for_credits_gives_no_automatic_retry_back() -> None:
    event = event_of(retrying(LAST_LOOK, None, retries=1), an_execution("PAYMENT_REQUIRED"))
    assert isinstance(event, NotRetried)
    assert event.retries == 1


@pytest.mark.parametrize("status", ["ACTIVE", "CREATED", "IN_QA"])
def test_an_execution_seen_running_proves_that_the_retry_ran(status: str) -> None:
    assert type(event_of(retrying(), an_execution(status))) in (SeenProcessing, SeenInQa)


# --- credits --------------------------------------------------------------------------------------


def test_a_retry_for_credits_is_not_one_of_the_automatic_ones() -> None:
    image = an_image(State.HELD, retries=1)
    event = retry_for_credits(image, an_execution("PAYMENT_REQUIRED", finished_at=THEN))
    assert event == RetryIntended(seen_finished_at=THEN, retries=1)


def test_an_unpaid_one_is_run_again_only_after_the_listing_lag() -> None:
    """Until then the answer may tell of the time before a retry that was made for it."""
    assert not may_retry_for_credits(an_image(State.HELD, state_since=NOW - 29.9), RULES, NOW)
    assert may_retry_for_credits(an_image(State.HELD, state_since=NOW - 30.0), RULES, NOW)
