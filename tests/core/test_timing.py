"""When a thing is done again, in seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.image import State
from hotfolder.core.timing import (
    CLOCK_JUMP_S,
    LONGEST_ASK_S,
    LONGEST_BACKOFF_S,
    LONGEST_QA_ASK_S,
    LONGEST_WAIT_S,
    LOOKS_BEFORE_CREATING_AGAIN,
    ask_again_s,
    backoff_s,
    clock_jump_s,
    dated_by,
    earlier_clock,
    is_certainly_absent,
    look_again_s,
)
from tests.fakes import NOW, an_image

jitters = st.floats(0.0, 1.0, exclude_max=True)


def test_a_backoff_doubles_up_to_its_longest() -> None:
    waits = [backoff_s(attempt, 0.999999) for attempt in range(12)]
    assert waits[:4] == pytest.approx([1.0, 2.0, 4.0, 8.0], rel=1e-3)
    assert waits[-1] == pytest.approx(LONGEST_BACKOFF_S, rel=1e-3)


@given(st.integers(0, 10**9), jitters, st.floats(0.1, 60.0))
def test_a_backoff_lies_between_half_and_whole_for_any_attempt(
    attempt: int, jitter: float, first_s: float
) -> None:
    whole = min(LONGEST_BACKOFF_S, first_s * 2.0 ** min(attempt, 30))
    assert whole / 2 <= backoff_s(attempt, jitter, first_s=first_s) <= whole


def test_jitter_spreads_the_backoffs_of_many() -> None:
    assert len({backoff_s(3, n / 100) for n in range(100)}) == 100


def test_a_short_retouching_is_asked_about_often_and_a_long_one_seldom() -> None:
    ages_s = [0.0, 12.0, 60.0, 300.0, 3600.0]
    waits = [
        ask_again_s(an_image(State.PROCESSING, state_since=NOW - a), NOW, 0.999, first_s=2.0) for a in ages_s
    ]
    assert waits == pytest.approx([2.0, 2.0, 10.0, 50.0, LONGEST_ASK_S], rel=1e-3)


def test_quality_assurance_of_a_day_is_asked_about_every_ten_minutes() -> None:
    image = an_image(State.IN_QA, state_since=NOW - 86_400.0)
    assert ask_again_s(image, NOW, 0.999, first_s=2.0) == pytest.approx(LONGEST_QA_ASK_S, rel=1e-3)


@given(st.floats(-1e6, 1e7), jitters, st.sampled_from([State.PROCESSING, State.IN_QA, State.RETRYING]))
def test_asking_is_never_too_often_and_never_too_seldom(age_s: float, jitter: float, state: State) -> None:
    """Also with a clock that was set back below the beginning."""
    wait_s = ask_again_s(an_image(state, state_since=NOW - age_s), NOW, jitter, first_s=2.0)
    assert 1.6 <= wait_s <= LONGEST_WAIT_S


def test_the_looks_together_wait_out_the_listing_lag() -> None:
    """The first look is at once, and one wait lies between every two."""
    waits = [look_again_s(looks, 30.0) for looks in range(LOOKS_BEFORE_CREATING_AGAIN - 1)]
    assert sum(waits) == pytest.approx(30.0)
    assert waits == sorted(waits)


def test_more_looks_than_foreseen_have_a_wait_too() -> None:
    assert look_again_s(99, 30.0) == 15.0


@pytest.mark.parametrize(("looks", "certain"), [(0, False), (1, False), (4, False), (5, True), (6, True)])
def test_absence_is_certain_only_after_all_looks(looks: int, certain: bool) -> None:
    assert is_certainly_absent(looks) is certain


@pytest.mark.parametrize("passed_s", [0.0, 1.0, 3600.0])
def test_clocks_that_agree_have_not_jumped(passed_s: float) -> None:
    assert clock_jump_s(passed_s, passed_s) == 0.0
    assert clock_jump_s(passed_s + CLOCK_JUMP_S - 0.1, passed_s) == 0.0


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, CLOCK_JUMP_S])
def test_a_clock_that_was_set_has_jumped_by_so_much(jump_s: float) -> None:
    assert clock_jump_s(10.0 + jump_s, 10.0) == jump_s


@pytest.mark.parametrize(
    ("own", "services", "expected"), [(NOW, NOW + 5, NOW), (NOW, NOW - 5, NOW - 5), (NOW, None, None)]
)
def test_an_intent_is_dated_by_the_earlier_clock_and_by_none_while_the_service_has_told_none(
    own: float, services: float | None, expected: float | None
) -> None:
    assert earlier_clock(own, services) == expected


DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("own", "services", "expected"),
    [
        (NOW, None, NOW),
        (NOW, NOW + DAY_S, NOW),
        (NOW, NOW + DAY_S + 1, NOW + DAY_S + 1),
        (NOW, NOW - DAY_S - 1, NOW - DAY_S - 1),
        (NOW, 0.0, NOW),
        (0.0, NOW, NOW),
        (0.0, None, None),
    ],
)
def test_an_order_is_dated_by_our_own_clock_unless_it_cannot_be_right(
    own: float, services: float | None, expected: float | None
) -> None:
    assert dated_by(own, services) == expected
