"""A thread for one call that may wait for a person: it holds up neither a loop, nor the default threads, nor the end
of the program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

R = TypeVar("R")


def in_own_thread(function: Callable[[], R]) -> Future[R]:
    """Begins at once. Whoever loses patience just leaves: the call goes on by itself."""
    outcome: Future[R] = Future()
    threading.Thread(target=_settle, args=(outcome, function), name="hotfolder-token", daemon=True).start()
    return outcome


def _settle(outcome: Future[R], function: Callable[[], R]) -> None:
    outcome.set_running_or_notify_cancel()
    try:
        outcome.set_result(function())
    except BaseException as error:  # noqa: BLE001  handed over, and raised where it is awaited
        outcome.set_exception(error)
