"""Routes: whether an in folder leads to another folder of the config.

It is told by who the folders are on the disk; and by our own part files where that cannot be seen (a network share under two
names, a file system in between).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hotfolder.adapters.foreign import NOTHING_FOREIGN, FolderId, Foreign
from hotfolder.adapters.scanner import folder_identity, leads_elsewhere
from hotfolder.core.naming import is_part_name
from hotfolder.errors import FolderAway


@dataclass(slots=True)
class Routes:
    """Those of one hot folder's in folder. Everything blocks: call it with asyncio.to_thread."""

    root: Path
    look_around: Callable[[], Foreign] = lambda: NOTHING_FOREIGN
    """Raises `FolderAway` where the in folder itself is another folder of the config."""
    is_ours: Callable[[str], bool] = lambda name: False
    """Whether this daemon has made a file of that name in an out folder."""
    _reached: dict[str, FolderId] = field(default_factory=dict)
    """The subfolders in which such a file was met: as long as they are the same folders, the route is there."""

    def look(self) -> Foreign:
        """What must not be entered. Raises `FolderAway` also while a subfolder is known to be an out folder."""
        foreign = self.look_around()
        for folder, identity in list(self._reached.items()):
            if _identity(self.root / folder) != identity:
                del self._reached[folder]
        self._refuse_reached()
        return foreign

    def judge(self, paths: Iterable[str], foreign: Foreign) -> None:
        """These paths were met. Raises `FolderAway` where one is a part file of ours: then results are reached, too."""
        for path in paths:
            folder, _, name = path.rpartition("/")
            if is_part_name(name) and self.is_ours(name) and not leads_elsewhere(self.root, path, foreign):
                identity = _identity(self.root / folder)
                if identity is not None:
                    self._reached[folder] = identity
        self._refuse_reached()

    def _refuse_reached(self) -> None:
        if self._reached:
            folder = min(self._reached)
            raise FolderAway(
                f"An out folder is reached below the in folder {self.root}: in {folder or 'itself'}.",
                "Take that mount or share away from there, or choose another in folder; it goes on by itself.",
            )


def _identity(folder: Path) -> FolderId | None:
    try:
        return folder_identity(folder)
    except FolderAway:
        return None
