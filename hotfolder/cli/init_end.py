"""`hotfolder init`: trying the new hot folder on the spot."""

from __future__ import annotations

from contextlib import suppress

import typer

from hotfolder.cli.asking import Asker, ask_yes
from hotfolder.cli.context import home_of
from hotfolder.cli.output import say
from hotfolder.errors import ExitCode


def try_it(context: typer.Context, asker: Asker) -> None:
    """Offer to check, to start at login, and to start now. The config is written, so leaving is no loss."""
    from hotfolder.adapters.home import is_running

    running = is_running(home_of(context))
    if not asker.talks:
        say("Next: `hotfolder check` tells whether all is well." if running else _NEXT)
        return
    try:
        is_well = _check(context) if ask_yes("\nCheck now whether all is well?") else True
        if running:
            say("hotfolder is running, and takes the new hot folder over by itself.")
            return
        _offer_start_at_login(context)
        starts = ask_yes("Start hotfolder now?", default=is_well)
    except KeyboardInterrupt:
        say()
        starts = False
    if not starts:
        say("The config is written. `hotfolder run` starts it whenever you like.")
        return
    from hotfolder.cli.run import run

    run(context)


_NEXT = "Next: `hotfolder check` tells whether all is well, `hotfolder run` starts it."


def _check(context: typer.Context) -> bool:
    from hotfolder.cli.check import check

    try:
        check(context)
    except typer.Exit as end:
        return end.exit_code == ExitCode.DONE
    return True


def _offer_start_at_login(context: typer.Context) -> None:
    from hotfolder.cli.service import install

    if ask_yes("Start hotfolder by itself whenever you log in?"):
        with suppress(typer.Exit):  # what stands in the way was said, and it can be started all the same
            install(context)
