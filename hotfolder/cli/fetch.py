"""`hotfolder fetch`: paid results once more, free of charge; also those whose pictures are not on this computer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.context import Json, config_of, home_of, only_writer
from hotfolder.cli.output import counted, local_time, print_json, print_table, printable, say
from hotfolder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotfolder.adapters.home import Home
    from hotfolder.core.image import Image
    from hotfolder.core.repeats import Remembered


def fetch(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Delivered images, or names from the list that `hotfolder fetch` prints.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every paid result whose picture is not here.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Get paid results once more, free of charge. Without a name: lists those whose pictures are not here."""
    home = home_of(context)
    lost = lost_executions(home)
    if not paths and not everything:
        _list(lost, as_json)
        return
    wanted = lost if everything else [one for one in lost if _is_named(one, paths or [])]
    delivered = [] if everything else _delivered(home, paths or [])
    if not wanted and not delivered:
        _refuse(paths)
    number = _fetch(home, wanted, delivered)
    from hotfolder.adapters.home import is_running

    when = "" if is_running(home) else " at the next start (`hotfolder run`)"
    say(f"{counted(number, 'result is', 'results are')} fetched{when}, free of charge.")


def lost_executions(home: Home) -> list[Remembered]:
    """Paid executions of ours that no image of this home has, as far as AutoRetouch's list was read."""
    from hotfolder.adapters import ledger_memory
    from hotfolder.adapters.ledger_file import read_ledger

    ledger = read_ledger(home.ledger)
    if ledger is None:
        return []
    try:
        return ledger_memory.unclaimed(ledger)
    finally:
        ledger.close()


def _list(lost: Sequence[Remembered], as_json: bool) -> None:
    from hotfolder.core.fetching import path_of
    from hotfolder.core.snapshot import iso_time

    facts = [
        {
            "path": path_of(one),
            "execution_id": one.execution_id,
            "status": one.status,
            "content_hash": one.content_hash,
            "credits": one.credits,
            "created_at": iso_time(one.created_at),
        }
        for one in lost
    ]
    if as_json:
        print_json(facts)
    elif not facts:
        say("Every paid result has its picture here: there is nothing to fetch.")
    else:
        rows = ((f["path"], f["status"], f["credits"], local_time(str(f["created_at"] or ""))) for f in facts)
        print_table(("picture that is not here", "status", "credits", "since"), rows)
        say("\n`hotfolder fetch --all` puts their results into the out folders, free of charge.")


def _is_named(one: Remembered, paths: Sequence[str]) -> bool:
    from hotfolder.core.fetching import path_of

    own = {one.execution_id, one.input_name, path_of(one)}
    return any(path in own or path_of(one).startswith(f"{path.rstrip('/')}/") for path in paths)


def _delivered(home: Home, paths: Sequence[str]) -> list[Image]:
    """Images with a result that these paths mean, among those of the ledger."""
    from hotfolder.cli.listings import read_memory
    from hotfolder.cli.retry import means

    config = config_of(home)
    images = [image for image in read_memory(home).images if image.state.value == "delivered"]
    return [image for image in images if any(means(path, image, config) for path in paths)]


def _refuse(paths: Sequence[str] | None) -> None:
    if paths is None:
        say("Every paid result has its picture here: there is nothing to fetch.")
        raise typer.Exit
    named = ", ".join(map(printable, paths))
    raise ConfigError(
        f"There is no paid result of {named}.",
        "`hotfolder images --state delivered` lists what was delivered, `hotfolder fetch` what is not here.",
    )


# --- doing it -------------------------------------------------------------------------------------


def _fetch(home: Home, wanted: Sequence[Remembered], delivered: Sequence[Image]) -> int:
    """Through the running daemon, or in the ledger itself."""
    from hotfolder.adapters import ledger_memory
    from hotfolder.adapters.home import is_running
    from hotfolder.control import client
    from hotfolder.core.life import ResultWanted, step

    executions, images = [one.execution_id for one in wanted], [image.id for image in delivered]
    if is_running(home):
        return client.fetch(home, executions, images)
    with only_writer(home) as ledger:
        for image in delivered:
            ledger.save(step(image, ResultWanted(), time.time())[0])
        return ledger_memory.want(ledger, executions) + len(delivered)
