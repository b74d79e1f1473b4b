"""How a glance is made of the facts: every word and every choice of the icon, the line and the menu."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hotfolder.core.glance import (
    LONGEST_ITEM,
    LONGEST_LINE,
    MOST_PROBLEMS,
    SEPARATOR,
    Action,
    Deed,
    Facts,
    Glance,
    Item,
    Mood,
    shortened,
)
from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.core.snapshot import FolderStatus


def glance_of(facts: Facts) -> Glance:
    still_open = _still_open(facts)
    working = still_open > 0
    share = facts.done / (facts.done + still_open) if working else None
    return Glance(_mood(facts, working), share, _line(facts), tuple(_menu(facts, still_open)))


def glance_before_start(config_problem: str | None, version: str) -> Glance:
    """Before there is a daemon: hotfolder is not set up yet (None), or its config is wrong."""
    if config_problem is None:
        line, way_out = "Not set up yet", Item("Set hotfolder up …", Action(Deed.SET_UP))
    else:
        line, way_out = "config.yaml is wrong; nothing is started", Item("Settings …", Action(Deed.SETTINGS))
    told = (config_problem or "").splitlines()[:MOST_PROBLEMS]
    reasons = [Item(shortened(one, LONGEST_ITEM)) for one in told]
    rest = (way_out, SEPARATOR, Item(f"hotfolder {version}"), SEPARATOR, Item("Quit", Action(Deed.QUIT)))
    return Glance(Mood.NEEDS_YOU, None, line, (Item(line), *reasons, *rest))


def _counts(facts: Facts) -> Counter[str]:
    """All images by state, but for those of hot folders that are no longer in the config: nothing is done for them."""
    total: Counter[str] = Counter()
    for folder in facts.status.folders:
        if folder.name in facts.places:
            total.update(folder.counts)
    return total


def _still_open(facts: Facts) -> int:
    return sum(number for state, number in _counts(facts).items() if not State(state).is_final)


def _mood(facts: Facts, working: bool) -> Mood:
    status = facts.status
    if status.paused:
        return Mood.PAUSED
    if status.config_problem or facts.unseen or any(hold["needs_person"] for hold in status.held):
        return Mood.NEEDS_YOU
    if status.held:
        return Mood.OFFLINE
    return Mood.WORKING if working else Mood.IDLE


# --- the one line ---------------------------------------------------------------------------------

_PHASES: Sequence[tuple[str, frozenset[State]]] = (
    ("uploading", frozenset({State.SETTLING, State.QUEUED, State.UPLOADED, State.REQUESTED})),
    ("in retouching", frozenset({State.PROCESSING, State.RETRYING})),
    ("with QA", frozenset({State.IN_QA})),
    ("arriving", frozenset({State.FINISHED})),
    ("held", frozenset({State.HELD})),
)


def _phases(counts: Mapping[str, int]) -> list[str]:
    """'3 uploading', '12 in retouching' ...: what is open, in the order it happens."""
    sums = [(sum(counts.get(state.value, 0) for state in states), words) for words, states in _PHASES]
    return [f"{number:,} {words}" for number, words in sums if number]


def _line(facts: Facts) -> str:
    if facts.is_ending:
        return "Ending: running requests may finish"
    parts = [
        *(["paused"] if facts.status.paused else []),
        *_phases(_counts(facts)),
        *([f"{facts.unseen:,} failed"] if facts.unseen else []),
        *([f"{facts.delivered_today:,} delivered today"] if facts.delivered_today else []),
    ]
    return shortened(" · ".join(parts) or "Nothing to do", LONGEST_LINE)


# --- the menu -------------------------------------------------------------------------------------


def _menu(facts: Facts, still_open: int) -> Iterator[Item]:
    yield Item(_line(facts))
    if facts.said:
        yield Item(shortened(facts.said, LONGEST_ITEM))
    yield from _attention(facts)
    yield SEPARATOR
    for folder in facts.status.folders:
        yield _folder(folder, facts)
    yield SEPARATOR
    if facts.credits is not None:
        yield Item(f"{facts.credits:,} credit{'' if facts.credits == 1 else 's'} left")
    paused = any(folder.state == "paused" for folder in facts.status.folders)
    if not facts.status.paused:
        yield Item("Pause all", Action(Deed.PAUSE))
    if paused or facts.status.paused:
        yield Item("Resume all", Action(Deed.RESUME))
    yield SEPARATOR
    if facts.starts_at_login is not None:
        yield Item("Start at login", Action(Deed.START_AT_LOGIN), checked=facts.starts_at_login)
    yield Item("Settings …", Action(Deed.SETTINGS))
    yield Item("Open log", Action(Deed.OPEN_LOG))
    yield Item(f"hotfolder {facts.version}")
    yield SEPARATOR
    yield Item(_quit_text(still_open), Action(Deed.QUIT))


def _quit_text(still_open: int) -> str:
    if not still_open:
        return "Quit"
    images = "1 unfinished image goes" if still_open == 1 else f"{still_open:,} unfinished images go"
    return f"Quit ({images} on at the next start)"


def _attention(facts: Facts) -> Iterator[Item]:
    """What needs the person, each with its action."""
    if facts.status.config_problem:
        told = [Item(shortened(line, LONGEST_ITEM)) for line in facts.status.config_problem.splitlines()]
        settings = Item("Settings …", Action(Deed.SETTINGS))
        yield Item(
            "config.yaml is wrong; the old settings hold", items=(*told[:MOST_PROBLEMS], SEPARATOR, settings)
        )
    for hold in facts.status.held:
        yield _held(hold, facts)
    if facts.failed:
        yield Item(f"Problems ({facts.failed:,})", items=tuple(_problems(facts)))


_WAYS_OUT: Mapping[str, tuple[str, Deed]] = {
    HoldKind.SIGN_IN.value: ("Sign in …", Deed.SIGN_IN),
    HoldKind.CREDITS.value: ("Top up in the web app …", Deed.TOP_UP),
    HoldKind.WORKFLOW.value: ("Settings …", Deed.SETTINGS),
}


def _held(hold: Mapping[str, Any], facts: Facts) -> Item:
    folder = f"{hold['folder']}: " if hold["folder"] else ""
    kind = str(hold["kind"])
    code = facts.sign_in_code if kind == HoldKind.SIGN_IN.value else None
    advice = f"Confirm the code {code} in the browser" if code else hold["advice"]
    text, deed = _WAYS_OUT.get(kind, ("Look again now", Deed.LOOK_AGAIN))
    told = [Item(shortened(str(advice), LONGEST_ITEM))] if advice else []
    return Item(shortened(f"{folder}{hold['reason']}", LONGEST_ITEM), items=(*told, Item(text, Action(deed))))


def _problems(facts: Facts) -> Iterator[Item]:
    for image in list(facts.problems)[:MOST_PROBLEMS]:
        place = facts.places.get(image.folder)
        retry = Item("Try again", Action(Deed.RETRY, image.id))
        show = [Item("Open its folder", Action(Deed.OPEN_PATH, place.in_folder))] if place else []
        told = [Item(shortened(text, LONGEST_ITEM)) for text in (image.reason, image.advice) if text]
        yield Item(shortened(f"{image.folder}: {image.path}", LONGEST_ITEM), items=(*told, retry, *show))
    if facts.failed > MOST_PROBLEMS:
        yield Item(f"… and {facts.failed - MOST_PROBLEMS:,} more")
    yield SEPARATOR
    yield Item("Try all again", Action(Deed.RETRY_ALL))
    if facts.unseen:
        yield Item("I have seen these", Action(Deed.SEEN))


def _folder(folder: FolderStatus, facts: Facts) -> Item:
    parts = _phases(folder.counts)
    words = ", ".join([*(["paused"] if folder.state == "paused" else []), *parts]) or folder.state
    place = facts.places.get(folder.name)
    if place is None:
        return Item(shortened(f"{folder.name}: {words} (not in config.yaml)", LONGEST_ITEM))
    opening = (
        Item("Open in folder", Action(Deed.OPEN_PATH, place.in_folder)),
        Item("Open out folder", Action(Deed.OPEN_PATH, place.out_folder)),
    )
    pausing = Item("Pause", Action(Deed.PAUSE, folder.name))
    resuming = Item("Resume", Action(Deed.RESUME, folder.name))
    last = resuming if folder.state == "paused" else pausing
    return Item(shortened(f"{folder.name}: {words}", LONGEST_ITEM), items=(*opening, last))
