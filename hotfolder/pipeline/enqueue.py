"""Enqueue: what a settled file is to the ledger: a new image, one that was moved or touched, or one that is broken.

Who an image is, is its bytes: a file at its old path proves nothing, since pictures are renumbered and change places.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from hotfolder.adapters.image_check import ImageFacts, hash_file
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_results import newest_of_path
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.out_folders import OutFolders, Standing
from hotfolder.adapters.scanner import Scan, is_listed, stamp_of
from hotfolder.core.batching import (
    Batch,
    base_name,
    join_or_open,
)
from hotfolder.core.config import FolderConfig
from hotfolder.core.ignore import Kind, Verdict
from hotfolder.core.image import Image, State
from hotfolder.core.life import Event, Gone, ResultWanted
from hotfolder.core.naming import path_key
from hotfolder.core.settling import FileStamp
from hotfolder.errors import FolderUnwritable, SourceChanged, SourceVanished, UnreadableImage
from hotfolder.pipeline.surroundings import Surroundings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A settled file: path below the in folder, SHA-256 (empty where it cannot be read), stamp, when it was first
    seen (epoch seconds), and what is known of the image or the trouble with it."""

    path: str
    content_hash: str
    stamp: FileStamp
    detected_at: float
    facts: ImageFacts | None = None
    trouble: UnreadableImage | None = None


@dataclass(frozen=True, slots=True)
class Enqueuer:
    """Puts the settled files of one hot folder into the ledger."""

    folder: FolderConfig
    ledger: LedgerThread
    surroundings: Surroundings
    record: Callable[[Image, Event], Awaitable[None]]
    on_new: Callable[[Image], None]
    results: OutFolders
    moved: dict[str, Image] = field(default_factory=dict)
    """Delivered images whose sources have other names by now, and whose results are to follow them, by id."""

    async def enqueue(self, found: Found) -> bool:
        """Store the file as what it is; whether its bytes are known. The same bytes under the same path, or moved from one,
        are never sent again."""
        name = self.folder.name
        same = await self.ledger.call(lambda ledger: ledger.with_content(name, found.content_hash))
        known = next((i for i in same if i.path == found.path), None) or await self._moved(found, same)
        await self._forget_broken_versions(found, known)
        if known is not None:
            await self._come_back(known, found)
            return True
        image = await self.ledger.call(lambda ledger: self._add(ledger, found))
        await self._say_scaled_down(found)
        self.on_new(image)
        return False

    async def _moved(self, found: Found, same: list[Image]) -> Image | None:
        """The image of these bytes whose file is no longer where it was: it was renamed or moved."""
        if not found.content_hash:
            return None
        root = Path(self.folder.in_folder)
        return await asyncio.to_thread(
            lambda: next((i for i in same if _has_left(root, i, found.path)), None)
        )

    async def _come_back(self, known: Image, found: Found) -> None:
        """An image that is known stands at this path now. Its result follows it, or comes once more, for nothing, where it
        is not there: it was archived, or gave its place to another version. One that a person deleted stays deleted."""
        stamp = found.stamp
        has_returned = known.state is State.DELIVERED and known.result_path is None
        newest = await self.ledger.call(lambda ledger: newest_of_path(ledger, known, found.path))
        is_newest_again = has_returned or (newest is not None and newest > known.detected_at)
        detected_at = found.detected_at if is_newest_again else known.detected_at
        now_at = replace(
            known,
            path=found.path,
            size_bytes=stamp.size_bytes,
            mtime_ns=stamp.mtime_ns,
            detected_at=detected_at,
            ctime_ns=stamp.ctime_ns,
            inode=stamp.inode,
        )
        await self.ledger.call(partial(_relocate, now_at))
        has_moved = known.path != found.path
        if has_moved:
            log.info("%s: %s was moved to %s; it is not sent again", self.folder.name, known.path, found.path)
        if known.state is not State.DELIVERED or not (has_moved or has_returned):
            return
        standing = Standing.GONE if has_returned else await self._standing(known)
        if standing is Standing.GONE:
            await self.record(now_at, ResultWanted())
        elif standing is Standing.THERE:
            self.results.will_follow(now_at)
            self.moved[known.id] = now_at

    async def _standing(self, known: Image) -> Standing:
        """Of a folder that is away nothing is known: then the result stays where it is."""
        try:
            return await self.results.standing(known)
        except FolderUnwritable as away:
            log.info("%s: the result of %s stays where it is. %s", self.folder.name, known.path, away)
            return Standing.CHANGED

    async def follow_moved(self) -> None:
        """Have the results take the names that go with their sources' new ones, now that all those names are known."""
        moved = list(self.moved.values())
        self.moved.clear()
        await self.results.follow(moved)

    async def _forget_broken_versions(self, found: Found, keep: Image | None) -> None:
        """An earlier content of this path that failed unpaid is no image any more: the person has mended it."""
        failed = await self.ledger.call(
            lambda ledger: ledger.images(self.folder.name, (State.FAILED,), path=found.path)
        )
        for image in failed:
            if not image.may_be_paid and image.content_hash != found.content_hash and image is not keep:
                await self.record(image, Gone())

    def _add(self, ledger: Ledger, found: Found) -> Image:
        """The new row, in its batch. Runs in the ledger's thread."""
        now = self.surroundings.now()
        broken = found.trouble
        batch = None if broken else self._batch_for(ledger, found, now)
        image = Image(
            id=str(uuid.uuid4()),
            folder=self.folder.name,
            path=found.path,
            content_hash=found.content_hash,
            size_bytes=found.stamp.size_bytes,
            mtime_ns=found.stamp.mtime_ns,
            ctime_ns=found.stamp.ctime_ns,
            inode=found.stamp.inode,
            content_type=found.facts.content_type if found.facts else "",
            detected_at=found.detected_at,
            state=State.FAILED if broken else State.QUEUED,
            state_since=now,
            batch_id=batch.id if batch else None,
            reason=broken.title if broken else "",
            advice=broken.advice if broken else "",
            note=_SCALED_DOWN if found.facts and found.facts.scaled_down else "",
        )
        ledger.add(image, batch)
        return image

    def _batch_for(self, ledger: Ledger, found: Found, now: float) -> Batch | None:
        """The open batch of the file's subfolder with this image counted in, or a new one."""
        rules = self.folder.batch.rules
        local_day = datetime.fromtimestamp(now).astimezone().strftime("%Y-%m-%d")
        name = base_name(rules, self.folder.name, found.path.rpartition("/")[0], local_day)
        if name is None:
            return None
        latest = ledger.latest_batch(self.folder.name, name)
        new_id = str(uuid.uuid4())
        return join_or_open(latest, rules, now, new_id=new_id, folder=self.folder.name, name=name)

    # --- what is said once, and what is gone --------------------------------------------------------

    async def _say_scaled_down(self, found: Found) -> None:
        if found.facts is not None and found.facts.scaled_down:
            size = f"{found.facts.width} x {found.facts.height}"
            await self.say_once("scaled down", f"{found.path} has {size} pixels. {_SCALED_DOWN}")

    async def say_passed_over(self, verdicts: Iterable[Verdict]) -> None:
        """One clear notice per hot folder and kind for what AutoRetouch cannot take, not one per file."""
        kinds = {v.group: v for v in verdicts if v.kind is Kind.NOT_RETOUCHABLE}
        for group, verdict in kinds.items():
            text = f"{group} files are not sent: {verdict.reason.rstrip('.')}. {verdict.advice}"
            await self.say_once(f"not retouchable {group}", text)

    async def say_once(self, key: str, text: str) -> None:
        """A word for the person about this hot folder, at most once in its life."""
        now, name = self.surroundings.now(), self.folder.name
        if await self.ledger.call(lambda ledger: ledger.say_once(name, key, text, now)):
            log.warning("%s: %s", name, text)

    async def forget_vanished(self, scan: Scan) -> None:
        """Broken images that the person has taken away need nobody's attention any more. Called only after a scan
        of a folder that is there (keeps I6)."""
        if scan.trouble:
            return
        set_aside = (State.FAILED, State.IGNORED)
        failed = await self.ledger.call(lambda ledger: ledger.images(self.folder.name, set_aside))
        for image in failed:
            if not image.may_be_paid and image.path not in scan.files:
                await self.record(image, Gone())


