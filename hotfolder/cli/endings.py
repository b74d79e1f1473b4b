"""How a running daemon is ended: the first signal asks, the second one does not wait."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


class MainSignals:
    """Hears the signals in the main thread, for a loop that runs in another one. Made in the main thread."""

    def __init__(self) -> None:
        self._tell: Callable[[], object] | None = None
        self._came = 0
        for number in _SIGNALS:
            signal.signal(number, self._hear)

    @contextmanager
    def told_to(self, tell: Callable[[], object]) -> Iterator[None]:
        """`tell` is called in the main thread at each signal, also for those that came before."""
        self._tell = tell
        for _ in range(self._came):
            tell()
        try:
            yield
        finally:
            self._tell = None

    def end(self) -> None:
        """As the first signal would; nothing where one came before."""
        if not self._came:
            self._note()

    def _hear(self, _: int, __: FrameType | None) -> None:
        self._note()

    def _note(self) -> None:
        self._came += 1
        if self._tell is not None:
            self._tell()


@contextmanager
def ended_by_signals(
    stop: asyncio.Event,
    on_first: Callable[[], None],
    at_once: Callable[[], None],
    heard_by: MainSignals | None = None,
) -> Iterator[None]:
    """The first signal calls `on_first` and sets `stop`; the second ends the process after `at_once`, which may tidy
    the screen. Everything that matters is in the ledger, so that is no loss. `heard_by`: where the loop is not in the
    main thread."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            at_once()
            logging.shutdown()
            os._exit(INTERRUPTED)
        on_first()
        stop.set()

    if heard_by is not None or sys.platform == "win32":  # whose loops know no signals
        with (heard_by or MainSignals()).told_to(lambda: loop.call_soon_threadsafe(end)):
            yield
        return
    for number in _SIGNALS:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
