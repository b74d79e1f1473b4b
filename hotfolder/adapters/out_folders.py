"""The out folders: where a result is put whole, checked, and never over a file that is not ours (keeps I3, I5).

The order of `place`: a part file in the same folder, write, fsync, link under the final name (which fails if
anything is there), fsync the folder. A crash leaves a part file, which the next start sweeps (I10), or the whole result.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hotfolder import errors
from hotfolder.adapters.durably import rename_to_free_name, sync_folder
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.spool import PIECE_BYTES, Spool, SpoolParcel
from hotfolder.core.image import Image, State
from hotfolder.core.naming import choose_result_path, is_part_name, part_name, path_key
from hotfolder.ports import Parcel

T = TypeVar("T")

PROBE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Version:
    """A result of ours that stands unchanged in the out folder, of an earlier version of the same source."""

    result_path: str
    content_hash: str


class OutFolders:
    """Implements `ports.Results` for the hot folders' roots, by name."""

    def __init__(self, roots: Mapping[str, Path], spool: Spool, ledger: LedgerThread) -> None:
        self._roots = roots
        self._spool = spool
        self._ledger = ledger
        self._replaceable: dict[str, _Version] = {}

    def parcel(self) -> SpoolParcel:
        return self._spool.parcel()

    async def is_in_place(self, image: Image) -> bool:
        if image.result_path is None or image.result_hash is None:
            return False
        path = self._roots[image.folder] / image.result_path
        return await asyncio.to_thread(_hash_of, path) == image.result_hash

    async def claim(self, image: Image, extension: str) -> Image:
        """Reserve a name that nobody else has: no other image, and no file that is not ours. The source may have been
        moved while its result came down: what counts is where the ledger says it is now."""
        await self._make_root(image.folder)
        now_at = await self._ledger.call(lambda ledger: ledger.image(image.id))
        image = image if now_at is None else replace(image, path=now_at.path)
        versions = await self._ledger.call(lambda ledger: _other_versions(ledger, image))
        taken, ours = await self._on_disk(
            image, lambda: self._look(image, _delivered_before(image, versions))
        )
        claimed_by_versions = [
            v.result_path for v in versions if v.result_path and v.state is not State.DELIVERED
        ]
        of_this_source = {path_key(v.result_path) for v in versions if v.result_path}

        def choose(taken_by_images: frozenset[str]) -> str:
            free = {path_key(version.result_path) for version in ours}
            images = [path for path in taken_by_images if path_key(path) not in of_this_source]
            files = [path for path in (*taken, *claimed_by_versions) if path_key(path) not in free]
            return choose_result_path(image.path, extension, images, files, windows=os.name == "nt")

        claimed = await self._ledger.call(lambda ledger: ledger.claim_result(image, choose))
        self._remember_replaceable(claimed, ours)
        return claimed

    def _remember_replaceable(self, claimed: Image, ours: list[_Version]) -> None:
        self._replaceable.pop(claimed.id, None)
        for version in ours:
            if version.result_path == claimed.result_path:
                self._replaceable[claimed.id] = version

    def _look(self, image: Image, earlier: list[_Version]) -> tuple[list[str], list[_Version]]:
        """What stands in the image's subfolder, and which of it is an unchanged earlier result of the same source."""
        root = self._root(image)
        folder = root / image.subfolder
        prefix = f"{image.subfolder}/" if image.subfolder else ""
        names = [prefix + entry.name for entry in os.scandir(folder)] if folder.is_dir() else []
        ours = [v for v in earlier if _hash_of(root / v.result_path) == v.content_hash]
        return names, ours

    async def place(self, image: Image, parcel: Parcel) -> bool:
        assert isinstance(parcel, SpoolParcel)
        replaced = self._replaceable.pop(image.id, None)
        return await self._on_disk(image, lambda: self._place(image, parcel, replaced))

    def _place(self, image: Image, parcel: SpoolParcel, replaced: _Version | None) -> bool:
        final = self._root(image) / (image.result_path or "")
        final.parent.mkdir(parents=True, exist_ok=True)
        part = final.parent / part_name(image.id)
        try:
            _write_durably(part, parcel)
            if replaced is not None and _hash_of(final) == replaced.content_hash:
                part.replace(final)  # an earlier version of the same source, unchanged since
            elif not rename_to_free_name(part, final):
                return False
        finally:
            part.unlink(missing_ok=True)
        sync_folder(final.parent)
        return True

    # --- the roots --------------------------------------------------------------------------------

    async def check(self, folder: str) -> None:
        """Raise `FolderUnwritable` unless the out folder can take a result now."""
        await self._make_root(folder)
        await asyncio.to_thread(self._probe, folder)

    async def _make_root(self, folder: str) -> None:
        """Only an out folder that has never been used is created, and only below an existing parent (design §8)."""
        used = await self._ledger.call(lambda ledger: ledger.out_folder_used(folder))
        root = self._roots[folder]
        await asyncio.to_thread(_require_root, root, used)
        if not used:
            await self._ledger.call(lambda ledger: ledger.note_out_folder_used(folder))

    def _probe(self, folder: str) -> None:
        probe = self._roots[folder] / part_name("probe")
        try:
            with probe.open("wb") as file:
                file.write(b"\0" * PROBE_BYTES)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise unwritable(self._roots[folder], error) from error
        finally:
            _try_to_remove(probe)

    def sweep(self) -> None:
        """Remove the part files an earlier life left behind (keeps I10)."""
        for root in self._roots.values():
            for folder, _, names in os.walk(root):
                for name in filter(is_part_name, names):
                    _try_to_remove(Path(folder) / name)

    def _root(self, image: Image) -> Path:
        root = self._roots[image.folder]
        if not root.is_dir():
            raise _away(root)
        return root

    async def _on_disk(self, image: Image, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise unwritable(self._roots[image.folder], error) from error


def _other_versions(ledger: Ledger, image: Image) -> list[Image]:
    """The images of the same source with other contents."""
    return [other for other in ledger.images(image.folder, path=image.path) if other.id != image.id]


def _delivered_before(image: Image, versions: list[Image]) -> list[_Version]:
    return [
        _Version(other.result_path, other.result_hash)
        for other in versions
        if other.state is State.DELIVERED and other.detected_at < image.detected_at
        if other.result_path and other.result_hash
    ]


def _require_root(root: Path, used: bool) -> None:
    if root.is_dir():
        return
    if used or not root.parent.is_dir():
        raise _away(root)
    try:
        root.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(root, error) from error


def _write_durably(part: Path, parcel: SpoolParcel) -> None:
    parcel.file.seek(0)
    with part.open("wb") as file:
        shutil.copyfileobj(parcel.file, file, PIECE_BYTES)
        file.flush()
        os.fsync(file.fileno())
    if part.stat().st_size != parcel.size_bytes:
        raise OSError(errno.EIO, "the part file is shorter than what was written")


def _hash_of(path: Path) -> str | None:
    """SHA-256 of a file as hex; None when there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _try_to_remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # a read-only or vanished folder: swept at another start


def _away(root: Path) -> errors.FolderUnwritable:
    return errors.FolderUnwritable(
        f"Waiting for the out folder {root}.",
        "Connect the drive or put the folder back; it goes on by itself.",
    )


def unwritable(root: Path, error: OSError) -> errors.FolderUnwritable | errors.ImageRejected:
    """An operating system's word about an out folder, in ours."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return errors.FolderUnwritable(
            f"The disk of {root} is full.", "Make room there; the results are put there then by themselves."
        )
    if error.errno in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
        return errors.ImageRejected(
            f"The result's name is not allowed in {root}.", "Rename the image and copy it in again."
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return errors.FolderUnwritable(
            f"The out folder {root} cannot be written ({error.strerror}).",
            "Give this user the right to write there; it goes on by itself.",
        )
    return errors.FolderUnwritable(
        f"Waiting for the out folder {root} ({error.strerror or error}).",
        "Connect the drive or put the folder back; it goes on by itself.",
    )
