"""When a file counts as settled, in seconds of a hand-turned clock."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.settling import (
    LONGEST_WRITER_S,
    MOST_WOBBLES,
    Candidate,
    FileStamp,
    complain,
    detect,
    grace_s,
    hint,
    is_given_up,
    is_settled,
    is_worth_waiting_for_writer,
    observe,
    settles_at,
    wait_for_writer,
)

SMALL = FileStamp(10, 1)
LARGE = FileStamp(20, 2)


def test_a_file_that_stays_alike_for_the_quiet_time_is_settled() -> None:
    candidate = detect("a.jpg", SMALL, 100.0)
    assert settles_at(candidate, 2.0) == 102.0
    assert is_settled(observe(candidate, SMALL, 102.0), 2.0)


def test_a_file_is_not_settled_before_the_quiet_time_is_over() -> None:
    candidate = detect("a.jpg", SMALL, 100.0)
    assert not is_settled(observe(candidate, SMALL, 101.9), 2.0)


@pytest.mark.parametrize("quiet_s", [0.0, 0.5, 2.0])
def test_one_look_is_never_enough(quiet_s: float) -> None:
    assert not is_settled(detect("a.jpg", SMALL, 100.0), quiet_s)


@pytest.mark.parametrize("changed", [FileStamp(11, 1), FileStamp(10, 2), LARGE])
def test_a_growing_or_touched_file_starts_the_quiet_time_anew(changed: FileStamp) -> None:
    candidate = observe(detect("a.jpg", SMALL, 100.0), changed, 102.0)
    assert not is_settled(candidate, 2.0)
    assert settles_at(candidate, 2.0) == 104.0


@pytest.mark.parametrize(("quiet_s", "wait_s"), [(2.0, 0.5), (8.0, 2.0), (1.0, 0.3), (0.2, 0.2), (0.0, 0.0)])
def test_a_close_shortens_the_wait_but_does_not_end_it(quiet_s: float, wait_s: float) -> None:
    candidate = hint(detect("a.jpg", SMALL, 100.0), closed=True, now=100.0)
    assert settles_at(candidate, quiet_s) == pytest.approx(100.0 + wait_s)


def test_a_program_that_writes_closes_and_writes_again_is_waited_for() -> None:
    candidate = hint(detect("a.jpg", SMALL, 100.0), closed=True, now=100.0)
    candidate = hint(observe(candidate, LARGE, 100.4), closed=False, now=100.4)
    assert settles_at(candidate, 2.0) == 102.4


def test_a_change_seen_only_by_a_look_takes_the_close_back() -> None:
    candidate = hint(detect("a.jpg", SMALL, 100.0), closed=True, now=100.0)
    assert not observe(candidate, LARGE, 100.4).closed


def test_a_rewrite_of_the_same_size_and_time_is_noticed_by_its_event() -> None:
    candidate = observe(detect("a.jpg", SMALL, 100.0), SMALL, 101.9)
    assert settles_at(hint(candidate, closed=False, now=101.9), 2.0) == 103.9


def test_a_file_that_is_gone_never_settles() -> None:
    candidate = observe(detect("a.jpg", SMALL, 100.0), None, 101.0)
    assert not is_settled(observe(candidate, None, 200.0), 2.0)


def test_a_file_that_comes_back_settles_from_there() -> None:
    candidate = observe(observe(detect("a.jpg", SMALL, 100.0), None, 101.0), SMALL, 110.0)
    assert settles_at(candidate, 2.0) == 112.0


@pytest.mark.parametrize(("quiet_s", "expected_s"), [(2.0, 10.0), (0.1, 2.0), (0.0, 2.0)])
def test_the_grace_time_is_five_quiet_times_and_at_least_two_seconds(
    quiet_s: float, expected_s: float
) -> None:
    assert grace_s(quiet_s) == expected_s


@pytest.mark.parametrize("quiet_s", [0.0, 0.1, 2.0])
def test_an_incomplete_file_is_looked_at_again_and_given_up_only_after_the_grace_time(quiet_s: float) -> None:
    candidate = detect("a.jpg", SMALL, 100.0)
    looks = 0
    while not is_given_up(candidate, quiet_s):
        candidate = observe(candidate, SMALL, settles_at(candidate, quiet_s))
        assert is_settled(candidate, quiet_s)
        candidate = complain(candidate)
        looks += 1
    assert candidate.looked_at == pytest.approx(100.0 + grace_s(quiet_s))
    assert 3 <= looks <= 20


def test_an_incomplete_file_that_grows_gets_a_new_grace_time() -> None:
    candidate = complain(observe(detect("a.jpg", SMALL, 100.0), SMALL, 109.0))
    candidate = observe(candidate, LARGE, 111.0)
    assert candidate.complaints == 0
    assert not is_given_up(candidate, 2.0)


def test_a_file_without_complaint_is_never_given_up() -> None:
    assert not is_given_up(observe(detect("a.jpg", SMALL, 0.0), SMALL, 1e6), 2.0)


# -- change time and inode


MARKED = FileStamp(10, 1, 100, 7)


@pytest.mark.parametrize(
    ("other", "agrees"),
    [
        (MARKED, True),
        (FileStamp(10, 1), True),
        (FileStamp(10, 1, 101, 7), False),
        (FileStamp(10, 1, 100, 8), False),
        (FileStamp(10, 1, None, 8), False),
        (FileStamp(11, 1, 100, 7), False),
        (None, False),
    ],
)
def test_stamps_agree_where_nothing_that_is_known_tells_them_apart(
    other: FileStamp | None, agrees: bool
) -> None:
    assert MARKED.agrees_with(other) is agrees


def test_a_file_rewritten_with_its_size_and_time_kept_starts_the_quiet_time_anew() -> None:
    candidate = observe(detect("a.jpg", MARKED, 100.0), FileStamp(10, 1, 101, 7), 102.0)
    assert not is_settled(candidate, 2.0)
    assert settles_at(candidate, 2.0) == 104.0


def test_a_file_system_that_tells_other_marks_at_every_look_does_not_keep_a_file_from_settling() -> None:
    candidate, now, looks = detect("a.jpg", MARKED, 100.0), 100.0, 0
    while not is_settled(candidate, 2.0):
        now, looks = settles_at(candidate, 2.0), looks + 1
        candidate = observe(candidate, FileStamp(10, 1, 1000 + looks, looks), now)
        assert looks <= MOST_WOBBLES + 1


# -- a program that has it open for writing


def test_a_file_is_not_settled_while_a_program_has_it_open_for_writing() -> None:
    candidate = hint(detect("a.jpg", SMALL, 100.0), closed=True, now=100.0)
    candidate = wait_for_writer(observe(candidate, SMALL, 101.0), 101.0)
    assert settles_at(candidate, 2.0) == 103.0
    assert not is_given_up(observe(complain(candidate), SMALL, 104.0), 2.0)


def test_a_program_that_writes_nothing_is_not_waited_for_for_ever() -> None:
    candidate = wait_for_writer(detect("a.jpg", SMALL, 100.0), 100.0)
    candidate = wait_for_writer(candidate, 300.0)
    assert is_worth_waiting_for_writer(candidate, 100.0 + LONGEST_WRITER_S - 1)
    assert not is_worth_waiting_for_writer(candidate, 100.0 + LONGEST_WRITER_S)
    assert is_worth_waiting_for_writer(observe(candidate, LARGE, 900.0), 900.0)


@dataclass(frozen=True)
class Step:
    after_s: float
    stamp: FileStamp | None
    closed: bool | None


_stamps = st.sampled_from([SMALL, LARGE, FileStamp(0, 1), None])
_steps = st.lists(
    st.builds(Step, st.floats(0, 5), _stamps, st.sampled_from([True, False, None])), max_size=20
)


@given(_steps, st.floats(0, 10))
def test_in_any_history_settled_means_there_unchanged_and_quiet(steps: list[Step], quiet_s: float) -> None:
    now = 1000.0
    candidate = detect("a.jpg", SMALL, now)
    looks: list[tuple[float, FileStamp | None]] = [(now, SMALL)]
    for step in steps:
        now += step.after_s
        candidate = observe(candidate, step.stamp, now)
        looks.append((now, step.stamp))
        if is_settled(candidate, quiet_s):
            _assert_quiet(looks, candidate, quiet_s)
        if step.closed is not None:
            candidate = hint(candidate, step.closed, now)


def _assert_quiet(looks: list[tuple[float, FileStamp | None]], candidate: Candidate, quiet_s: float) -> None:
    last_at, stamp = looks[-1]
    alike_since = last_at
    for at, seen in reversed(looks):
        if seen != stamp:
            break
        alike_since = at
    assert stamp is not None
    assert len([1 for _, seen in looks if seen == stamp]) >= 2
    assert last_at - alike_since >= min(quiet_s, 0.3) - 1e-9
    if not candidate.closed:
        assert last_at - alike_since >= quiet_s - 1e-9


@given(_steps, st.floats(0, 10))
def test_a_file_left_alone_always_settles_at_the_time_that_was_named(
    steps: list[Step], quiet_s: float
) -> None:
    now = 1000.0
    candidate = detect("a.jpg", SMALL, now)
    for step in steps:
        now += step.after_s
        candidate = observe(candidate, step.stamp, now)
        if step.closed is not None:
            candidate = hint(candidate, step.closed, now)
    candidate = observe(candidate, SMALL, now)
    assert is_settled(observe(candidate, SMALL, max(now, settles_at(candidate, quiet_s))), quiet_s)
