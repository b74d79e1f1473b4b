"""Time and chance, handed in rather than reached for, so that a test can turn the clock by hand."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from hotfolder.core.timing import clock_jump_s


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`now`: epoch seconds; `monotonic`: seconds that no clock change touches; `jitter`: 0 ≤ jitter < 1; `moved_s`: by how
    much `now` has been set so far."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    moved_s: Callable[[], float] = lambda: 0.0


class SteadyClock:
    """The wall clock without its jumps: whoever sets it, and however long the machine sleeps, `now` goes on evenly until
    `follow` is called. So all appointments can be moved along first, and none is made by a clock that others do not have
    yet; the wait for the service's list, above all, keeps its whole length (keeps I2)."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._wall, self._monotonic = surroundings.now(), surroundings.monotonic()
        self._moved_s = 0.0

    @property
    def surroundings(self) -> Surroundings:
        """The same surroundings with this clock in them."""
        return replace(self._surroundings, now=self.now, moved_s=lambda: self._moved_s)

    def now(self) -> float:
        return self._wall + self._surroundings.monotonic() - self._monotonic

    @property
    def jump_s(self) -> float:
        """By how much the wall clock is ahead of this one; 0 where they differ by no more than clocks do."""
        passed_s = self._surroundings.monotonic() - self._monotonic
        return clock_jump_s(self._surroundings.now() - self._wall, passed_s)

    def follow(self, jump_s: float) -> None:
        """From here on by the wall clock: `now` is set by so much."""
        self._wall += jump_s
        self._moved_s += jump_s
