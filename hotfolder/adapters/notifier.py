"""Shows notifications, and hands back what was clicked. Losing one harms nobody: it is logged once, and never raised.

Which library, measured and read on 2026-11-24:

- pystray's own `notify` cannot be clicked, exists only where there is a tray icon (not in its xorg backend, and not with
  `--no-tray`), calls D-Bus synchronously (a service that hangs would freeze the tray), and cuts at 255 letters on Windows.
- desktop-notifier 6.2 can be clicked on every system, so it is what Windows and a signed macOS app get (`notifier_system`).
- On Linux it leaks a bus connection with every notification that cannot be shown, takes no care of markup (a file called
  `a<b>.jpg` or `R&D` is shown wrongly or not at all), cannot replace a notification, and waits for ever for a service that
  hangs. So there hotfolder speaks the few words of freedesktop.org's protocol itself, over dbus-fast, the very library that
  desktop-notifier uses (`notifier_dbus`).
- A Python on macOS that is no signed app may not notify at all: there it is `osascript`, which cannot be clicked.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from hotfolder.core.glance import Action, shortened
from hotfolder.core.telling_words import Notification

log = logging.getLogger(__name__)

APP = "hotfolder"
"""The name above notifications, and the app id in the registry of Windows."""

SHOWN_WITHIN_S = 10.0
LONGEST_TITLE, LONGEST_TEXT = 150, 500


class NotShown(Exception):
    """There is nobody here to show it, or it was refused."""


class Screen(Protocol):
    """One way of showing. `clicked` is called in the loop."""

    async def show(self, notification: Notification, clicked: Callable[[Action], None]) -> None:
        """Raises `NotShown`."""
        ...

    async def withdraw(self, key: str) -> None:
        """Take back what is shown under that key; nothing where nothing is. May raise anything."""
        ...

    async def close(self) -> None:
        """Also after a `show` that was cut off; what is shown stays."""
        ...


class Notifier:
    """Made anywhere, used in one loop. `on_click` is called in that loop, with the action of what was clicked. `icon`: a
    picture, where the system has none by the name of the app."""

    def __init__(
        self,
        on_click: Callable[[Action], None],
        *,
        icon: Path | None = None,
        screen: Screen | None = None,
        within_s: float = SHOWN_WITHIN_S,
    ) -> None:
        self._on_click = on_click
        self._screen = screen or screen_of(sys.platform, icon)
        self._within_s = within_s
        self._is_lost = False

    async def show(self, notification: Notification) -> None:
        """Show it, or lose it; done after `within_s` at the latest. Never raises."""
        try:
            async with asyncio.timeout(self._within_s):
                await self._screen.show(_cleaned(notification), self._clicked)
        except TimeoutError:
            self._lose("the system does not answer")
        except NotShown as problem:
            self._lose(str(problem))
        except Exception as problem:
            log.debug("A notification was not shown", exc_info=True)
            self._lose(f"{type(problem).__name__}: {problem}")
        else:
            self._is_lost = False

    async def withdraw(self, key: str) -> None:
        """Take back what was shown with that key, where it still is; done after `within_s` at the latest. Never raises."""
        try:
            async with asyncio.timeout(self._within_s):
                await self._screen.withdraw(key)
        except Exception as problem:
            log.debug("A notification was not taken back", exc_info=problem)

    async def close(self) -> None:
        """Clicks are no longer listened to."""
        await self._screen.close()

    def _lose(self, reason: str) -> None:
        if not self._is_lost:
            log.info("Notifications cannot be shown (%s); everything else works as ever", reason)
        self._is_lost = True

    def _clicked(self, action: Action) -> None:
        try:
            self._on_click(action)
        except Exception:
            log.exception("A click on a notification could not be followed: %s", action)


def screen_of(platform: str, icon: Path | None = None) -> Screen:
    """The way of showing on this platform (as in `sys.platform`). The libraries are loaded when something is shown."""
    if platform == "darwin":
        from hotfolder.adapters.notifier_system import MacScreen

        return MacScreen(icon)
    if platform == "win32":
        from hotfolder.adapters.notifier_system import LibraryScreen

        return LibraryScreen(icon)
    from hotfolder.adapters.notifier_dbus import BusScreen

    return BusScreen(icon)


def _cleaned(notification: Notification) -> Notification:
    """Without control characters and half letters, which D-Bus and XML refuse, and not longer than a screen."""
    return replace(
        notification,
        title=shortened(_printable(notification.title), LONGEST_TITLE) or APP,
        text=shortened(_printable(notification.text), LONGEST_TEXT),
    )


def _printable(text: str) -> str:
    spaced = " ".join(text.split())
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in spaced)
