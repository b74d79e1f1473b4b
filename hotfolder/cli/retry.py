"""`hotfolder retry`: failed images again, and ignored ones after all: by the running daemon, or in the ledger itself."""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.context import config_of, home_of, only_writer
from hotfolder.cli.output import counted, printable, say
from hotfolder.errors import ConfigError

if TYPE_CHECKING:
    from hotfolder.adapters.home import Home
    from hotfolder.core.config import Config
    from hotfolder.core.holds import Hold
    from hotfolder.core.image import Image

NEAR = 5


def retry(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Images, or whole subfolders: as `images` lists them, or files.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every failed image.")] = False,
) -> None:
    """Try failed images again, or send ignored ones that you name. One that was paid is not created a second time."""
    from hotfolder.cli.listings import read_memory

    if bool(paths) == everything:
        raise ConfigError("Which images?", "Name them (`hotfolder images --state failed`), or say --all.")
    home = home_of(context)
    config = config_of(home)
    memory = read_memory(home)
    images = memory.images
    chosen = images if everything else named(paths or [], images, config)
    meant = ("failed",) if everything else ("failed", "ignored", "dismissed")
    failed = [image for image in chosen if image.state.value in meant]
    if not everything:
        _say_what_has_not_failed(chosen, memory.holds)
    retried, is_running = _try_again(home, failed, everything)
    _say_what_happens(home, config, failed, retried, is_running)


# --- which ----------------------------------------------------------------------------------------


def named(paths: Sequence[str], images: list[Image], config: Config) -> list[Image]:
    """The images these paths mean; raises `ConfigError` for one that means none."""
    found: dict[str, Image] = {}
    for path in paths:
        meant = [image for image in images if means(path, image, config)]
        if not meant:
            raise ConfigError(f"There is no image {printable(path)!r}.", _what_is_near(path, images))
        found.update((image.id, image) for image in meant)
    return list(found.values())


def means(path: str, image: Image, config: Config) -> bool:
    """Whether `path` is the image or a folder above it: as listed, or as a file that lies in its in folder."""
    from hotfolder.core.naming import path_key

    listed = [path.replace(os.sep, "/").strip("/")] if not Path(path).is_absolute() else []
    below = _below_in_folder(path, image.folder, config)
    wanted = [path_key(one) for one in (*listed, *([] if below is None else [below]))]
    own = path_key(image.path)
    return any(
        own == one or own.startswith(f"{one}/") or (one in ("", ".") and below is not None) for one in wanted
    )


def _below_in_folder(path: str, folder: str, config: Config) -> str | None:
    """The path of a file relative to the hot folder's in folder; None when it lies elsewhere."""
    roots = [Path(one.in_folder) for one in config.folders if one.name == folder]
    full = Path(path).expanduser().absolute()
    for root in roots:
        for one, base in ((full, root), (full.resolve(), root.resolve())):
            if one.is_relative_to(base):
                relative = one.relative_to(base).as_posix()
                return "" if relative == "." else relative
    return None


def _what_is_near(path: str, images: list[Image]) -> str:
    names = {image.path: image.path for image in images if image.state.value == "failed"}
    by_name = {image.name: image.path for image in images}
    near = difflib.get_close_matches(path, names, NEAR, 0.6)
    near += [by_name[name] for name in difflib.get_close_matches(Path(path).name, by_name, NEAR, 0.6)]
    if near:
        return f"Near it: {', '.join(printable(one) for one in dict.fromkeys(near))}."
    return "`hotfolder images --state failed` lists those that failed."


# --- again ----------------------------------------------------------------------------------------


def _try_again(home: Home, failed: list[Image], everything: bool) -> tuple[int, bool]:
    """How many are tried again, and whether a daemon is doing it."""
    from hotfolder.adapters.home import is_running
    from hotfolder.control import client

    if is_running(home):
        ids = None if everything else [image.id for image in failed]
        return (client.retry(home, ids) if everything or failed else 0), True
    return (_record(home, failed) if failed else 0), False


def _record(home: Home, failed: list[Image]) -> int:
    """Without a daemon, in the ledger itself."""
    from hotfolder.core.life import step, try_again

    with only_writer(home) as ledger:
        now = time.time()
        for image in failed:
            ledger.save(step(image, try_again(image), now)[0])
        ledger.forget_backoffs()
    return len(failed)


# --- telling --------------------------------------------------------------------------------------


def _say_what_has_not_failed(chosen: list[Image], holds: list[Hold]) -> None:
    """Only where nothing that was named has failed: else it is clear what is meant."""
    from hotfolder.core.holds import shown_state
    from hotfolder.core.state_words import state_word, waits_in

    states = {image.path: shown_state(image, holds)[0].value for image in chosen}
    waits = {image.path: waits_in(image.folder, holds) for image in chosen}
    for path in [] if {"failed", "ignored", "dismissed"} & set(states.values()) else list(states)[:NEAR]:
        say(f"{printable(path)} has not failed: it is {state_word(states[path], waits=waits[path])}.")


def _say_what_happens(
    home: Home, config: Config, failed: list[Image], retried: int, is_running: bool
) -> None:
    if not retried:
        waits = " What waits is tried now." if is_running else ""
        say(f"No image is tried again: none of them has failed.{waits}")
        return
    when = "" if is_running else " at the next start (`hotfolder run`)"
    say(f"{counted(retried, 'image is', 'images are')} tried again{when}.")
    if new := [image for image in failed if image.execution_id is None]:
        never_sent = counted(len(new), "image was", "images were")
        say(f"{never_sent} never sent, so nothing was paid yet: {_price(home, config, new)}")
    if again := len(failed) - len(new):
        paid = counted(again, "image has an execution: it is", "images have executions: they are")
        say(f"{paid} run again, not created a second time.")


def _price(home: Home, config: Config, new: list[Image]) -> str:
    """What sending these for the first time costs."""
    from hotfolder.cli.estimate import ask_prices

    prices = ask_prices(home, config, list({image.folder for image in new})).of_folder
    known = [prices.get(image.folder) for image in new]
    if None in known:
        return "each costs what its workflow costs, if it is good now."
    return f"{counted(sum(price or 0 for price in known), 'credit')} if good now."
