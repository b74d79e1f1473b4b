"""What of a glance is drawn, and when: only what changed, and never more than once a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hotfolder.core.glance import Glance, Item, Mood

EVERY_S = 1.0
STEPS = 12
"""Pictures of the mood `working`, from empty to almost full: what can be told apart at 16 pixels."""


class Picture(NamedTuple):
    """A picture of the icon, whatever its size."""

    mood: Mood
    step: int

    @property
    def share(self) -> float | None:
        return self.step / STEPS if self.mood is Mood.WORKING else None


def picture_of(glance: Glance) -> Picture:
    """Rounded down: a full ring never says "done" too early."""
    share = glance.share if glance.mood is Mood.WORKING and glance.share is not None else 0.0
    return Picture(glance.mood, int(min(max(share, 0.0), 1.0) * STEPS + 1e-9))


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be drawn anew. None: it stands already."""

    picture: Picture | None = None
    line: str | None = None
    menu: tuple[Item, ...] | None = None


class Pace:
    """Times are seconds of any steady clock."""

    def __init__(self) -> None:
        self._drawn: Glance | None = None
        self._drawn_s = float("-inf")

    def forget(self) -> None:
        """Nothing stands of what was drawn: all of it is due again, in its time."""
        self._drawn = None

    def rest_s(self, latest: Glance | None, now_s: float) -> float | None:
        """How long to wait before `due` has something to draw; None: until there is another glance."""
        if latest is None or latest == self._drawn:
            return None
        return max(0.0, self._drawn_s + EVERY_S - now_s)

    def due(self, latest: Glance | None, now_s: float) -> Changes | None:
        """What to draw now; it counts as drawn."""
        if latest is None or self.rest_s(latest, now_s) != 0:
            return None
        before, self._drawn = self._drawn, latest
        picture = picture_of(latest)
        changes = Changes(
            picture if before is None or picture_of(before) != picture else None,
            latest.line if before is None or before.line != latest.line else None,
            latest.menu if before is None or before.menu != latest.menu else None,
        )
        if changes == Changes():
            return None
        self._drawn_s = now_s
        return changes
