"""Time and chance, handed in rather than reached for, so that a test can turn the clock by hand."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`now`: epoch seconds; `monotonic`: seconds that no clock change touches; `jitter`: 0 ≤ jitter < 1."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
