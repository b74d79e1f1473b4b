"""Wait: one question, one event, and the retry with its intent before it."""

from __future__ import annotations

import pytest

from hotfolder import errors
from hotfolder.core.execution import AskRules
from hotfolder.core.image import State
from hotfolder.core.life import AnswerMissing, Finished, GaveUp, PutOff, SeenInQa, SeenProcessing
from hotfolder.ports import Execution
from hotfolder.stages.wait import UNKNOWN_BEFORE_GIVING_UP, Asking, ask_about_execution
from tests.fakes import (
    NOW,
    TARGET,
    Diary,
    FakePurse,
    FakeService,
    PlainProgress,
    a_completed_execution,
    an_execution,
    an_image,
)

RULES = AskRules(retries=1, first_s=2.0, listing_lag_s=30.0)
THEN = "2026-11-24T10:00:00Z"


class Journey:
    """One image with an execution, and everything that happens around it in one diary."""

    def __init__(self, state: State = State.PROCESSING, **changes: object) -> None:
        self.is_paused = False
        self.diary = Diary()
        self.service = FakeService(self.diary)
        self.purse = FakePurse(self.diary)
        self.progress = PlainProgress(an_image(state, **changes), self.diary)

    async def ask(self, execution: Execution | None) -> None:
        if execution is not None:
            self.service.executions_known[execution.id] = execution
        asking = Asking(RULES, NOW, 0.5, may_spend=lambda: not self.is_paused)
        await ask_about_execution(self.progress, TARGET, self.service, self.purse, asking)

    @property
    def lines(self) -> list[str]:
        return self.diary.lines


async def test_a_running_execution_is_asked_about_again_later() -> None:
    journey = Journey()
    await journey.ask(an_execution("ACTIVE"))
    assert journey.lines == ["execution", "SeenProcessing"]
    assert journey.progress.image.wake_at > NOW


@pytest.mark.parametrize("state", [State.PROCESSING, State.IN_QA])
async def test_while_paused_what_failed_is_not_run_again(state: State) -> None:
    journey = Journey(state)
    journey.is_paused = True
    await journey.ask(an_execution("FAILED"))
    assert journey.lines == ["execution", "PutOff"]
    assert journey.progress.image.state is state
    journey.is_paused = False
    await journey.ask(None)
    assert "retry" in journey.lines


async def test_while_paused_what_is_unpaid_is_not_run_again() -> None:
    journey = Journey(State.HELD)
    journey.is_paused = True
    await journey.ask(an_execution("PAYMENT_REQUIRED"))
    assert journey.lines == ["execution", "PaymentRequired"]


async def test_while_paused_what_is_finished_is_still_delivered() -> None:
    journey = Journey()
    journey.is_paused = True
    await journey.ask(a_completed_execution())
    assert journey.progress.image.state is State.FINISHED


async def test_a_finished_one_is_to_be_delivered() -> None:
    journey = Journey()
    await journey.ask(a_completed_execution())
    assert isinstance(journey.progress.events[0], Finished)
    assert journey.progress.image.state is State.FINISHED


async def test_quality_assurance_may_take_any_time() -> None:
    journey = Journey(State.IN_QA, state_since=NOW - 30 * 86_400.0)
    await journey.ask(an_execution("IN_QA"))
    assert isinstance(journey.progress.events[0], SeenInQa)


async def test_a_status_that_nobody_knows_is_waited_for() -> None:
    journey = Journey()
    await journey.ask(an_execution("ON_THE_MOON"))
    assert isinstance(journey.progress.events[0], SeenProcessing)


@pytest.mark.parametrize("kind", [errors.ServiceAway, errors.TooManyRequests, errors.SignInNeeded])
async def test_a_question_without_an_answer_changes_nothing(kind: type[errors.HotfolderError]) -> None:
    journey = Journey()
    journey.service.trouble["execution"] = kind("Trouble.")
    with pytest.raises(kind):
        await journey.ask(an_execution())
    assert journey.progress.events == []


async def test_an_image_without_an_execution_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        await Journey(execution_id=None).ask(None)


# --- an execution the service does not know -------------------------------------------------------


async def test_an_execution_that_is_not_known_yet_is_asked_about_again() -> None:
    journey = Journey()
    await journey.ask(None)
    (event,) = journey.progress.events
    assert isinstance(event, PutOff)
    assert event.wake_at > NOW


async def test_an_execution_that_stays_unknown_is_given_up_without_losing_its_id() -> None:
    journey = Journey()
    for _ in range(UNKNOWN_BEFORE_GIVING_UP):
        await journey.ask(None)
    assert isinstance(journey.progress.events[-1], GaveUp)
    assert journey.progress.image.state is State.FAILED
    assert journey.progress.image.execution_id == "execution-1"


