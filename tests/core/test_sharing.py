"""Whose images go next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.sharing import share

names = st.sampled_from(["A", "B", "C", "D"])
numbers = st.dictionaries(names, st.integers(0, 12))


def test_equal_hot_folders_share_evenly() -> None:
    assert share(6, {"A": 1000, "B": 1000, "C": 1000}, {}, {}) == {"A": 2, "B": 2, "C": 2}


def test_a_small_drop_is_not_kept_behind_a_large_one() -> None:
    assert share(4, {"large": 9999, "small": 1}, {"large": 4}, {})["small"] == 1


def test_what_is_under_way_counts() -> None:
    assert share(2, {"A": 10, "B": 10}, {"A": 4, "B": 2}, {}) == {"B": 2}


def test_places_that_one_cannot_use_go_to_the_others() -> None:
    assert share(6, {"A": 1, "B": 100}, {}, {}) == {"A": 1, "B": 5}


def test_a_higher_priority_goes_first_whatever_is_under_way() -> None:
    assert share(3, {"A": 10, "B": 10}, {"A": 50}, {"A": 1}) == {"A": 3}


def test_a_lower_priority_gets_what_the_higher_leaves() -> None:
    assert share(3, {"A": 1, "B": 10}, {}, {"A": 5, "B": -5}) == {"A": 1, "B": 2}


def test_nothing_waiting_gets_nothing() -> None:
    assert share(6, {"A": 0}, {}, {}) == {}
    assert share(6, {}, {}, {}) == {}


def test_no_place_free_gives_nothing() -> None:
    assert share(0, {"A": 5}, {}, {}) == {}
    assert share(-1, {"A": 5}, {}, {}) == {}


@given(st.integers(0, 20), numbers, numbers, st.dictionaries(names, st.integers(-2, 2)))
def test_no_place_is_left_empty_none_is_given_twice_and_equals_are_treated_alike(
    free: int, waiting: dict[str, int], running: dict[str, int], priority: dict[str, int]
) -> None:
    given_out = share(free, waiting, running, priority)
    assert sum(given_out.values()) == min(free, sum(waiting.values()))
    assert all(0 < number <= waiting[name] for name, number in given_out.items())
    for one in given_out:
        for other in waiting:
            if waiting[other] > given_out.get(other, 0):  # it would have taken more
                assert priority.get(one, 0) >= priority.get(other, 0)
                if priority.get(one, 0) == priority.get(other, 0):
                    mine = running.get(one, 0) + given_out[one]
                    assert mine - 1 <= running.get(other, 0) + given_out.get(other, 0)
