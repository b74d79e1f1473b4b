"""What `hotfolder check` says of the desktop: the icon in the tray, and the start at login. Neither is needed to work."""

from __future__ import annotations

from collections.abc import Iterator

from hotfolder.cli.finding import Finding
from hotfolder.errors import HotfolderError


def findings_of_desktop() -> Iterator[Finding]:
    yield _of_tray()
    yield _of_login()


def _of_tray() -> Finding:
    from hotfolder.tray.systems import this_system
    from hotfolder.tray.tray import NoTray

    try:
        system = this_system()
        if system.look() is None:
            raise system.why_not()
    except NoTray as none:
        return Finding("tray", None, none.title.removeprefix("No icon in the tray: "), none.advice)
    return Finding("tray", True, "there is a place for the icon")


def _of_login() -> Finding:
    from hotfolder.adapters import login_items

    try:
        if login_items.is_installed():
            return Finding("start at login", True, "yes; `hotfolder service status` proves it")
    except HotfolderError as error:
        return Finding("start at login", False, error.title, error.advice)
    advice = "`hotfolder service install` starts it at each login."
    return Finding("start at login", None, "no", advice)
