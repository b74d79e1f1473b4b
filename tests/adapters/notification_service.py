"""A session bus of one's own, and on it a notification service that writes down what it is asked to show."""

from __future__ import annotations

import asyncio
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType, RequestNameReply
from dbus_fast.aio import MessageBus

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"

_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""Without `servicedir`: nothing installed on this machine is started by a call."""


@dataclass
class Bus:
    address: str
    process: asyncio.subprocess.Process

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


def _written_config(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "bus.conf"
    config.write_text(_BUS_CONFIG.format(socket=folder / "bus"), encoding="utf-8")
    return config


@asynccontextmanager
async def session_bus(folder: Path) -> AsyncIterator[Bus]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("needs the package dbus-daemon")
    config = _written_config(folder)
    process = await asyncio.create_subprocess_exec(
        "dbus-daemon", f"--config-file={config}", "--nofork", "--print-address", stdout=PIPE
    )
    assert process.stdout is not None
    bus = Bus((await process.stdout.readline()).decode().strip(), process)
    try:
        yield bus
    finally:
        await bus.end()


@dataclass(frozen=True)
class Shown:
    id: int
    app: str
    replaces: int
    icon: str
    title: str
    text: str
    actions: Sequence[str]
    hints: dict[str, Any]


@dataclass
class Manners:
    """What the service does, and what it has shown."""

    capabilities: list[str] = field(default_factory=lambda: ["actions", "body", "body-markup"])
    hangs: bool = False
    refuses: bool = False
    shown: list[Shown] = field(default_factory=list)
    taken_back: list[int] = field(default_factory=list)
    asked: int = 0


_XML = """<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node><interface name="org.freedesktop.Notifications">
  <method name="GetCapabilities"><arg direction="out" type="as"/></method>
  <method name="GetServerInformation">
    <arg direction="out" type="s"/><arg direction="out" type="s"/>
    <arg direction="out" type="s"/><arg direction="out" type="s"/>
  </method>
  <method name="Notify">
    <arg direction="in" type="s"/><arg direction="in" type="u"/><arg direction="in" type="s"/><arg direction="in" type="s"/>
    <arg direction="in" type="s"/><arg direction="in" type="as"/><arg direction="in" type="a{sv}"/>
    <arg direction="in" type="i"/><arg direction="out" type="u"/>
  </method>
  <method name="CloseNotification"><arg direction="in" type="u"/></method>
  <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface></node>
"""


class Service:
    """The service at work; `click` as a person does it."""

    def __init__(self, bus: MessageBus, manners: Manners) -> None:
        self._bus = bus
        self._manners = manners
        self._next_id = 1
        bus.add_message_handler(self._answer)

    def _answer(self, call: Message) -> Message | bool:
        """A call that is never answered counts as handled, too."""
        if call.message_type is not MessageType.METHOD_CALL or call.path != PATH:
            return False
        if call.member == "Introspect":
            return Message.new_method_return(call, "s", [_XML])
        if call.member == "GetCapabilities":
            return Message.new_method_return(call, "as", [self._manners.capabilities])
        if call.member == "GetServerInformation":
            return Message.new_method_return(call, "ssss", ["tests", "tests", "1", "1.2"])
        if call.member == "CloseNotification":
            return self._take_back(call)
        return self._notify(call) if call.member == "Notify" else False

    def _take_back(self, call: Message) -> Message | bool:
        """As the specification has it: the signal says that a call closed it."""
        if self._manners.hangs:
            return True
        self._manners.taken_back.append(call.body[0])
        self._bus.send(Message.new_signal(PATH, NAME, "NotificationClosed", "uu", [call.body[0], 3]))
        return Message.new_method_return(call)

    def _notify(self, call: Message) -> Message | bool:
        self._manners.asked += 1
        if self._manners.hangs:
            return True
        if self._manners.refuses:
            return Message.new_error(call, f"{NAME}.Error.ExcessNotificationGeneration", "too many")
        app, replaces, icon, title, text, actions, hints, _ = call.body
        number = replaces or self._next_id
        self._next_id = max(self._next_id, number + 1)
        values = {name: variant.value for name, variant in hints.items()}
        self._manners.shown.append(Shown(number, app, replaces, icon, title, text, actions, values))
        return Message.new_method_return(call, "u", [number])

    def click(self, number: int) -> None:
        self._bus.send(Message.new_signal(PATH, NAME, "ActionInvoked", "us", [number, "default"]))
        self.dismiss(number)

    def dismiss(self, number: int) -> None:
        self._bus.send(Message.new_signal(PATH, NAME, "NotificationClosed", "uu", [number, 2]))

    async def end(self) -> None:
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def notification_service(address: str, manners: Manners) -> AsyncIterator[Service]:
    bus = await MessageBus(bus_address=address).connect()
    service = Service(bus, manners)
    assert await bus.request_name(NAME) is RequestNameReply.PRIMARY_OWNER
    try:
        yield service
    finally:
        if bus.connected:
            await service.end()
