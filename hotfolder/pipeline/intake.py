"""Intake: one hot folder's way from "look at this path" to a row in the ledger.

Events are hints and the scan is the truth; both only name paths to look at. What is being written is in memory,
since the next scan would find it again; what has settled is checked, hashed and in the ledger before anything else
happens to it (keeps I1).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hotfolder.adapters.image_check import check_image, hash_file
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.scanner import Scan, folder_identity, on_another_drive, scan_folder, stamp_of
from hotfolder.core.config import Existing, FolderConfig
from hotfolder.core.holds import HoldKind
from hotfolder.core.ignore import IgnoreRules, Kind
from hotfolder.core.settling import (
    Candidate,
    FileStamp,
    complain,
    detect,
    hint,
    is_given_up,
    is_settled,
    observe,
    settles_at,
)
from hotfolder.core.trouble import BUG_ADVICE
from hotfolder.errors import FolderAway, LedgerUnusable, SourceChanged, SourceVanished, UnreadableImage
from hotfolder.pipeline.enqueue import Enqueuer, Found
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.surroundings import Surroundings

log = logging.getLogger(__name__)

POLLING_S = 5.0
AWAY_S = 2.0
CHECKED_AT_ONCE = 2
"""Files being hashed at once, per hot folder: more would only make a spinning disk or a NAS seek."""


@dataclass(slots=True)
class Intake:
    """One hot folder's eyes and memory of what is settling."""

    folder: FolderConfig
    rules: IgnoreRules
    ledger: LedgerThread
    gates: Gates
    enqueuer: Enqueuer
    surroundings: Surroundings
    is_polled: Callable[[], bool]
    on_scan: Callable[[int], None]
    """Told how many folders a scan met."""
    candidates: dict[str, Candidate] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    scans: int = 0
    _scan_at: float = 0.0
    _named: dict[str, bool] = field(default_factory=dict)
    _busy: bool = False

    @property
    def root(self) -> Path:
        return Path(self.folder.in_folder)

    @property
    def is_idle(self) -> bool:
        """The folder was scanned, and nothing in it is settling; or it is away."""
        away = self.gates.get(self.folder.name, HoldKind.IN_FOLDER) is not None
        quiet = not (self.candidates or self._named or self._busy) and self.scans > 0 and self._scan_at > 0
        return away or quiet

    def look_at(self, path: str | None, *, closed: bool = False) -> None:
        """Somebody says: look at this path (None: at the whole folder)."""
        if path is None:
            self._scan_at = 0.0
        else:
            self._named[path] = closed  # the last word counts: closed, then written again, is open
        self.wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; one folder's trouble stays its own (keeps I7)."""
        while not stop.is_set():
            self.wake.clear()
            self._busy = True
            try:
                await self._round()
            except Exception as error:  # noqa: BLE001 - decided below; keeps I7
                await self._after_error(error)
            self._busy = False
            await self._rest()

    async def _after_error(self, error: Exception) -> None:
        """The folder is held, or looked at again a little later; in any case from the beginning (keeps I9)."""
        self.candidates.clear()
        self._scan_at = self.surroundings.monotonic() + AWAY_S
        if isinstance(error, FolderAway | LedgerUnusable):
            await self.gates.hold(error, self.folder.name)
        else:
            log.error(
                "%s: looking at the in folder failed; it is looked at again", self.folder.name, exc_info=error
            )

    async def _rest(self) -> None:
        now = self.surroundings.monotonic()
        due = [self._scan_at, *(settles_at(c, self.folder.settle_s) for c in self.candidates.values())]
        try:
            async with asyncio.timeout(max(0.01, min(due) - now)):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _round(self) -> None:
        if self.surroundings.monotonic() >= self._scan_at:
            await self._scan()
        await self._take_named()
        await self._look_again()

    # --- the scan ---------------------------------------------------------------------------------

    async def _scan(self) -> None:
        scan = await asyncio.to_thread(scan_folder, self.root, self.rules)
        await self._believe(scan)
        interval_s = min(POLLING_S, self.folder.rescan_s) if self.is_polled() else self.folder.rescan_s
        self._scan_at = self.surroundings.monotonic() + interval_s
        await asyncio.to_thread(self.on_scan, scan.folders)
        known = await self.ledger.call(lambda ledger: ledger.known_stamps(self.folder.name))
        now = self.surroundings.monotonic()
        for path, stamp in scan.files.items():
            if (path, stamp.size_bytes, stamp.mtime_ns) not in known and path not in self.candidates:
                self.candidates[path] = detect(path, stamp, now)
        await self.enqueuer.say_passed_over(verdict for _, verdict in scan.passed_over)
        await self.enqueuer.forget_vanished(scan)
        self.scans += 1

    async def _believe(self, scan: Scan) -> None:
        """A missing folder, or an empty one on another device than before, is a drive that is away (keeps I6)."""
        name, device = self.folder.name, scan.root_id[0]
        known = await self.ledger.call(lambda ledger: ledger.folder_device(name))
        if scan.is_empty and known not in (None, device):
            raise on_another_drive(self.root)
        await self.gates.release(name, HoldKind.IN_FOLDER)
        if known is None and self.folder.existing is Existing.SKIP:
            stamps = [(path, s.size_bytes, s.mtime_ns) for path, s in scan.files.items()]
            await self.ledger.call(lambda ledger: ledger.pass_over(name, stamps))
            log.info("%s: %d images were there before and are not sent (existing: skip)", name, len(stamps))
        if known is None or known != device:
            now = self.surroundings.now()
            await self.ledger.call(lambda ledger: ledger.note_folder(name, str(self.root), device, now))

    # --- hints and settling -----------------------------------------------------------------------

    async def _take_named(self) -> None:
        """Look at the paths that events named; the ledger knows those that need no look."""
        if not self._named:
            return
        named, self._named = self._named, {}
        verdicts = {path: self.rules.verdict(path) for path in named}
        await self.enqueuer.say_passed_over(verdicts.values())
        wanted = [path for path in named if verdicts[path].kind is Kind.IMAGE]
        stamps = await self._stamps(wanted)
        known = await self.ledger.call(lambda ledger: ledger.known_stamps_of(self.folder.name, wanted))
        now = self.surroundings.monotonic()
        for path, stamp in stamps.items():
            if stamp is None:
                self.candidates.pop(path, None)
            elif (path, stamp.size_bytes, stamp.mtime_ns) not in known:
                candidate = self.candidates.get(path)
                candidate = detect(path, stamp, now) if candidate is None else observe(candidate, stamp, now)
                self.candidates[path] = hint(candidate, named[path], now)

    async def _stamps(self, paths: Iterable[str]) -> dict[str, FileStamp | None]:
        paths = list(paths)

        def look() -> dict[str, FileStamp | None]:
            folder_identity(self.root)
            return {path: _stamp_or_none(self.root, path) for path in paths}

        return await asyncio.to_thread(look)

    async def _look_again(self) -> None:
        """Look at the candidates whose quiet time is over; those that have settled go on."""
        now, quiet_s = self.surroundings.monotonic(), self.folder.settle_s
        due = [path for path, c in self.candidates.items() if settles_at(c, quiet_s) <= now]
        if not due:
            return
        stamps = await self._stamps(due)
        settled: list[Candidate] = []
        now = self.surroundings.monotonic()
        for path, stamp in stamps.items():
            candidate = self.candidates.pop(path, None)
            if candidate is None or stamp is None:
                continue
            self.candidates[path] = observe(candidate, stamp, now)
            if is_settled(self.candidates[path], quiet_s):
                settled.append(self.candidates[path])
        await self._check_all(settled)

    async def _check_all(self, settled: list[Candidate]) -> None:
        queue = iter(settled)

        async def work() -> None:
            for candidate in queue:
                await self._check(candidate)

        workers = [work() for _ in range(min(CHECKED_AT_ONCE, len(settled)))]
        for outcome in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _check(self, candidate: Candidate) -> None:
        """Is it an image, whole, and of a size the service takes? Then it is hashed and queued."""
        try:
            found = await asyncio.to_thread(self._examine, candidate)
        except SourceChanged:
            return  # looked at again: its stamp has changed
        except SourceVanished:
            folder_identity(self.root)  # a vanished folder is not a vanished file (keeps I6)
            self.candidates.pop(candidate.path, None)
            return
        except UnreadableImage as error:
            await self._check_failed(candidate, error)
            return
        except (FolderAway, LedgerUnusable):
            raise
        except Exception as bug:
            log.error("%s: %s could not be checked", self.folder.name, candidate.path, exc_info=bug)
            reason = f"An unexpected problem in hotfolder ({type(bug).__name__})."
            await self._check_failed(candidate, UnreadableImage(reason, BUG_ADVICE))
            return
        self.candidates.pop(candidate.path, None)
        await self._enqueue(found)

    async def _enqueue(self, found: Found) -> None:
        """A file that cannot be entered stops no other (keeps I7); the next scan takes it up again (keeps I9)."""
        try:
            await self.enqueuer.enqueue(found)
        except (FolderAway, LedgerUnusable):
            raise
        except Exception as bug:
            log.error(
                "%s: %s could not be queued; it is tried again", self.folder.name, found.path, exc_info=bug
            )

    def _examine(self, candidate: Candidate) -> Found:
        path = self.root / candidate.path
        facts = check_image(path)
        content_hash, stamp = hash_file(path)
        if stamp != candidate.stamp:
            raise SourceChanged("The file was written again after it had settled.")
        return Found(candidate.path, content_hash, stamp, self._detected_at(candidate), facts=facts)

    async def _check_failed(self, candidate: Candidate, error: UnreadableImage) -> None:
        if error.maybe_incomplete and not is_given_up(complain(candidate), self.folder.settle_s):
            self.candidates[candidate.path] = complain(candidate)
            return
        self.candidates.pop(candidate.path, None)
        try:
            content_hash, stamp = await asyncio.to_thread(hash_file, self.root / candidate.path)
        except (SourceChanged, SourceVanished):
            self.look_at(candidate.path)
            return
        except UnreadableImage:
            content_hash, stamp = "", candidate.stamp or FileStamp(0, 0)
        detected_at = self._detected_at(candidate)
        await self._enqueue(Found(candidate.path, content_hash, stamp, detected_at, trouble=error))

    def _detected_at(self, candidate: Candidate) -> float:
        """The candidate's first look, told in wall-clock time."""
        return self.surroundings.now() - (self.surroundings.monotonic() - candidate.first_seen)


def _stamp_or_none(root: Path, path: str) -> FileStamp | None:
    """None also where it cannot be looked at: the next scan says so in its trouble."""
    try:
        return stamp_of(root, path)
    except UnreadableImage:
        return None
