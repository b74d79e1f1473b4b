"""`hotfolder pause` and `resume`: through the running daemon or, without one, in the ledger itself; either way it lasts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.context import config_of, home_of, only_writer
from hotfolder.cli.output import printable, say
from hotfolder.errors import no_such_folder

if TYPE_CHECKING:
    from hotfolder.adapters.home import Home

Folder = Annotated[
    str | None, typer.Argument(metavar="[FOLDER]", help="Only this hot folder.", show_default=False)
]


def pause(context: typer.Context, folder: Folder = None) -> None:
    """Send nothing new, until `resume`; also across restarts. What is paid comes home; new images are noticed and queued."""
    from hotfolder.control import client
    from hotfolder.core.holds import ACCOUNT, after_pause

    home = home_of(context)
    folders = _folders(home, folder)
    _change(
        home,
        lambda: client.pause(home, folder),
        lambda paused: after_pause(paused, folder or ACCOUNT),
    )
    what = "Everything is" if folder is None else f"{printable(folder)} is"
    say(f"{what} paused: nothing new is sent, what is paid comes home. `{_again(folder)}` goes on.")
    if folder is None and len(folders) > 1:
        say("A single hot folder goes on with `hotfolder resume FOLDER`.")


def resume(context: typer.Context, folder: Folder = None) -> None:
    """Go on after `pause`."""
    from hotfolder.adapters.home import is_running
    from hotfolder.control import client
    from hotfolder.core.holds import ACCOUNT, after_resume

    home = home_of(context)
    folders = _folders(home, folder)
    _change(
        home,
        lambda: client.resume(home, folder),
        lambda paused: after_resume(paused, folder or ACCOUNT, folders),
    )
    what = "Everything goes on" if folder is None else f"{printable(folder)} goes on"
    say(f"{what}{'' if is_running(home) else ' at the next start (`hotfolder run`)'}.")


def _again(folder: str | None) -> str:
    if folder is None:
        return "hotfolder resume"
    quoted = f'"{folder}"' if " " in folder else folder
    return f"hotfolder resume {printable(quoted)}"


def _folders(home: Home, folder: str | None) -> list[str]:
    """The hot folders in force. Raises `ConfigError` where the one that was named is not among them."""
    from hotfolder.cli.listings import settings_in_force

    settings = settings_in_force(home)
    folders = settings.folders if settings is not None else [one.name for one in config_of(home).folders]
    if folder is not None and folder not in folders:
        raise no_such_folder(folder, map(printable, folders))
    return folders


def _change(
    home: Home, ask_daemon: Callable[[], None], change: Callable[[frozenset[str]], frozenset[str]]
) -> None:
    """Have the daemon do it, or do it in the ledger where there is none."""
    from hotfolder.adapters.home import is_running
    from hotfolder.core.holds import pause_of, paused_by

    if is_running(home):
        ask_daemon()
        return
    with only_writer(home) as ledger:
        before = paused_by(ledger.holds())
        after = change(before)
        ledger.change_pauses([pause_of(one, time.time()) for one in after - before], before - after)
