"""Faults that can be switched on: which calls they meet, and what they do to them.

    faults.add("create", "status", status=503, retry_after=2, times=3)      # the next three
    faults.add("create", "drop", when="after")                              # done, but the answer is lost
    faults.add("download", "corrupt", name="boot-*.png", times=1)
    held = faults.add("details", "hang"); …; held.release()

This module decides only; `gate` acts.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from hotfolder.sandbox.calls import Call

Effect = Literal[
    "status",  # another status is answered
    "drop",  # the connection is reset, without an answer
    "close",  # the connection is closed in good order, without an answer
    "delay",  # the answer takes `seconds` longer
    "hang",  # no answer, until released
    "cut",  # the connection ends in the middle of the answer's body
    "truncate",  # half of the body, with a Content-Length that fits it
    "corrupt",  # one byte of the body is another
    "empty",  # no body
    "content_type",  # the wrong Content-Type
    "garbage",  # HTML, as a proxy would answer
    "redirect",  # 307 (or `status`, where it is another 3xx) to `location`
    "gzip_label",  # `Content-Encoding: gzip`, although the body is plain
]
EFFECTS: tuple[str, ...] = get_args(Effect)
ONLY_AFTER = frozenset({"cut", "truncate", "corrupt", "empty", "content_type", "garbage", "gzip_label"})


@dataclass(frozen=True)
class Fault:
    """Which calls, and what happens to them. Every condition must hold."""

    endpoint: str
    """A name from `app.ENDPOINTS`, or `any`."""
    effect: Effect
    when: Literal["before", "after"] = "before"
    """Before or after the service has done what was asked; changed bodies are always `after`."""
    status: int = 503
    error: str = "temporarily_unavailable"
    """The OAuth error of a `status` fault on the auth server."""
    retry_after: float | None = None
    retry_after_as_date: bool = False
    seconds: float = 1.0
    content_type: str = "text/html"
    location: str = ""
    """Where a `redirect` leads; "": to the very address that was asked."""
    name: str = "*"
    """Pattern for the image's name, where the call names an image or an execution (not: upload)."""
    subject: str = ""
    """The execution's id or the image's hash."""
    where: Callable[[Call], bool] | None = None
    skip: int = 0
    times: int | None = None
    per_subject: bool = False
    """`skip` and `times` count for each execution or image by itself."""
    probability: float = 1.0

    def __post_init__(self) -> None:
        if self.effect not in EFFECTS:
            raise ValueError(f"unknown effect {self.effect!r}: one of {', '.join(EFFECTS)}")
        if self.when not in ("before", "after"):
            raise ValueError(f"unknown moment {self.when!r}: before or after")

    @property
    def acts_after(self) -> bool:
        return self.when == "after" or self.effect in ONLY_AFTER

    def concerns(self, call: Call) -> bool:
        """Whether this call is one of those meant, counts and luck aside."""
        return (
            self.endpoint in ("any", call.endpoint)
            and fnmatchcase(call.image_name, self.name)
            and self.subject in ("", call.subject)
            and (self.where is None or self.where(call))
        )


@dataclass(eq=False)
class ActiveFault:
    """A fault that is switched on, and how often it met a call."""

    fault: Fault
    hits: int = 0
    active: bool = True
    _seen: Counter[str] = field(default_factory=Counter)

    def release(self) -> None:
        """Switch it off; calls that hang on it go on."""
        self.active = False

    def meets(self, call: Call, luck: random.Random) -> bool:
        """Whether it strikes this call; counts it."""
        fault = self.fault
        if not self.active or not fault.concerns(call):
            return False
        key = call.subject if fault.per_subject else ""
        self._seen[key] += 1
        number = self._seen[key] - fault.skip
        if number < 1 or (fault.times is not None and number > fault.times):
            return False
        if fault.probability < 1 and luck.random() >= fault.probability:
            return False
        self.hits += 1
        return True


class Faults:
    """All faults that are switched on. Thread-safe; the luck is seeded."""

    def __init__(self, endpoints: Collection[str], seed: int = 0) -> None:
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._luck = random.Random(seed)
        self._active: list[ActiveFault] = []

    def add(self, endpoint: str, effect: Effect, **options: Any) -> ActiveFault:
        """Switch a fault on; the options are the fields of `Fault`."""
        return self.switch_on(Fault(endpoint, effect, **options))

    def switch_on(self, fault: Fault) -> ActiveFault:
        if fault.endpoint != "any" and fault.endpoint not in self._endpoints:
            raise ValueError(
                f"unknown endpoint {fault.endpoint!r}: any, {', '.join(sorted(self._endpoints))}"
            )
        active = ActiveFault(fault)
        with self._lock:
            self._active.append(active)
        return active

    def clear(self) -> None:
        """Switch everything off; hanging calls go on."""
        with self._lock:
            for active in self._active:
                active.release()
            self._active.clear()

    def strike(self, call: Call) -> list[ActiveFault]:
        """The faults that meet this call, in the order they were switched on."""
        with self._lock:
            return [active for active in self._active if active.meets(call, self._luck)]
