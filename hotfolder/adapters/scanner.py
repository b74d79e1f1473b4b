"""The truth about an in folder: which image files are there, and what their stamps are.

Links are never followed (file, folder, loop; on Windows junctions too), pipes, sockets and devices never opened, and another
folder of the config that is reached below this one is never entered. A root that is missing, unreadable or exchanged during
the walk raises FolderAway instead of looking empty (I6). Everything blocks: call it with asyncio.to_thread.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from hotfolder.adapters.foreign import NOTHING_FOREIGN, Foreign
from hotfolder.adapters.foreign import FolderId as FolderId
from hotfolder.core.ignore import LINK, NOT_A_FILE, IgnoreRules, Kind, Verdict, another_folder
from hotfolder.core.not_sent import NotSent, not_sent_of, unreadable
from hotfolder.core.plain_words import plain_reason
from hotfolder.core.settling import FileStamp
from hotfolder.errors import FolderAway, UnreadableImage


@dataclass(frozen=True, slots=True)
class Scan:
    """One walk through an in folder. Paths are relative to it, with `/`; folders end with `/`."""

    root_id: FolderId
    files: dict[str, FileStamp]
    passed_over: list[tuple[str, Verdict]]
    trouble: list[tuple[str, str]]
    """Subfolders and files that could not be looked at: they are *not* known to be gone."""
    folders: int
    """Folders read, the root among them."""

    @property
    def is_empty(self) -> bool:
        """Nothing but what the system, or hotfolder itself, may have put there: the look of a bare mount point."""
        bare = (Kind.IGNORED, Kind.UNFOLLOWED, Kind.ELSEWHERE)
        ignored = all(verdict.kind in bare for _, verdict in self.passed_over)
        return ignored and not self.files and self.folders <= 1


def folder_identity(root: Path) -> FolderId:
    """(st_dev, st_ino) of a hot folder's root, through a link if it is one. Raises FolderAway."""
    try:
        found = root.stat()
    except OSError as error:
        raise _away(root, plain_reason(error)) from error
    if not stat.S_ISDIR(found.st_mode):
        raise _away(root, "not a folder")
    return found.st_dev, found.st_ino


def on_another_drive(root: Path) -> FolderAway:
    """The error of an in folder whose drive is away: its mount point stands there in its place (keeps I6)."""
    return FolderAway(
        f"Waiting for the drive of the in folder {root}: what is there now is on another drive than before.",
        "Connect the drive. If this is right, put an image into the folder; it goes on by itself.",
    )


def scan_folder(root: Path, rules: IgnoreRules, foreign: Foreign = NOTHING_FOREIGN) -> Scan:
    """Walks the whole folder but for what is `foreign`. Raises FolderAway; anything below the root that fails is in
    `trouble`."""
    root_id = folder_identity(root)
    walk = _Walk(root, rules, foreign)
    walk.run()
    if folder_identity(root) != root_id:
        raise _away(root, "exchanged while it was read")
    return Scan(root_id, walk.files, walk.passed_over, walk.trouble, walk.folders)


def leads_elsewhere(root: Path, path: str, foreign: Foreign) -> bool:
    """Whether the way to a path goes through a link or through what is foreign, as far as it can be looked at."""
    parts = path.split("/")[:-1]
    try:
        return not all(
            _is_own_folder(root, "/".join(parts[:end]), foreign) for end in range(1, len(parts) + 1)
        )
    except (OSError, ValueError):
        return False


def stamp_of(root: Path, path: str, foreign: Foreign = NOTHING_FOREIGN) -> FileStamp | None:
    """The stamp of one file; None if it is gone, no regular file, behind a link, or below what is `foreign`.

    Raises FolderAway when it is the root that is gone, UnreadableImage when nobody can tell.
    """
    parts = path.split("/")[:-1]
    try:
        for end in range(1, len(parts) + 1):
            if not _is_own_folder(root, "/".join(parts[:end]), foreign):
                return None
        found = os.lstat(root / path)
    except (FileNotFoundError, NotADirectoryError):
        folder_identity(root)
        return None
    except (OSError, ValueError) as error:
        folder_identity(root)
        raise UnreadableImage(
            f"The file cannot be looked at: {plain_reason(error)}.",
            "Check the rights of its folder.",
            maybe_incomplete=True,
        ) from error
    return stamp_from(found) if stat.S_ISREG(found.st_mode) else None


