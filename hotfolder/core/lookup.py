"""Finding our own executions in the service's list (I2).

The list's order is the service's own, its pages may be shorter than asked, and new executions may be listed late.
`Search` is told one page after the other and says which offset to read next, or that it is done. It stops
early only where the order proves that everything older is irrelevant; what it cannot see whole it calls incomplete,
and an incomplete search is never a reason to create again.

No clock is believed alone: the list's may be behind the one that dated our intent. How far it may be behind is at least
`CLOCK_SLACK_S`, and as much more as the list itself shows by executions of ours that it dates before they were asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

CLOCK_SLACK_S = 3600.0
"""How far the list's times may lie before the time of the intent, though nothing on the list shows it."""

EVIDENCE = 10
"""So many entries have to keep an order before it is believed: two of them keep one by chance."""

PASSES = 8
"""How often a list that changes its order while it is read is read anew."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a page: the execution's id, its value of our label, its creation time by the list's clock, and, where
    it is one of ours, when it was intended (None: not known)."""

    execution_id: str
    label: str | None
    created_at: float | None
    intended_at: float | None = None

    @property
    def behind_s(self) -> float:
        """By how much the list's clock is certainly behind: nothing is created before it was asked for."""
        if self.created_at is None or self.intended_at is None:
            return 0.0
        return max(0.0, self.intended_at - self.created_at)


class Order(Enum):
    UNKNOWN = "unknown"
    NEWEST_FIRST = "newest first"
    OLDEST_FIRST = "oldest first"
    NONE = "none"


@dataclass(slots=True)
class Search:
    """Looks for `wanted` labels among executions created since `since` (the earlier of the service's clock and our own;
    None: no early stop)."""

    wanted: frozenset[str]
    since: float | None
    seen_before: int = 0
    """So many entries were read by an earlier search of the same list: it is taken up there."""
    found: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    """Whether everything that could be ours was seen."""
    _seen: set[str] = field(default_factory=set)
    _order: Order = Order.UNKNOWN
    _offset: int = 0
    _last: float | None = None
    _behind_s: float = 0.0
    """By how much the list's clock has shown itself to be behind."""
    _passes: int = 1
    _backwards: bool = False
    _read_from: int = 0
    """While reading backwards: everything from this offset to `_end` was read."""
    _end: int = 0

    def __post_init__(self) -> None:
        self._offset = self.seen_before

    @property
    def offset(self) -> int:
        """Where to read next."""
        return self._offset

    def take(self, page: Sequence[Listed], total: int | None) -> bool:
        """Take in the page read at `offset`; true when there is nothing more to read."""
        fresh = [entry for entry in page if entry.execution_id not in self._seen]
        self._note(page)
        if len(self.found) == len(self.wanted):
            self.complete = True
            return True
        if self._order is not Order.NONE:
            self._judge_order(page)
            self._judge_joint(fresh)
        if self._reached_older(page):
            self.complete = True
            return True
        return self._advance(page, total)

    def _note(self, page: Iterable[Listed]) -> None:
        for entry in page:
            self._seen.add(entry.execution_id)
            self._behind_s = max(self._behind_s, entry.behind_s)
            if entry.label in self.wanted:
                self.found.setdefault(entry.label, entry.execution_id)

    def _judge_order(self, page: Sequence[Listed]) -> None:
        """An order is believed while every page read so far keeps it; one exception and it is none."""
        times = [e.created_at for e in page]
        if any(t is None for t in times):
            self._order = Order.NONE
            return
        self._keep_order([t for t in times if t is not None])

    def _judge_joint(self, fresh: Sequence[Listed]) -> None:
        """What is new on this page goes on where the last one ended. New executions may have pushed some of the last page on
        to this one meanwhile; those say nothing about the order."""
        times = [e.created_at for e in fresh if e.created_at is not None]
        if not times or self._order is Order.NONE:
            return
        if self._last is not None:
            self._keep_order([times[-1], self._last] if self._backwards else [self._last, times[0]])
        self._last = times[0] if self._backwards else times[-1]

    def _keep_order(self, known: Sequence[float]) -> None:
        falling = all(a >= b for a, b in pairwise(known))
        rising = all(a <= b for a, b in pairwise(known))
        self._order = _agreed(self._order, falling=falling, rising=rising)

    def _reached_older(self, page: Sequence[Listed]) -> bool:
        if self.since is None or not page or len(self._seen) < EVIDENCE:
            return False
        limit = self.since - CLOCK_SLACK_S - self._behind_s
        edge = page[-1].created_at if self._order is Order.NEWEST_FIRST else None
        if self._order is Order.OLDEST_FIRST and self._backwards and not self._leaves_gap(page):
            edge = page[0].created_at
        return edge is not None and edge < limit

    def _advance(self, page: Sequence[Listed], total: int | None) -> bool:
        if self._backwards:
            return self._step_back(page, total)
        if self._order is Order.OLDEST_FIRST and self._offset == 0 and self.since is not None:
            behind = len(page)
            if (
                total is not None and behind >= EVIDENCE and total > 2 * behind
            ):  # ours, being new, are at the end
                self._backwards, self._last = True, None
                self._offset, self._read_from, self._end = total - behind, total, total
                return False
        self._offset += len(page)
        self._end = self._offset
        if page and (total is None or self._offset < total):
            return False
        return self._end_pass(total)

    def _step_back(self, page: Sequence[Listed], total: int | None) -> bool:
        # The order, or the length of the pages, was not what it seemed: read it all.
        if self._order is not Order.OLDEST_FIRST or not page or self._leaves_gap(page):
            self._backwards, self._offset, self._last = False, 0, None
            self._order = Order.NONE
            return False
        if self._offset == 0:
            return self._end_pass(total)
        self._read_from = self._offset
        self._offset = max(0, self._offset - len(page))
        return False

    def _leaves_gap(self, page: Sequence[Listed]) -> bool:
        return self._offset + len(page) < self._read_from

    def _end_pass(self, total: int | None) -> bool:
        """Every offset was read. Without a stable order an entry may have slipped between two pages."""
        taken_up = self.seen_before if self._order is not Order.NONE else 0
        self.complete = len(self._seen) + taken_up >= (self._end if total is None else total)
        if self.complete or self._passes >= PASSES:
            return True
        self._passes += 1
        self.seen_before = 0
        self._offset, self._last, self._order, self._backwards = 0, None, Order.NONE, False
        return False


def _agreed(order: Order, *, falling: bool, rising: bool) -> Order:
    if falling and rising:  # one entry, or equal times: says nothing
        return order
    if falling and order in (Order.UNKNOWN, Order.NEWEST_FIRST):
        return Order.NEWEST_FIRST
    if rising and order in (Order.UNKNOWN, Order.OLDEST_FIRST):
        return Order.OLDEST_FIRST
    return Order.NONE
