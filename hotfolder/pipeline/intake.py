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

from hotfolder.adapters.foreign import Foreign
from hotfolder.adapters.image_check import hash_file
from hotfolder.adapters.ledger_stamps import Familiarity, known_files, note_marks
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.mounts import needs_polling
from hotfolder.adapters.scanner import Scan, folder_identity, on_another_drive, scan_folder, stamp_of
from hotfolder.core.config import Existing, FolderConfig
from hotfolder.core.holds import ACCOUNT, HoldKind
from hotfolder.core.ignore import IgnoreRules, Kind, Verdict
from hotfolder.core.not_sent import printable_path
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
from hotfolder.pipeline.examine import Looking, examine
from hotfolder.pipeline.gates import Gates
from hotfolder.pipeline.marks import Marks
from hotfolder.pipeline.passed_over import PassedOver
from hotfolder.pipeline.routes import Routes
from hotfolder.pipeline.surroundings import Surroundings

log = logging.getLogger(__name__)

POLLING_S = 5.0
AWAY_S = 2.0
UNDATED_S = 0.5
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
    routes: Routes
    """Where this in folder leads."""
    passed_over: PassedOver
    """What in it is not sent."""
    is_polled: Callable[[], bool]
    on_scan: Callable[[int], None]
    """Told how many folders a scan met."""
    may_date: Callable[[], bool] = lambda: True
    """Whether it is known what time it is: before that no order can be dated, and nothing could be sent."""
    candidates: dict[str, Candidate] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    scans: int = 0
    marks: Marks = field(init=False)
    _may_ask_for_writers: bool = False
    _scan_at: float = 0.0
    _named: dict[str, bool] = field(default_factory=dict)
    _busy: bool = False

    def __post_init__(self) -> None:
        self.marks = Marks(self.folder.name, self.ledger, self.surroundings)

    @property
    def root(self) -> Path:
        return Path(self.folder.in_folder)

    @property
    def is_idle(self) -> bool:
        """The folder was scanned, and nothing in it is settling; or it is away."""
        away = self.gates.get(self.folder.name, HoldKind.IN_FOLDER) is not None
        quiet = not (self.candidates or self._named or self._busy) and self.scans > 0 and self._scan_at > 0
        return away or quiet or (not self.may_date() and self._waits_for_sign_in())

    def _waits_for_sign_in(self) -> bool:
        """Then nobody tells the time either."""
        holds = (self.gates.get(ACCOUNT, kind) for kind in (HoldKind.SIGN_IN, HoldKind.KEYRING))
        return any(hold is not None and hold.needs_person for hold in holds)

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
        if not self.may_date():
            due = [self._scan_at, now + UNDATED_S]
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
        await self._let_results_follow()

    # --- the scan ---------------------------------------------------------------------------------

    async def _scan(self) -> None:
        await self.passed_over.load()
        scan = await asyncio.to_thread(self._walk)
        await self._believe(scan)
        interval_s = min(POLLING_S, self.folder.rescan_s) if self.is_polled() else self.folder.rescan_s
        self._scan_at = self.surroundings.monotonic() + interval_s
        await asyncio.to_thread(self.on_scan, scan.folders)
        await self._take_scanned(scan)
        await self.enqueuer.say_passed_over(verdict for _, verdict in scan.passed_over)
        await self._say_elsewhere(scan.passed_over)
        await self.passed_over.scanned(scan)
        await self.enqueuer.forget_vanished(scan)
        self.scans += 1

    async def _take_scanned(self, scan: Scan) -> None:
        """What is new, or may have been changed behind the back of its size and time, is a candidate."""
        name = self.folder.name
        await self.marks.begin(scan.root_id[0])
        known = await self.ledger.call(lambda ledger: known_files(ledger, name))
        now, odd, unmarked = self.surroundings.monotonic(), set(), []
        for path, stamp in scan.files.items():
            familiarity = known.of(path, self.marks.seen(stamp))
            if familiarity is Familiarity.UNMARKED and self.marks.believed:
                unmarked.append((path, stamp))
            if familiarity is Familiarity.ODD:
                odd.add(path)
            if familiarity in (Familiarity.NEW, Familiarity.ODD) and path not in self.candidates:
                self.candidates[path] = detect(path, stamp, now)
        self.marks.note_scan(odd)
        if unmarked:
            await self.ledger.call(lambda ledger: note_marks(ledger, name, unmarked))

    def _walk(self) -> Scan:
        self._may_ask_for_writers = not needs_polling(self.root)
        foreign = self.routes.look()
        scan = scan_folder(self.root, self.rules, foreign)
        self.routes.judge((path for path, _ in scan.passed_over), foreign)
        return scan

    async def _say_elsewhere(self, passed_over: Iterable[tuple[str, Verdict]]) -> None:
        """One notice for each subfolder that is another folder of the config."""
        for path, verdict in passed_over:
            if verdict.kind is Kind.ELSEWHERE:
                place = printable_path(path)
                text = f"{place} is not looked into: {verdict.reason}. {verdict.advice}"
                await self.enqueuer.say_once(f"elsewhere {place}", text)

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
        """Look at the paths that events named. Whatever was written is hashed: size and time may be as they were."""
        if not self._named:
            return
        named, self._named = self._named, {}
        verdicts = {path: self.rules.verdict(path) for path in named}
        await self.enqueuer.say_passed_over(verdicts.values())
        wanted = [path for path in named if verdicts[path].kind is Kind.IMAGE]
        stamps = await self._stamps(wanted, named)
        no_images = {path: v for path, v in verdicts.items() if stamps.get(path) is None}
        await self.passed_over.named(self.root, no_images, self.routes.look)
        known = await self.ledger.call(lambda ledger: known_files(ledger, self.folder.name, wanted))
        now = self.surroundings.monotonic()
        for path, stamp in stamps.items():
            if stamp is None:
                self.candidates.pop(path, None)
                continue
            await self.passed_over.no_longer(path)
            if known.of(path, stamp) is not Familiarity.PASSED_OVER:
                candidate = self.candidates.get(path)
                candidate = detect(path, stamp, now) if candidate is None else observe(candidate, stamp, now)
                self.candidates[path] = hint(candidate, named[path], now)

    async def _let_results_follow(self) -> None:
        """Once every new name is known: of a row of renamed files each may want the name of the next."""
        if self.enqueuer.moved and not self.candidates and not self._named:
            await self.enqueuer.follow_moved()

    async def _stamps(self, paths: Iterable[str], met: Iterable[str] = ()) -> dict[str, FileStamp | None]:
        """Of these paths; those that were `met`, whatever they are, must not tell of an out folder."""
        paths, met = list(paths), list(met)

        def look() -> dict[str, FileStamp | None]:
            foreign = self.routes.look()
            self.routes.judge(met, foreign)
            folder_identity(self.root)
            return {path: _stamp_or_none(self.root, path, foreign) for path in paths}

        return await asyncio.to_thread(look)

    async def _look_again(self) -> None:
        """Look at the candidates whose quiet time is over; those that have settled go on, once they can be dated."""
        if not self.may_date():
            return
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
            found = await asyncio.to_thread(
                examine, self.root, candidate, self.folder.settle_s, self._looking()
            )
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
        if isinstance(found, Candidate):
            self.candidates[candidate.path] = found
            return
        self.candidates.pop(candidate.path, None)
        detected_at = self._detected_at(candidate)
        await self._enqueue(
            Found(candidate.path, found.content_hash, found.stamp, detected_at, facts=found.facts)
        )

    async def _enqueue(self, found: Found) -> None:
        """A file that cannot be entered stops no other (keeps I7); the next scan takes it up again (keeps I9)."""
        try:
            is_known = await self.enqueuer.enqueue(found)
            await self.marks.note_hashed(found.path, is_known=is_known)
            await self.passed_over.entered(found.path)
        except (FolderAway, LedgerUnusable):
            raise
        except Exception as bug:
            log.error(
                "%s: %s could not be queued; it is tried again", self.folder.name, found.path, exc_info=bug
            )
            await self.passed_over.stumbled(found.path, bug)

    def _looking(self) -> Looking:
        return Looking(self.surroundings.monotonic(), self._may_ask_for_writers)

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


def _stamp_or_none(root: Path, path: str, foreign: Foreign) -> FileStamp | None:
    """None also where it cannot be looked at: the next scan says so in its trouble."""
    try:
        return stamp_of(root, path, foreign)
    except UnreadableImage:
        return None
