"""The names of the part and probe files that this daemon has made in out folders: who meets one of them in an in folder has
found a route from the one to the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

REMEMBERED_S = 3600.0
"""A slow network drive may show a file minutes after it was made."""


class PartNames:
    """Thread-safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._made_at: dict[str, float] = {}

    def note(self, name: str) -> None:
        """This file (its name, not its path) is about to be made in an out folder."""
        with self._lock:
            now = self._monotonic()
            self._made_at = {one: at for one, at in self._made_at.items() if now - at <= REMEMBERED_S}
            self._made_at[name] = now

    def is_ours(self, name: str) -> bool:
        """Whether it was made in an out folder within the last hour."""
        with self._lock:
            made_at = self._made_at.get(name)
            return made_at is not None and self._monotonic() - made_at <= REMEMBERED_S
