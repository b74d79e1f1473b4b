"""Notifications on Windows and macOS.

Windows: toasts, by desktop-notifier, which registers the app's name in HKCU, Software\\Classes\\AppUserModelId\\hotfolder,
so that they bear it (an uninstaller should remove that key). macOS: the notification centre, by desktop-notifier, where
we are a signed app; asking for permission is the library's. Elsewhere on macOS the centre is refused to us, so it
is `osascript`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder.adapters import notifier
from hotfolder.core.glance import Action
from hotfolder.core.telling_words import Notification, Urgency

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier


class LibraryScreen:
    """By desktop-notifier."""

    def __init__(self, icon: Path | None = None) -> None:
        self._icon = icon
        self._library: DesktopNotifier | None = None

    async def show(self, notification: Notification, clicked: Callable[[Action], None]) -> None:
        """Raises `NotShown`."""
        from desktop_notifier import Notification as Shown
        from desktop_notifier import Urgency as Level

        library = await self._loaded()
        loop, action = asyncio.get_running_loop(), notification.action
        taken: list[bool] = []

        def follow() -> None:
            """In whatever thread the system chooses."""
            if action is not None:
                loop.call_soon_threadsafe(clicked, action)

        levels = {Urgency.LOW: Level.Low, Urgency.NORMAL: Level.Normal, Urgency.HIGH: Level.Critical}
        identifier = _identifier(notification.key) if notification.key else str(uuid.uuid4())
        await library.send_notification(
            Shown(
                notification.title,
                notification.text,
                urgency=levels[notification.urgency],
                on_clicked=follow,
                on_dispatched=lambda: taken.append(True),
                identifier=identifier,
            )
        )
        if not taken:
            raise notifier.NotShown("the system did not take it")

    async def withdraw(self, key: str) -> None:
        if self._library is not None:
            await self._library.clear(_identifier(key))

    async def close(self) -> None:
        """Nothing is kept open, and who was shown something may still click it."""

    async def _loaded(self) -> DesktopNotifier:
        if self._library is None:
            self._library = (await asyncio.to_thread(_load))(self._icon)
        return self._library


def _identifier(key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


def _load() -> Callable[[Path | None], DesktopNotifier]:
    """Off the loop: it takes a tenth of a second."""
    from desktop_notifier import DesktopNotifier, Icon

    logging.getLogger("desktop_notifier").setLevel(logging.ERROR)  # a lost notification is ours to log
    return lambda icon: DesktopNotifier(notifier.APP, Icon(path=icon) if icon is not None else None)


class ScriptScreen:
    """By macOS's `osascript`: it cannot be clicked, and always needs a title."""

    async def show(self, notification: Notification, clicked: Callable[[Action], None]) -> None:
        """Raises `NotShown`, `OSError`."""
        text, title = quoted(notification.text), quoted(notification.title)
        process = await asyncio.create_subprocess_exec(
            "osascript",
            "-e",
            f"display notification {text} with title {title}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise notifier.NotShown(f"osascript: {complaint.decode(errors='replace').strip()}")

    async def withdraw(self, key: str) -> None:
        """macOS lets no script take back what it has shown."""

    async def close(self) -> None:
        """Nothing is kept open."""


class MacScreen:
    """The notification centre for a signed app, `osascript` for any other program."""

    def __init__(self, icon: Path | None = None) -> None:
        self._icon = icon
        self._chosen: notifier.Screen | None = None

    async def show(self, notification: Notification, clicked: Callable[[Action], None]) -> None:
        """Raises `NotShown`."""
        if self._chosen is None:
            is_app = await asyncio.to_thread(_is_signed_app)
            self._chosen = LibraryScreen(self._icon) if is_app else ScriptScreen()
        await self._chosen.show(notification, clicked)

    async def withdraw(self, key: str) -> None:
        if self._chosen is not None:
            await self._chosen.withdraw(key)

    async def close(self) -> None:
        """Nothing is kept open."""


def quoted(text: str) -> str:
    """As a string of AppleScript."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_signed_app() -> bool:
    """A frozen app of ours with a valid signature; the Python of python.org is a signed bundle, but not ours."""
    if not getattr(sys, "frozen", False):
        return False
    from desktop_notifier.backends.macos_support import is_signed_bundle

    return bool(is_signed_bundle())
