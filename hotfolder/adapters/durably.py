"""Files that stand under their name whole, for good, and never in the place of another."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_CANNOT_SYNC_FOLDERS = frozenset(
    {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EISDIR}
    | {errno.EACCES, errno.EPERM, 45}  # 45: macOS's ENOTSUP
)


def rename_to_free_name(part: Path, final: Path) -> bool:
    """Give the part file its final name unless something is there: false then."""
    if os.name == "nt":
        try:
            part.rename(final)  # fails there when the name is taken
        except FileExistsError:
            return False
        return True
    try:
        os.link(part, final)
    except FileExistsError:
        return _is_linked(part, final)
    except OSError:
        # Whatever the reason is (exFAT: EPERM, rclone: EIO, a share on a Mac: 45): the other way tells whether it is
        # the link alone that was refused.
        return _is_linked(part, final) or _rename_without_links(part, final)
    return True


def _rename_without_links(part: Path, final: Path) -> bool:
    """For file systems without hard links (exFAT, some shares): look, then rename, with a gap of microseconds."""
    if os.path.lexists(final):
        return False
    part.replace(final)
    return True


def _is_linked(part: Path, final: Path) -> bool:
    """Whether the link was made though the answer said otherwise: a share whose first answer was lost. Two names are
    known as one file by their number, but only where files have numbers and are counted."""
    try:
        ours, there = part.lstat(), final.lstat()
    except OSError:
        return False
    same = (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
    return same and ours.st_ino != 0 and ours.st_nlink >= 2 and there.st_nlink >= 2


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder outlast a power cut, where the file system can."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC_FOLDERS:  # some shares cannot sync a folder
            raise
