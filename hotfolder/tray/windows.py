"""The icon in the notification area of Windows.

Mended: pystray replaces the menu while it may stand open; here it is made when it is opened, by either button. The icon is
loaded as large as the notification area shows it. At login the taskbar may not be up, or busy, so what it did not take is
handed to it again.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pystray import _win32
from pystray._util import win32

from hotfolder.core.glance import LONGEST_LINE, Action, shortened
from hotfolder.tray.icons import draw_icon
from hotfolder.tray.menus import menu_of
from hotfolder.tray.pace import Changes
from hotfolder.tray.tray import Face

_SM_CXSMICON = 49
_WM_NULL = 0


class WindowsFace(_win32.Icon):
    visible: bool
    _icon_handle: Any
    nudge_s: float | None = 1.0
    """Python's signal handlers run only when a message comes."""

    def __init__(self, on_action: Callable[[Action], None]) -> None:
        super().__init__("hotfolder")
        self._on_action = on_action
        self._menu_handle: Any = None
        self._menu_is_open = False
        self._is_taken = True

    def draw(self, changes: Changes) -> None:
        if changes.menu is not None:
            self._menu = menu_of(changes.menu, self._on_action, as_windows_shows)
        if changes.line is not None:
            self.title = shortened(changes.line, LONGEST_LINE)
        if changes.picture is not None:
            self.icon = changes.picture
        self.visible = True

    def nudge(self) -> None:
        if self.visible and not self._is_taken:
            self._show()
        win32.PostMessage(self._hwnd, _WM_NULL, 0, 0)

    def _message(self, code: int, flags: int, **values: Any) -> None:
        """pystray's, which does not look whether it was taken."""
        data = win32.NOTIFYICONDATAW(
            cbSize=ctypes.sizeof(win32.NOTIFYICONDATAW), hWnd=self._hwnd, uFlags=flags, **values
        )
        self._is_taken = bool(win32.Shell_NotifyIcon(code, data))

    def _on_notify(self, wparam: int, lparam: int) -> None:
        if lparam not in (win32.WM_LBUTTONUP, win32.WM_RBUTTONUP) or self._menu_is_open:
            return
        self._menu_is_open = True
        try:
            self._update_menu()
            super()._on_notify(wparam, win32.WM_RBUTTONUP)
        finally:
            self._menu_is_open = False

    def _assert_icon_handle(self) -> None:
        if self._icon_handle or self.icon is None:
            return
        side_px = ctypes.windll.user32.GetSystemMetrics(_SM_CXSMICON)  # type: ignore[attr-defined,unused-ignore]
        handle, path = tempfile.mkstemp(".ico")
        try:
            with os.fdopen(handle, "wb") as file:
                picture = draw_icon(self.icon.mood, side_px, self.icon.share)
                picture.save(file, "ICO", sizes=[(side_px, side_px)])
            self._icon_handle = win32.LoadImage(
                None, path, win32.IMAGE_ICON, side_px, side_px, win32.LR_LOADFROMFILE
            )
        finally:
            Path(path).unlink()


def as_windows_shows(text: str) -> str:
    """A single & would underline the next letter, and a tab would start a column."""
    return text.replace("&", "&&").replace("\t", " ")


def make_face(on_action: Callable[[Action], None]) -> Face:
    return WindowsFace(on_action)
