"""Our faces for Windows and macOS on pystray's real code; the systems below it are played by stand-ins.

`python -m tests.tray.foreign windows|macos` goes through a life of the icon, and fails if anything is not as it should be.
It cannot tell how it looks.
"""

from __future__ import annotations

import ctypes
import io
import queue
import sys
import threading
import types
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

from PIL import Image

from hotfolder.core.glance import Action, Item, Mood
from hotfolder.tray.systems import face_of
from hotfolder.tray.tray import Face, NoTray, PystrayTray
from tests.tray.desktop import wait_for
from tests.tray.glances import glance

TIP = 127
SMALL_ICON_PX = 20


class Room:
    def __init__(self, way: str) -> None:
        self._make = face_of(way)

    def look(self) -> Callable[[Callable[[Action], None]], Face]:
        return self._make

    def why_not(self) -> NoTray:
        raise AssertionError

    def has_screen(self) -> bool:
        return True


def live(way: str, story: Callable[[PystrayTray, list[Action]], None]) -> None:
    """The tray in the main thread, and its story in another."""
    actions: list[Action] = []
    errors: list[BaseException] = []
    tray = PystrayTray(Room(way), actions.append, lambda: None, 0)

    def tell() -> None:
        try:
            story(tray, actions)
        except BaseException as error:  # noqa: BLE001 - raised in the main thread
            errors.append(error)
        tray.stop()

    teller = threading.Thread(target=tell)
    teller.start()
    tray.run()
    teller.join()
    if errors:
        raise errors[0]


# --- Windows --------------------------------------------------------------------------------------


class User32:
    """Windows' menus, icons and messages, as far as pystray uses them."""

    WM_NULL, WM_QUIT = 0, 0x12

    def __init__(self) -> None:
        self.messages: queue.Queue[tuple[int, int, int]] = queue.Queue()
        self.current = (0, 0, 0)
        self.handles: set[int] = set()
        self.next_handle = 1000
        self.menus: dict[int, list[Any]] = {}
        self.popped: list[int] = []
        self.choice = 0
        self.told: list[tuple[int, Any]] = []
        self.refusals = 0
        self.images: list[tuple[int, int]] = []
        self.pops_in: set[str] = set()

    def new(self) -> int:
        self.next_handle += 1
        self.handles.add(self.next_handle)
        return self.next_handle

    def drop(self, handle: int) -> bool:
        self.handles.remove(handle)
        for item in self.menus.pop(handle, []):
            if item.hSubMenu:
                self.drop(item.hSubMenu)
        return True

    # Each answers as the function of its name; whatever has no method here returns True.
    def CreatePopupMenu(self) -> int:  # noqa: N802
        menu = self.new()
        self.menus[menu] = []
        return menu

    def InsertMenuItemW(self, menu: int, place: int, _: bool, item: Any) -> bool:  # noqa: N802
        copy = type(item._obj).from_buffer_copy(item._obj)
        self.menus[menu].insert(place, copy)
        return True

    def DestroyMenu(self, menu: int) -> bool:  # noqa: N802
        return self.drop(menu)

    def DestroyIcon(self, icon: int) -> bool:  # noqa: N802
        return self.drop(icon)

    def LoadImageW(self, _: None, path: str, kind: int, width: int, height: int, flags: int) -> int:  # noqa: N802
        with Image.open(path) as icon:
            assert icon.size == (width, height), (icon.size, width)
            self.images.append(icon.size)
        return self.new()

    def GetSystemMetrics(self, which: int) -> int:  # noqa: N802
        return SMALL_ICON_PX

    def Shell_NotifyIconW(self, code: int, data: Any) -> bool:  # noqa: N802
        if self.refusals:
            self.refusals -= 1
            return False
        self.told.append((code, data))
        return True

    def TrackPopupMenuEx(self, menu: int, *_: Any) -> int:  # noqa: N802
        self.popped.append(menu)
        self.pops_in.add(threading.current_thread().name)
        self.seen = self.outline(menu)
        return self.choice

    def outline(self, menu: int) -> list[Any]:
        return [
            (item.dwTypeData, item.wID, self.outline(item.hSubMenu) if item.hSubMenu else [])
            for item in self.menus[menu]
        ]

    def PostMessageW(self, window: int, message: int, wparam: int, lparam: int) -> bool:  # noqa: N802
        self.messages.put((message, wparam, lparam))
        return True

    def PostQuitMessage(self, code: int) -> None:  # noqa: N802
        self.messages.put((self.WM_QUIT, code, 0))

    def GetMessageW(self, *_: Any) -> int:  # noqa: N802
        self.current = self.messages.get()
        return int(self.current[0] != self.WM_QUIT)

    def DispatchMessageW(self, _: Any) -> int:  # noqa: N802
        from pystray import _win32

        window = next(iter(_win32.Icon._HWND_TO_ICON))
        _win32._dispatcher(window, *self.current)
        return 0


def play_windows() -> User32:
    user32 = User32()

    class Library:
        def __init__(self, _: str) -> None:
            self._functions: dict[str, Any] = {}

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            answer = getattr(user32, name, lambda *_: 1)
            return self._functions.setdefault(name, MagicMock(side_effect=lambda *a: answer(*a)))

    pretended: Any = ctypes
    pretended.WinDLL = Library
    pretended.windll = types.SimpleNamespace(user32=Library("user32"))
    pretended.WINFUNCTYPE = ctypes.CFUNCTYPE
    pretended.HRESULT = ctypes.c_long
    pretended.WinError = OSError
    return user32


