"""The in folders, read and never written (keeps I4)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, TypeVar

from hotfolder import errors
from hotfolder.adapters.image_check import hash_file
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.scanner import folder_identity, on_another_drive, stamp_of
from hotfolder.adapters.spool import PIECE_BYTES, Spool, SpoolParcel
from hotfolder.core.image import Image
from hotfolder.core.plain_words import plain_reason
from hotfolder.core.settling import FileStamp

T = TypeVar("T")


class InFolders:
    """Implements `ports.Sources` for the hot folders' roots, by name."""

    def __init__(self, roots: Mapping[str, Path], spool: Spool, ledger: LedgerThread) -> None:
        self._roots = roots
        self._spool = spool
        self._ledger = ledger

    async def open_exact(self, image: Image) -> BinaryIO:
        """A private copy of the bytes that were hashed, at its start."""
        return await self._look(self._copy, image)

    async def is_unchanged(self, image: Image) -> bool:
        """A change time or an inode that is another is a reason to look at the bytes."""
        return await self._look(self._has_same_bytes, image)

    async def _look(self, look: Callable[[Image], T], image: Image) -> T:
        """A file that is gone together with its drive has not vanished (keeps I6)."""
        try:
            return await asyncio.to_thread(look, image)
        except errors.SourceVanished:
            root = self._roots[image.folder]
            known = await self._ledger.call(lambda ledger: ledger.folder_device(image.folder))
            device, _ = await asyncio.to_thread(folder_identity, root)
            if known not in (None, device):
                raise on_another_drive(root) from None
            raise

    def _stamp(self, image: Image) -> FileStamp:
        stamp = stamp_of(self._roots[image.folder], image.path)
        if stamp is None:
            raise errors.SourceVanished(f"{image.path} is gone.", "It is sent when it comes back.")
        return stamp

    def _has_same_bytes(self, image: Image) -> bool:
        stamp = self._stamp(image)
        if image.stamp.agrees_with(stamp):
            return True
        path = self._roots[image.folder] / image.path
        return image.stamp == stamp and _hash_or_none(path) == image.content_hash

    def _copy(self, image: Image) -> BinaryIO:
        self._stamp(image)
        parcel = self._spool.parcel(image.size_bytes)
        try:
            self._fill(parcel, image)
        except BaseException:
            parcel.close()
            raise
        parcel.file.seek(0)
        return parcel.file

    def _fill(self, parcel: SpoolParcel, image: Image) -> None:
        path = self._roots[image.folder] / image.path
        try:
            with _open_without_links(path) as file:
                while piece := file.read(PIECE_BYTES):
                    parcel.write(piece)
        except FileNotFoundError as gone:
            self._stamp(image)  # tells a vanished file from a vanished folder
            raise errors.SourceVanished(f"{image.path} is gone.", "It is sent when it comes back.") from gone
        except OSError as error:
            raise _unreadable(image, error) from error
        if parcel.content_hash != image.content_hash:
            raise errors.SourceChanged(f"{image.path} was changed.", "It is looked at anew.")


def _hash_or_none(path: Path) -> str | None:
    """None where it changes this very moment, or cannot be read any more: it is looked at anew."""
    try:
        return hash_file(path)[0]
    except (errors.SourceChanged, errors.UnreadableImage):
        return None


def _open_without_links(path: Path) -> BinaryIO:
    no_follow = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, os.O_RDONLY | no_follow), "rb")


def _unreadable(image: Image, error: OSError) -> errors.ImageError:
    return errors.UnreadableImage(
        f"{image.path} cannot be read ({plain_reason(error)}).",
        "Give this user the right to read it, or copy it in again; then try again.",
    )
