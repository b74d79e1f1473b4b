"""Whether an image was paid for before: by its bytes and by what they are sent to, never by names or paths (keeps I12)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.image import Image, State
from hotfolder.core.repeats import (
    NO_SETTINGS,
    Adopt,
    GiveUp,
    Leave,
    Memory,
    Recipe,
    Send,
    Share,
    TakeOver,
    Verdict,
    WaitFor,
    digest_of,
    recognise,
)
from tests.fakes import NOW, RESULT, a_remembered, an_image, hash_of

RECIPE = Recipe("org-1", "flow-1", "v1", NO_SETTINGS)
ACTIVE = frozenset({"Packshots"})


def twin(state: State = State.DELIVERED, **changes: Any) -> Image:
    """Another image of the same bytes, sent to the same."""
    facts: dict[str, Any] = {
        "id": "twin",
        "path": "other.jpg",
        "organization_id": "org-1",
        "workflow_id": "flow-1",
        "workflow_version": "v1",
        "settings_digest": NO_SETTINGS,
    }
    if state in (State.FINISHED, State.DELIVERED):
        facts |= {"service_path": "/image/x", "result_hash": hash_of(RESULT)}
    return an_image(state, **{**facts, **changes})


def verdict(memory: Memory, *, reuse: bool = True, image: Image | None = None) -> Verdict:
    return recognise(image or an_image(), RECIPE, memory, reuse=reuse, active=ACTIVE)


def test_what_nobody_remembers_is_sent() -> None:
    assert verdict(Memory()) == Send()


@pytest.mark.parametrize("state", [State.FINISHED, State.DELIVERED])
def test_a_twin_with_a_result_shares_it(state: State) -> None:
    assert verdict(Memory(same=[twin(state)])) == Share(twin(state))


def test_a_twin_whose_result_could_not_be_delivered_was_paid_for_all_the_same() -> None:
    failed = twin(State.FAILED, execution_id="execution-1", service_path="/image/x")
    assert verdict(Memory(same=[failed])) == Share(failed)


@pytest.mark.parametrize(
    "state", [State.REQUESTED, State.PROCESSING, State.IN_QA, State.HELD, State.RETRYING]
)
def test_a_twin_on_its_way_is_waited_for(state: State) -> None:
    assert verdict(Memory(same=[twin(state)])) == WaitFor(twin(state))


@pytest.mark.parametrize("state", [State.QUEUED, State.UPLOADED])
def test_of_twins_that_were_not_paid_for_each_may_go_and_the_intent_decides(state: State) -> None:
    assert verdict(Memory(same=[twin(state)])) == Send()


def test_a_twin_in_a_hot_folder_that_is_no_more_is_taken_over_and_not_waited_for() -> None:
    gone = twin(State.PROCESSING, folder="Gone")
    assert verdict(Memory(same=[gone])) == TakeOver(gone)


def test_after_one_failure_the_picture_is_tried_once_more_and_after_two_given_up() -> None:
    one = twin(State.FAILED, execution_id="execution-1")
    other = twin(State.FAILED, id="other twin", execution_id="execution-2", state_since=NOW)
    assert verdict(Memory(same=[one])) == Send()
    assert verdict(Memory(same=[one, other])) == GiveUp(other)


def test_a_twin_that_failed_before_it_was_sent_proves_nothing() -> None:
    failures = [twin(State.FAILED, id=f"twin {n}") for n in range(3)]
    assert verdict(Memory(same=failures)) == Send()


@pytest.mark.parametrize(
    "change",
    [
        {"organization_id": "another"},
        {"workflow_id": "another"},
        {"workflow_version": "v2"},
        {"settings_digest": digest_of({"background": "white"})},
    ],
)
def test_what_was_sent_to_something_else_is_no_repeat(change: dict[str, str]) -> None:
    assert verdict(Memory(same=[replace(twin(), **change)])) == Send()  # type: ignore[arg-type]


def test_a_version_that_nobody_told_is_taken_for_the_same() -> None:
    assert verdict(Memory(same=[twin(workflow_version=None)])) == Share(twin(workflow_version=None))


def test_a_person_may_have_repeats_paid_for_again() -> None:
    assert verdict(Memory(same=[twin()]), reuse=False) == Send()


def test_what_only_the_service_remembers_is_adopted_also_where_repeats_are_paid_for() -> None:
    for reuse in (True, False):
        assert verdict(Memory(remembered=[a_remembered()]), reuse=reuse) == Adopt(a_remembered())


def test_an_execution_of_this_very_image_is_its_own_whatever_the_config_says_by_now() -> None:
    own = a_remembered(image_id="image-1", workflow_id="the flow of before", settings_digest="other")
    assert verdict(Memory(remembered=[own])) == Adopt(own)


@pytest.mark.parametrize(
    "change",
    [
        {"organization_id": "another"},
        {"workflow_id": "another"},
        {"workflow_version": "v2"},
        {"settings_digest": digest_of({"background": "white"})},
    ],
)
def test_an_execution_of_another_recipe_is_not_adopted(change: dict[str, str]) -> None:
    assert verdict(Memory(remembered=[a_remembered(**change)])) == Send()


def test_of_several_executions_the_one_that_is_furthest_is_adopted_and_of_those_the_newest() -> None:
    failed, active = a_remembered(status="FAILED"), a_remembered(status="ACTIVE")
    older, newer = a_remembered(created_at=NOW - 50), a_remembered(created_at=NOW - 10)
    assert verdict(Memory(remembered=[failed, active, older, newer])) == Adopt(newer)
    assert verdict(Memory(remembered=[failed, active])) == Adopt(active)
    assert verdict(Memory(remembered=[failed])) == Adopt(failed)


def maker(**changes: Any) -> Image:
    return twin(**{"content_hash": "what it was made of", "result_hash": an_image().content_hash, **changes})


def test_a_result_of_this_workflow_is_left_where_it_is_unless_a_person_insists() -> None:
    memory = Memory(makers=[maker()])
    assert verdict(memory) == Leave("other.jpg")
    assert verdict(memory, image=an_image(insisted=True)) == Send()


def test_a_result_of_another_workflow_is_a_second_step() -> None:
    assert verdict(Memory(makers=[maker(workflow_id="another")])) == Send()


def test_a_workflow_that_gives_back_what_it_got_makes_no_results() -> None:
    assert verdict(Memory(makers=[maker(content_hash=an_image().content_hash)])) == Send()


def test_a_result_that_only_the_service_remembers_is_left_as_well() -> None:
    made = a_remembered(content_hash="what it was made of", result_hash=an_image().content_hash)
    assert verdict(Memory(makers_remembered=[made])) == Leave("boot.jpg")


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.booleans(), max_size=4))
def test_the_digest_of_settings_does_not_depend_on_their_order(settings: dict[str, object]) -> None:
    assert digest_of(settings) == digest_of(dict(reversed(settings.items())))