def _relocate(now_at: Image, ledger: Ledger) -> None:
    stamp = now_at.stamp
    marks = {"ctime_ns": stamp.ctime_ns, "inode": stamp.inode}
    ledger.relocate(now_at.id, now_at.path, stamp.size_bytes, stamp.mtime_ns, now_at.detected_at, **marks)


def _has_left(root: Path, image: Image, path: str) -> bool:
    """Whether the image's bytes are no longer where they were, now that they stand at `path`."""
    stamp = stamp_of(root, image.path)
    if stamp is None:
        return True
    if path_key(image.path) == path_key(path) and not is_listed(root, image.path):
        return True
    return not _is_same_file(stamp, image) and not _has_bytes(root / image.path, image.content_hash)


def _is_same_file(stamp: FileStamp, image: Image) -> bool:
    """Believed without a look at the bytes. Disks that count whole seconds, or two, give many files the same time."""
    is_precise = image.mtime_ns % 1_000_000_000 != 0
    return is_precise and image.stamp.agrees_with(stamp)


def _has_bytes(path: Path, content_hash: str) -> bool:
    """Yes also where nobody can tell: taken for a copy, it gets its result for nothing all the same."""
    try:
        return hash_file(path)[0] == content_hash
    except SourceVanished:
        return False
    except (SourceChanged, UnreadableImage):
        return True


_SCALED_DOWN = "AutoRetouch scales images above 4,096 pixels down; the result will be smaller."
