"""watchdog is at home in this module only: one observer, and what one event means for a hot folder.

Nothing here decides what to do about a failure; the watcher does.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import os
import sys
import threading
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
    FileSystemMovedEvent,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, EventEmitter, ObservedWatch

from hotfolder.adapters.hints import HintBox
from hotfolder.core.ignore import IgnoreRules, Kind
from hotfolder.core.naming import is_part_name

_log = logging.getLogger(__name__)

_EVENTS: list[type[FileSystemEvent]] = [
    # Without Opened and ClosedNoWrite: every upload of ours would flood us.
    FileCreatedEvent,
    FileMovedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
_BUILT_IN = IgnoreRules()

FolderWatch = ObservedWatch
"""What `FolderObserver.schedule` gives, to be handed back to it."""

_STOP_LIMIT_S = 5.0
_WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")


def make_observer() -> BaseObserver:
    """On Windows events come `timeout` seconds late, and 1 s is the default."""
    return Observer(timeout=0.2) if sys.platform == "win32" else Observer()


def hits_limit(error: Exception) -> bool:
    """Linux has no more watches (ENOSPC) or inotify instances (EMFILE) to give."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EMFILE)


def is_at_limit(folder: Path) -> bool:
    """Whether Linux refuses one watch more (ENOSPC), which watchdog does not say of subfolders. That fewer are watched than
    are there proves nothing: on a slow file system the watches come late."""
    if sys.platform != "linux":
        return False
    from watchdog.observers import inotify_c  # for Linux only

    descriptor = inotify_c.inotify_init()
    if descriptor < 0:  # no further instance: it cannot be told
        return False
    try:
        ctypes.set_errno(0)
        refused = (
            inotify_c.inotify_add_watch(descriptor, os.fsencode(folder), inotify_c.InotifyConstants.IN_CREATE)
            < 0
        )
        return refused and ctypes.get_errno() == errno.ENOSPC
    finally:
        os.close(descriptor)


def how_to_watch_more() -> str:
    with contextlib.suppress(OSError):
        return f"Raise fs.inotify.max_user_watches (sysctl, now {_WATCH_LIMIT.read_text().strip()})"
    return "Raise fs.inotify.max_user_watches (sysctl)"


class FolderObserver:
    """A started watchdog observer. It cannot be started again: when it has died, make a new one."""

    def __init__(self, make: Callable[[], BaseObserver] = make_observer) -> None:
        """Raises whatever watchdog raises, OSError EMFILE for too many inotify instances among it."""
        # watchdog may register a folder of a tree copy twice, to no harm, and warns of it in its reader thread;
        # where warnings are errors that would kill the reader.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        self._observer = make()
        try:
            self._observer.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """In a thread of its own, since joining a reader that hangs would hang us too."""
        stopper = threading.Thread(target=_stop, args=(self._observer,), daemon=True)
        stopper.start()
        stopper.join(_STOP_LIMIT_S)

    def is_alive(self) -> bool:
        """The dispatcher and, on Linux, the one reader thread behind all folders."""
        reader = getattr(self._observer, "_inotify_fd", None)
        return self._observer.is_alive() and (reader is None or reader.is_alive())

    def schedule(self, handler: Handler, real_root: Path) -> FolderWatch:
        """Raises OSError ENOSPC when the root itself is above the limit of watches."""
        return self._observer.schedule(handler, str(real_root), recursive=True, event_filter=_EVENTS)

    def unschedule(self, watch: FolderWatch) -> None:
        try:
            self._observer.unschedule(watch)
        except Exception as error:  # noqa: BLE001 - letting go of a root that is gone fails in many ways
            _log.debug("while letting go of %s: %s", watch.path, error)

    def hears(self, watch: FolderWatch) -> bool:
        """Whether the threads behind one folder live."""
        emitter = self._emitter_of(watch)
        reader = getattr(getattr(emitter, "_reader", None), "_reader_thread", None)  # Windows: a hidden one
        return emitter is not None and emitter.is_alive() and (reader is None or reader.is_alive())

    def watched_folders(self, watch: FolderWatch) -> int | None:
        """How many folders Linux watches for this one; None elsewhere."""
        group = getattr(self._emitter_of(watch), "_inotify", None)
        watched = getattr(group, "_active_callbacks_by_path", None)
        return None if watched is None else len(watched)

    def _emitter_of(self, watch: FolderWatch) -> EventEmitter | None:
        return next((emitter for emitter in list(self._observer.emitters) if emitter.watch == watch), None)


class OverflowEar(logging.Handler):
    """watchdog reports lost events nowhere but in its log."""

    def __init__(self, on_overflow: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_overflow = on_overflow
        self._logger = logging.getLogger("watchdog.observers")

    def listen(self) -> None:
        self._logger.addHandler(self)

    def leave(self) -> None:
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage().lower():
            self._on_overflow()


class Handler(FileSystemEventHandler):
    """Puts hints for one hot folder into the box. On watchdog's dispatcher thread: no I/O, never an exception."""

    def __init__(
        self,
        folder_name: str,
        real_root: str,
        box: HintBox,
        is_ours: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._folder_name = folder_name
        self._root = real_root.rstrip(os.sep)
        self._box = box
        self._expected: dict[str, threading.Event] = {}
        self._complained = False
        self._is_ours = is_ours

    def expect(self, part_name: str) -> threading.Event:
        """Set when an event names this part file (the self-test's probe)."""
        return self._expected.setdefault(part_name, threading.Event())

    def dispatch(self, event: FileSystemEvent) -> None:
        try:
            self._hear(event)
        except Exception:  # noqa: BLE001 - one would end watchdog's dispatcher for good, for all folders
            if not self._complained:
                self._complained = True
                _log.exception("an event in %s was not understood; the folder is scanned instead", self._root)
            with contextlib.suppress(Exception):
                self._box.put(self._folder_name, None)

    def _hear(self, event: FileSystemEvent) -> None:
        moved = isinstance(event, FileSystemMovedEvent)
        if isinstance(event, FileDeletedEvent) or (moved and not event.is_directory):
            self._hear_gone(self._relative(os.fsdecode(event.src_path)))
        if isinstance(event, FileDeletedEvent):
            return
        path = self._relative(os.fsdecode(event.dest_path if moved else event.src_path))
        if path is None:
            self._box.put(self._folder_name, None)
        elif is_part_name(name := path.rpartition("/")[2]):
            self._hear_probe(path)
            if self._is_ours(name):
                self._box.put(self._folder_name, path)
        elif not path or _BUILT_IN.verdict(path, event.is_directory).kind is not Kind.IGNORED:
            closed = isinstance(event, FileClosedEvent | FileMovedEvent)
            self._box.put(self._folder_name, None if event.is_directory else path, closed)

    def _hear_gone(self, path: str | None) -> None:
        """It may have been listed as not sent."""
        if path and _BUILT_IN.verdict(path).kind is not Kind.IGNORED:
            self._box.put(self._folder_name, path)

    def _hear_probe(self, name: str) -> None:
        expected = self._expected.pop(name, None)
        if expected is not None:
            expected.set()

    def _relative(self, path: str) -> str | None:
        """Relative to the root, with `/`; None for what does not lie below it. macOS may change the normal form."""
        for form in (str, _composed):
            root, whole = form(self._root), form(path)
            if whole == root:
                return ""
            if whole.startswith(root + os.sep):
                return whole[len(root) + 1 :].replace(os.sep, "/")
        return None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _stop(observer: BaseObserver) -> None:
    with contextlib.suppress(Exception):
        observer.stop()
        observer.join()
