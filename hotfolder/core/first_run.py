"""The first run: what is suggested and what is told while somebody makes a hot folder, in the terminal and in the browser
alike. The config's own text is in core.config_text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import PurePath

from hotfolder.core.config import Existing
from hotfolder.core.naming import path_key

FALLBACK_NAME = "Hot folder"
LONGEST_SUGGESTION = 60

WEB_APP = "https://app.autoretouch.com"

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]+')
_PLACE = re.compile(r"folders\[(\d+)\]\.(in|out|originals_to|name)(?: \(line \d+\))?")
_LINE = re.compile(r" See line \d+\.")

_FIELDS = {"name": "name", "in": "in_folder", "out": "out_folder", "workflow": "workflow"}


@dataclass(frozen=True, slots=True)
class Choice:
    """An organization or a workflow that was chosen: the id goes into the config, the name beside it for people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A hot folder as it was answered so far; the folders as whole paths."""

    name: str
    in_folder: str
    out_folder: str
    workflow: Choice
    organization: Choice | None = None
    existing: Existing = Existing.PROCESS


@dataclass(frozen=True, slots=True)
class Inside:
    """What lies in an in folder already: images that could be sent, and files that only look like it."""

    images: int = 0
    broken: int = 0


# --- suggestions ----------------------------------------------------------------------------------


def suggest_name(workflow: str, taken: Collection[str] = ()) -> str:
    """A hot folder's name after its workflow, unlike any in `taken`."""
    words = " ".join(_INVISIBLE.sub(" ", workflow).replace("/", "-").split())
    return _not_taken(words[:LONGEST_SUGGESTION].strip() or FALLBACK_NAME, taken)


def suggest_folders(pictures: PurePath, name: str) -> tuple[PurePath, PurePath]:
    """In and out below the person's pictures; the name as every file system takes it."""
    word = _NOT_IN_NAMES.sub("-", _INVISIBLE.sub("", name)).strip(" .")[:LONGEST_SUGGESTION].strip(" .")
    place = pictures / "hotfolder" / (word or FALLBACK_NAME)
    return place / "in", place / "out"


def _not_taken(name: str, taken: Collection[str]) -> str:
    keys = {path_key(one.strip()) for one in taken}
    candidates: Iterator[str] = (name if number == 1 else f"{name} {number}" for number in count(1))
    return next(candidate for candidate in candidates if path_key(candidate) not in keys)


def pick(wanted: str, entries: Sequence[Choice]) -> Choice | None:
    """By id, by exact name, or by a name that differs in case only; None where that is none or several."""
    word = wanted.strip()
    by_id = [one for one in entries if one.id == word]
    by_name = [one for one in entries if one.name.strip() == word]
    alike = [one for one in entries if path_key(one.name.strip()) == path_key(word)]
    found = by_id or by_name or alike
    return found[0] if len(found) == 1 else None


# --- telling --------------------------------------------------------------------------------------


def count_of(number: int, thing: str) -> str:
    """`1 image`, `2,000 images`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def price_words(price: int | None) -> str:
    return "price not known" if price is None else f"{count_of(price, 'credit')} an image"


def balance_words(balance: int) -> str:
    return f"You have {count_of(balance, 'credit')}."


def existing_words(inside: Inside, price: int | None, balance: int | None) -> str:
    """What the in folder holds already, and what it would cost to process it all. Empty if there is nothing."""
    if not inside.images:
        return _broken_words(inside.broken)
    it_is = f"There {'is' if inside.images == 1 else 'are'} already {count_of(inside.images, 'image')} in this folder."
    return " ".join(
        filter(None, (it_is, _cost_words(inside.images, price, balance), _broken_words(inside.broken)))
    )


def under_way_words(images: int) -> str:
    """What is begun with at once; empty if there is nothing."""
    if not images:
        return ""
    were = "that was there already is" if images == 1 else "that were there already are"
    return f"{count_of(images, 'image')} {were} under way now."


def total_words(images: int, price: int | None) -> str:
    """The price of the new hot folder, and what is spent at once."""
    now = f"; {count_of(images, 'image')} now" if images else ""
    cost = f": {count_of(images * price, 'credit')}" if images and price is not None else ""
    return f"{price_words(price)}{now}{cost}"


def _cost_words(images: int, price: int | None, balance: int | None) -> str:
    them = "it" if images == 1 else "them all"
    if price is None:
        return f"What it would cost to process {them} is not known: AutoRetouch does not tell this workflow's price."
    cost = images * price
    how = "" if images == 1 else f" ({images:,} × {price:,})"
    said = f"To process {them} costs {count_of(cost, 'credit')}{how}."
    if balance is None:
        return said
    if balance >= cost:
        return f"{said} You have {balance:,}, which is enough."
    now = balance // price
    for_now = f"enough for {now:,} of them" if now else "not enough for one"
    return (
        f"{said} You have {balance:,}: {for_now}; the rest waits until you top up in the AutoRetouch web app."
    )


def _broken_words(broken: int) -> str:
    if not broken:
        return ""
    kind = "an image" if broken == 1 else "images"
    return f"{count_of(broken, 'file')} in it cannot be read as {kind} and would not be sent."


def mistake_words(key: str, message: str, advice: str, number: int, names: Sequence[str]) -> tuple[str, str]:
    """(field of the `Draft` or empty, sentence) for a mistake in the config with the new hot folder as entry `number`.

    A person who makes a hot folder knows no lines and keys: those become "the in folder of 'Boots'".
    """
    place = _PLACE.fullmatch(key)
    field = _FIELDS.get(key.removeprefix(f"folders[{number}]."), "")
    said = f"{_in_plain_words(message, number, names)} {advice}".strip()
    if place and int(place[1]) != number:
        field = "in_folder" if f"folders[{number}].in" in message else "out_folder"
        said = f"{_named(place, number, names)}: {said}"
    return field, said[:1].upper() + said[1:]


def _in_plain_words(message: str, number: int, names: Sequence[str]) -> str:
    plain = _PLACE.sub(lambda found: _named(found, number, names), _LINE.sub("", message))
    return plain.replace("the home of hotfolder", "the folder that hotfolder keeps its own files in")


def _named(found: re.Match[str], number: int, names: Sequence[str]) -> str:
    index, what = int(found[1]), {"in": "in folder", "out": "out folder"}.get(found[2], "folder of originals")
    if index == number:
        return f"the {what}"
    return f"the {what} of {names[index]!r}" if index < len(names) else f"another hot folder's {what}"
