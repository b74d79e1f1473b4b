"""A panel of the new kind, without a screen: it takes icons over D-Bus, reads what they show, and clicks their menus.

    async with Panel(desktop.bus) as panel:
        icon = await panel.icon()                       # waits until one has come
        look = await icon.look()                        # title, status, picture …
        menu = await icon.menu()                        # [Line("3 uploading", …), …], with submenus
        await icon.click("Packshots*", "Pause")         # by texts, "*" matches as in file names

Sources: freedesktop.org, StatusNotifierItem; com.canonical.dbusmenu (libdbusmenu).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from dbus_fast import BusType, Message, MessageType, NameFlag, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
LIMIT_S = 60.0

T = TypeVar("T")


class Refused(Exception):
    """The other side answered with an error."""


@dataclass(frozen=True)
class Line:
    """A line of a menu as a panel would show it. `is_ticked` None: it has no tick."""

    text: str
    is_enabled: bool = True
    is_ticked: bool | None = None
    lines: tuple[Line, ...] = ()
    is_separator: bool = False
    id: int = 0

    def __str__(self) -> str:
        """As in a picture: `✓ Start at login`, `(3 uploading)`, `---`."""
        if self.is_separator:
            return "---"
        tick = {None: "", True: "✓ ", False: "☐ "}[self.is_ticked]
        text = tick + self.text
        return text if self.is_enabled else f"({text})"

    def outline(self) -> object:
        """The text, or (text, the outlines of the submenu): to be compared in tests."""
        return (str(self), [line.outline() for line in self.lines]) if self.lines else str(self)


@dataclass(frozen=True)
class Look:
    id: str
    title: str
    status: str
    icon_name: str
    """A name of the theme, or the path of a file."""
    tooltip: str

    def picture(self) -> bytes:
        return Path(self.icon_name).read_bytes()


class Panel:
    """A StatusNotifierWatcher and host on the given bus, for as long as it is open."""

    def __init__(self, bus_address: str, *, has_host: bool = True) -> None:
        """`has_host` False: a watcher that nobody is behind, who would show the icons."""
        self._address = bus_address
        self._has_host = has_host
        self.icons: list[Icon] = []
        self.changed = asyncio.Event()
        """Set at every signal of an icon or its menu."""

    async def __aenter__(self) -> Self:
        self.bus = await MessageBus(self._address, BusType.SESSION).connect()
        self.bus.add_message_handler(self._answer)
        for rule in (
            f"type='signal',interface='{ITEM}'",
            f"type='signal',interface='{MENU}'",
            "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'",
        ):
            await self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "AddMatch", "s", [rule])
        assert await self.bus.request_name(WATCHER, NameFlag.DO_NOT_QUEUE) is RequestNameReply.PRIMARY_OWNER
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bus.disconnect()
        await self.bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def icon(self) -> Icon:
        """The latest that shows itself."""

        async def shown() -> Icon | None:
            for icon in reversed(self.icons):
                if (await icon.look()).status == "Active":
                    return icon
            return None

        return await eventually("an icon", shown)

    async def call(
        self, to: str, path: str, interface: str, member: str, signature: str = "", body: Sequence[Any] = ()
    ) -> list[Any]:
        """Raises Refused. The arguments that came back."""
        question = Message(
            destination=to,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        answer = await asyncio.wait_for(self.bus.call(question), LIMIT_S)
        assert answer is not None
        if answer.message_type is MessageType.ERROR:
            raise Refused(f"{answer.error_name}: {answer.body}")
        return list(answer.body)

    def _answer(self, message: Message) -> Message | bool | None:
        """What the icons ask of a watcher, and what they tell."""
        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and not message.body[2]:
                self.icons = [icon for icon in self.icons if icon.owner != message.body[0]]
            self.changed.set()
            return None
        if message.path != "/StatusNotifierWatcher" or message.message_type is not MessageType.METHOD_CALL:
            return None
        properties: dict[str, Variant] = {
            "IsStatusNotifierHostRegistered": Variant("b", self._has_host),
            "ProtocolVersion": Variant("i", 0),
            "RegisteredStatusNotifierItems": Variant("as", [i.owner + i.path for i in self.icons]),
        }
        match message.interface, message.member:
            case _, "RegisterStatusNotifierItem":
                name = str(message.body[0])
                icon = Icon(self, str(message.sender), name if name[0] == "/" else "/StatusNotifierItem")
                if icon not in self.icons:
                    self.icons.append(icon)
                return Message.new_method_return(message)
            case _, "RegisterStatusNotifierHost":
                return Message.new_method_return(message)
            case _, "Get":
                return Message.new_method_return(message, "v", [properties[message.body[1]]])
            case _, "GetAll":
                return Message.new_method_return(message, "a{sv}", [properties])
            case _:
                return None


@dataclass(frozen=True)
class Icon:
    panel: Panel
    owner: str
    path: str

    async def look(self) -> Look:
        (found,) = await self.panel.call(self.owner, self.path, PROPERTIES, "GetAll", "s", [ITEM])
        values = {name: variant.value for name, variant in found.items()}
        tooltip = values.get("ToolTip")
        return Look(
            id=values["Id"],
            title=values["Title"],
            status=values["Status"],
            icon_name=values["IconName"],
            tooltip=tooltip[2] if tooltip else "",
        )

    async def menu(self) -> list[Line]:
        path = await self._menu_path()
        _, root = await self.panel.call(self.owner, path, MENU, "GetLayout", "iias", [0, -1, []])
        return list(_line(root).lines)

    async def outline(self) -> list[object]:
        return [line.outline() for line in await self.menu()]

    async def click(self, *texts: str) -> None:
        """The line reached by these texts, submenu by submenu; "*" stands for anything."""
        await self.click_line(_found(await self.menu(), texts))

    async def click_line(self, line: Line) -> None:
        """A line that was read before: as when it is clicked in a menu that has stood open. Raises Refused."""
        event = [line.id, "clicked", Variant("s", ""), int(time.time())]
        await self.panel.call(self.owner, await self._menu_path(), MENU, "Event", "isvu", event)

    async def _menu_path(self) -> str:
        (found,) = await self.panel.call(self.owner, self.path, PROPERTIES, "Get", "ss", [ITEM, "Menu"])
        return str(found.value)


def _line(node: Any) -> Line:
    number, properties, children = node
    values = {name: variant.value for name, variant in properties.items()}
    has_tick = values.get("toggle-type", "") != ""
    return Line(
        text=_shown(values.get("label", "")),
        is_enabled=values.get("enabled", True),
        is_ticked=values.get("toggle-state", 0) == 1 if has_tick else None,
        lines=tuple(
            _line(child.value) for child in children if child.value[1].get("visible") != Variant("b", False)
        ),
        is_separator=values.get("type") == "separator",
        id=number,
    )


def _shown(label: str) -> str:
    """As panels show it: a single underscore marks the letter behind it, two are one."""
    return label.replace("__", "\0").replace("_", "").replace("\0", "_")


def _found(lines: Sequence[Line], texts: Sequence[str]) -> Line:
    matching = [line for line in lines if fnmatchcase(line.text, texts[0])]
    if len(matching) != 1:
        raise AssertionError(f"{len(matching)} lines are {texts[0]!r}: {[line.outline() for line in lines]}")
    return matching[0] if len(texts) == 1 else _found(matching[0].lines, texts[1:])


async def eventually(what: str, look: Callable[[], Awaitable[T | None]], limit_s: float = LIMIT_S) -> T:
    """The first answer that counts as true."""
    until = time.monotonic() + limit_s
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for {what}")
        await asyncio.sleep(0.05)