async def test_an_unknown_one_that_shows_up_begins_the_count_anew() -> None:
    journey = Journey(attempts=UNKNOWN_BEFORE_GIVING_UP - 1)
    await journey.ask(an_execution())
    assert journey.progress.image.attempts == 0


# --- the automatic retry --------------------------------------------------------------------------


async def test_the_intent_to_retry_is_recorded_before_it_is_sent() -> None:
    journey = Journey()
    await journey.ask(an_execution("FAILED", finished_at=THEN))
    assert journey.lines == ["execution", "RetryIntended", "retry", "RetryAccepted"]
    image = journey.progress.image
    assert (image.state, image.retries, image.seen_finished_at) == (State.PROCESSING, 1, THEN)
    assert image.wake_at == NOW + RULES.first_s


async def test_a_retry_whose_answer_is_lost_stays_unknown_until_it_is_looked_at() -> None:
    journey = Journey()
    journey.service.trouble["retry"] = errors.AnswerLost("No clear answer.")
    with pytest.raises(errors.AnswerLost):
        await journey.ask(an_execution("FAILED", finished_at=THEN))
    assert journey.progress.image.state is State.RETRYING
    assert isinstance(journey.progress.events[-1], AnswerMissing)
    assert journey.progress.image.wake_at > NOW


async def test_an_unknown_retry_is_not_sent_again_while_it_is_unknown() -> None:
    journey = Journey(State.RETRYING, seen_finished_at=THEN, retries=1)
    await journey.ask(an_execution("FAILED", finished_at=THEN))
    assert journey.lines == ["execution", "NotListed"]


@pytest.mark.parametrize("kind", [errors.ServiceAway, errors.TooManyRequests, errors.ImageRejected])
async def test_a_refused_retry_had_no_effect_and_is_not_counted(kind: type[errors.HotfolderError]) -> None:
    journey = Journey()
    journey.service.trouble["retry"] = kind("Refused.")
    with pytest.raises(kind):
        await journey.ask(an_execution("FAILED", finished_at=THEN))
    assert journey.lines[-1] == "NotRetried"
    assert (journey.progress.image.state, journey.progress.image.retries) == (State.PROCESSING, 0)
    assert journey.progress.image.wake_at > NOW


async def test_a_bug_while_retrying_leaves_the_retry_unknown() -> None:
    journey = Journey()
    journey.service.trouble["retry"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await journey.ask(an_execution("FAILED", finished_at=THEN))
    assert journey.progress.image.state is State.RETRYING


async def test_after_the_last_retry_the_image_fails_with_the_reason() -> None:
    journey = Journey(retries=1, seen_finished_at="earlier")
    await journey.ask(an_execution("FAILED", finished_at=THEN, reason="too dark"))
    assert journey.lines == ["execution", "GaveUp"]
    assert "too dark" in journey.progress.image.reason


# --- credits --------------------------------------------------------------------------------------


async def test_payment_required_holds_the_image_and_casts_doubt_on_the_known_balance() -> None:
    journey = Journey()
    await journey.ask(an_execution("PAYMENT_REQUIRED"))
    assert journey.lines == ["execution", "refused", "PaymentRequired"]
    assert journey.progress.image.state is State.HELD


async def test_with_credits_an_unpaid_one_is_run_again_and_never_created_again() -> None:
    journey = Journey(State.HELD, state_since=NOW - 60)
    await journey.ask(an_execution("PAYMENT_REQUIRED"))
    assert journey.lines == ["execution", "reserve", "RetryIntended", "retry", "RetryAccepted"]
    assert journey.progress.image.retries == 0


async def test_without_credits_an_unpaid_one_stays_held() -> None:
    journey = Journey(State.HELD, state_since=NOW - 60)
    journey.purse.trouble = errors.OutOfCredits("Out of credits.")
    with pytest.raises(errors.OutOfCredits):
        await journey.ask(an_execution("PAYMENT_REQUIRED"))
    assert journey.progress.events == []


async def test_an_unpaid_one_from_just_before_a_retry_is_not_run_a_second_time() -> None:
    """The answer may be older than the retry that was made for it."""
    journey = Journey(State.HELD, state_since=NOW - 1, reason="Not enough credits.", advice="Top up.")
    await journey.ask(an_execution("PAYMENT_REQUIRED"))
    assert journey.lines == ["execution", "PaymentRequired"]
    image = journey.progress.image
    assert (image.state, image.reason, image.advice) == (State.HELD, "Not enough credits.", "Top up.")
    assert image.wake_at == NOW + RULES.listing_lag_s
    assert journey.purse.credits == 1000


async def test_a_held_one_that_runs_after_all_goes_on() -> None:
    journey = Journey(State.HELD)
    await journey.ask(an_execution("ACTIVE"))
    assert journey.progress.image.state is State.PROCESSING
