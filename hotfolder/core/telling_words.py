"""What notifications say: frozen values, and the sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from hotfolder.core.desktop_words import for_desktop
from hotfolder.core.glance import Action, Deed, FolderPlace, shortened
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind, until_words
from hotfolder.core.image import Image
from hotfolder.core.not_sent import are_not_sent, groups_in_words
from hotfolder.core.telling_batches import Finished

LONGEST_NAME = 60
LONGEST_TITLE = 110
LONGEST_TEXT = 240
MOST_NAMED = 3
"""More names or reasons than this are not listed in one message."""

Places = Mapping[str, FolderPlace]


class Urgency(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    """Nothing goes on until the person does something."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A message for the person. `action`: what a click does; `key`: it replaces the one shown before with that key."""

    title: str
    text: str = ""
    urgency: Urgency = Urgency.NORMAL
    action: Action | None = None
    key: str = ""


# --- batches --------------------------------------------------------------------------------------


def batches_told(batches: Sequence[Finished], failed: Sequence[Image], places: Places) -> Notification:
    """`failed`: those of their images that were not told yet."""
    if len(batches) == 1:
        return _batch_told(batches[0], failed, places)
    delivered = sum(batch.delivered for batch in batches)
    parts = [counted(delivered, "image"), *_need_you(sum(batch.need_person for batch in batches))]
    folders = {batch.key.folder for batch in batches}
    return Notification(
        shortened(f"{len(batches):,} batches delivered: {', '.join(parts)}", LONGEST_TITLE),
        shortened(f"{_listed([batch.name for batch in batches])}.", LONGEST_TEXT),
        action=_open_out(folders.pop(), "", places) if len(folders) == 1 else None,
    )


def _batch_told(batch: Finished, failed: Sequence[Image], places: Places) -> Notification:
    more = " more" if batch.is_more else ""
    parts = [f"{batch.delivered:,}{more} delivered"] if batch.delivered else []
    parts += _need_you(batch.need_person)
    text = _reasons(failed) if failed else f"The results are in the out folder of {_short(batch.key.folder)}."
    return Notification(
        _title(batch.name, ", ".join(parts)),
        shortened(text, LONGEST_TEXT),
        action=_open_out(batch.key.folder, batch.subfolder or "", places),
    )


# --- images ---------------------------------------------------------------------------------------


def failures_told(images: Sequence[Image], places: Places) -> Notification:
    folders = Counter(image.folder for image in images)
    if len(folders) > 1:
        counts = [f"{_short(name)}: {number:,}" for name, number in folders.most_common()]
        title = f"{len(images):,} images need you"
        return Notification(
            title,
            shortened(f"{_listed(counts)}.", LONGEST_TEXT),
            action=Action(Deed.OPEN_LOG),
            key=failures_key(images),
        )
    first = images[0]
    place = places.get(first.folder)
    many = f"{len(images):,} images need you"
    alone = len(images) == 1
    return Notification(
        _title(first.folder, f"{_short(first.name)} needs you" if alone else many),
        shortened(for_desktop(f"{first.reason} {first.advice}") if alone else _reasons(images), LONGEST_TEXT),
        action=_open(place.in_folder, _shared_subfolder(images)) if place else None,
        key=failures_key(images),
    )


def failures_key(images: Sequence[Image]) -> str:
    """Of this message alone: it takes no other's place, but can be taken back."""
    return f"failed {images[0].id}"


def deliveries_told(images: Sequence[Image], places: Places) -> Notification:
    folders = {image.folder for image in images}
    words = f"{counted(len(images), 'image')} delivered"
    title = f"{_short(images[0].name)} is delivered" if len(images) == 1 else words
    one = min(folders) if len(folders) == 1 else None
    return Notification(
        title if one is None else _title(one, title),
        "" if one else shortened(f"{_listed(sorted(folders))}.", LONGEST_TEXT),
        Urgency.LOW,
        _open_out(one, _shared_subfolder(images), places) if one else None,
    )


@dataclass(frozen=True, slots=True)
class NotSentNews:
    """What of a hot folder is not sent: how many of each group of `core.not_sent`, and which are new there."""

    folder: str
    groups: Mapping[str, int]
    new: frozenset[str]


