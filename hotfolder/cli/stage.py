"""The stage of `hotfolder run`: the tray owns the main thread (macOS wants it so), the daemon's loop has its own.

Without a tray everything else works, and the log says so once.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from hotfolder.cli.endings import MainSignals
from hotfolder.core.glance import Action, Glance
from hotfolder.tray.tray import NoTray, Tray, open_tray

log = logging.getLogger(__name__)

T = TypeVar("T")
Act = Callable[[Action], None]

HEAR_SIGNALS_S = 0.5
"""Windows hears no Ctrl-C in a thread that waits without a limit."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it is played. `show` and `signals` are None without a tray: then the loop is in the main thread."""

    show: Callable[[Glance], None] | None = None
    signals: MainSignals | None = None
    answer_clicks: Callable[[Act], None] = lambda _: None
    """Says, in the loop, what does from now on what is clicked."""


def on_stage(play: Callable[[Stage], Coroutine[Any, Any, T]], *, tray: bool) -> T:
    """What `play` comes to, in a loop of its own, beside the tray where one is wanted and there is one."""
    if not tray:
        return asyncio.run(play(Stage()))
    clicks = _Clicks()
    try:
        icon = open_tray(clicks.hand_over)
    except NoTray as none:
        _say_once(none)
        return asyncio.run(play(Stage()))
    signals, done = MainSignals(), Future[T]()
    stage = Stage(icon.show, signals, clicks.answered_by)
    worker = threading.Thread(target=_work, args=(play, stage, icon, done), name="hotfolder-daemon")
    worker.start()
    try:
        icon.run()
    except NoTray as none:
        _say_once(none)
    else:
        signals.end()  # the person's session is over, unless the worker is ending anyway
    while worker.is_alive():
        worker.join(HEAR_SIGNALS_S)
    return done.result()


def _work(play: Callable[[Stage], Coroutine[Any, Any, T]], stage: Stage, tray: Tray, done: Future[T]) -> None:
    """In the worker thread."""
    try:
        done.set_result(asyncio.run(play(stage)))
    except BaseException as error:  # noqa: BLE001  handed over, and raised in the main thread
        done.set_exception(error)
    finally:
        tray.stop()


def _say_once(none: NoTray) -> None:
    log.info("%s", none)


class _Clicks:
    """Carries what was clicked from the tray's thread into the loop; as long as nobody answers, into nothing."""

    def __init__(self) -> None:
        self._tell: Callable[[Action], object] | None = None

    def answered_by(self, act: Act) -> None:
        loop = asyncio.get_running_loop()
        self._tell = lambda action: loop.call_soon_threadsafe(act, action)

    def hand_over(self, action: Action) -> None:
        if self._tell is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._tell(action)
