"""The folders that a scan of an in folder must not enter, though they are reached below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FolderId = tuple[int, int]
"""(st_dev, st_ino): another drive mounted, or the folder made anew, is another folder."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """`ids`: folders of the config by what they are on the disk, so that no route to them is missed; `paths`: mount points
    below the in folder (relative, with `/`) that show a part of one of them. Each with the words for it."""

    ids: Mapping[FolderId, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)

    def words_for(self, path: str, identity: FolderId) -> str | None:
        """What a subfolder really is; None where it is nobody else's."""
        return self.ids.get(identity) or self.paths.get(path)


NOTHING_FOREIGN = Foreign()
