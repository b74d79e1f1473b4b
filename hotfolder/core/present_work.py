"""Present work: what was open since a hot folder was last idle, and how much of it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hotfolder.core.image import State


@dataclass(slots=True)
class PresentWork:
    """Of one hot folder. `done` and `total` are images."""

    before: int | None = None
    done: int = 0
    total: int = 0

    def note(self, counts: Mapping[str, int]) -> None:
        """The hot folder has so many images in each state now. What is not sent is no work."""
        images = {State(state): number for state, number in counts.items() if state != State.IGNORED}
        final = sum(number for state, number in images.items() if state.is_final)
        still_open = sum(images.values()) - final
        if self.before is None or (still_open and self.done >= self.total):
            self.before = final
        self.done = max(0, final - self.before)
        self.total = self.done + still_open
