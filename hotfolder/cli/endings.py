"""How a running daemon is ended: the first signal asks, the second one does not wait."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


@contextmanager
def ended_by_signals(
    stop: asyncio.Event, on_first: Callable[[], None], at_once: Callable[[], None]
) -> Iterator[None]:
    """The first signal calls `on_first` and sets `stop`; the second ends the process after `at_once`, which may tidy
    the screen. Everything that matters is in the ledger, so that is no loss."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            at_once()
            logging.shutdown()
            os._exit(INTERRUPTED)
        on_first()
        stop.set()

    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, end)
    except NotImplementedError:  # Windows
        with _heard_elsewhere(lambda: loop.call_soon_threadsafe(end)):
            yield
        return
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


@contextmanager
def _heard_elsewhere(tell: Callable[[], object]) -> Iterator[None]:
    """For systems whose loop knows no signals."""

    def hear(_: int, __: FrameType | None) -> None:
        tell()

    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
