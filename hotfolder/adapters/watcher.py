"""Hears that something changes in the in folders, and sees to it that hearing goes on.

Events are hints: they say "look here", or "scan this folder" whenever more cannot be known (a folder came, events
were lost, a drive is back). The scan is the truth, and the only net under what the system cannot tell: so every
failure here ends in a scan, or in polling with a word for the person.

All methods but `take`, `notices` and `mode_of` may block: call them with asyncio.to_thread.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hotfolder.adapters.hints import Hint, HintBox
from hotfolder.adapters.mounts import needs_polling
from hotfolder.adapters.observer import (
    FolderObserver,
    FolderWatch,
    Handler,
    OverflowEar,
    hits_limit,
    how_to_watch_more,
    is_at_limit,
)
from hotfolder.adapters.scanner import FolderId, folder_identity
from hotfolder.core.config import Watch
from hotfolder.core.naming import part_name
from hotfolder.errors import FolderAway

_log = logging.getLogger(__name__)

_CATCH_UP_S = 1.0
_PATIENCE_S = 60.0
"""So long not one more folder may come to be watched until the rest is given up."""

_PROBE = "self-test-"
"""Begins the names of the watcher's own probes; no other part file is expected in an in folder."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A word for the person; `folder_name` None: it concerns every hot folder."""

    folder_name: str | None
    title: str
    advice: str


@dataclass(frozen=True, slots=True)
class _Behind:
    """Fewer folders are watched than are there: so many, since that (monotonic) second."""

    watched: int
    since: float


@dataclass(slots=True)
class _Folder:
    name: str
    root: Path
    wish: Watch
    polls: bool = False
    identity: FolderId | None = None
    watch: FolderWatch | None = None
    handler: Handler | None = None
    notice: Notice | None = None
    behind: _Behind | None = None


