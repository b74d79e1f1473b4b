"""Following: results take the names that go with their sources' new ones, in an order in which nothing is ever overwritten.

Pure: paths in, moves out. A swap of two names, or any longer ring, goes through a name of its own for a moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from hotfolder.core.naming import path_key


@dataclass(frozen=True, slots=True)
class Move:
    image_id: str
    source: str
    target: str


def plan_moves(current: Mapping[str, str], wanted: Mapping[str, str], taken: Collection[str]) -> list[Move]:
    """The moves that bring each result from its current path to the wanted one (both by image id), in an order in which
    each target is free when its turn comes. `taken`: every other path that is in use. A result whose wanted path stays
    taken, or is wanted by an earlier one as well, stays where it is."""
    movers = {one: path for one, path in wanted.items() if one in current and path != current[one]}
    stuck = {path_key(path) for path in taken}
    stuck |= {path_key(path) for one, path in current.items() if one not in movers}
    _leave_out_stuck(current, movers, stuck)
    return list(_in_order(dict(current), movers, stuck))


def _leave_out_stuck(current: Mapping[str, str], movers: dict[str, str], stuck: set[str]) -> None:
    """Whoever stays is in the way of who wants its place, and so on."""
    while True:
        wanted_before = set(stuck)
        left_out = []
        for one, path in movers.items():
            if path_key(path) in wanted_before:
                left_out.append(one)
            wanted_before.add(path_key(path))
        if not left_out:
            return
        for one in left_out:
            del movers[one]
            stuck.add(path_key(current[one]))


def _in_order(at: dict[str, str], movers: dict[str, str], stuck: set[str]) -> Iterator[Move]:
    occupied = stuck | {path_key(at[one]) for one in movers}
    while movers:
        free = [one for one, path in movers.items() if path_key(path) not in occupied]
        for one in free:
            target = movers.pop(one)
            yield Move(one, at[one], target)
            occupied.discard(path_key(at[one]))
            occupied.add(path_key(target))
        if movers and not free:  # rings only: one of them steps aside
            one = next(iter(movers))
            aside = _aside(at[one], occupied | {path_key(path) for path in movers.values()})
            yield Move(one, at[one], aside)
            occupied.discard(path_key(at[one]))
            occupied.add(path_key(aside))
            at[one] = aside


def _aside(path: str, occupied: Collection[str]) -> str:
    """A name beside it that nobody has, and no part file's, since those are swept at every start."""
    folder, slash, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    stem = (stem if dot else name)[:60]
    names = (f"{folder}{slash}{stem} (moving {number}){dot}{extension if dot else ''}" for number in count(1))
    return next(one for one in names if path_key(one) not in occupied)
