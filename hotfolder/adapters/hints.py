"""The letter box between the watcher's threads and the owner: bounded, merged by path, one wake-up at a time.

Measured with 100,000 events: 0.02 s this way, 0.75 s with a call_soon_threadsafe for each.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_PATHS = 5_000
"""Beyond this many paths of one folder between two takes, the rest becomes "scan the folder"."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something may have happened at `path` (relative, with `/`); None: anywhere in the hot folder, scan it.

    `closed`: the last event for the path was a close after writing, or a move to this name.
    """

    folder_name: str
    path: str | None
    closed: bool = False


@dataclass(slots=True)
class _Pile:
    whole: bool = False
    paths: dict[str, bool] = field(default_factory=dict)


class HintBox:
    """Thread-safe. `on_wake` is called once after the box was taken empty, not once a hint."""

    def __init__(self, on_wake: Callable[[], None], max_paths: int = MAX_PATHS) -> None:
        self._on_wake = on_wake
        self._max_paths = max_paths
        self._lock = threading.Lock()
        self._piles: dict[str, _Pile] = {}
        self._awake = False

    def put(self, folder_name: str, path: str | None, closed: bool = False) -> None:
        with self._lock:
            pile = self._piles.setdefault(folder_name, _Pile())
            if path is not None and (path in pile.paths or len(pile.paths) < self._max_paths):
                pile.paths[path] = closed
            else:
                pile.whole = True
            wake, self._awake = not self._awake, True
        if wake:
            with contextlib.suppress(RuntimeError):  # the owner's loop is closed: nobody is left to be woken
                self._on_wake()

    def take(self) -> list[Hint]:
        """Everything since the last take; a folder to be scanned comes before its paths."""
        with self._lock:
            piles, self._piles = self._piles, {}
            self._awake = False
        hints = []
        for name, pile in piles.items():
            if pile.whole:
                hints.append(Hint(name, None))
            hints.extend(Hint(name, path, closed) for path, closed in pile.paths.items())
        return hints

    def forget(self, folder_name: str) -> None:
        with self._lock:
            self._piles.pop(folder_name, None)
