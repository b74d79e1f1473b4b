"""hotfolder was started by a click or at login, and nobody sits at a terminal: what is missing is asked for.

Without a config the first run goes on in the browser; with a wrong one the icon and a notification say what to mend. Both
wait as long as it takes, and do not hold the home: whoever is first with a right config goes to work.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import Any

from hotfolder import __version__
from hotfolder.adapters.browser import open_address
from hotfolder.adapters.clicks import was_clicked
from hotfolder.adapters.home import Home
from hotfolder.adapters.notifier import Notifier
from hotfolder.cli.context import config_of
from hotfolder.cli.endings import ended_by_signals
from hotfolder.cli.finding import Finding
from hotfolder.cli.second_click import answer_clicks
from hotfolder.cli.stage import Stage
from hotfolder.control.guide import Guide
from hotfolder.core.config import Config
from hotfolder.core.desktop_words import for_desktop
from hotfolder.core.glance import Action, Deed
from hotfolder.core.glancing import glance_before_start
from hotfolder.core.telling_words import Notification, Urgency
from hotfolder.errors import ConfigError, HotfolderError
from hotfolder.tray.opening import open_in_editor

LOOK_S = 1.0


async def config_when_right(home: Home, read_config: Callable[[], Config], stage: Stage) -> Config | None:
    """The config, once it is there and right; None where the person ended hotfolder before. Raises `ConfigError` where
    nothing can be shown to anybody."""
    ending = asyncio.Event()
    with ended_by_signals(ending, lambda: None, lambda: None, stage.signals):
        while not ending.is_set():
            if not home.config.exists():
                await _guide(home, stage, ending)
                continue
            try:
                return await asyncio.to_thread(read_config)
            except ConfigError as error:
                await tell(error, Action(Deed.SETTINGS))
                if stage.show is None:
                    raise
                await _until_it_changes(home, stage, ending, error)
    return None


async def tell(error: HotfolderError, action: Action | None = None) -> None:
    """As a notification, to somebody who has no terminal before them."""
    title, advice = for_desktop(error.title), for_desktop(error.advice)
    await show_once(Notification(title, advice, Urgency.HIGH, action, key="start"))


async def show_once(notification: Notification) -> None:
    """Nobody is there afterwards to follow a click."""
    notifier = Notifier(lambda _: None)
    await notifier.show(notification)
    await notifier.close()


async def _guide(home: Home, stage: Stage, ending: asyncio.Event) -> None:
    """The first run in the browser; the icon leads back to it."""
    async with Guide(home, os.environ, _check) as guide:

        def open_page() -> bool:
            return open_address(guide.new_address())

        doing = _Doing({Deed.SET_UP: open_page}, ending)
        if stage.show is not None:
            stage.show(glance_before_start(None, __version__))
            stage.answer_clicks(doing.act)
        if not await asyncio.to_thread(open_page):
            raise ConfigError(
                f"There is no config yet ({home.config}), and no browser could be opened to make one.",
                "Run `hotfolder init` in a terminal.",
            )
        await _first_of(guide.written(), ending, answer_clicks(home, open_page))


async def _until_it_changes(home: Home, stage: Stage, ending: asyncio.Event, error: ConfigError) -> None:
    assert stage.show is not None
    stage.show(glance_before_start(str(error), __version__))
    stage.answer_clicks(_Doing({Deed.SETTINGS: lambda: open_in_editor(home.config)}, ending).act)
    before = await asyncio.to_thread(_stamp, home)
    while not ending.is_set() and await asyncio.to_thread(_stamp, home) == before:
        if await asyncio.to_thread(was_clicked, home):
            await tell(error, Action(Deed.SETTINGS))
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await ending.wait()


def _stamp(home: Home) -> tuple[int, int] | None:
    with suppress(OSError):
        facts = home.config.stat()
        return facts.st_mtime_ns, facts.st_size
    return None


async def _first_of(
    work: Coroutine[Any, Any, None], ending: asyncio.Event, beside: Coroutine[Any, Any, None]
) -> None:
    tasks = [*map(asyncio.create_task, (work, beside)), asyncio.create_task(ending.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()


class _Doing:
    """Does what is clicked before there is a daemon."""

    def __init__(self, deeds: Mapping[Deed, Callable[[], object]], ending: asyncio.Event) -> None:
        self._deeds = deeds
        self._ending = ending

    def act(self, action: Action) -> None:
        if action.deed is Deed.QUIT:
            self._ending.set()
        elif action.deed in self._deeds:
            asyncio.get_running_loop().run_in_executor(None, self._deeds[action.deed])


def _check(home: Home) -> Iterator[Finding]:
    from hotfolder.cli.check import findings_of

    return findings_of(home, config_of(home))
