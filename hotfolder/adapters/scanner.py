"""The truth about an in folder: which image files are there, and what their stamps are.

Links are never followed (file, folder, loop; on Windows junctions too), pipes, sockets and devices never
opened. A root that is missing, unreadable or exchanged during the walk raises FolderAway instead of looking
empty (I6). Everything blocks: call it with asyncio.to_thread.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from hotfolder.core.ignore import LINK, NOT_A_FILE, IgnoreRules, Kind, Verdict
from hotfolder.core.settling import FileStamp
from hotfolder.errors import FolderAway, UnreadableImage

FolderId = tuple[int, int]
"""(st_dev, st_ino): another drive mounted, or the folder made anew, is another folder."""


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
        ignored = all(verdict.kind is Kind.IGNORED for _, verdict in self.passed_over)
        return ignored and not self.files and self.folders <= 1


def folder_identity(root: Path) -> FolderId:
    """(st_dev, st_ino) of a hot folder's root, through a link if it is one. Raises FolderAway."""
    try:
        found = root.stat()
    except OSError as error:
        raise _away(root, error.strerror or "missing") from error
    if not stat.S_ISDIR(found.st_mode):
        raise _away(root, "not a folder")
    return found.st_dev, found.st_ino


def on_another_drive(root: Path) -> FolderAway:
    """The error of an in folder whose drive is away: its mount point stands there in its place (keeps I6)."""
    return FolderAway(
        f"Waiting for the drive of the in folder {root}: what is there now is on another drive than before.",
        "Connect the drive. If this is right, put an image into the folder; it goes on by itself.",
    )


def scan_folder(root: Path, rules: IgnoreRules) -> Scan:
    """Walks the whole folder. Raises FolderAway; anything below the root that fails is in `trouble`."""
    root_id = folder_identity(root)
    walk = _Walk(root, rules)
    walk.run()
    if folder_identity(root) != root_id:
        raise _away(root, "exchanged while it was read")
    return Scan(root_id, walk.files, walk.passed_over, walk.trouble, walk.folders)


def stamp_of(root: Path, path: str) -> FileStamp | None:
    """The stamp of one file; None if it is gone, no regular file, or behind a link.

    Raises FolderAway when it is the root that is gone, UnreadableImage when nobody can tell.
    """
    here = root
    try:
        for part in path.split("/")[:-1]:
            here = here / part
            if not _is_plain_folder(os.lstat(here)):
                return None
        found = os.lstat(root / path)
    except (FileNotFoundError, NotADirectoryError):
        folder_identity(root)
        return None
    except (OSError, ValueError) as error:
        folder_identity(root)
        raise UnreadableImage(
            f"The file cannot be looked at: {_reason(error)}.",
            "Check the rights of its folder.",
            maybe_incomplete=True,
        ) from error
    return stamp_from(found) if stat.S_ISREG(found.st_mode) else None


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
    return FileStamp(found.st_size, found.st_mtime_ns)


class _Walk:
    def __init__(self, root: Path, rules: IgnoreRules) -> None:
        self._root = root
        self._rules = rules
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
                raise _away(self._root, _reason(error)) from error
            if not isinstance(error, FileNotFoundError):
                self.trouble.append((prefix, f"cannot be read: {_reason(error)}"))
            return []
        self.folders += 1
        return inside

    def _take_entry(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            if _is_link(entry):
                self.passed_over.append((path, LINK))
            elif entry.is_dir(follow_symlinks=False):
                self._take_folder(path)
            else:
                self._take_file(entry, path)
        except FileNotFoundError:
            return  # vanished during the walk
        except OSError as error:
            self.trouble.append((path, f"cannot be looked at: {_reason(error)}"))

    def _take_folder(self, path: str) -> None:
        verdict = self._rules.verdict_below(path, is_dir=True)
        if verdict.kind is Kind.IGNORED:
            self.passed_over.append((f"{path}/", verdict))
        else:
            self._waiting.append(f"{path}/")

    def _take_file(self, entry: os.DirEntry[str], path: str) -> None:
        is_file = entry.is_file(follow_symlinks=False)
        verdict = self._rules.verdict_below(path) if is_file else NOT_A_FILE
        if verdict.kind is not Kind.IMAGE:
            self.passed_over.append((path, verdict))
            return
        # Not entry.stat(): on Windows its size and time lag behind while a file is being written.
        found = os.lstat(entry.path)
        if stat.S_ISREG(found.st_mode):
            self.files[path] = stamp_from(found)


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


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _away(root: Path, reason: str) -> FolderAway:
    return FolderAway(
        f"Waiting for {root}: {reason.lower()}.", "Connect the drive, or make the folder again."
    )
