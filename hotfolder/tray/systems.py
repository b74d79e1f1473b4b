"""Which way there is to show an icon on this system, and what to do where there is none."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from hotfolder.core.glance import Action
from hotfolder.tray.tray import Face, NoTray, System

log = logging.getLogger(__name__)

MakeFace = Callable[[Callable[[Action], None]], Face]

_GOES_ON = "Everything else works; `hotfolder status` shows how things stand."


def this_system() -> System:
    """Raises NoTray where there can never be one."""
    if sys.platform in ("darwin", "win32"):
        return _OneWay("macos" if sys.platform == "darwin" else "windows")
    return Linux(os.environ)


class _OneWay:
    """macOS and Windows: the system always has a tray."""

    def __init__(self, way: str) -> None:
        self._make = face_of(way)

    def look(self) -> MakeFace:
        return self._make

    def why_not(self) -> NoTray:
        raise AssertionError("there is always a tray")

    def has_screen(self) -> bool:
        return True


def face_of(way: str) -> MakeFace:
    """The module `way` of this package. Raises NoTray: pystray, or what it needs, cannot be imported."""
    try:
        _prepare_pystray()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(f"hotfolder.tray.{way}").make_face  # type: ignore[no-any-return]
    except Exception as error:
        log.info("no icon by way of %s", way, exc_info=True)
        raise NoTray(f"The tray cannot be used: {error}.", f"Install hotfolder again. {_GOES_ON}") from error


def _prepare_pystray() -> None:
    """Its import would choose a way by itself. It logs errors that are none for us."""
    before = os.environ.get("PYSTRAY_BACKEND")
    os.environ["PYSTRAY_BACKEND"] = "dummy"
    try:
        import pystray  # noqa: F401
    finally:
        if before is None:
            del os.environ["PYSTRAY_BACKEND"]
        else:
            os.environ["PYSTRAY_BACKEND"] = before
    logging.getLogger("pystray").setLevel(logging.CRITICAL)


# --- Linux and the BSDs ---------------------------------------------------------------------------

_WAYS: Mapping[str, str] = {"appindicator": "appindicator", "gtk": "status_icon", "xorg": "xorg"}
"""pystray's names, best first, and our module for each. Only the first speaks with today's panels; the last has no menu."""


class Linux:
    """`PYSTRAY_BACKEND` may name the only way to be tried."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        if not (variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY")):
            raise _no_desktop()
        self._variables = variables
        only = variables.get("PYSTRAY_BACKEND")
        self._ways: Sequence[str] = [way for name, way in _WAYS.items() if only in (name, "", None)]
        self._faces: dict[str, MakeFace | None] = {}

    def look(self) -> MakeFace | None:
        from hotfolder.tray import panels
        from hotfolder.tray.system_gi import ensure_gi

        ensure_gi()
        is_modern = panels.takes_indicators()
        is_classic = panels.takes_windows()
        for way in self._ways:
            if is_classic or (is_modern and way == "appindicator"):
                face = self._face(way)
                if face is not None:
                    log.info("the icon is shown by way of %s", way)
                    return face
        return None

    def _face(self, way: str) -> MakeFace | None:
        """Loaded once; None if it does not work here, which will not change."""
        if way not in self._faces:
            try:
                self._faces[way] = face_of(way)
            except NoTray:
                self._faces[way] = None
        return self._faces[way]

    def why_not(self) -> NoTray:
        from hotfolder.tray import panels

        if not self.has_screen():
            return _no_desktop()
        desktop = self._variables.get("XDG_CURRENT_DESKTOP", "").upper()
        if panels.takes_indicators():
            return NoTray(
                "No icon in the tray: this system lacks the packages for it.",
                f"Install {_packages()}, then start hotfolder again. {_GOES_ON}",
            )
        if "GNOME" in desktop:
            return NoTray(
                "No icon in the tray: GNOME shows one only with an extension.",
                "Install “AppIndicator and KStatusNotifierItem Support” (Debian, Ubuntu: the package "
                f"gnome-shell-extension-appindicator), then log out and in again. {_GOES_ON}",
            )
        return NoTray(
            "No icon in the tray: no panel of this desktop has one.",
            f"Add a tray (“status icons”) to a panel, then start hotfolder again. {_GOES_ON}",
        )

    def has_screen(self) -> bool:
        from hotfolder.tray import panels

        return bool(self._variables.get("WAYLAND_DISPLAY")) or panels.has_x()


def _no_desktop() -> NoTray:
    return NoTray("No icon in the tray: there is no desktop here.", _GOES_ON)


def _packages() -> str:
    return "python3-gi and gir1.2-ayatanaappindicator3-0.1 (Fedora: python3-gobject, libayatana-appindicator-gtk3)"
