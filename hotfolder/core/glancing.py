"""How a glance is made of the facts: every word and every choice of the icon, the line and the menu."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hotfolder.core.desktop_words import for_desktop
from hotfolder.core.glance import (
    LONGEST_ITEM,
    LONGEST_LINE,
    MOST_PROBLEMS,
    NOT_SENT,
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
from hotfolder.core.not_sent import are_not_sent, groups_in_words
from hotfolder.core.snapshot import FolderStatus, waits_until
from hotfolder.core.state_words import WAITING, WORDS, in_words, waits_by_facts


def glance_of(facts: Facts) -> Glance:
    still_open = _still_open(facts)
    working = still_open > 0
    share = facts.done / (facts.done + still_open) if working else None
    return Glance(_mood(facts, working), share, line_of(facts), tuple(_menu(facts, still_open)))


def glance_before_start(config_problem: str | None, version: str) -> Glance:
    """Before there is a daemon: hotfolder is not set up yet (None), or its config is wrong."""
    if config_problem is None:
        line, way_out = "Not set up yet", Item("Set hotfolder up …", Action(Deed.SET_UP))
    else:
        line, way_out = "config.yaml is wrong; nothing is started", Item("Settings …", Action(Deed.SETTINGS))
    told = for_desktop(config_problem or "").splitlines()[:MOST_PROBLEMS]
    reasons = [Item(shortened(one, LONGEST_ITEM)) for one in told]
    rest = (way_out, SEPARATOR, Item(f"hotfolder {version}"), SEPARATOR, Item("Quit", Action(Deed.QUIT)))
    return Glance(Mood.NEEDS_YOU, None, line, (Item(line), *reasons, *rest))


def _counts(facts: Facts) -> Counter[str]:
    """All images by state, but for those of hot folders that are no longer in the config: nothing is done for them."""
    total: Counter[str] = Counter()
    for folder in _known(facts):
        total.update(folder.counts)
    return total


def _known(facts: Facts) -> list[FolderStatus]:
    return [folder for folder in facts.status.folders if folder.name in facts.places]


def _still_open(facts: Facts) -> int:
    return sum(number for state, number in _counts(facts).items() if not State(state).is_final)


def _mood(facts: Facts, working: bool) -> Mood:
    status = facts.status
    if status.paused:
        return Mood.PAUSED
    to_see = facts.unseen or facts.not_sent_unseen
    if status.config_problem or to_see or any(hold["needs_person"] for hold in status.held):
        return Mood.NEEDS_YOU
    if status.held:
        return Mood.OFFLINE
    return Mood.WORKING if working else Mood.IDLE


# --- the one line ---------------------------------------------------------------------------------

_AT_REST = frozenset(WORDS[state] for state in State if state.is_final)


def _phases(folders: Iterable[FolderStatus], facts: Facts) -> list[str]:
    """'3 uploading', '12 in retouching' ...: what is open, in the order it happens."""
    sums: Counter[str] = Counter()
    for folder in folders:
        waits = waits_by_facts(folder.name, folder.state, facts.status.held)
        sums.update(in_words(folder.counts, waits=waits))
    order = (WAITING, *dict.fromkeys(WORDS.values()))
    return [f"{sums[word]:,} {word}" for word in order if sums[word] and word not in _AT_REST]


def line_of(facts: Facts) -> str:
    """All that is going on, in one line."""
    if facts.is_ending:
        return "Ending: running requests may finish"
    parts = [
        *(["paused"] if facts.status.paused else []),
        *_phases(_known(facts), facts),
        *([f"{facts.unseen:,} failed"] if facts.unseen else []),
        *([are_not_sent(facts.not_sent_unseen)] if facts.not_sent_unseen else []),
        *([f"{facts.delivered_today:,} delivered today"] if facts.delivered_today else []),
    ]
    return shortened(" · ".join(parts) or "Nothing to do", LONGEST_LINE)


# --- the menu -------------------------------------------------------------------------------------


def _menu(facts: Facts, still_open: int) -> Iterator[Item]:
    yield Item(line_of(facts))
    if facts.said:
        yield Item(shortened(for_desktop(facts.said), LONGEST_ITEM))
    paused = facts.status.paused or any(folder.state == "paused" for folder in facts.status.folders)
    if paused:
        yield Item("Paused: nothing new is sent, what is paid comes home")
    yield from _attention(facts)
    yield SEPARATOR
    for folder in facts.status.folders:
        yield _folder(folder, facts)
    yield SEPARATOR
    if facts.credits is not None:
        yield Item(f"{facts.credits:,} credit{'' if facts.credits == 1 else 's'} left")
    if not facts.status.paused:
        yield Item("Pause all", Action(Deed.PAUSE))
    if paused:
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
        lines = for_desktop(facts.status.config_problem).splitlines()
        told = [Item(shortened(line, LONGEST_ITEM)) for line in lines]
        settings = Item("Settings …", Action(Deed.SETTINGS))
        yield Item(
            "config.yaml is wrong; the old settings hold", items=(*told[:MOST_PROBLEMS], SEPARATOR, settings)
        )
    for hold in facts.status.held:
        yield _held(hold, facts)
    if facts.failed:
        yield Item(f"Problems ({facts.failed:,})", items=tuple(_problems(facts)))
    if facts.not_sent_unseen:
        seen = Item("I have seen these", Action(Deed.SEEN, NOT_SENT))
        groups = [_not_sent(folder) for folder in _known(facts) if folder.not_sent]
        yield Item(_capital(are_not_sent(facts.not_sent_unseen)), items=(*groups, SEPARATOR, seen))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _not_sent(folder: FolderStatus) -> Item:
    """A hot folder's groups: how many of which kind are not sent, and why."""
    total = sum(folder.not_sent.values())
    told = [Item(shortened(words, LONGEST_ITEM)) for words in groups_in_words(folder.not_sent)]
    return Item(shortened(f"{folder.name}: {total:,} not sent", LONGEST_ITEM), items=tuple(told))


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
    until, words = waits_until(hold), for_desktop(str(advice))
    told = [Item(shortened(one, LONGEST_ITEM)) for one in (until and f"Waits{until}", words) if one]
    reason = for_desktop(str(hold["reason"])) or _capital(kind.replace("_", " "))
    return Item(shortened(f"{folder}{reason}", LONGEST_ITEM), items=(*told, Item(text, Action(deed))))


