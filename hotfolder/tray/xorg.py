"""The icon for the panels of old, by plain X: the way of last resort. It has no menu: a click pauses and resumes everything.

Mended: pystray's window never hears of clicks, has a black background, and is lost when the panel crashes. All X is done in
one thread, where pystray has two: python-xlib loses what two threads send at the same moment.
"""

from __future__ import annotations

import logging
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from PIL import Image
from pystray import _xorg
from Xlib import X
from Xlib.error import ConnectionClosedError, XError

from hotfolder.core.glance import Action, Deed, Item
from hotfolder.tray.icons import INK, SMALLEST_PX, draw_icon
from hotfolder.tray.pace import Changes
from hotfolder.tray.tray import Face

log = logging.getLogger(__name__)

_EVENTS = X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask


class XorgFace(_xorg.Icon):
    nudge_s: float | None = None
    _systray_manager: Any

    def __init__(self, on_action: Callable[[Action], None]) -> None:
        super().__init__("hotfolder")
        self._on_action = on_action
        self._click: Item | None = None
        self._line = ""
        self._background: Image.Image | None = None
        self._is_over = False
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._bell, self._bell_rope = socket.socketpair()
        for end in (self._bell, self._bell_rope):
            end.setblocking(False)
        self._display.set_error_handler(lambda *_: None)
        self._window.change_attributes(event_mask=_EVENTS)
        self._display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)
        self._manager = self._display.intern_atom("MANAGER")
        self._message_handlers = {
            X.ButtonPress: self._on_button_press,
            X.ClientMessage: self._on_client_message,
            X.DestroyNotify: self._on_destroy_notify,
            X.ConfigureNotify: self._on_expose,
            X.Expose: self._on_expose,
            X.MapNotify: self._on_expose,
            X.ReparentNotify: self._on_expose,
        }

    def __del__(self) -> None:
        """Everything has been let go in `_run`."""

    # --- from any thread ------------------------------------------------------------------------

    def draw(self, changes: Changes) -> None:
        self._do(partial(self._take, changes))

    def nudge(self) -> None: ...

    def stop(self) -> None:
        self._do(self._end)

    def _do(self, job: Callable[[], None]) -> None:
        """In the thread of `run`."""
        self._jobs.put(job)
        with suppress(OSError):  # full: it rings already; closed: nobody is there
            self._bell_rope.send(b"!")

    # --- the thread of `run` --------------------------------------------------------------------

    def _rewrite_implementation(self, *_: object) -> None:
        """pystray's way from one thread into the other: not needed."""

    def _run(self) -> None:
        self._mark_ready()
        try:
            while not self._is_over:
                self._turn()
        except (ConnectionClosedError, OSError):
            log.info("the screen is gone")
        finally:
            self._bell.close()
            self._bell_rope.close()
            with suppress(ConnectionClosedError, OSError):
                self._display.close()

    def _turn(self) -> None:
        """All that has come in, then wait for more."""
        with suppress(Empty):
            while not self._is_over:
                self._jobs.get_nowait()()
        while not self._is_over and self._display.pending_events():
            event = self._display.next_event()
            self._message_handlers.get(event.type, _ignore)(event)
        self._display.flush()
        if not self._is_over and self._jobs.empty():
            select.select([self._display, self._bell], [], [])
        with suppress(BlockingIOError):
            self._bell.recv(4096)

    def _end(self) -> None:
        self._is_over = True

    def _take(self, changes: Changes) -> None:
        if changes.menu is not None:
            self._click = _pausing(changes.menu)
        if changes.line is not None:
            self._line = changes.line
        if changes.picture is not None:
            self.icon = changes.picture
        self.visible = True
        self.title = self._line if self._click is None else f"{self._line} · Click: {self._click.text}"

    # --- events ---------------------------------------------------------------------------------

    def _on_button_press(self, event: Any) -> None:
        if event.detail == X.Button1 and self._click is not None and self._click.action is not None:
            self._on_action(self._click.action)

    def _on_client_message(self, event: Any) -> None:
        """A panel announces itself."""
        if event.client_type == self._manager and event.data[1][1] == self._net_system_tray_sx:
            self._dock_window()

    def _on_destroy_notify(self, event: Any) -> None:
        """The panel went away: it may have taken our window along, or X may have put it on the desktop."""
        if event.window == self._window:
            self._is_over = True
        elif self._systray_manager is not None and event.window == self._systray_manager:
            self._systray_manager = None
            self._window.change_attributes(background_pixmap=X.NONE)
            self._window.unmap()
            self._window.reparent(self._display.screen().root, 0, 0)
            self._dock_window()

    def _on_expose(self, event: Any) -> None:
        if event.window == self._window:
            self._background = None
            self._draw()

    # --- drawing --------------------------------------------------------------------------------

    def _show(self) -> None:
        if self._systray_manager is None:
            self._dock_window()

    def _update_icon(self) -> None:
        self._icon_valid = True
        self._draw()

    def _update_title(self) -> None:
        text, utf8 = self.title.encode(), self._display.intern_atom("UTF8_STRING")
        for name in ("WM_NAME", "_NET_WM_NAME"):
            self._window.change_property(self._display.intern_atom(name), utf8, 8, text)

    def _draw(self) -> None:
        if self._systray_manager is None or self.icon is None:
            return
        try:
            room = self._window.get_geometry()
            side = min(room.width, room.height)
            if side < SMALLEST_PX:
                return
            sheet = self._behind(room.width, room.height).copy()
            icon = draw_icon(self.icon.mood, side, self.icon.share)
            sheet.paste(icon, ((room.width - side) // 2, (room.height - side) // 2), icon)
            self._window.put_pil_image(self._gc, 0, 0, sheet)
        except XError:
            """The window is on its way from or to a panel; it is drawn again when it has arrived."""

    def _behind(self, width: int, height: int) -> Image.Image:
        """What the panel shows where our icon is not; a dark area if it cannot be told."""
        if self._background is None or self._background.size != (width, height):
            try:
                self._background = self._seen(width, height)
            except (XError, ValueError):
                self._background = Image.new("RGB", (width, height), INK)
        return self._background

    def _seen(self, width: int, height: int) -> Image.Image:
        if self._window.query_tree().parent.get_geometry().depth != self._window.get_geometry().depth:
            raise ValueError("a panel of another depth")
        self._window.change_attributes(background_pixmap=X.ParentRelative)
        self._window.clear_area()
        pixels = self._window.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFFFF)
        return Image.frombytes("RGB", (width, height), pixels.data, "raw", "BGRX")


def _ignore(_: object) -> None: ...


def _pausing(menu: tuple[Item, ...]) -> Item | None:
    """The line that pauses or resumes everything."""
    deeds = (Deed.PAUSE, Deed.RESUME)
    return next((i for i in menu if i.action and i.action.deed in deeds and not i.action.subject), None)


def make_face(on_action: Callable[[Action], None]) -> Face:
    return XorgFace(on_action)
