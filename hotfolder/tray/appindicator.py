"""The icon for the panels of today (StatusNotifierItem); libappindicator itself also knows the panels of old."""

from __future__ import annotations

import os
from collections.abc import Callable

from pystray import _appindicator

from hotfolder.core.glance import Action
from hotfolder.tray.gtk import GtkIcon
from hotfolder.tray.tray import Face


class AppIndicatorFace(GtkIcon, _appindicator.Icon):
    """A panel scales the picture itself: 48 pixels become 24 and 16 without blur, 44 the 22 of Plasma."""

    size_px = 44 if "KDE" in os.environ.get("XDG_CURRENT_DESKTOP", "").upper() else 48

    def _menu_changed(self) -> None:
        self._appindicator.set_menu(self._menu_handle)


def make_face(on_action: Callable[[Action], None]) -> Face:
    return AppIndicatorFace(on_action)