def _problems(facts: Facts) -> Iterator[Item]:
    for image in list(facts.problems)[:MOST_PROBLEMS]:
        place = facts.places.get(image.folder)
        retry = Item("Try again", Action(Deed.RETRY, image.id))
        done = Item("Done with it", Action(Deed.DISMISS, image.id))
        show = [Item("Open its folder", Action(Deed.OPEN_PATH, place.in_folder))] if place else []
        texts = filter(None, map(for_desktop, (image.reason, image.advice)))
        told = [Item(shortened(text, LONGEST_ITEM)) for text in texts]
        yield Item(
            shortened(f"{image.folder}: {image.path}", LONGEST_ITEM), items=(*told, retry, done, *show)
        )
    if facts.failed > MOST_PROBLEMS:
        yield Item(f"… and {facts.failed - MOST_PROBLEMS:,} more")
    yield SEPARATOR
    yield Item("Try all again", Action(Deed.RETRY_ALL))
    if facts.unseen:
        yield Item("I have seen these", Action(Deed.SEEN))


def _folder(folder: FolderStatus, facts: Facts) -> Item:
    ignored = sum(folder.not_sent.values())
    parts = [*(["paused"] if folder.state == "paused" else []), *_phases([folder], facts)]
    words = ", ".join(parts) or folder.state
    if ignored:
        words = f"{words}, {ignored:,} not sent"
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
    not_sent = [_listed_not_sent(folder, ignored)] if ignored else []
    return Item(shortened(f"{folder.name}: {words}", LONGEST_ITEM), items=(*opening, *not_sent, last))


def _listed_not_sent(folder: FolderStatus, number: int) -> Item:
    return Item(f"Not sent ({number:,})", items=_not_sent(folder).items)