def not_sent_at(
    root: Path, path: str, verdict: Verdict, foreign: Foreign = NOTHING_FOREIGN
) -> NotSent | None:
    """What an event's path is that is not sent; `verdict`: on its name. None for an image, a folder (a scan tells of it),
    what stays silent, and what is gone."""
    if verdict.kind is Kind.IGNORED or leads_elsewhere(root, path, foreign):
        return None
    try:
        found = os.lstat(root / path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return unreadable(path, f"cannot be looked at: {plain_reason(error)}")
    if stat.S_ISREG(found.st_mode):
        return not_sent_of(verdict)
    if stat.S_ISDIR(found.st_mode) and _is_plain_folder(found):
        return None
    return not_sent_of(LINK if stat.S_ISLNK(found.st_mode) or stat.S_ISDIR(found.st_mode) else NOT_A_FILE)


def is_listed(root: Path, path: str) -> bool:
    """Whether the folders list exactly this path: macOS and Windows find a file under its old name, too, when a
    rename changed only case or normal form."""
    here = root
    for part in path.split("/"):
        if part not in os.listdir(here):  # noqa: PTH208 - names as they are listed, nothing else
            return False
        here = here / part
    return True


def stamp_from(found: os.stat_result) -> FileStamp:
    """On Windows the change time is the time of creation, which does no harm."""
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _is_own_folder(root: Path, path: str, foreign: Foreign) -> bool:
    found = os.lstat(root / path)
    return _is_plain_folder(found) and foreign.words_for(path, (found.st_dev, found.st_ino)) is None


class _Walk:
    def __init__(self, root: Path, rules: IgnoreRules, foreign: Foreign) -> None:
        self._root = root
        self._rules = rules
        self._foreign = foreign
        self._waiting = [""]
        self.files: dict[str, FileStamp] = {}
        self.passed_over: list[tuple[str, Verdict]] = []
        self.trouble: list[tuple[str, str]] = []
        self.folders = 0

    def run(self) -> None:
        while self._waiting:
            prefix = self._waiting.pop()
            for entry in self._read_folder(prefix):
                self._take_entry(entry, prefix + entry.name)

    def _read_folder(self, prefix: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._root / prefix) as entries:
                inside = list(entries)
        except OSError as error:
            if not prefix:
                raise _away(self._root, plain_reason(error)) from error
            if not isinstance(error, FileNotFoundError):
                self.trouble.append((prefix, f"cannot be read: {plain_reason(error)}"))
            return []
        self.folders += 1
        return inside

    def _take_entry(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            if _is_link(entry):
                self.passed_over.append((path, self._unfollowed(path, LINK)))
            elif entry.is_dir(follow_symlinks=False):
                self._take_folder(entry, path)
            else:
                self._take_file(entry, path)
        except FileNotFoundError:
            return  # vanished during the walk
        except OSError as error:
            self.trouble.append((path, f"cannot be looked at: {plain_reason(error)}"))

    def _take_folder(self, entry: os.DirEntry[str], path: str) -> None:
        verdict = self._rules.verdict_below(path, is_dir=True)
        found = os.lstat(entry.path)  # not entry.stat(): on Windows it has no inode
        words = self._foreign.words_for(path, (found.st_dev, found.st_ino))
        if words is not None and verdict.kind is not Kind.IGNORED:
            self.passed_over.append((f"{path}/", another_folder(words)))
            return
        if verdict.kind is Kind.IGNORED:
            self.passed_over.append((f"{path}/", verdict))
        else:
            self._waiting.append(f"{path}/")

    def _take_file(self, entry: os.DirEntry[str], path: str) -> None:
        is_file = entry.is_file(follow_symlinks=False)
        verdict = self._rules.verdict_below(path) if is_file else self._unfollowed(path, NOT_A_FILE)
        if verdict.kind is not Kind.IMAGE:
            self.passed_over.append((path, verdict))
            return
        # Not entry.stat(): on Windows its size and time lag behind while a file is being written.
        found = os.lstat(entry.path)
        if stat.S_ISREG(found.st_mode):
            self.files[path] = stamp_from(found)

    def _unfollowed(self, path: str, why: Verdict) -> Verdict:
        """By its name it may be a hidden one, or one of a program: those stay silent."""
        by_name = self._rules.verdict_below(path)
        return by_name if by_name.kind is Kind.IGNORED else why


def _is_link(entry: os.DirEntry[str]) -> bool:
    if entry.is_symlink():
        return True
    if sys.platform == "win32" and entry.is_dir(follow_symlinks=False):
        return not _is_plain_folder(entry.stat(follow_symlinks=False))
    return False


def _is_plain_folder(found: os.stat_result) -> bool:
    if sys.platform == "win32" and found.st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT:
        return False
    return stat.S_ISDIR(found.st_mode)


def _away(root: Path, reason: str) -> FolderAway:
    return FolderAway(
        f"Waiting for {root}: {reason.lower()}.", "Connect the drive, or make the folder again."
    )
