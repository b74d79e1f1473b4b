"""The icon in the menu bar of macOS.

Mended: everything is drawn in the main thread, for elsewhere AppKit may end the process; there is no icon in the Dock; the
picture has the pixels of a Retina screen; Ctrl-C is left to the handlers of hotfolder.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import AppKit
import Foundation
from PyObjCTools import AppHelper
from pystray import _darwin

from hotfolder.core.glance import Action
from hotfolder.tray.icons import draw_icon
from hotfolder.tray.menus import menu_of
from hotfolder.tray.pace import Changes
from hotfolder.tray.tray import Face

_MARGIN_PT = 4


class MacFace(_darwin.Icon):
    nudge_s: float | None = 1.0
    """Python's signal handlers run only when Python runs in the main thread."""

    def __init__(self, on_action: Callable[[Action], None]) -> None:
        application = AppKit.NSApplication.sharedApplication()
        application.setActivationPolicy_(AppKit.NSApplicationActivationPolicyAccessory)
        super().__init__("hotfolder")
        self._on_action = on_action

    def draw(self, changes: Changes) -> None:
        AppHelper.callAfter(self._draw_now, changes)

    def nudge(self) -> None:
        AppHelper.callAfter(lambda: None)

    def stop(self) -> None:
        AppHelper.callAfter(self._stop)

    def _draw_now(self, changes: Changes) -> None:
        if changes.menu is not None:
            self.menu = menu_of(changes.menu, self._on_action, str)
        if changes.line is not None:
            self.title = changes.line
        if changes.picture is not None:
            self.icon = changes.picture
        self.visible = True

    def _run(self) -> None:
        self._mark_ready()
        try:
            self._app.run()
        finally:
            self._running = False
            self._status_bar.removeStatusItem_(self._status_item)

    def _assert_image(self) -> None:
        side_pt = int(self._status_bar.thickness()) - _MARGIN_PT
        png = io.BytesIO()
        draw_icon(self.icon.mood, 2 * side_pt, self.icon.share).save(png, "PNG")
        data = Foundation.NSData.dataWithBytes_length_(png.getvalue(), len(png.getvalue()))
        image = AppKit.NSImage.alloc().initWithData_(data)
        image.setSize_((side_pt, side_pt))
        self._icon_image = image
        self._status_item.button().setImage_(image)


def make_face(on_action: Callable[[Action], None]) -> Face:
    return MacFace(on_action)
