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
    from hotfolder.core.snapshot import FolderStatus, Status

MOST_NOT_SENT = 1000
"""More files that are not sent are not printed; with `--json` all are."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the ledger held at one moment; empty where there is none yet."""

    images: list[Image]
    batches: list[Batch]
    holds: list[Hold]
    notices: list[tuple[str, str]]
    not_sent: dict[str, dict[str, int]]
    """How many of each group, per hot folder."""


def read_memory(home: Home) -> Memory:
    from hotfolder.adapters.ledger_file import read_ledger
    from hotfolder.adapters.ledger_not_sent import count_not_sent

    ledger = read_ledger(home.ledger)
    if ledger is None:
        return Memory([], [], [], [], {})
    try:
        images, batches, holds = ledger.images(), ledger.batches(), ledger.holds()
        return Memory(images, batches, holds, ledger.notices(), count_not_sent(ledger))
    finally:
        ledger.close()


def _read_not_sent(home: Home) -> list[dict[str, Any]]:
    """What lies in the in folders and is no image to send, as it was found last."""
    from hotfolder.adapters.ledger_file import read_ledger
    from hotfolder.adapters.ledger_not_sent import list_not_sent
    from hotfolder.core.snapshot import not_sent_facts

    ledger = read_ledger(home.ledger)
    if ledger is None:
        return []
    try:
        return [not_sent_facts(listed) for listed in list_not_sent(ledger)]
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
    from hotfolder.core.snapshot import status_facts

    shown = status_now(home_of(context))
    if as_json:
        print_json(status_facts(shown))
    else:
        _print_status(shown)


def status_now(home: Home) -> Status:
    """The whole state, of a hotfolder that runs or not. Raises `ConfigError`, `LedgerUnusable`."""
    from hotfolder.adapters.home import is_running
    from hotfolder.core.snapshot import status_of

    settings = settings_in_force(home)
    folders = settings.folders if settings else [folder.name for folder in config_of(home).folders]
    running = is_running(home)
    memory = read_memory(home)
    settling = Counter(str(facts["folder"]) for facts in settling_now(home)) if running else Counter()
    shown = status_of(
        folders,
        memory.images,
        memory.holds,
        running=running,
        settling=settling,
        not_sent={name: groups for name, groups in memory.not_sent.items() if name in folders},
        notices=memory.notices,
    )
    if settings is not None:
        shown = replace(shown, config_problem=settings.config_problem)
    return shown


def _print_status(status: Status) -> None:
    from hotfolder.core.not_sent import not_sent_words
    from hotfolder.core.snapshot import waits_until

    is_running = "hotfolder is running." if status.running else "hotfolder is not running."
    say(is_running if status.running else f"{is_running} Start it with `hotfolder run`.")
    if status.paused:
        say("Everything is paused: nothing new is sent, what is paid comes home. `hotfolder resume` goes on.")
    if status.config_problem:
        say("\nThe changed config.yaml is not taken over; the old settings hold until it is mended:")
        for line in status.config_problem.splitlines():
            say(f"  {printable(line)}")
    say()
    print_table(("hot folder", "state", "images"), [_row_of(folder, status) for folder in status.folders])
    for shown in status.folders:
        if words := not_sent_words(shown.not_sent):
            say(f"\n{printable(shown.name)}: {printable(words)}")
    if any(folder.not_sent for folder in status.folders):
        say("`hotfolder images --state ignored` lists them, with what can be done.")
    for hold in status.held:
        scope = f" ({hold['folder']})" if hold["folder"] else ""
        say(f"\nHeld{scope}{waits_until(hold)}: {printable(str(hold['reason']))}")
        say(f"  {printable(str(hold['advice']))}")
    if status.notices:
        say("\nGood to know:")
    for folder, text in status.notices:
        say(f"  {printable(f'{folder}: {text}' if folder else text)}")
    if any(folder.counts.get("failed") for folder in status.folders):
        say(
            "\n`hotfolder images --state failed` tells why images failed, `hotfolder retry` sends them again."
        )


def _row_of(folder: FolderStatus, status: Status) -> tuple[str, str, str]:
    from hotfolder.core.state_words import waits_by_facts

    waits = waits_by_facts(folder.name, folder.state, status.held)
    return folder.name, folder.state, counts_in_words(folder.counts, waits=waits)


def images(
    context: typer.Context,
    folder: Annotated[str | None, typer.Option(metavar="NAME", help="Only this hot folder.")] = None,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="Only images in this state.")] = None,
    as_json: Json = False,
) -> None:
    """The images, with their state, batch, result and the reason where something is wrong; with `--state ignored` what is
    not sent, and why."""
    from hotfolder.adapters.home import is_running

    home = home_of(context)
    memory = read_memory(home)
    states = _require_known(home, memory, folder, state)
    facts = _facts_of_images(memory)
    if is_running(home):
        facts += settling_now(home)
    if "ignored" in states:
        facts += _read_not_sent(home)
    chosen = [
        entry
        for entry in facts
        if (folder is None or entry["folder"] == folder) and (not states or entry["state"] in states)
    ]
    if as_json:
        print_json(chosen)
    else:
        _print_images(chosen, memory.holds)


def _facts_of_images(memory: Memory) -> list[dict[str, Any]]:
    from hotfolder.core.snapshot import image_facts

    batches = {batch.id: batch for batch in memory.batches}
    return [image_facts(image, batches, memory.holds) for image in memory.images]


def _print_images(facts: list[dict[str, Any]], holds: list[Hold]) -> None:
    if not facts:
        say("There are no such images.")
        return
    headings = ("hot folder", "image", "state", "batch", "credits", "since", "result or reason")
    shown, more = _bounded(facts)
    print_table(headings, ([*_columns(entry, holds)] for entry in shown))
    if more:
        say(
            f"... and {more:,} more that are not sent; `hotfolder images --state ignored --json` lists them all."
        )


def _bounded(facts: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """All images, and of what is no image to send as much as anybody reads; how many are left out."""
    no_images = [entry for entry in facts if entry["id"] is None and entry["state"] == "ignored"]
    left_out = {id(entry) for entry in no_images[MOST_NOT_SENT:]}
    return [entry for entry in facts if id(entry) not in left_out], len(left_out)


def _columns(entry: dict[str, Any], holds: list[Hold]) -> Iterable[object]:
    from hotfolder.core.state_words import state_word, waits_in

    yield entry["folder"]
    yield entry["path"]
    yield state_word(entry["state"], waits=waits_in(entry["folder"], holds))
    yield entry["batch_name"]
    yield entry["credits"]
    yield local_time(entry["delivered_at"] or entry["detected_at"])
    yield entry["result_path"] or " ".join(filter(None, (entry["reason"], entry["advice"])))


def _require_known(home: Home, memory: Memory, folder: str | None, state: str | None) -> list[str]:
    """The public values that `state` means, itself or the word for it; none: all. Raise `ConfigError` (exit code 2) with
    what there is, rather than show an empty list."""
    from hotfolder.core.state_words import states_named

    states = [found.value for found in states_named(state)] if state is not None else []
    if state is not None and not states:
        raise ConfigError(f"There is no state {state!r}.", f"There is: {', '.join(_states())}.")
    if folder is not None:
        known = _known_folders(home, memory)
        if folder not in known:
            raise ConfigError(
                f"There is no hot folder {folder!r}.",
                f"There is: {', '.join(map(printable, known)) or 'none yet'}.",
            )
    return states


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
