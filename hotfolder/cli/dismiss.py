"""`hotfolder dismiss`: done with failed and ignored images: by the running daemon, or in the ledger itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.context import config_of, home_of, only_writer
from hotfolder.cli.output import counted, printable, say
from hotfolder.core.state_words import state_word
from hotfolder.errors import ConfigError

if TYPE_CHECKING:
    from hotfolder.adapters.home import Home
    from hotfolder.cli.listings import Memory
    from hotfolder.core.image import Image

MOST_TOLD = 5


def dismiss(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Images, or whole subfolders: as `images` lists them, or files, also those that are gone.",
            show_default=False,
        ),
    ] = None,
    order: Annotated[
        str | None, typer.Option(metavar="NAME", help="Those of this order, by its name or id.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every failed and every ignored image.")] = False,
) -> None:
    """Be done with failed and ignored images: they stay listed and are no trouble. `retry PATH` brings one back."""
    from hotfolder.cli.listings import read_memory

    if [bool(paths), order is not None, everything].count(True) != 1:
        advice = "Name them (`hotfolder images --state failed`), or say --order NAME or --all."
        raise ConfigError("Which images?", advice)
    home = home_of(context)
    chosen = _chosen(context, read_memory(home), paths or [], order)
    meant = [image for image in chosen if image.state.value in ("failed", "ignored")]
    if paths and not meant:
        _say_what_they_are(chosen)
    number = _dismiss(home, meant, everything)
    if not number:
        say("Nothing is dismissed: none of them has failed or is ignored.")
        return
    say(f"{counted(number, 'image is', 'images are')} dismissed; `hotfolder retry PATH` brings one back.")


def _chosen(context: typer.Context, memory: Memory, paths: Sequence[str], order: str | None) -> list[Image]:
    from hotfolder.cli.retry import named

    if paths:
        return named(paths, memory.images, config_of(home_of(context)))
    if order is None:
        return memory.images
    ids = {batch.id for batch in memory.batches if order in (batch.name, batch.id)}
    if not ids:
        raise ConfigError(f"There is no order {printable(order)!r}.", "`hotfolder batches` lists them.")
    return [image for image in memory.images if image.batch_id in ids]


def _say_what_they_are(chosen: Sequence[Image]) -> None:
    for image in chosen[:MOST_TOLD]:
        say(f"{printable(image.path)} is {state_word(image.state.value)}.")


def _dismiss(home: Home, meant: Sequence[Image], everything: bool) -> int:
    """How many; by the daemon, or in the ledger where there is none."""
    from hotfolder.adapters.home import is_running
    from hotfolder.control import client
    from hotfolder.core import life

    if not meant:
        return 0
    if is_running(home):
        return client.dismiss(home, None if everything else [image.id for image in meant])
    with only_writer(home) as ledger:
        for image in meant:
            ledger.save(life.step(image, life.dismiss(image), time.time())[0])
    return len(meant)
