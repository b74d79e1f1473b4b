"""The life of an image: every line of the table, every line that is not in it, and any history at all."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotfolder.core import life
from hotfolder.core.image import Image, State
from hotfolder.core.life import (
    COMMANDS,
    LIFE,
    AnswerMissing,
    AskedAgain,
    Command,
    Delivered,
    Event,
    ExecutionKnown,
    Finished,
    GaveUp,
    Gone,
    NotCreated,
    NotListed,
    NotRetried,
    PaymentRequired,
    PutOff,
    RequestIntended,
    RetryAccepted,
    RetryIntended,
    SeenInQa,
    SeenProcessing,
    UnlistedTransition,
    Uploaded,
    Waits,
    step,
    try_again,
)
from tests.core.model import RULES, Chance, ModelHotfolder, ModelService
from tests.fakes import NOW, an_image

EVENTS: list[type[Event]] = [
    kind
    for kind in vars(life).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
]
STORED = [state for state in State if state not in (State.DETECTED, State.SETTLING)]
LISTED = sorted(LIFE, key=str)
UNLISTED = [(state, kind) for state in State for kind in EVENTS if (state, kind) not in LIFE]


def an_event(kind: type[Event], **facts: Any) -> Event:
    """An event of this kind with something in every field."""
    samples: dict[str, Any] = {
        "looks": 1,
        "retries": 1,
        "requested_at": NOW,
        "delivered_at": NOW,
        "credits": 7,
    }
    for f in fields(kind):
        if f.default is MISSING and f.name not in facts:
            facts[f.name] = samples.get(f.name, f"some {f.name}")
    return kind(**facts)


def an_image_in(state: State) -> Image:
    return an_image(state, attempts=3, looks=2, reason="an old reason", advice="an old advice")


# --- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "kind"), LISTED, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_listed_event_leads_to_its_state_and_that_states_command(state: State, kind: type[Event]) -> None:
    after, command = step(an_image_in(state), an_event(kind), NOW)
    assert after.state is LIFE[state, kind]
    assert command is COMMANDS[after.state]


@pytest.mark.parametrize(("state", "kind"), UNLISTED)
def test_an_unlisted_event_raises_and_changes_nothing(state: State, kind: type[Event]) -> None:
    image = an_image_in(state)
    with pytest.raises(UnlistedTransition, match=kind.__name__):
        step(image, an_event(kind), NOW)
    assert image == an_image_in(state)


def test_every_state_in_the_ledger_has_a_command_and_only_the_ends_have_nothing_to_do() -> None:
    assert set(COMMANDS) == set(STORED)
    idle = {state for state in STORED if COMMANDS[state] in (Command.NOTHING, Command.FORGET)}
    assert idle == {state for state in STORED if state.is_final}


def test_every_state_that_is_not_final_can_be_put_off_so_that_no_trouble_lacks_an_event() -> None:
    assert all((state, PutOff) in LIFE for state in STORED if not state.is_final)


def test_every_state_but_the_beginning_is_reached_and_every_state_but_the_ends_is_left() -> None:
    assert set(LIFE.values()) | {State.QUEUED} == set(STORED)
    assert {state for state, _ in LIFE} == set(STORED) - {State.FORGOTTEN}


def test_the_way_of_an_image_without_trouble_is_the_one_in_the_design() -> None:
    image, seen = an_image(), []
    for kind in (Uploaded, RequestIntended, ExecutionKnown, SeenInQa, Finished, Delivered):
        image, _ = step(image, an_event(kind), NOW)
        seen.append(image.state)
    assert seen == [
        State.UPLOADED,
        State.REQUESTED,
        State.PROCESSING,
        State.IN_QA,
        State.FINISHED,
        State.DELIVERED,
    ]


# --- money ----------------------------------------------------------------------------------------


def test_money_is_spent_only_from_a_state_that_says_that_it_may_have_been() -> None:
    """Create and retry are sent after their intents; whoever finds these states looks before it does anything."""
    assert {to for (_, kind), to in LIFE.items() if kind is RequestIntended} == {State.REQUESTED}
    assert {to for (_, kind), to in LIFE.items() if kind is RetryIntended} == {State.RETRYING}
    assert COMMANDS[State.REQUESTED] is Command.LOOK_UP
    assert COMMANDS[State.RETRYING] is Command.CHECK_RETRY


def test_from_a_request_there_is_a_way_back_only_by_certainty() -> None:
    back = {kind for (state, kind), to in LIFE.items() if state is State.REQUESTED and to is State.UPLOADED}
    assert back == {NotCreated}


def test_a_request_of_unknown_fate_is_never_given_up() -> None:
    """A failed image without an execution is sent anew when the person says so, and this one may be paid."""
    assert (State.REQUESTED, GaveUp) not in LIFE


@pytest.mark.parametrize("state", STORED)
def test_a_paid_image_can_never_be_forgotten(state: State) -> None:
    paid = an_image(state, execution_id="execution-1")
    with pytest.raises(UnlistedTransition):
        step(paid, Gone(), NOW)


@pytest.mark.parametrize("state", [State.REQUESTED, State.RETRYING])
def test_an_image_whose_payment_is_unknown_can_never_be_forgotten(state: State) -> None:
    image = an_image(state)
    assert image.may_be_paid
    with pytest.raises(UnlistedTransition):
        step(image, Gone(), NOW)


def test_an_unpaid_image_that_failed_or_vanished_is_forgotten() -> None:
    for state in (State.QUEUED, State.UPLOADED, State.FAILED):
        after, command = step(an_image(state), Gone(), NOW)
        assert (after.state, command) == (State.FORGOTTEN, Command.FORGET)


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "kind"), LISTED, ids=lambda value: getattr(value, "__name__", str(value)))
def test_every_fact_of_an_event_is_written_on_the_image(state: State, kind: type[Event]) -> None:
    event = an_event(kind, wake_at=NOW + 5)
    after, _ = step(an_image_in(state), event, NOW)
    for f in fields(event):
        assert getattr(after, f.name) == getattr(event, f.name)


@pytest.mark.parametrize(("state", "kind"), LISTED, ids=lambda value: getattr(value, "__name__", str(value)))
def test_no_event_touches_what_the_image_is(state: State, kind: type[Event]) -> None:
    before = an_image_in(state)
    after, _ = step(before, an_event(kind), NOW)
    for name in ("id", "folder", "path", "content_hash", "size_bytes", "mtime_ns", "detected_at", "batch_id"):
        assert getattr(after, name) == getattr(before, name)


def test_the_state_is_dated_when_it_changes_and_only_then() -> None:
    image = an_image(State.PROCESSING)
    same, _ = step(image, SeenProcessing(wake_at=NOW + 2), NOW)
    other, _ = step(image, SeenInQa(wake_at=NOW + 2), NOW)
    assert same.state_since == image.state_since
    assert other.state_since == NOW


def test_each_put_off_step_counts_one_more_attempt_and_keeps_the_looks() -> None:
    image = an_image(State.REQUESTED, looks=2)
    for number in (1, 2, 3):
        image, _ = step(image, PutOff(reason="no network", advice="wait", wake_at=NOW + number), NOW)
        assert (image.attempts, image.looks, image.reason) == (number, 2, "no network")


def test_the_next_event_begins_the_counts_anew_and_clears_the_reason() -> None:
    image, _ = step(an_image_in(State.QUEUED), Uploaded(), NOW)
    assert (image.attempts, image.looks, image.reason, image.advice, image.wake_at) == (0, 0, "", "", 0.0)


def test_looks_are_counted_by_looks_alone() -> None:
    image, _ = step(an_image(State.REQUESTED), NotListed(looks=1, wake_at=NOW), NOW)
    image, _ = step(image, AnswerMissing(reason="lost"), NOW)
    assert image.looks == 1
    image, _ = step(image, NotCreated(), NOW)
    assert image.looks == 0


def test_a_retry_remembers_what_was_seen_before_it() -> None:
    image, _ = step(an_image(State.PROCESSING), RetryIntended(seen_finished_at="then", retries=1), NOW)
    assert (image.seen_finished_at, image.retries) == ("then", 1)
    image, _ = step(image, RetryAccepted(), NOW)
    assert (image.seen_finished_at, image.retries) == ("then", 1)


def test_a_retry_that_had_no_effect_is_not_counted() -> None:
    image, _ = step(an_image(State.RETRYING, retries=1), NotRetried(retries=0, reason="refused"), NOW)
    assert (image.state, image.retries, image.reason) == (State.PROCESSING, 0, "refused")


def test_waiting_for_credits_says_so() -> None:
    image, _ = step(an_image(State.PROCESSING), PaymentRequired(reason="no credits", advice="top up"), NOW)
    assert (image.state, image.reason, image.advice) == (State.HELD, "no credits", "top up")


# --- try again ------------------------------------------------------------------------------------


def test_try_again_asks_about_an_execution_that_exists() -> None:
    failed = an_image(State.FAILED, execution_id="execution-1", retries=1)
    event = try_again(failed)
    assert isinstance(event, AskedAgain)
    after, command = step(failed, event, NOW)
    assert (after.state, command, after.retries) == (State.PROCESSING, Command.ASK, 0)


def test_try_again_drops_the_row_of_an_image_that_cost_nothing() -> None:
    event = try_again(an_image(State.FAILED))
    assert isinstance(event, Gone)


# --- any history ----------------------------------------------------------------------------------

MOST_STEPS = 400

histories = st.builds(
    lambda seed, length: Random(seed).choices(range(60), k=length), st.integers(0, 2**32), st.integers(0, 250)
)
"""Decisions of chance, equally long ones as often: lists that Hypothesis draws itself are mostly short."""


@settings(max_examples=400, deadline=None)
@given(histories)
def test_in_any_history_an_image_ends_well_or_with_a_reason_and_is_charged_once(numbers: list[int]) -> None:
    """Killed anywhere, answers lost anywhere, everything seen late: the final truths hold all the same."""
    chance = Chance(numbers)
    _live_to_the_end(ModelHotfolder(ModelService(chance), chance))


@settings(max_examples=400, deadline=None)
@given(histories)
def test_in_any_history_no_retry_runs_twice_for_one_intent(numbers: list[int]) -> None:
    """Begun where the execution exists, so that all of the history is about what becomes of it."""
    chance = Chance(numbers)
    service = ModelService(chance)
    execution_id = service.create("image-1", NOW)
    image = an_image(State.PROCESSING, execution_id=execution_id)
    _live_to_the_end(ModelHotfolder(service, chance, image=image))


def _live_to_the_end(hotfolder: ModelHotfolder) -> None:
    service = hotfolder.service
    for _ in range(MOST_STEPS):
        hotfolder.work()
    image = hotfolder.image
    assert service.broken_rules == []
    assert image.state in (State.DELIVERED, State.FAILED)
    assert image.state is State.DELIVERED or image.reason
    assert len(service.executions) <= 1, "one file, one execution, whatever became of its rows"
    for execution in service.executions:
        assert execution.label in hotfolder.ids
        assert image.execution_id == execution.id
        assert execution.charges <= 1 + RULES.retries * (1 + hotfolder.tried_again)
    if image.state is State.DELIVERED:
        assert service.executions[0].past[-1][1] == "COMPLETED"


def test_an_image_is_a_value_that_cannot_be_changed() -> None:
    image = an_image()
    with pytest.raises(AttributeError):
        image.state = State.DELIVERED  # type: ignore[misc]
    assert replace(image) == image


@pytest.mark.parametrize("state", [state for state in STORED if not state.is_final])
def test_what_waits_for_something_that_is_no_fault_has_not_tried_in_vain(state: State) -> None:
    """Else a picture that waited for its account would be given up at the first real trouble."""
    before = an_image_in(state)
    after, _ = step(before, Waits(reason="its twin", wake_at=NOW + 5), NOW)
    assert (after.attempts, after.looks, after.reason, after.wake_at) == (3, 2, "its twin", NOW + 5)
