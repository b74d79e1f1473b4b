"""Results that follow their sources: whatever the wishes are, nothing is ever moved onto anything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.following import Move, plan_moves
from hotfolder.core.naming import is_part_name, path_key

paths = st.sampled_from(
    ["a.jpg", "A.jpg", "b.jpg", "c.jpg", "x/a.jpg", "x/b.jpg", "x/.a", "ä.jpg", "a (moving 1).jpg"]
)
ids = st.sampled_from(["1", "2", "3", "4", "5"])


def unique(by_id: dict[str, str]) -> dict[str, str]:
    """Two results never stand in one place."""
    seen: set[str] = set()
    return {i: p for i, p in by_id.items() if path_key(p) not in seen and not seen.add(path_key(p))}  # type: ignore[func-returns-value]


places = st.dictionaries(ids, paths).map(unique)


@given(places, st.dictionaries(ids, paths), st.sets(paths))
def test_every_target_is_free_when_its_turn_comes_and_nothing_is_lost(
    current: dict[str, str], wanted: dict[str, str], taken: set[str]
) -> None:
    others = {path_key(p) for p in taken} - {path_key(p) for p in current.values()}
    disk = {path_key(path): one for one, path in current.items()} | dict.fromkeys(others, "somebody's")
    at = dict(current)
    for move in plan_moves(current, wanted, [p for p in taken if path_key(p) in others]):
        assert move.source == at[move.image_id]
        assert path_key(move.target) not in disk, "never over anything"
        assert not is_part_name(move.target.rpartition("/")[2])
        del disk[path_key(move.source)]
        disk[path_key(move.target)] = move.image_id
        at[move.image_id] = move.target
    for one, path in at.items():
        assert path in (current[one], wanted.get(one)), "nobody is left on the way"
    assert at.keys() == current.keys()


@given(places, st.permutations(["1", "2", "3", "4", "5"]))
def test_results_that_only_trade_places_all_arrive(current: dict[str, str], order: list[str]) -> None:
    there = [one for one in order if one in current]
    wanted = {one: current[other] for one, other in zip(there, [*there[1:], *there[:1]], strict=True)}
    at = dict(current)
    for move in plan_moves(current, wanted, []):
        at[move.image_id] = move.target
    assert at == wanted


def test_a_chain_is_moved_from_its_free_end() -> None:
    moves = plan_moves({"1": "a.jpg", "2": "b.jpg"}, {"1": "b.jpg", "2": "c.jpg"}, [])
    assert moves == [Move("2", "b.jpg", "c.jpg"), Move("1", "a.jpg", "b.jpg")]


def test_a_swap_goes_through_a_name_of_its_own() -> None:
    moves = plan_moves(
        {"1": "x/a.jpg", "2": "x/b.jpg"}, {"1": "x/b.jpg", "2": "x/a.jpg"}, ["x/a (moving 1).jpg"]
    )
    assert moves == [
        Move("1", "x/a.jpg", "x/a (moving 2).jpg"),
        Move("2", "x/b.jpg", "x/a.jpg"),
        Move("1", "x/a (moving 2).jpg", "x/b.jpg"),
    ]


def test_a_name_that_differs_in_case_only_is_reached_where_a_file_system_knows_no_case_too() -> None:
    moves = plan_moves({"1": "a.jpg"}, {"1": "A.jpg"}, [])
    assert moves == [Move("1", "a.jpg", "a (moving 1).jpg"), Move("1", "a (moving 1).jpg", "A.jpg")]


def test_whoever_wants_a_place_that_stays_taken_stays_and_so_does_who_waits_for_its_own() -> None:
    current = {"1": "a.jpg", "2": "b.jpg", "3": "c.jpg", "4": "d.jpg"}
    wanted = {"1": "taken.jpg", "2": "a.jpg", "3": "free.jpg", "4": "free.jpg"}
    assert plan_moves(current, wanted, ["taken.jpg"]) == [Move("3", "c.jpg", "free.jpg")]
