"""Files that stand under their name whole, for good, and never in the place of another."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_CANNOT_HARD_LINK = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


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
        return False
    except OSError as error:
        if error.errno not in _CANNOT_HARD_LINK:
            raise
        return _rename_without_links(part, final)
    return True


def _rename_without_links(part: Path, final: Path) -> bool:
    """For file systems without hard links (exFAT, some shares): look, then rename, with a gap of microseconds."""
    if os.path.lexists(final):
        return False
    part.replace(final)
    return True


def sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some shares cannot sync a folder
            raise
    finally:
        os.close(descriptor)
