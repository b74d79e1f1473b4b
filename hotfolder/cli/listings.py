"""`hotfolder status`, `images`, `batches`: what the ledger knows, with or without a running daemon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hotfolder.cli.context import Json, config_of, home_of
from hotfolder.cli.output import counts_in_words, local_time, print_json, print_table, printable, say
from hotfolder.errors import ConfigError, HotfolderError

if TYPE_CHECKING:
    from hotfolder.adapters.home import Home
    from hotfolder.control.client import Settings
    from hotfolder.core.batching import Batch
    from hotfolder.core.holds import Hold
    from hotfolder.core.image import Image
    from hotfolder.core.snapshot import Status


@dataclass(frozen=True, slots=True)
class Memory:
    """What the ledger held at one moment; empty where there is none yet."""

    images: list[Image]
    batches: list[Batch]
    holds: list[Hold]
    notices: list[tuple[str, str]]


def read_memory(home: Home) -> Memory:
    from hotfolder.adapters.ledger_file import read_ledger

    ledger = read_ledger(home.ledger)
    if ledger is None:
        return Memory([], [], [], [])
    try:
        return Memory(ledger.images(), ledger.batches(), ledger.holds(), ledger.notices())
    finally:
        ledger.close()


def settling_now(home: Home) -> list[dict[str, Any]]:
    """What only a running daemon knows; nothing while it starts or ends."""
    from hotfolder.control import client

    try:
        return client.settling(home)
    except HotfolderError:
        return []


def settings_in_force(home: Home) -> Settings | None:
    """What the running daemon works by; None where there is none, or while it starts or ends."""
    from hotfolder.adapters.home import is_running
    from hotfolder.control import client

    try:
        return client.settings(home) if is_running(home) else None
    except HotfolderError:
        return None


def status(context: typer.Context, as_json: Json = False) -> None:
    """The daemon, every hot folder with its counts, and what is held and why."""
    from hotfolder.adapters.home import is_running
    from hotfolder.core.snapshot import status_facts, status_of

    home = home_of(context)
    settings = settings_in_force(home)
    folders = settings.folders if settings else [folder.name for folder in config_of(home).folders]
    running = is_running(home)
    memory = read_memory(home)
    settling = Counter(str(facts["folder"]) for facts in settling_now(home)) if running else Counter()
    shown = status_of(
        folders, memory.images, memory.holds, running=running, settling=settling, notices=memory.notices
    )
    if settings is not None:
        shown = replace(shown, config_problem=settings.config_problem)
    if as_json:
        print_json(status_facts(shown))
    else:
        _print_status(shown)


def _print_status(status: Status) -> None:
    is_running = "hotfolder is running." if status.running else "hotfolder is not running."
    say(is_running if status.running else f"{is_running} Start it with `hotfolder run`.")
    if status.paused:
        say("Everything is paused; `hotfolder resume` goes on.")
    if status.config_problem:
        say("\nThe changed config.yaml is not taken over; the old settings hold until it is mended:")
        for line in status.config_problem.splitlines():
            say(f"  {printable(line)}")
    say()
    rows = [(folder.name, folder.state, counts_in_words(folder.counts)) for folder in status.folders]
    print_table(("hot folder", "state", "images"), rows)
    for hold in status.held:
        scope = f" ({hold['folder']})" if hold["folder"] else ""
        say(f"\nHeld{scope}: {printable(str(hold['reason']))}\n  {printable(str(hold['advice']))}")
    if status.notices:
        say("\nGood to know:")
    for folder, text in status.notices:
        say(f"  {printable(folder)}: {printable(text)}")
    if any(folder.counts.get("failed") for folder in status.folders):
        say(
            "\n`hotfolder images --state failed` tells why images failed, `hotfolder retry` sends them again."
        )


def images(
    context: typer.Context,
    folder: Annotated[str | None, typer.Option(metavar="NAME", help="Only this hot folder.")] = None,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="Only images in this state.")] = None,
    as_json: Json = False,
) -> None:
    """The images, with their state, batch, result and the reason where something is wrong."""
    from hotfolder.adapters.home import is_running

    home = home_of(context)
    memory = read_memory(home)
    _require_known(home, memory, folder, state)
    facts = _facts_of_images(memory)
    if is_running(home):
        facts += settling_now(home)
    chosen = [
        entry
        for entry in facts
        if (folder is None or entry["folder"] == folder) and (state is None or entry["state"] == state)
    ]
    if as_json:
        print_json(chosen)
    else:
        _print_images(chosen)


def _facts_of_images(memory: Memory) -> list[dict[str, Any]]:
    from hotfolder.core.snapshot import image_facts

    batches = {batch.id: batch for batch in memory.batches}
    return [image_facts(image, batches, memory.holds) for image in memory.images]


def _print_images(facts: list[dict[str, Any]]) -> None:
    if not facts:
        say("There are no such images.")
        return
    headings = ("hot folder", "image", "state", "batch", "credits", "since", "result or reason")
    print_table(headings, ([*_columns(entry)] for entry in facts))


def _columns(entry: dict[str, Any]) -> Iterable[object]:
    yield entry["folder"]
    yield entry["path"]
    yield entry["state"]
    yield entry["batch_name"]
    yield entry["credits"]
    yield local_time(entry["delivered_at"] or entry["detected_at"])
    yield entry["result_path"] or " ".join(filter(None, (entry["reason"], entry["advice"])))


def _require_known(home: Home, memory: Memory, folder: str | None, state: str | None) -> None:
    """Raise `ConfigError` (exit code 2) with what there is, rather than show an empty list."""
    states = _states()
    if state is not None and state not in states:
        raise ConfigError(f"There is no state {state!r}.", f"There is: {', '.join(states)}.")
    if folder is not None:
        known = _known_folders(home, memory)
        if folder not in known:
            raise ConfigError(
                f"There is no hot folder {folder!r}.",
                f"There is: {', '.join(map(printable, known)) or 'none yet'}.",
            )


def _states() -> list[str]:
    from hotfolder.core.image import State

    return [state.value for state in State if state is not State.FORGOTTEN]


def _known_folders(home: Home, memory: Memory) -> list[str]:
    """Those of the config and of the ledger; a broken config must not keep anybody from looking."""
    try:
        configured = [folder.name for folder in config_of(home).folders]
    except ConfigError:
        configured = []
    return list(dict.fromkeys([*configured, *(image.folder for image in memory.images)]))


def batches(context: typer.Context, as_json: Json = False) -> None:
    """The batches, with how many of their images are delivered."""
    from hotfolder.core.snapshot import batch_facts

    memory = read_memory(home_of(context))
    facts = batch_facts(memory.batches, memory.images)
    if as_json:
        print_json(facts)
    elif not facts:
        say("There are no batches yet.")
    else:
        headings = ("batch", "hot folder", "since", "delivered", "failed")
        rows = (
            (
                f["name"],
                f["folder"],
                local_time(f["created_at"]),
                f"{f['delivered']}/{f['total']}",
                f["failed"],
            )
            for f in facts
        )
        print_table(headings, rows)
