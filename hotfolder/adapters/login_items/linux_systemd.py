"""A systemd user unit in `~/.config/systemd/user`: restarted when it fails or hangs, its output in the journal."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from pathlib import Path

from hotfolder.adapters.login_items.item import (
    Runner,
    config_home,
    read_bytes,
    remove,
    run_command,
    write_bytes,
)
from hotfolder.core.command_lines import read_systemd_exec
from hotfolder.core.login_item import Kind, LoginCommand, LoginEntry, systemd_target, systemd_unit, value_of
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import HotfolderError

UNIT = "hotfolder.service"
RELOAD = ("systemctl", "--user", "daemon-reload")
NOBODY_THERE = (
    "Your systemd could not be told from here; it reads the entry at your next login, or after"
    " `systemctl --user daemon-reload`."
)
_LINGERING = Path("/var/lib/systemd/linger")


class SystemdUnit:
    """Switched on by the same link that `systemctl --user enable` makes, so that it also works where no user manager
    can be reached (over ssh, in a container)."""

    kind = Kind.SYSTEMD

    def __init__(
        self, environ: Mapping[str, str], run: Runner = run_command, lingering: Path = _LINGERING
    ) -> None:
        self._folder = config_home(environ) / "systemd" / "user"
        self._run = run
        self._lingering = lingering
        self.path = self._folder / UNIT

    def read(self) -> LoginEntry | None:
        data = read_bytes(self.path)
        if data is None:
            return None
        try:
            exec_start = value_of(data.decode("utf-8", "replace"), "Service", "ExecStart")
            argv = read_systemd_exec(exec_start or "")
        except ValueError:
            argv = ()
        return LoginEntry(self.kind, str(self.path), argv, any(self._links()))

    def install(self, command: LoginCommand) -> str | None:
        self._write(command)
        for link in list(self._links()):
            remove(link)
        self._link(self._folder / f"{systemd_target(command)}.wants" / UNIT)
        left = [] if self._reload() else [NOBODY_THERE]
        if not command.tray and not self._lingers():
            left.append(
                "To have it run from the computer's start on, without anybody signed in, run once:"
                " `sudo loginctl enable-linger $USER`."
            )
        return " ".join(left) or None

    def renew(self, command: LoginCommand) -> None:
        self._write(command)
        self._reload()

    def uninstall(self) -> bool:
        links = [remove(link) for link in list(self._links())]
        was_there = remove(self.path) or any(links)
        if was_there:
            self._reload()
        return was_there

    def _write(self, command: LoginCommand) -> None:
        write_bytes(self.path, systemd_unit(command).encode("utf-8"))

    def _reload(self) -> bool:
        return self._run(RELOAD)[0] == 0

    def _links(self) -> Iterator[Path]:
        """Whatever switches the unit on."""
        for pattern in ("*.wants", "*.requires"):
            for folder in self._folder.glob(pattern):
                if (folder / UNIT).is_symlink():
                    yield folder / UNIT

    def _link(self, link: Path) -> None:
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(self.path)
        except OSError as error:
            raise HotfolderError(
                f"hotfolder could not make the link {link} ({plain_reason(error)}).",
                "Make sure that its folder belongs to you, then try again.",
            ) from error

    def _lingers(self) -> bool:
        try:
            return (self._lingering / getpass.getuser()).exists()
        except (OSError, KeyError):  # a user without a name
            return False
