"""Kept results: what came down and could not be placed yet lies in the spool until it is, so it is not fetched again.

A kept file's name says whose it is and what is in it; its bytes are hashed again when it is read, so a file that a crash
or a full disk cut short is never delivered (keeps I3).
"""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from hotfolder.adapters.spool import PIECE_BYTES, SpoolParcel
from hotfolder.core.plain_words import plain_reason

log = logging.getLogger(__name__)

MOST_BYTES = 2 * 1000 * 1000 * 1000
"""Beyond this the oldest are let go: they are fetched again, which costs nothing but the line."""

LEFT_FREE_BYTES = 100 * 1000 * 1000
"""What keeping never takes from the home's disk: the ledger has to be written there."""

_NAME = re.compile(r"kept-(?P<image_id>.+)-(?P<content_hash>[0-9a-f]{64})\.part")


class KeptResults:
    """In the spool's folder, one file an image; synchronous. `most_bytes`: the room they may take."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def keep(self, image_id: str, parcel: SpoolParcel) -> None:
        """Keep the parcel's bytes, as far as there is room: without it the image is no worse off than before."""
        place = self._folder / f"kept-{image_id}-{parcel.content_hash}.part"
        if place.exists():
            return
        self.let_go(image_id)
        try:
            if shutil.disk_usage(self._folder).free < parcel.size_bytes + LEFT_FREE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))
            parcel.file.seek(0)
            with place.open("xb") as file:
                shutil.copyfileobj(parcel.file, file, PIECE_BYTES)
        except OSError as error:
            _remove(place)
            log.info("A result could not be kept (%s); it comes down again later", plain_reason(error))
        self._limit(place)

    def parcel(self, image_id: str, result_hash: str | None) -> SpoolParcel | None:
        """What was kept for the image, if it is the result of that hash (None: of any)."""
        for place in self._of(image_id):
            parcel = self._read_back(place)
            if parcel is not None and parcel.content_hash == (result_hash or _hash_in(place)):
                return parcel
            if parcel is not None:
                parcel.close()
            _remove(place)
        return None

    def _read_back(self, place: Path) -> SpoolParcel | None:
        try:
            return SpoolParcel.read_back(place.open("rb"), self._folder)
        except OSError:
            return None

    def let_go(self, image_id: str) -> None:
        for place in self._of(image_id):
            _remove(place)

    def _of(self, image_id: str) -> list[Path]:
        return [place for place in self._folder.glob("kept-*.part") if image_of(place.name) == image_id]

    def _limit(self, newest: Path) -> None:
        """Remove the oldest beyond the room they may take; others come and go meanwhile."""
        facts = {place: _facts(place) for place in self._folder.glob("kept-*.part")}
        room = self._most_bytes - sum(size_bytes for _, size_bytes in facts.values())
        for place in sorted(facts, key=lambda place: facts[place]):
            if room < 0 and place != newest:
                _remove(place)
                room += facts[place][1]


def image_of(name: str) -> str | None:
    """Whose kept result has this file name; None for any other file."""
    match = _NAME.fullmatch(name)
    return match["image_id"] if match else None


def are_of(image_ids: Collection[str], name: str) -> bool:
    """Whether this file name is that of a kept result of one of these images."""
    return image_of(name) in image_ids


def _hash_in(place: Path) -> str:
    match = _NAME.fullmatch(place.name)
    return match["content_hash"] if match else ""


def _facts(place: Path) -> tuple[float, int]:
    """When it was kept, and its size; nothing for one that has just gone."""
    try:
        facts = place.stat()
    except OSError:
        return 0.0, 0
    return facts.st_mtime, facts.st_size


def _remove(place: Path) -> None:
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        log.info("%s could not be removed (%s); it is swept at another start", place, plain_reason(error))
