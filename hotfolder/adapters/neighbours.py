"""The folders of the config beside one in folder: who they are on the disk, looked up anew each time, since drives and
mounts come and go. A result that is reached below an in folder would be retouched, and paid, again and again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotfolder.adapters.addresses import (
    Address,
    MountPoint,
    address_of,
    lies_in,
    mounted_below,
    read_mount_points,
)
from hotfolder.adapters.foreign import FolderId, Foreign
from hotfolder.adapters.scanner import folder_identity
from hotfolder.core.config import Config
from hotfolder.errors import FolderAway

LOOK_LIMIT_S = 1.0
"""A neighbour on a dead network drive is not waited for any longer: what was known of it counts (keeps I7)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a folder is: its identity and its path without links."""

    identity: FolderId
    real_path: str


class Root:
    """An in or out folder of the config. `words`: "the out folder of Studio". Thread-safe."""

    def __init__(self, words: str, path: Path, *, is_out: bool) -> None:
        self.words = words
        self.path = path
        self.is_out = is_out
        self._lock = threading.Lock()
        self._looking: threading.Thread | None = None
        self._seen: Seen | None = None

    def look(self) -> Seen | None:
        """None where it is not there; what was seen last where the system does not answer in time."""
        with self._lock:
            begun = self._looking is None or not self._looking.is_alive()
            if begun:
                self._looking = threading.Thread(target=self._look, name=f"look at {self.words}", daemon=True)
                self._looking.start()
            looking = self._looking
        if begun and looking is not None:
            looking.join(LOOK_LIMIT_S)
        return self._seen

    def _look(self) -> None:
        try:
            self._seen = seen_at(self.path)
        except FolderAway:
            self._seen = None


def seen_at(path: Path) -> Seen:
    """Raises `FolderAway`."""
    return Seen(folder_identity(path), os.path.realpath(path))


class Neighbourhood:
    """All in and out folders of a config, in its order."""

    def __init__(self, config: Config) -> None:
        self._ins = {
            folder.name: Root(f"the in folder of {folder.name}", Path(folder.in_folder), is_out=False)
            for folder in config.folders
        }
        self._outs = [
            Root(f"the out folder of {folder.name}", Path(folder.out_folder), is_out=True)
            for folder in config.folders
        ]

    def of(self, name: str) -> Neighbours:
        """Those of one hot folder's in folder."""
        names = list(self._ins)
        before, after = names[: names.index(name)], names[names.index(name) + 1 :]
        return Neighbours(
            self._ins[name].path,
            forbidden=[*self._outs, *(self._ins[one] for one in before)],
            others=[self._ins[one] for one in after],
        )


class Neighbours:
    """What one in folder may be confused with. `forbidden`: roots that it must not be; of two in folders that are one, the
    first of the config has it."""

    def __init__(self, root: Path, forbidden: Sequence[Root], others: Sequence[Root]) -> None:
        self._root = root
        self._forbidden = forbidden
        self._others = others

    def look(self) -> Foreign:
        """What a scan must not enter. Blocks; raises `FolderAway` where the in folder itself is not there, or is another
        folder of the config."""
        own = seen_at(self._root)
        mounts = read_mount_points()
        forbidden = list(_there(self._forbidden))
        address = address_of(own.real_path, mounts)
        for root, seen in forbidden:
            where = address_of(seen.real_path, mounts)
            if seen.identity == own.identity or (root.is_out and _both_lie_in(address, where)):
                raise _same(self._root, root)
        there = [*forbidden, *_there(self._others)]
        ids = {seen.identity: f"{root.words} ({root.path})" for root, seen in there}
        ids[own.identity] = f"this in folder itself ({self._root})"
        return Foreign(ids, self._mounted(own, there, mounts))

    def _mounted(
        self, own: Seen, there: Sequence[tuple[Root, Seen]], mounts: Sequence[MountPoint]
    ) -> dict[str, str]:
        """The mount points below the in folder that show a part of one of these, or of the in folder itself."""
        below = list(mounted_below(own.real_path, mounts))
        if not below:
            return {}
        places = [(f"a part of {root.words} ({root.path})", seen.real_path) for root, seen in there]
        places.append((f"a part of this in folder itself ({self._root})", own.real_path))
        known = [(words, address_of(real_path, mounts)) for words, real_path in places]
        return {
            path: words
            for path, address in below
            for words, outer in known
            if outer is not None and lies_in(address, outer)
        }


def _there(roots: Sequence[Root]) -> Iterator[tuple[Root, Seen]]:
    for root in roots:
        seen = root.look()
        if seen is not None:
            yield root, seen


def _both_lie_in(inner: Address | None, outer: Address | None) -> bool:
    return inner is not None and outer is not None and lies_in(inner, outer)


def _same(in_folder: Path, root: Root) -> FolderAway:
    return FolderAway(
        f"The in folder {in_folder} leads to {root.words} ({root.path}) by another route.",
        "Take that mount away, or choose folders that lie beside each other in config.yaml; it goes on by itself.",
    )
