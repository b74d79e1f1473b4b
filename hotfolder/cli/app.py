"""All commands on one page (design §8)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hotfolder import __version__
from hotfolder.cli import (
    account,
    check,
    demo,
    dismiss,
    estimate,
    fetch,
    init,
    listings,
    login,
    pause,
    retry,
    run,
    service,
    stop,
)

app = typer.Typer(
    name="hotfolder",
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Home = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        envvar="HOTFOLDER_HOME",
        help="Keep config, ledger, log and everything else in this one folder.",
    ),
]


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hotfolder {__version__}")
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    home: Home = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A watched folder for AutoRetouch: images go in, retouched images come out."""
    context.obj = home


app.command()(demo.demo)
app.command()(init.init)
app.command()(run.run)
app.command()(listings.status)
app.command()(listings.images)
app.command()(listings.batches)
app.command()(retry.retry)
app.command()(dismiss.dismiss)
app.command()(fetch.fetch)
app.command()(pause.pause)
app.command()(pause.resume)
app.command()(stop.stop)
app.command()(check.check)
app.command()(estimate.estimate)
app.command()(login.login)
app.command()(login.logout)
app.command()(account.workflows)
app.command()(account.balance)
app.command()(demo.sandbox)
app.add_typer(service.app, name="service")
