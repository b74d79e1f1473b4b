"""Where the folders of a config really are: `~` expanded, links resolved, and none inside another.

A result that lands in an in folder would be retouched, and paid, again and again: that is why the
slightest doubt (another spelling of the same name, a link, another route to what is the same folder on the disk) counts
as the same place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path, PurePath

from hotfolder.adapters.addresses import Address, MountPoint, address_of, lies_in, read_mount_points
from hotfolder.adapters.config_mistakes import KeyPath, Mistake, written_key
from hotfolder.adapters.config_yaml import Document
from hotfolder.adapters.scanner import FolderId, folder_identity
from hotfolder.core.naming import path_key
from hotfolder.errors import FolderAway

FOLDER_KEYS = ("in", "out", "originals_to")


@dataclass(frozen=True)
class FolderPlace:
    """One folder of the config (or the home): its key, its line, and its parts with links resolved."""

    kind: str
    key: str
    line: int | None
    parts: tuple[str, ...]
    text: str = ""
    """As it is written."""
    identity: FolderId | None = None
    address: Address | None = None
    """Where it lies on its disk, and who it is there; None for a folder that is not there, or where nobody tells."""

    def is_inside(self, other: FolderPlace) -> bool:
        """Is it the other folder, or below it?"""
        by_name = self.parts[: len(other.parts)] == other.parts
        return by_name or self._is_inside_by_route(other)

    def _is_inside_by_route(self, other: FolderPlace) -> bool:
        return self.address is not None and other.address is not None and lies_in(self.address, other.address)

    def is_same(self, other: FolderPlace) -> bool:
        by_route = self.identity is not None and self.identity == other.identity
        return self.parts == other.parts or by_route

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
    mounts = read_mount_points()
    places = [
        _place(key, mounts, ("folders", number, key), text, document)
        for _, number, key, text in folder_paths(document.data)
        if PurePath(text).is_absolute() and "\0" not in text
    ]
    if home is not None:
        places.append(FolderPlace("home", "the home of hotfolder", None, _real_parts(home), str(home)))
    pairs = combinations(places, 2)
    return [mistake for one, other in pairs if (mistake := _overlap(one, other)) is not None]


def _place(
    kind: str, mounts: Sequence[MountPoint], path: KeyPath, text: str, document: Document
) -> FolderPlace:
    place = FolderPlace(kind, written_key(path), document.line_of(path), _real_parts(Path(text)), text)
    try:
        identity = folder_identity(Path(text))
    except FolderAway:
        return place
    return replace(place, identity=identity, address=address_of(os.path.realpath(text), mounts))


def _real_parts(path: Path) -> tuple[str, ...]:
    real = os.path.realpath(path)
    return PurePath(path_key(real)).parts


def _overlap(one: FolderPlace, other: FolderPlace) -> Mistake | None:
    """`other` stands later in the file, so the mistake is told there (the home has no line)."""
    told, first = (one, other) if other.line is None else (other, one)
    route = _route(one, other)
    if one.is_same(other) and _must_differ(one.kind, other.kind):
        return Mistake(told.line, told.key, f"This is the same folder as {first.named}{route}.", _ADVICE)
    if other.is_inside(one) and _must_not_hold(one.kind, other.kind):
        inner, outer = other, one
    elif one.is_inside(other) and _must_not_hold(other.kind, one.kind):
        inner, outer = one, other
    else:
        return None
    relation = f"lies inside {outer.named}" if told is inner else f"contains {inner.named}"
    return Mistake(told.line, told.key, f"This folder {relation}{route}.", _ADVICE)


def _route(one: FolderPlace, other: FolderPlace) -> str:
    """The two paths, where it cannot be seen by them."""
    if one.parts[: len(other.parts)] == other.parts or other.parts[: len(one.parts)] == one.parts:
        return ""
    return f", by another route: {one.text} and {other.text}"


_ADVICE = "Choose folders that lie beside each other."


def _must_differ(one: str, other: str) -> bool:
    return one == other != "originals_to" or "in" in (one, other)


def _must_not_hold(outer: str, inner: str) -> bool:
    """An in folder holds none of the others; an out folder holds no in folder."""
    return outer == "in" or (outer == "out" and inner == "in")
