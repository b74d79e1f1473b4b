"""The service's clock, told by its answers: our own may be hours wrong."""

from __future__ import annotations

from collections.abc import Callable

from hotfolder.adapters.autoretouch.faults import epoch_s
from hotfolder.adapters.autoretouch.http import Answer


class ServiceClock:
    """The latest `Date` (whole seconds) plus what has gone by since."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._date: float | None = None
        self._at = 0.0

    def learn(self, answer: Answer) -> None:
        date = epoch_s(answer.headers.get("date", ""))
        if date is not None and (self._date is None or answer.at >= self._at):
            self._date, self._at = date, answer.at

    def now(self) -> float | None:
        """Epoch seconds, None while no answer has told any."""
        return None if self._date is None else self._date + self._monotonic() - self._at
