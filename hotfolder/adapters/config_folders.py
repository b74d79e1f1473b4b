"""Where the folders of a config really are: `~` expanded, links resolved, and none inside another.

A result that lands in an in folder would be retouched, and paid, again and again: that is why the
slightest doubt (another spelling of the same name, a link) counts as the same place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePath

from hotfolder.adapters.config_mistakes import KeyPath, Mistake, written_key
from hotfolder.adapters.config_yaml import Document
from hotfolder.core.naming import path_key

FOLDER_KEYS = ("in", "out", "originals_to")


@dataclass(frozen=True)
class FolderPlace:
    """One folder of the config (or the home): its key, its line, and its parts with links resolved."""

    kind: str
    key: str
    line: int | None
    parts: tuple[str, ...]

    def is_inside(self, other: FolderPlace) -> bool:
        """Is it the other folder, or below it?"""
        return self.parts[: len(other.parts)] == other.parts

    @property
    def named(self) -> str:
        """For a sentence."""
        return f"{self.key} (line {self.line})" if self.line else self.key


def folder_paths(data: object) -> Iterator[tuple[dict[str, object], int, str, str]]:
    """(hot folder, its number, key, text) of every folder written as a text."""
    folders = data.get("folders") if isinstance(data, dict) else None
    for number, folder in enumerate(folders if isinstance(folders, list) else []):
        for key in FOLDER_KEYS if isinstance(folder, dict) else ():
            if isinstance(folder.get(key), str):
                yield folder, number, key, folder[key]


def expand_homes(data: object) -> None:
    """Replaces `~` in every folder of the data by the person's home folder."""
    for folder, _, key, text in folder_paths(data):
        if text.startswith("~") and "\0" not in text:
            folder[key] = os.path.expanduser(text)  # noqa: PTH111 - Path raises for an unknown ~name


def find_overlaps(document: Document, home: Path | None) -> list[Mistake]:
    """A mistake for every two folders of which one would feed, or fill, the other; `~` is gone already."""
    places = [
        _place(key, ("folders", number, key), text, document)
        for _, number, key, text in folder_paths(document.data)
        if PurePath(text).is_absolute() and "\0" not in text
    ]
    if home is not None:
        places.append(FolderPlace("home", "the home of hotfolder", None, _real_parts(home)))
    pairs = combinations(places, 2)
    return [mistake for one, other in pairs if (mistake := _overlap(one, other)) is not None]


def _place(kind: str, path: KeyPath, text: str, document: Document) -> FolderPlace:
    return FolderPlace(kind, written_key(path), document.line_of(path), _real_parts(Path(text)))


def _real_parts(path: Path) -> tuple[str, ...]:
    real = os.path.realpath(path)
    return PurePath(path_key(real)).parts


def _overlap(one: FolderPlace, other: FolderPlace) -> Mistake | None:
    """`other` stands later in the file, so the mistake is told there (the home has no line)."""
    told, first = (one, other) if other.line is None else (other, one)
    if one.parts == other.parts and _must_differ(one.kind, other.kind):
        return Mistake(told.line, told.key, f"This is the same folder as {first.named}.", _ADVICE)
    if other.is_inside(one) and _must_not_hold(one.kind, other.kind):
        inner, outer = other, one
    elif one.is_inside(other) and _must_not_hold(other.kind, one.kind):
        inner, outer = one, other
    else:
        return None
    relation = f"lies inside {outer.named}" if told is inner else f"contains {inner.named}"
    return Mistake(told.line, told.key, f"This folder {relation}.", _ADVICE)


_ADVICE = "Choose folders that lie beside each other."


def _must_differ(one: str, other: str) -> bool:
    return one == other != "originals_to" or "in" in (one, other)


def _must_not_hold(outer: str, inner: str) -> bool:
    """An in folder holds none of the others; an out folder holds no in folder."""
    return outer == "in" or (outer == "out" and inner == "in")