def not_sent_told(news: NotSentNews, places: Places) -> Notification:
    """Only the new kinds: the others were told when they were new."""
    groups = {group: number for group, number in news.groups.items() if group in news.new}
    place = places.get(news.folder)
    return Notification(
        _title(news.folder, are_not_sent(sum(groups.values()))),
        shortened(f"{', '.join(groups_in_words(groups))}. The menu tells more.", LONGEST_TEXT),
        action=_open(place.in_folder, "") if place else None,
        key=not_sent_key(news.folder),
    )


def not_sent_key(folder: str) -> str:
    return f"not sent {folder}"


def _reasons(images: Sequence[Image]) -> str:
    """`boot.jpg: It is damaged. 3 images: They are too large.` The most frequent reason first."""
    reasons = Counter(for_desktop(image.reason) for image in images)
    names = {for_desktop(image.reason): image.name for image in images}
    told = [
        f"{_short(names[reason]) if number == 1 else counted(number, 'image')}: {reason}"
        for reason, number in reasons.most_common(MOST_NAMED)
    ]
    return " ".join(told)


# --- what is held ---------------------------------------------------------------------------------

_WAYS_OUT: Mapping[HoldKind, Deed] = {
    HoldKind.SIGN_IN: Deed.SIGN_IN,
    HoldKind.KEYRING: Deed.LOOK_AGAIN,
    HoldKind.CREDITS: Deed.TOP_UP,
    HoldKind.WORKFLOW: Deed.SETTINGS,
    HoldKind.IN_FOLDER: Deed.LOOK_AGAIN,
    HoldKind.OUT_FOLDER: Deed.LOOK_AGAIN,
    HoldKind.LEDGER: Deed.OPEN_LOG,
}


def holds_told(holds: Sequence[Hold]) -> Notification:
    """Holds of one kind."""
    first = holds[0]
    if len(holds) > 1:
        title = f"{len(holds):,} hot folders need you"
        text = " ".join(f"{_short(hold.scope)}: {for_desktop(hold.reason)}" for hold in holds[:MOST_NAMED])
        more = len(holds) - MOST_NAMED
        text += f" And {more:,} more." if more > 0 else ""
    else:
        reason = shortened(for_desktop(first.reason).rstrip("."), LONGEST_TITLE) or "hotfolder needs you"
        title = reason if first.scope == ACCOUNT else _title(first.scope, reason)
        until, advice = until_words(first.since, first.until), for_desktop(first.advice)
        text = f"Waits{until}. {advice}" if until else advice
    deed = _WAYS_OUT.get(first.kind)
    return Notification(
        title,
        shortened(text, LONGEST_TEXT),
        _urgency(first),
        Action(deed) if deed else None,
        hold_key(first.kind),
    )


def hold_key(kind: HoldKind) -> str:
    return f"hold {kind.value}"


def problem_key(title: str) -> str:
    return f"problem {title}"


def _urgency(hold: Hold) -> Urgency:
    if not hold.needs_person:
        return Urgency.LOW
    return Urgency.HIGH if hold.scope == ACCOUNT else Urgency.NORMAL


# --- words ----------------------------------------------------------------------------------------


def counted(number: int, thing: str) -> str:
    """`1 image`, `3 images`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _need_you(number: int) -> list[str]:
    return [f"{number:,} {'needs' if number == 1 else 'need'} you"] if number else []


def _title(subject: str, rest: str) -> str:
    """What is said gives way to nothing; a long name does."""
    return f"{shortened(subject, max(20, LONGEST_TITLE - len(rest) - 2))}: {rest}"


def _short(name: str) -> str:
    return shortened(name, LONGEST_NAME)


def _listed(names: Iterable[str]) -> str:
    """`Boots, Hats, Shirts and 34 more`."""
    names = [_short(name) for name in names]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _shared_subfolder(images: Sequence[Image]) -> str:
    subfolders = {image.subfolder for image in images}
    return subfolders.pop() if len(subfolders) == 1 else ""


def _open_out(folder: str, subfolder: str, places: Places) -> Action | None:
    return _open(places[folder].out_folder, subfolder) if folder in places else None


def _open(root: str, subfolder: str) -> Action:
    return Action(Deed.OPEN_PATH, str(PurePath(root, *subfolder.split("/")) if subfolder else PurePath(root)))
