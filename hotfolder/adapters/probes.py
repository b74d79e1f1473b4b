"""Probes: files that are placed exactly as results are, and removed, to prove that results can be placed (keeps I11).

A probe bears a part file's name, so every hotfolder leaves it alone and sweeps it, but one that a file system takes only
where it would take the result's.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from pathlib import Path
from typing import BinaryIO, cast

from hotfolder.adapters.looking import is_folder, try_to_remove
from hotfolder.adapters.out_trouble import away, blocked, guarded
from hotfolder.adapters.placing import Note, give_name, make_folder, part_in, unnoted
from hotfolder.adapters.spool import PIECE_BYTES
from hotfolder.core.naming import longest_name, probe_name, result_folder
from hotfolder.core.safe_names import NameRules
from hotfolder.errors import ResultInUse

PROBE_BYTES = 256 * 1024


def prove_root(root: Path, left: list[Path], size_bytes: int = PROBE_BYTES, note: Note = unnoted) -> None:
    """Place a file of this size as a result is placed, and remove it. Raises `FolderUnwritable`. `left`: what could not
    be removed last time, tried again first, so that nothing piles up."""
    with guarded(root):
        if not is_folder(root):
            raise blocked(root) if os.path.lexists(root) and not root.is_symlink() else away(root)
        _require_room(root, size_bytes)
        _remove_left(left)
        _prove_name(root, "result.webp", NameRules.ASCII, left, size_bytes, note)


def _require_room(root: Path, size_bytes: int) -> None:
    """Where there was no room for so much, and the system says that there still is none, a disk is not filled up over and
    over to find out. A small probe is written whatever the system says: some file systems do not know."""
    if size_bytes <= PROBE_BYTES:
        return
    usage = shutil.disk_usage(root)
    if usage.total and usage.free < size_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root))


def prove_path(
    root: Path, source_path: str, rules: NameRules, left: list[Path], note: Note = unnoted
) -> None:
    """Prove that the result of this source can be placed by these rules: its subfolder is made and stays. Raises
    `NameRefused` besides what `prove_root` raises."""
    with guarded(root):
        _remove_left(left)
        folder = make_folder(root, result_folder(source_path, rules))
        _prove_name(folder, longest_name(source_path, rules), rules, left, PROBE_BYTES, note)


def _prove_name(
    folder: Path, longest: str, rules: NameRules, left: list[Path], size_bytes: int, note: Note
) -> None:
    probe = folder / probe_name(longest, uuid.uuid4().hex[:8], rules)
    note(probe.name)
    try:
        with part_in(folder, cast(BinaryIO, _Noise(size_bytes)), size_bytes, note) as part:
            left.extend((part.path, probe))
            if not give_name(part, probe):
                raise OSError(errno.EEXIST, "a name that nobody has is taken", str(probe))
    except ResultInUse as busy:  # nobody works on a probe: it is the folder that does not let it be renamed
        raise busy.__cause__ or busy from busy
    finally:
        _try_to_remove_left(left)
    _remove_left(left)


def _remove_left(left: list[Path]) -> None:
    """A folder where nothing can be removed would keep every part file."""
    while left:
        if os.path.lexists(left[-1]):  # a name that was refused is not there, whatever unlinking it would say
            left[-1].unlink(missing_ok=True)
        left.pop()


def _try_to_remove_left(left: list[Path]) -> None:
    for path in left:
        try_to_remove(path)


class _Noise:
    """So many bytes that no file system stores in less room, in pieces."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes
        self._noise = os.urandom(min(size_bytes, PIECE_BYTES))

    def read(self, most: int) -> bytes:
        piece = self._noise[: min(most, self._left)]
        self._left -= len(piece)
        return piece
