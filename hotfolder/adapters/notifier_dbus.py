"""Notifications on Linux: the Desktop Notifications of freedesktop.org (specification 1.2), over dbus-fast.

The connection is made when something is shown and kept, to hear the clicks. The service may be
restarted meanwhile: its ids begin anew then, so what is known of them is forgotten.
"""

from __future__ import annotations

import asyncio
import html
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotfolder.adapters import notifier
from hotfolder.core.glance import Action
from hotfolder.core.telling_words import Notification, Urgency

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

SERVICE = "org.freedesktop.Notifications"
_BUS = "org.freedesktop.DBus"

_RULES = (
    f"type='signal',sender='{SERVICE}',interface='{SERVICE}'",
    f"type='signal',sender='{_BUS}',member='NameOwnerChanged',arg0='{SERVICE}'",
)
_URGENCIES = {Urgency.LOW: 0, Urgency.NORMAL: 1, Urgency.HIGH: 2}
_MOST_REMEMBERED = 100
"""Notifications that can still be clicked; older ones of a service that never says "closed" are forgotten."""


class BusScreen:
    """The desktop's notification service, found on the session bus. `address` None: as the session says."""

    def __init__(self, icon: Path | None = None, address: str | None = None) -> None:
        self._icon = str(icon) if icon is not None else notifier.APP
        self._address = address
        self._bus: MessageBus | None = None
        self._clicked: Callable[[Action], None] = _ignore
        self._forget()

    def _forget(self) -> None:
        self._capabilities: frozenset[str] | None = None
        self._actions: dict[int, Action | None] = {}
        self._ids: dict[str, int] = {}

    async def show(self, notification: Notification, clicked: Callable[[Action], None]) -> None:
        """Raises `NotShown`."""
        from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

        self._clicked = clicked
        try:
            await self._notify(await self._connected(), notification)
        except (AuthError, DBusError, InvalidAddressError, OSError, EOFError) as problem:
            raise notifier.NotShown(str(problem) or type(problem).__name__) from problem

    async def withdraw(self, key: str) -> None:
        """Only what this connection has shown, and the service still remembers."""
        number = self._ids.get(key)
        if number is not None and self._bus is not None and self._bus.connected:
            await _call(self._bus, SERVICE, "CloseNotification", "u", [number])
            self._closed(number)

    async def close(self) -> None:
        bus, self._bus = self._bus, None
        self._forget()
        if bus is not None and bus.connected:
            bus.disconnect()
            await asyncio.sleep(0)  # the library closes its socket on the loop's next round

    async def _connected(self) -> MessageBus:
        if self._bus is not None and self._bus.connected:
            return self._bus
        await self.close()
        library = await asyncio.to_thread(_load)
        bus = await library(bus_address=self._address or session_bus()).connect()
        try:
            for rule in _RULES:
                await _call(bus, _BUS, "AddMatch", "s", [rule])
        except BaseException:
            bus.disconnect()
            raise
        bus.add_message_handler(self._hear)
        self._bus = bus
        return bus

    async def _notify(self, bus: MessageBus, notification: Notification) -> None:
        from dbus_fast import Variant

        can = await self._capable(bus)
        markup = "body-markup" in can
        text = html.escape(notification.text, quote=False) if markup else notification.text
        offers = ["default", "Open"] if notification.action and "actions" in can else []
        hints = {
            "urgency": Variant("y", _URGENCIES[notification.urgency]),
            "desktop-entry": Variant("s", notifier.APP),
        }
        replaced = self._ids.get(notification.key, 0) if notification.key else 0
        body = [notifier.APP, replaced, self._icon, notification.title, text, offers, hints, -1]
        (number,) = await _call(bus, SERVICE, "Notify", "susssasa{sv}i", body)
        self._remember(number, notification)

    async def _capable(self, bus: MessageBus) -> frozenset[str]:
        if self._capabilities is None:
            (names,) = await _call(bus, SERVICE, "GetCapabilities")
            self._capabilities = frozenset(names)
        return self._capabilities

    def _remember(self, number: int, notification: Notification) -> None:
        self._actions[number] = notification.action
        if notification.key:
            self._ids[notification.key] = number
        while len(self._actions) > _MOST_REMEMBERED:
            self._closed(next(iter(self._actions)))

    def _closed(self, number: int) -> None:
        self._actions.pop(number, None)
        self._ids = {key: known for key, known in self._ids.items() if known != number}

    def _hear(self, message: Message) -> None:
        """Signals, in the loop. The bus has seen to it that they come from the service."""
        from dbus_fast import MessageType

        if message.message_type is not MessageType.SIGNAL:
            return
        if message.member == "NameOwnerChanged" and message.body[0] == SERVICE:
            self._forget()
        elif message.interface == SERVICE and message.member == "ActionInvoked":
            action = self._actions.get(message.body[0])
            if action is not None:
                self._clicked(action)
        elif message.interface == SERVICE and message.member == "NotificationClosed":
            self._closed(message.body[0])


async def _call(
    bus: MessageBus, to: str, member: str, signature: str = "", body: Sequence[Any] = ()
) -> list[Any]:
    """The answer of a service whose interface and path are called like itself. Raises `DBusError`."""
    from dbus_fast import Message, MessageType
    from dbus_fast.errors import DBusError

    path = f"/{to.replace('.', '/')}"
    answer = await bus.call(
        Message(destination=to, path=path, interface=to, member=member, signature=signature, body=list(body))
    )
    if answer.message_type is MessageType.ERROR:
        raise DBusError(answer.error_name or "error", str(answer.body[0]) if answer.body else member)
    return list(answer.body)


def session_bus() -> str | None:
    """The session bus where the environment names it, or systemd has put it; None: as dbus-fast finds it."""
    named = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if named or not runtime or sys.platform == "win32" or not Path(runtime, "bus").is_socket():
        return named
    return f"unix:path={runtime}/bus"


def _load() -> type[MessageBus]:
    """Off the loop: it takes a tenth of a second."""
    from dbus_fast.aio import MessageBus

    return MessageBus


def _ignore(_: Action) -> None:
    """Before anything is shown nothing can be clicked."""