class Watcher:
    """One observer for all hot folders. No method raises because of one bad folder (I7)."""

    def __init__(
        self,
        on_wake: Callable[[], None],
        *,
        make_observer: Callable[[], FolderObserver] = FolderObserver,
        is_network: Callable[[Path], bool] = needs_polling,
        is_ours: Callable[[str], bool] = lambda name: False,
    ) -> None:
        """`on_wake` is called from other threads: let it be `lambda: loop.call_soon_threadsafe(event.set)`.
        `is_ours`: whether a part file of that name was made in an out folder; then it is told of, too."""
        self._box = HintBox(on_wake)
        self._make_observer = make_observer
        self._is_network = is_network
        self._is_ours = is_ours
        self._lock = threading.RLock()
        self._folders: dict[str, _Folder] = {}
        self._running = False
        self._observer: FolderObserver | None = None
        self._observer_notice: Notice | None = None
        self._overflowed = False
        self._ear = OverflowEar(self._on_overflow)

    @property
    def notices(self) -> list[Notice]:
        """What the person should know now; what has healed is no longer among it."""
        of_folders = (folder.notice for folder in list(self._folders.values()))
        return [notice for notice in (self._observer_notice, *of_folders) if notice is not None]

    def take(self) -> list[Hint]:
        """What has been heard since the last take. Never blocks."""
        return self._box.take()

    def mode_of(self, name: str) -> Watch:
        """EVENTS, or POLLING: then the owner has to scan every few seconds."""
        folder = self._folders[name]
        no_observer = self._running and self._observer is None
        return Watch.POLLING if folder.polls or no_observer else Watch.EVENTS

    def watch(self, name: str, root: Path, mode: Watch) -> None:
        """Takes a hot folder in, be it there or not; `check` finds it when it comes."""
        with self._lock:
            self.unwatch(name)
            folder = self._folders[name] = _Folder(name, root, mode, polls=mode is Watch.POLLING)
            if self._running:
                self._rewatch(folder)

    def unwatch(self, name: str) -> None:
        with self._lock:
            folder = self._folders.pop(name, None)
            if folder is not None:
                self._let_go(folder)
                self._box.forget(name)

    def start(self) -> None:
        """Asks for a scan of every folder as well: what was there before is found the same way."""
        with self._lock:
            if not self._running:
                self._running = True
                self._ear.listen()
                self._scan_all()
                self._start_observer()

    def stop(self) -> None:
        with self._lock:
            self._running = False
            self._ear.leave()
            self._stop_observer()

    def check(self) -> list[Notice]:
        """Every few seconds: starts anew what has died, finds roots that went, came back or were exchanged."""
        with self._lock:
            if not self._running:
                return []
            if self._overflowed:
                self._overflowed = False
                self._scan_all()
            if self._observer is not None and not self._observer.is_alive():
                _log.warning("the folder watcher had died; it is started anew and all folders are scanned")
                self._stop_observer()
            if self._observer is None:
                self._start_observer()
            else:
                for folder in self._folders.values():
                    self._check_folder(folder)
            return self.notices

    def saw_folders(self, name: str, count: int) -> None:
        """To be told `Scan.folders`: above its limit, Linux leaves subfolders unwatched without a word. On a slow file
        system (FUSE) they are only watched late: then `check` asks for scans until all of them are."""
        folder = self._folders.get(name)
        if folder is None:
            return
        limit_at = time.monotonic() + _CATCH_UP_S  # new folders are watched a moment after they came
        while (watched := self._watched_folders(folder)) is not None and watched < count:
            if time.monotonic() > limit_at:
                self._treat_as_behind(folder, watched, count)
                return
            time.sleep(_CATCH_UP_S / 20)
        with self._lock:
            if folder.behind is not None:
                folder.behind = None
                self._box.put(name, None)  # nobody knows what came before the last watch

    def _treat_as_behind(self, folder: _Folder, watched: int, count: int) -> None:
        at_limit, now = is_at_limit(folder.root), time.monotonic()
        with self._lock:
            if self._watched_folders(folder) is None:  # let go meanwhile
                return
            if folder.behind is None or watched > folder.behind.watched:
                folder.behind = _Behind(watched, now)
            if at_limit:
                self._fall_back_at_limit(folder, f"only {watched} of {count} folders")
            elif now - folder.behind.since >= _PATIENCE_S:
                title = f"The system watches only {watched} of {count} folders in {folder.root}"
                self._fall_back(folder, f"{title}, so it is scanned instead.", "Nothing to do.")

    def self_test(self, name: str, limit_s: float = 5.0) -> bool:
        """Makes a hidden file and expects to hear of it. False: deaf; in mode `auto` it is polled from now on.

        Crash before it is removed: the probe stays, ignored by its name; the next self-test removes it (I10).
        """
        folder = self._folders.get(name)
        handler = folder.handler if folder is not None else None
        if folder is None or handler is None:
            return True
        probe = folder.root / part_name(f"{_PROBE}{uuid.uuid4().hex}")
        heard = handler.expect(probe.name)
        try:
            for left_behind in folder.root.glob(part_name(f"{_PROBE}*")):
                left_behind.unlink(missing_ok=True)
            probe.touch(exist_ok=False)
            hears = heard.wait(limit_s)
            probe.unlink(missing_ok=True)
        except OSError:  # read-only or away: nothing to be learnt
            return True
        with self._lock:
            if not hears and folder.handler is handler:
                self._treat_as_deaf(folder)
        return hears

    def _treat_as_deaf(self, folder: _Folder) -> None:
        title = f"The system does not report changes in {folder.root}"
        if folder.wish is Watch.AUTO:
            self._fall_back(folder, f"{title}, so it is scanned every few seconds.", "Nothing to do.")
        else:
            folder.notice = Notice(folder.name, f"{title}.", "Set `watch: auto` for this hot folder.")

    def _start_observer(self) -> None:
        try:
            self._observer = self._make_observer()
        except Exception as error:  # noqa: BLE001 - whatever it is, `check` tries again and the folders are polled
            self._observer_notice = Notice(
                None,
                f"Folders cannot be watched ({error}), so they are scanned every few seconds.",
                "Raise fs.inotify.max_user_instances (sysctl)." if hits_limit(error) else "Nothing to do.",
            )
            return
        self._observer_notice = None
        for folder in self._folders.values():
            self._rewatch(folder)

    def _stop_observer(self) -> None:
        observer, self._observer = self._observer, None
        for folder in self._folders.values():
            folder.watch = folder.handler = folder.behind = None
        if observer is not None:
            observer.stop()

    def _check_folder(self, folder: _Folder) -> None:
        identity = _identity(folder.root)
        silent = identity is not None and not folder.polls and not self._hears(folder)
        if silent or identity != folder.identity:
            _log.info("%s is watched anew", folder.root)
            self._rewatch(folder)
        elif folder.behind is not None:
            self._box.put(folder.name, None)

    def _hears(self, folder: _Folder) -> bool:
        return self._observer is not None and folder.watch is not None and self._observer.hears(folder.watch)

    def _watched_folders(self, folder: _Folder) -> int | None:
        observer, watch = self._observer, folder.watch
        return observer.watched_folders(watch) if observer is not None and watch is not None else None

    def _rewatch(self, folder: _Folder) -> None:
        """Watches what is at the root now, and asks for a scan of it: nobody knows what was missed."""
        self._let_go(folder)
        folder.notice = None
        folder.identity = _identity(folder.root)
        is_there = folder.identity is not None
        network = is_there and folder.wish is Watch.AUTO and self._is_network(folder.root)
        folder.polls = folder.wish is Watch.POLLING or network
        if is_there and not folder.polls and self._observer is not None:
            self._schedule(self._observer, folder)
        self._box.put(folder.name, None)

    def _schedule(self, observer: FolderObserver, folder: _Folder) -> None:
        try:
            real_root = folder.root.resolve()  # else a link itself is watched; and macOS reports real paths
            handler = Handler(folder.name, str(real_root), self._box, self._is_ours)
            folder.watch, folder.handler = observer.schedule(handler, real_root), handler
        except (FileNotFoundError, NotADirectoryError):
            folder.identity = None  # gone since; `check` comes back to it
        except Exception as error:  # noqa: BLE001 - one bad folder must not take down the others (I7)
            if hits_limit(error):
                self._fall_back_at_limit(folder, "none of the folders")
            else:
                self._fall_back(folder, f"{folder.root} cannot be watched ({error}), so it is scanned.", "")

    def _fall_back(self, folder: _Folder, title: str, advice: str) -> None:
        """Polled from now on, beginning with a scan now: the owner's next one may be an hour away."""
        self._let_go(folder)
        self._box.put(folder.name, None)
        folder.polls = True
        folder.notice = Notice(folder.name, title, advice)

    def _fall_back_at_limit(self, folder: _Folder, how_many: str) -> None:
        title = f"The system's limit lets {how_many} in {folder.root} be watched, so it is scanned instead."
        self._fall_back(folder, title, f"{how_to_watch_more()} and start hotfolder again.")

    def _let_go(self, folder: _Folder) -> None:
        watch, folder.watch, folder.handler = folder.watch, None, None
        folder.behind = None
        if watch is not None and self._observer is not None:
            self._observer.unschedule(watch)

    def _on_overflow(self) -> None:
        """Scanned at once and again at the next check: watchdog hears nothing while it renews its watches."""
        self._overflowed = True
        self._scan_all()

    def _scan_all(self) -> None:
        for name in list(self._folders):
            self._box.put(name, None)


def _identity(root: Path) -> FolderId | None:
    try:
        return folder_identity(root)
    except FolderAway:
        return None
