"""Which holds are told: those that need the person, once while they last, and not those that come and go.

No clock: every time is an argument, in seconds of one monotonic clock, but for `Hold.since` and `started_at` (epoch).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hotfolder.core.config import Notifications
from hotfolder.core.holds import Hold, HoldKind

SHORTEST_S = 5.0
"""A hold that ends sooner is never told."""

LASTING_S: Mapping[HoldKind, float] = {
    HoldKind.IN_FOLDER: 30.0,
    HoldKind.OUT_FOLDER: 30.0,
    HoldKind.SERVICE: 300.0,
}
"""How long a hold has to last before it is told, where that is not `SHORTEST_S`: drives and networks come back."""

AGAIN_S = 1800.0
"""The same hold, come again, is told no sooner than this after the last time."""

SAME_KIND_S = 300.0
"""So long after a message the next hold of that kind waits: a drive that goes takes many hot folders with it."""

_Key = tuple[str, HoldKind]


class HoldWatch:
    """The holds as they are now, and what was told of them."""

    def __init__(self, started_at: float) -> None:
        self._started_at = started_at
        self._holds: dict[_Key, Hold] = {}
        self._seen_at: dict[_Key, float] = {}
        self._told: dict[_Key, tuple[float, float]] = {}
        """When it was told, and which one: the `since` of the hold."""
        self._told_kind_at: dict[HoldKind, float] = {}
        self._on_screen: dict[HoldKind, set[_Key]] = {}
        """What the last message of each kind was about."""

    def note(self, holds: Sequence[Hold], now: float) -> None:
        """All holds as they are now."""
        self._holds = {(hold.scope, hold.kind): hold for hold in holds}
        self._seen_at = {key: self._seen_at.get(key, now) for key in self._holds}

    def take_over(self) -> list[HoldKind]:
        """The kinds whose message has no cause any more: each hold that it told has ended. Each is given once."""
        over = [kind for kind, keys in self._on_screen.items() if keys.isdisjoint(self._holds)]
        for kind in over:
            del self._on_screen[kind]
        return over

    def take(self, now: float, level: Notifications) -> list[list[Hold]]:
        """What is told now: one message for each group, which is of one kind."""
        dues = dict(self._dues(level))
        kinds = dict.fromkeys(key[1] for key, due_at in dues.items() if due_at <= now)
        return [self._tell([key for key in dues if key[1] is kind], now) for kind in kinds]

    def _tell(self, keys: Sequence[_Key], now: float) -> list[Hold]:
        """Those that are due, and with them those of the same kind that have begun to last."""
        group = [self._holds[key] for key in keys if self._may_join(key, now)]
        for hold in group:
            self._told[hold.scope, hold.kind] = (now, hold.since)
            self._told_kind_at[hold.kind] = now
            self._on_screen[hold.kind] = {(one.scope, one.kind) for one in group}
        return group

    def _may_join(self, key: _Key, now: float) -> bool:
        return self._seen_at[key] + SHORTEST_S <= now and self._not_again_before(key) <= now

    def due_at(self, level: Notifications) -> float | None:
        """When `take` gives something; None: nothing waits."""
        return min((due_at for _, due_at in self._dues(level)), default=None)

    def _dues(self, level: Notifications) -> Iterator[tuple[_Key, float]]:
        for key, hold in self._holds.items():
            if _concerns(hold, level) and not self._was_told(key, hold):
                lasting_s = LASTING_S.get(hold.kind, SHORTEST_S)
                kind_free_at = self._told_kind_at.get(hold.kind, -SAME_KIND_S) + SAME_KIND_S
                yield key, max(self._seen_at[key] + lasting_s, self._not_again_before(key), kind_free_at)

    def _not_again_before(self, key: _Key) -> float:
        return self._told[key][0] + AGAIN_S if key in self._told else 0.0

    def _was_told(self, key: _Key, hold: Hold) -> bool:
        """In this life, or in an earlier one that saw it last."""
        in_this_life = key in self._told and self._told[key][1] == hold.since
        return in_this_life or hold.since + LASTING_S.get(hold.kind, SHORTEST_S) <= self._started_at


def _concerns(hold: Hold, level: Notifications) -> bool:
    if hold.kind is HoldKind.SERVICE:
        return level is Notifications.ALL
    return hold.needs_person
