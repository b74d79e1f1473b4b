"""The first run in the browser, for people who never open a terminal: the same steps as `hotfolder init`.

It runs where hotfolder was started without a config, and ends when there is one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from hotfolder.adapters.browser import open_address
from hotfolder.adapters.home import Home
from hotfolder.control.first_steps import FirstSteps
from hotfolder.control.guide_api import GuideApi
from hotfolder.control.guide_end import Check
from hotfolder.control.local_page import LocalPage
from hotfolder.errors import ConfigError

LOOK_EVERY_S = 1.0
"""For a config that came another way: `hotfolder init` in a terminal, or an editor."""

PAGE = "guide.html"
ASSETS = ("guide.css", "guide.js", "page.js", "steps.js", "picker.js", "icon.svg", "folder.svg")


async def guide_in_browser(
    home: Home, open_url: Callable[[str], object] = open_address, check: Check | None = None
) -> None:
    """Guide the person through the first run; returns when there is a config. Raises `ConfigError` where no browser can
    be opened (`open_url` returns False). The caller ends it early by cancelling; nothing is lost then."""
    async with Guide(home, os.environ, check) as guide:
        if await asyncio.to_thread(open_url, guide.new_address()) is False:
            raise ConfigError(
                f"There is no config yet ({home.config}), and no browser could be opened to make one.",
                "Run `hotfolder init` in a terminal.",
            )
        await guide.written()


class Guide:
    """The page, as long as the block lasts."""

    def __init__(self, home: Home, environ: Mapping[str, str], check: Check | None = None) -> None:
        self._home = home
        self._api = GuideApi(FirstSteps(home, environ), check)
        self._page = LocalPage(PAGE, ASSETS, self._api.routes, self._api.handlers)

    def new_address(self) -> str:
        """Opens the page once; for the tray's "go on with the first run" it can be asked for again. Not to be logged."""
        return self._page.new_address()

    async def written(self) -> None:
        """Returns when there is a config, and the page has been told."""
        while not self._api.is_done.is_set():
            if self._home.config.exists() and not self._api.is_writing:
                return
            try:
                await asyncio.wait_for(self._api.is_done.wait(), LOOK_EVERY_S)
            except TimeoutError:
                continue

    async def __aenter__(self) -> Self:
        await self._page.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._api.aclose()
        await self._page.__aexit__(kind, error, trace)
