"""`hotfolder stop`: ends the running daemon in order, whoever started it and wherever its terminal or icon is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from hotfolder.cli.context import home_of
from hotfolder.cli.output import printable, say, warn
from hotfolder.errors import DaemonNotRunning, HotfolderError

if TYPE_CHECKING:
    from hotfolder.adapters.home import Home

ENDS_WITHIN_S = 30.0
"""Running requests have 10 s to finish, a refresh under way as long, and the last words two."""

WORD_AFTER_S = 2.0
LOOK_S = 0.1

FIRST_RUN = "Where only the page of the first run is open, *Quit* in the icon's menu ends it."


def stop(context: typer.Context) -> None:
    """End the hotfolder that runs, in order: 0 it has stopped, 5 none runs. What is unfinished goes on at the next start."""
    from hotfolder.control import client

    home = home_of(context)
    try:
        was_running = client.stop(home)
    except DaemonNotRunning:
        raise HotfolderError("hotfolder runs, but does not answer.", how_to_end(home)) from None
    if not was_running:
        raise DaemonNotRunning(f"hotfolder is not running for {printable(str(home.data))}.", FIRST_RUN)
    _wait_for_its_end(home)
    say("hotfolder has stopped.")


def how_to_end(home: Home) -> str:
    """What a person can do about a daemon that cannot be asked."""
    from hotfolder.control import client

    number = client.process_id(home)
    known = f" It is the process {number}." if number is not None else ""
    return (
        "End it with Ctrl-C in its terminal, with *Quit* in the icon's menu, or by ending its process; nothing gets lost"
        f" by that.{known}"
    )


def _wait_for_its_end(home: Home) -> None:
    from hotfolder.adapters.home import is_running

    ends_by = how_to_end(home)  # it tidies its address away while it ends
    began, told = time.monotonic(), False
    while is_running(home):
        waited_s = time.monotonic() - began
        if waited_s > ENDS_WITHIN_S:
            raise HotfolderError(f"hotfolder has not ended within {ENDS_WITHIN_S:g} seconds.", ends_by)
        if waited_s > WORD_AFTER_S and not told:
            warn("Ending: running requests may finish ...")
            told = True
        time.sleep(LOOK_S)
