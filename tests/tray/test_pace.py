"""What is drawn anew, and when."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.glance import Glance, Mood
from hotfolder.tray.pace import EVERY_S, STEPS, Changes, Pace, Picture, picture_of
from tests.tray.glances import QUIT, glance


def test_the_first_glance_is_drawn_whole_and_at_once() -> None:
    first = glance()
    pace = Pace()
    assert pace.rest_s(first, 0.0) == 0
    assert pace.due(first, 0.0) == Changes(picture_of(first), first.line, first.menu)


def test_without_a_glance_nothing_is_due() -> None:
    pace = Pace()
    assert pace.due(None, 0.0) is None
    assert pace.rest_s(None, 0.0) is None


def test_the_same_glance_is_not_drawn_again() -> None:
    pace = Pace()
    pace.due(glance(), 0.0)
    assert pace.due(glance(), 100.0) is None
    assert pace.rest_s(glance(), 100.0) is None


def test_only_what_changed_is_drawn() -> None:
    pace, first = Pace(), glance(line="1 uploading")
    pace.due(first, 0.0)
    line = replace(first, line="2 uploading")
    assert pace.due(line, 10.0) == Changes(line="2 uploading")
    menu = replace(line, menu=(QUIT,))
    assert pace.due(menu, 20.0) == Changes(menu=(QUIT,))
    mood = replace(menu, mood=Mood.OFFLINE, share=None)
    assert pace.due(mood, 30.0) == Changes(picture=Picture(Mood.OFFLINE, 0))


def test_a_change_waits_until_a_second_after_the_last_drawing() -> None:
    pace = Pace()
    pace.due(glance(line="1"), 10.0)
    assert pace.rest_s(glance(line="2"), 10.25) == 0.75
    assert pace.due(glance(line="2"), 10.25) is None
    changes = pace.due(glance(line="3"), 11.0)
    assert changes is not None
    assert changes.line == "3"


def test_work_within_a_step_moves_nothing_and_costs_no_time() -> None:
    pace = Pace()
    pace.due(glance(share=0.5), 0.0)
    assert pace.due(glance(share=0.51), 10.0) is None
    assert pace.due(glance(share=0.51, line="new"), 10.0) is not None


def test_what_could_not_be_drawn_is_due_again_a_second_later() -> None:
    pace = Pace()
    pace.due(glance(), 0.0)
    pace.forget()
    assert pace.due(glance(), 0.5) is None
    assert pace.due(glance(), 1.0) == Changes(picture_of(glance()), glance().line, glance().menu)


@given(st.floats(0, 1))
def test_a_ring_is_full_only_when_all_is_done(share: float) -> None:
    picture = picture_of(glance(share=share))
    assert 0 <= picture.step <= STEPS
    assert (picture.step == STEPS) == (share >= 1 - 1e-9)


def test_there_are_few_pictures() -> None:
    shown = {picture_of(glance(mood, share=n / 1000)) for mood in Mood for n in range(1001)}
    assert len(shown) == STEPS + 1 + len(Mood) - 1


@given(st.lists(st.tuples(st.floats(0, 0.7), st.sampled_from([f"{n}" for n in range(4)])), max_size=60))
def test_however_often_it_is_asked_it_draws_at_most_once_a_second_and_ends_with_the_latest(
    asks: list[tuple[float, str]],
) -> None:
    pace, now_s, shown, drawn_at = Pace(), 0.0, "", []
    latest: Glance | None = None
    for pause_s, line in asks:
        now_s += pause_s
        latest = glance(line=line)
        changes = pace.due(latest, now_s)
        if changes is not None:
            drawn_at.append(now_s)
            shown = changes.line or shown
    assert all(later - earlier >= EVERY_S - 1e-9 for earlier, later in pairwise(drawn_at))
    if latest is not None:
        changes = pace.due(latest, now_s + EVERY_S)
        assert ((changes.line if changes else None) or shown) == latest.line
