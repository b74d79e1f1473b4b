"""XDG autostart: a desktop entry in `~/.config/autostart`, which every desktop reads at login."""

from __future__ import annotations

from collections.abc import Mapping

from hotfolder.adapters.login_items.item import config_home, read_bytes, remove, write_bytes
from hotfolder.core.command_lines import read_desktop_exec
from hotfolder.core.login_item import (
    Kind,
    LoginCommand,
    LoginEntry,
    desktop_entry,
    is_switched_on,
    value_of,
    with_command,
)

NO_DESKTOP = (
    "No desktop is running here, and only desktops read this entry: on a computer without one, use"
    " `hotfolder service install --systemd --no-tray`."
)
_SIGNS_OF_A_DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_CURRENT_DESKTOP")


class Autostart:
    kind = Kind.AUTOSTART

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.path = config_home(environ) / "autostart" / "hotfolder.desktop"
        self._has_desktop = any(environ.get(name) for name in _SIGNS_OF_A_DESKTOP)

    def read(self) -> LoginEntry | None:
        text = self._text()
        if text is None:
            return None
        try:
            argv = read_desktop_exec(value_of(text, "Desktop Entry", "Exec") or "")
        except ValueError:
            argv = ()
        return LoginEntry(self.kind, str(self.path), argv, is_switched_on(text))

    def install(self, command: LoginCommand) -> str | None:
        write_bytes(self.path, desktop_entry(command.argv).encode("utf-8"))
        return None if self._has_desktop else NO_DESKTOP

    def renew(self, command: LoginCommand) -> None:
        text = self._text()
        if text is not None:
            write_bytes(self.path, with_command(text, command.argv).encode("utf-8"))

    def uninstall(self) -> bool:
        return remove(self.path)

    def _text(self) -> str | None:
        data = read_bytes(self.path)
        return None if data is None else data.decode("utf-8", "replace")
