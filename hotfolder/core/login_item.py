"""What is started at login, and the texts of the entries that say so to Linux' desktops and to systemd."""

from __future__ import annotations

import configparser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from hotfolder.core.command_lines import desktop_exec, desktop_string, systemd_exec

LABEL = "io.github.hotfolder.hotfolder"
"""macOS' name for us: of the launch agent, and of the app bundle."""

WATCHDOG_S = 60


class Kind(StrEnum):
    """Who reads the entry."""

    AUTOSTART = "autostart"
    SYSTEMD = "systemd"
    LAUNCH_AGENT = "launch-agent"
    RUN_KEY = "run-key"


@dataclass(frozen=True, slots=True)
class LoginCommand:
    """The daemon's start at login: `program` is what starts hotfolder, `home` None for the platform's places."""

    program: tuple[str, ...]
    home: str | None = None
    tray: bool = True

    @property
    def argv(self) -> tuple[str, ...]:
        home = () if self.home is None else ("--home", self.home)
        return (*self.program, *home, "run", "--desktop" if self.tray else "--no-tray")

    @classmethod
    def read(cls, argv: Sequence[str]) -> Self | None:
        """None where it is not of our making: somebody's own command line is not to be touched."""
        words = list(argv)
        tray = words[-1:] != ["--no-tray"]
        if words[-1:] in (["--no-tray"], ["--desktop"]):
            words.pop()
        if words[-1:] != ["run"]:
            return None
        words.pop()
        home = words[-1] if words[-2:-1] == ["--home"] else None
        program = tuple(words if home is None else words[:-2])
        return cls(program, home, tray) if program and program[0] else None

    def with_program(self, program: Sequence[str]) -> Self:
        return replace(self, program=tuple(program))


@dataclass(frozen=True, slots=True)
class LoginEntry:
    """An entry that is there. `place` is its file or registry value; `argv` is empty where nobody could read it."""

    kind: Kind
    place: str
    argv: tuple[str, ...]
    enabled: bool

    @property
    def command(self) -> LoginCommand | None:
        return LoginCommand.read(self.argv)


# --- the desktop entry ------------------------------------------------------------------------------


def desktop_entry(argv: Sequence[str]) -> str:
    """For `~/.config/autostart`. TryExec makes it silent once the program is gone; no Version, since validators reject
    one that is newer than they are. KDE's key lets the panel, and with it the tray, come first."""
    return f"""\
[Desktop Entry]
Type=Application
Name=hotfolder
Comment=A watched folder for AutoRetouch
Exec={desktop_exec(argv)}
TryExec={desktop_string(argv[0])}
Icon=hotfolder
Terminal=false
StartupNotify=false
X-GNOME-Autostart-enabled=true
X-KDE-autostart-after=panel
"""


def with_command(entry: str, argv: Sequence[str]) -> str:
    """The same desktop entry for another command: whatever else the person or the desktop wrote into it stays."""
    for key, value in (("Exec", desktop_exec(argv)), ("TryExec", desktop_string(argv[0]))):
        start, found, _ = entry.partition(f"\n{key}=")
        if found:
            _, end, rest = entry[len(start) + len(found) :].partition("\n")
            entry = f"{start}{found}{value}{end}{rest}"
    return entry


def value_of(text: str, group: str, key: str) -> str | None:
    """A key of a desktop entry or of a unit, as it stands there; None where it is not or the file is broken."""
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#", ";")
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return parser.get(group, key, fallback=None)


def is_switched_on(entry: str) -> bool:
    """Desktops switch an entry off in one of two ways."""
    hidden = value_of(entry, "Desktop Entry", "Hidden")
    enabled = value_of(entry, "Desktop Entry", "X-GNOME-Autostart-enabled")
    return hidden != "true" and enabled != "false"


# --- the systemd user unit --------------------------------------------------------------------------


def systemd_target(command: LoginCommand) -> str:
    """A tray needs the desktop's environment, which is there from this target on; without one nothing is waited for."""
    return "graphical-session.target" if command.tray else "default.target"


def systemd_unit(command: LoginCommand) -> str:
    """A user unit. Not restarted after 2 (usage or config) and 4 (another daemon), where a person has to do something
    first; after 3 (sign-in) it is, since a keyring may come up later than we do.

    KillMode: a browser or editor that was opened from the tray is not ours to end. LimitCORE: a core file would hold
    the refresh token (keeps I8).
    """
    target = systemd_target(command)
    session = f"PartOf={target}\nAfter={target}\n" if command.tray else ""
    return f"""\
[Unit]
Description=hotfolder, a watched folder for AutoRetouch
{session}StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={systemd_exec(command.argv)}
WatchdogSec={WATCHDOG_S}
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2 4
TimeoutStopSec=30
KillMode=process
LimitCORE=0
Slice=app.slice
StandardOutput=journal
StandardError=journal
SyslogIdentifier=hotfolder

[Install]
WantedBy={target}
"""
