"""What lies in an in folder and is not sent: which of it is listed, and in which words (in = out + reasons).

Listed is what a person may have meant to be sent; by `Kind`, so that a scan and an event decide alike. Hidden files, those
of the system and of other programs, and what is unfinished stay silent, as does what the person's own patterns name:
`estimate` tells of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hotfolder.core import kinds
from hotfolder.core.ignore import Verdict
from hotfolder.core.plain_words import TOO_LONG

RESULT = "result"
"""The group of images whose bytes came from AutoRetouch: rows of their own in the ledger."""

STUCK = "stuck"
MOST_GROUPS = 4
"""More kinds than this are not told one by one in a line."""

_UNREADABLE_ADVICE = "Give this user the right to read it, or check its drive; it goes on by itself."
_TOO_LONG_ADVICE = "Give it, or a folder above it, a shorter name."
_STUCK = "an unexpected problem in hotfolder"
_STUCK_ADVICE = "It is tried again by itself; the log file has the details."


@dataclass(frozen=True, slots=True)
class NotSent:
    """Why one path, a file or a folder with `/` at its end, is not sent."""

    group: str
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One of them in a hot folder. `first_seen`: epoch seconds."""

    folder: str
    path: str
    group: str
    reason: str
    advice: str
    first_seen: float


def not_sent_of(verdict: Verdict) -> NotSent | None:
    """None for what is an image, and for what stays silent."""
    if verdict.kind.is_silent:
        return None
    return NotSent(verdict.group or "other", verdict.reason, verdict.advice)


def unreadable(path: str, reason: str) -> NotSent:
    """A subfolder (with `/` at its end) or file that cannot be looked at. `reason`: the scan's words."""
    if TOO_LONG in reason:
        return NotSent("long", reason, _TOO_LONG_ADVICE)
    return NotSent("folder" if path.endswith("/") or not path else "file", reason, _UNREADABLE_ADVICE)


def stuck(error: Exception) -> NotSent:
    return NotSent(STUCK, f"{_STUCK} ({type(error).__name__})", _STUCK_ADVICE)


def all_not_sent(
    passed_over: Iterable[tuple[str, Verdict]], trouble: Iterable[tuple[str, str]]
) -> dict[str, NotSent]:
    """By path, of one scan."""
    found = {path: entry for path, verdict in passed_over if (entry := not_sent_of(verdict)) is not None}
    found.update((path, unreadable(path, reason)) for path, reason in trouble)
    return found


def printable_path(path: str) -> str:
    """As it can be stored and shown: half letters of a name that is not Unicode are spelled out."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


# --- words ----------------------------------------------------------------------------------------

_ONE_AND_MANY: Mapping[str, tuple[str, str]] = {
    "name": ("with a name that is not Unicode", "with names that are not Unicode"),
    "other": ("other file (no image)", "other files (no images)"),
    "link": ("link (links are not followed)", "links (links are not followed)"),
    "special": ("that is no regular file", "that are no regular files"),
    "elsewhere": ("subfolder that is another folder of yours", "subfolders that are other folders of yours"),
    "folder": ("folder that cannot be read", "folders that cannot be read"),
    "file": ("file that cannot be looked at", "files that cannot be looked at"),
    "long": ("whose path is too long for this system", "whose paths are too long for this system"),
    STUCK: ("that hotfolder stumbles over", "that hotfolder stumbles over"),
    RESULT: ("result of AutoRetouch (retouched already)", "results of AutoRetouch (retouched already)"),
}


def group_words(group: str, number: int) -> str:
    """`10 CR2 (raw photos, which AutoRetouch cannot take)`, `1 folder that cannot be read`."""
    if group in _ONE_AND_MANY:
        return f"{number:,} {_ONE_AND_MANY[group][number != 1]}"
    what = kinds.MANY.get(kinds.NOT_RETOUCHABLE.get(group.lower(), ""))
    return f"{number:,} {group}{f' ({what}, which AutoRetouch cannot take)' if what else ''}"


def groups_in_words(groups: Mapping[str, int]) -> list[str]:
    """The largest first."""
    return [group_words(group, number) for group, number in Counter(groups).most_common() if number]


def not_sent_words(groups: Mapping[str, int]) -> str:
    """`12 not sent: 10 CR2 (…), 2 folders that cannot be read`; empty where there is nothing."""
    words = groups_in_words(groups)
    if not words:
        return ""
    more = sum(groups.values()) - sum(number for _, number in Counter(groups).most_common(MOST_GROUPS))
    told = [*words[:MOST_GROUPS], *([f"{more:,} of other kinds"] if more else [])]
    return f"{sum(groups.values()):,} not sent: {', '.join(told)}"


def are_not_sent(number: int) -> str:
    """`12 files are not sent`."""
    return "1 file is not sent" if number == 1 else f"{number:,} files are not sent"
