"""Start at login, switched on and off: exactly one entry, of the kind that this system reads."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hotfolder.adapters.home import Home, find_home
from hotfolder.adapters.login_items.item import LoginItem
from hotfolder.adapters.login_items.linux_autostart import Autostart
from hotfolder.adapters.login_items.linux_systemd import SystemdUnit
from hotfolder.adapters.login_items.macos_launch_agent import LaunchAgent
from hotfolder.adapters.login_items.program import Running, program_is_there, stable_program
from hotfolder.adapters.login_items.windows_run_key import RunKey
from hotfolder.core.login_item import Kind, LoginCommand, LoginEntry
from hotfolder.errors import ConfigError, HotfolderError

log = logging.getLogger(__name__)

_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Installed:
    """The entry that was written, and what is left to do for the person."""

    entry: LoginEntry
    left_to_do: str | None


def login_items(
    environ: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> tuple[LoginItem, ...]:
    """All kinds that this system knows, its usual one first."""
    if platform == "win32":
        return (RunKey(),)
    if platform == "darwin":
        return (LaunchAgent(environ),)
    return (Autostart(environ), SystemdUnit(environ)) if platform == "linux" else (Autostart(environ),)


def entries(items: Sequence[LoginItem] | None = None) -> list[LoginEntry]:
    """What is there now; more than one only where somebody made a second by hand."""
    found = [item.read() for item in (login_items() if items is None else items)]
    return [entry for entry in found if entry is not None]


def usual_kind() -> Kind:
    """What this system's programs use as a rule."""
    return login_items()[0].kind


def is_installed(items: Sequence[LoginItem] | None = None) -> bool:
    """Whether hotfolder is started at login: the entry is there and switched on."""
    return any(entry.enabled for entry in entries(items))


def install(
    home: Home,
    kind: Kind | None = None,
    *,
    tray: bool = True,
    items: Sequence[LoginItem] | None = None,
    running: Running | None = None,
) -> Installed:
    """Write the one entry, switched on; any of another kind is removed. Without a `kind` the one that is there is kept,
    else it is the usual one. Raises `HotfolderError`."""
    items = login_items() if items is None else items
    command = LoginCommand(stable_program(running or Running.now()), chosen_home(home), tray)
    _refuse_unwritable(command)
    chosen = _chosen(items, kind)
    left_to_do = chosen.install(command)
    for other in items:
        if other is not chosen:
            other.uninstall()
    entry = chosen.read()
    if entry is None:
        raise HotfolderError("The entry was removed again by another program.", "Try once more.")
    return Installed(entry, left_to_do)


def uninstall(items: Sequence[LoginItem] | None = None) -> bool:
    """No entry is left when it returns; whether there was one. What runs goes on. Raises `HotfolderError`."""
    were_there = [item.uninstall() for item in (login_items() if items is None else items)]
    return any(were_there)


def refresh_login_item(
    home: Home, items: Sequence[LoginItem] | None = None, running: Running | None = None
) -> bool:
    """After an upgrade, or when hotfolder was moved: an entry of ours for this home starts what runs now. Called by the
    daemon at its start, in a thread; raises nothing. Whether an entry was rewritten.

    Switched off stays switched off, a command line of somebody's own making is not touched, and a `python -m
    hotfolder` tried out by hand does not take the place of a program that is still there.
    """
    running = running or Running.now()
    try:
        program = stable_program(running)
        renewed = [
            _renew(item, home, program, running) for item in (login_items() if items is None else items)
        ]
        return any(renewed)
    except HotfolderError as error:
        log.warning("The entry that starts hotfolder at login could not be brought up to date: %s", error)
        return False


def _renew(item: LoginItem, home: Home, program: tuple[str, ...], running: Running) -> bool:
    entry = item.read()
    command = None if entry is None else entry.command
    if entry is None or command is None or command.program == program or command.home != chosen_home(home):
        return False
    if running.is_module and program_is_there(command.program):
        return False
    renewed = command.with_program(program)
    _refuse_unwritable(renewed)
    item.renew(renewed)
    log.info("hotfolder is started at login by %s from now on (%s)", program[0], entry.place)
    return True


def chosen_home(home: Home) -> str | None:
    """The folder of `--home` or `HOTFOLDER_HOME`, None for the platform's own places."""
    return None if home == find_home(None) else str(home.data)


def _chosen(items: Sequence[LoginItem], kind: Kind | None) -> LoginItem:
    """Raises `ConfigError` for a kind that this system does not have."""
    if kind is None:
        return next((item for item in items if item.read() is not None), items[0])
    for item in items:
        if item.kind is kind:
            return item
    raise ConfigError(
        "systemd starts programs on Linux only.",
        "Leave out --systemd: this system has its own way, which is used.",
    )


def _refuse_unwritable(command: LoginCommand) -> None:
    """Line breaks and the like cannot be written into every kind of entry. Raises `HotfolderError`."""
    for word in command.argv:
        if _UNWRITABLE.search(word):
            raise HotfolderError(
                f"A folder's name holds letters that no entry can be written with: {word!r}.",
                "Give that folder a plain name, then try again.",
            )
