"""The icon for the panels of old, by GTK alone: where there is PyGObject, but not libappindicator."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk
from pystray import _gtk

from hotfolder.core.glance import Action
from hotfolder.tray.gtk import GtkIcon
from hotfolder.tray.tray import Face


class StatusIconFace(GtkIcon, _gtk.Icon):
    """Drawn as large as it stands in the panel. Either button opens the menu."""

    def __init__(self, on_action: Callable[[Action], None]) -> None:
        super().__init__(on_action)
        self._status_icon.connect("size-changed", self._resized)

    def _resized(self, _: object, size_px: int) -> bool:
        self.size_px = size_px or self.size_px
        if self.icon is not None:
            self._update_icon()
        return True

    def _on_status_icon_activate(self, status_icon: object) -> None:
        self._on_status_icon_popup_menu(status_icon, 1, Gtk.get_current_event_time())


def make_face(on_action: Callable[[Action], None]) -> Face:
    return StatusIconFace(on_action)
