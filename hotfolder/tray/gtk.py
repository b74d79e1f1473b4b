"""What both ways of GTK have in common: a menu that changes in place, icon files that stay, and our own signal handlers.

pystray builds a new menu for every change: panels then close what the person has just opened. It writes a new file for each
picture and removes the last one, which a slow panel may still be about to read. It takes over SIGINT, and it asks the
notification service at start and end, which may not be there, or not answer.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gi import PyGIDeprecationWarning
from gi.repository import Gio, GLib, Gtk

from hotfolder.core.glance import SEPARATOR, Action, Item
from hotfolder.tray.icons import draw_icon
from hotfolder.tray.pace import Changes, Picture


class PictureFiles:
    """Each picture is a file under a name of its own, written once, so what a panel remembers by name is never wrong."""

    def __init__(self) -> None:
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        safe = runtime if runtime and Path(runtime).is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="hotfolder-icons-", dir=safe))

    def path(self, picture: Picture, size_px: int) -> str:
        path = self._folder / f"{picture.mood.value}-{picture.step}-{size_px}.png"
        if not path.exists():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            draw_icon(picture.mood, size_px, picture.share).save(path)
        return str(path)

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class GtkMenu:
    """A menu that shows other texts without being replaced, as long as its lines do the same as before."""

    def __init__(self, on_action: Callable[[Action], None]) -> None:
        self._on_action = on_action
        self._items: tuple[Item, ...] = ()
        self._lines: list[_Line] = []
        self.widget: Any = None

    def update(self, items: tuple[Item, ...]) -> None:
        """`widget` is another one afterwards, unless the shape is the same."""
        if self.widget is not None and _shape(items) == _shape(self._items):
            for line, item in zip(self._lines, items, strict=True):
                line.update(item)
            self._items = items
            return
        self._items = items
        self._lines = [_Line(item, self._on_action) for item in items]
        self.widget = Gtk.Menu.new()
        for line in self._lines:
            self.widget.append(line.widget)
        self.widget.show_all()


def _shape(items: Sequence[Item]) -> object:
    """All that may not change under the mouse: what each line is, and what it does."""
    return tuple((item == SEPARATOR, item.checked is None, item.action, _shape(item.items)) for item in items)


class _Line:
    def __init__(self, item: Item, on_action: Callable[[Action], None]) -> None:
        self._submenu: GtkMenu | None = None
        self._clicks: int | None = None
        self._is_checked = bool(item.checked)
        if item == SEPARATOR:
            self.widget = Gtk.SeparatorMenuItem.new()
            return
        kind = Gtk.MenuItem if item.checked is None else Gtk.CheckMenuItem
        self.widget = kind.new_with_label(item.text)
        if item.items:
            self._submenu = GtkMenu(on_action)
            self._submenu.update(item.items)
            self.widget.set_submenu(self._submenu.widget)
        elif item.action is None:
            self.widget.set_sensitive(False)
        else:
            if item.checked is not None:
                self.widget.set_active(item.checked)
            self._clicks = self.widget.connect("activate", self._clicked, item.action, on_action)

    def update(self, item: Item) -> None:
        """To an item of the same shape."""
        if item == SEPARATOR:
            return
        if self.widget.get_label() != item.text:
            self.widget.set_label(item.text)
        if self._submenu is not None:
            self._submenu.update(item.items)
        if item.checked is not None:
            self._is_checked = item.checked
            self._show_tick()

    def _show_tick(self) -> None:
        if self._clicks is not None:
            with self.widget.handler_block(self._clicks):
                self.widget.set_active(self._is_checked)

    def _clicked(self, _: object, action: Action, on_action: Callable[[Action], None]) -> None:
        """GTK ticks by itself; a tick is shown when the deed is done, and not before."""
        if isinstance(self.widget, Gtk.CheckMenuItem):
            self._show_tick()
        on_action(action)


class _NoNotifier:
    """In the place of pystray's; hotfolder's notifications go another way."""

    def hide(self) -> None: ...


class GtkIcon:
    """Goes before pystray's icon among the bases of a face."""

    nudge_s: float | None = None
    size_px = 48
    visible: bool
    icon: Picture | None
    title: str
    _mark_ready: Callable[[], None]

    def __init__(self, on_action: Callable[[Action], None]) -> None:
        warnings.filterwarnings("ignore", category=PyGIDeprecationWarning)  # pystray uses an old name
        super().__init__("hotfolder")  # type: ignore[call-arg]
        _outlive_the_bus()
        self._notifier = _NoNotifier()
        self._files = PictureFiles()
        self._menu_handle: Any = None
        self._gtk_menu = GtkMenu(on_action)

    def draw(self, changes: Changes) -> None:
        GLib.idle_add(self._draw, changes)

    def nudge(self) -> None: ...

    def _draw(self, changes: Changes) -> bool:
        if changes.menu is not None:
            self._gtk_menu.update(changes.menu)
        if self._menu_handle is not self._gtk_menu.widget:
            self._menu_handle = self._gtk_menu.widget
            self._menu_changed()
        if changes.line is not None:
            self.title = changes.line
        if changes.picture is not None:
            self.icon = changes.picture
        self.visible = True
        return bool(GLib.SOURCE_REMOVE)

    def _menu_changed(self) -> None: ...

    def _initialize(self) -> None:
        self._mark_ready()

    def _finalize(self) -> None:
        super()._finalize()  # type: ignore[misc]
        self._files.remove()

    def _update_menu(self) -> None:
        """pystray's call after each click and at the start; `_draw` has done it."""

    def _update_fs_icon(self) -> None:
        if self.icon is not None:
            self._icon_path = self._files.path(self.icon, self.size_px)
            self._icon_valid = True

    def _remove_fs_icon(self) -> None:
        """They stay until the end."""


def _outlive_the_bus() -> None:
    """GIO ends the process when the session's bus goes away, unless told not to."""
    with suppress(GLib.Error):
        Gio.bus_get_sync(Gio.BusType.SESSION, None).set_exit_on_close(False)
