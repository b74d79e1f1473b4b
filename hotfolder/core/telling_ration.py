"""How much is told: a few messages at once, then one that sums up what has gathered, ever so often.

No clock: every time is an argument, in seconds of one monotonic clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """At most `burst` messages within `window_s`, and after them one every `spacing_s`. What has to wait for its turn, or
    comes together with others, is told as one: once nothing was added for `calm_s`, or the first has waited `longest_s`."""

    burst: int
    window_s: float
    spacing_s: float
    calm_s: float
    longest_s: float
    singly: bool = True
    """Whether things are told one by one, and at once, while there is room; the last of a burst is kept for the sum."""


class Ration(Generic[T]):
    """What is still to be told of one kind, by its key, and when it may be."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pile: dict[str, T] = {}
        self._told: deque[float] = deque(maxlen=limits.burst)
        self._first_at = self._last_at = 0.0

    def offer(self, key: str, item: T, now: float) -> None:
        """To be told; in the place of what waits under that key."""
        if not self._pile:
            self._first_at = now
        self._last_at = now
        self._pile[key] = item

    def waiting(self, key: str) -> T | None:
        return self._pile.get(key)

    def withdraw(self, key: str) -> None:
        """It need not be told any more."""
        self._pile.pop(key, None)

    def clear(self) -> None:
        self._pile.clear()

    def take(self, now: float, *, last: bool = False) -> list[list[T]]:
        """What is told now: one message for each group. `last`: there is no later, so nothing is kept back."""
        due_at = self.due_at(now)
        if due_at is None or (due_at > now and not last):
            return []
        items = list(self._pile.values())
        self._pile.clear()
        groups = [[item] for item in items] if self._has_room_for(len(items), now) else [items]
        self._told.extend([now] * len(groups))
        return groups

    def due_at(self, now: float) -> float | None:
        """When `take` gives something; None: nothing waits."""
        if not self._pile:
            return None
        if self._has_room_for(len(self._pile), now):
            return self._first_at
        calm_at = min(self._last_at + self._limits.calm_s, self._first_at + self._limits.longest_s)
        return max(calm_at, self._free_at(now))

    def _has_room_for(self, number: int, now: float) -> bool:
        return self._limits.singly and self._recent(now) + number < self._limits.burst

    def _recent(self, now: float) -> int:
        return sum(told_at > now - self._limits.window_s for told_at in self._told)

    def _free_at(self, now: float) -> float:
        if self._recent(now) < self._limits.burst:
            return 0.0
        return min(self._told[-1] + self._limits.spacing_s, self._told[0] + self._limits.window_s)