def windows() -> None:
    user32 = play_windows()
    user32.refusals = 3
    left, right, notify = 0x0202, 0x0205, 0x400 + 11

    def click(button: int, text: str) -> None:
        user32.messages.put((notify, 0, button))

    def story(tray: PystrayTray, actions: list[Action]) -> None:
        long = "9 uploading · " * 20
        tray.show(glance(Mood.WORKING, long, more=(Item("a & b_c\td", glance().menu[-1].action),)))
        wait_for("the icon, after it was refused", lambda: any(code == 0 for code, _ in user32.told))
        added = next(data for code, data in user32.told if code == 0)
        assert added.hIcon in user32.handles
        assert len(added.szTip) == TIP
        assert added.szTip.startswith("9 uploading")
        assert user32.images == [(SMALL_ICON_PX, SMALL_ICON_PX)]
        assert user32.menus == {}, "no menu before it is opened"

        click(right, "")
        wait_for("the menu", lambda: user32.popped)
        texts = [text for text, _, _ in user32.seen]
        assert texts[1] == "a && b_c d"
        folder = next(lines for text, _, lines in user32.seen if text == "Boots_224: 3 uploading")
        user32.choice = next(number for text, number, _ in folder if text == "Pause")
        click(left, "")
        wait_for("the click", lambda: actions)
        assert [(a.deed.value, a.subject) for a in actions] == [("pause", "Boots_224")]
        assert user32.pops_in == {"MainThread"}

        user32.choice = 0
        tray.show(glance(Mood.PAUSED, "paused"))
        wait_for("the new picture", lambda: len(user32.images) == 2)
        wait_for("the new tip", lambda: any(data.szTip == "paused" for _, data in user32.told))
        click(right, "")
        wait_for("the new menu", lambda: "Resume all" in [text for text, _, _ in user32.seen])

    live("windows", story)
    assert user32.told[-1][0] == 2, "taken away at the end"
    assert user32.menus == {}
    assert len(user32.handles) <= 1, "the last icon is let go with the process"


# --- macOS ----------------------------------------------------------------------------------------


class Mac:
    """AppKit's main loop, and what was asked of AppKit, by which thread."""

    def __init__(self) -> None:
        self.jobs: queue.Queue[Callable[[], None]] = queue.Queue()
        self.threads: set[str] = set()
        self.stopped = False
        self.kit = MagicMock()
        self.foundation = MagicMock()

    def run(self) -> None:
        while not self.stopped:
            self.jobs.get()()

    def stop(self, _: object) -> None:
        self.stopped = True


def play_macos() -> Mac:
    mac = Mac()

    class Watched(MagicMock):
        """Notes the thread of each call."""

        def __call__(self, *args: Any, **options: Any) -> Any:
            mac.threads.add(threading.current_thread().name)
            return super().__call__(*args, **options)

    class NSObject:
        @classmethod
        def alloc(cls) -> Any:
            return cls()

        def init(self) -> Any:
            return self

    kit = mac.kit = Watched()
    application = kit.NSApplication.sharedApplication.return_value
    application.run = mac.run
    application.stop_ = mac.stop
    kit.NSStatusBar.systemStatusBar.return_value.thickness.return_value = 22.0
    foundation = mac.foundation = Watched(NSObject=NSObject)
    helper = types.SimpleNamespace(callAfter=lambda job, *a: mac.jobs.put(lambda: job(*a)))
    tools = types.ModuleType("PyObjCTools")
    tools.__dict__.update(AppHelper=helper, MachSignals=MagicMock())
    objc = types.SimpleNamespace(namedSelector=lambda _: lambda method: method)
    played = {
        "AppKit": kit,
        "Foundation": foundation,
        "objc": objc,
        "PyObjCTools": tools,
        "PyObjCTools.AppHelper": helper,
        "PyObjCTools.MachSignals": tools.__dict__["MachSignals"],
    }
    sys.modules.update(played)
    return mac


def macos() -> None:
    mac = play_macos()
    application = mac.kit.NSApplication.sharedApplication.return_value
    item = mac.kit.NSStatusBar.systemStatusBar.return_value.statusItemWithLength_.return_value
    button = item.button.return_value

    def story(tray: PystrayTray, actions: list[Action]) -> None:
        tray.show(glance(line="3 uploading"))
        wait_for("the icon", lambda: button.setHidden_.call_args)
        assert button.setHidden_.call_args.args == (False,)
        wait_for("the tooltip", lambda: button.setToolTip_.call_args.args == ("3 uploading",))
        image = button.setImage_.call_args.args[0]
        assert image.setSize_.call_args.args == ((18, 18),)
        png, _ = mac.foundation.NSData.dataWithBytes_length_.call_args.args
        with Image.open(io.BytesIO(png)) as pixels:
            assert pixels.size == (36, 36), "for a Retina screen"
        titles = [
            call.args[0]
            for call in mac.kit.NSMenuItem.alloc.return_value.initWithTitle_action_keyEquivalent_.call_args_list
        ]
        assert "Boots_224: 3 uploading" in titles
        assert "A & B: watching" in titles

        delegate = button.setTarget_.call_args.args[0]
        _, callbacks = delegate.icon._menu_handle
        sender = types.SimpleNamespace(tag=lambda: len(callbacks) - 1)
        mac.jobs.put(lambda: delegate.activate_menu_item(sender))
        wait_for("the click", lambda: actions)
        assert [a.deed.value for a in actions] == ["quit"]

        tray.show(glance(Mood.PAUSED, "paused"))
        wait_for("the new tooltip", lambda: button.setToolTip_.call_args.args == ("paused",))

    live("macos", story)
    assert application.setActivationPolicy_.called, "no icon in the Dock"
    assert mac.kit.NSStatusBar.systemStatusBar.return_value.removeStatusItem_.called
    assert mac.threads == {"MainThread"}


if __name__ == "__main__":
    {"windows": windows, "macos": macos}[sys.argv[1]]()
