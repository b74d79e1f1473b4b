"""Where hotfolder keeps what it owns, and the lock that lets only one daemon live there (design §8)."""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import PlatformDirs

from hotfolder.errors import AnotherDaemon

LOG_BYTES = 5 * 1024 * 1024
LOGS_KEPT = 5
LOCK_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Home:
    """The places of one hotfolder: `config` is a file, the others are folders."""

    config: Path
    data: Path
    logs: Path

    @property
    def ledger(self) -> Path:
        return self.data / "ledger.sqlite"

    @property
    def high_water(self) -> Path:
        """How many purchases this home has ever meant to make (adapters.high_water)."""
        return self.data / "intents"

    @property
    def lock(self) -> Path:
        return self.data / "daemon.lock"

    @property
    def desktop_lock(self) -> Path:
        """Held by the one `run --desktop` of this home, whether it works or asks for something first."""
        return self.data / "desktop.lock"

    @property
    def click(self) -> Path:
        """A word from a later click to the `run --desktop` that holds that lock."""
        return self.data / "click"

    @property
    def control(self) -> Path:
        """Where a running daemon says how to reach it (0600)."""
        return self.data / "control.json"

    @property
    def spool(self) -> Path:
        return self.data / "spool"

    @property
    def log_file(self) -> Path:
        return self.logs / "hotfolder.log"

    def make(self) -> None:
        """Make the folders, readable by this user only."""
        for folder in (self.data, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        if os.name == "posix":
            self.data.chmod(0o700)


def find_home(chosen: Path | None) -> Home:
    """One folder for everything where one was chosen (`--home`, `HOTFOLDER_HOME`), else the platform's places."""
    if chosen is not None:
        folder = chosen.expanduser().absolute()
        return Home(folder / "config.yaml", folder, folder / "logs")
    places = PlatformDirs("hotfolder", appauthor=False)
    return Home(places.user_config_path / "config.yaml", places.user_state_path, places.user_log_path)


@contextmanager
def sole_daemon(home: Home) -> Iterator[None]:
    """Hold the home for this process, or raise `AnotherDaemon`. The lock is the system's: it ends with the process."""
    home.make()
    lock = FileLock(home.lock)
    try:
        lock.acquire(timeout=LOCK_WAIT_S)  # another command may be looking at it for a moment
    except Timeout as taken:
        raise AnotherDaemon(
            f"Another hotfolder is running for {home.data}.",
            "Use that one (`hotfolder status`), or end it first.",
        ) from taken
    try:
        yield
    finally:
        lock.release()


def is_running(home: Home) -> bool:
    """Whether a daemon holds this home right now."""
    if not home.lock.exists():
        return False
    try:
        with FileLock(home.lock).acquire(timeout=0):
            return False
    except Timeout:
        return True


class _OneLine(logging.Formatter):
    """One record, one line (and its traceback): a file's name may hold line breaks, and must not pass for a line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name for it
        return _UNPRINTABLE.sub(
            lambda found: found[0].encode("unicode_escape").decode(), super().formatMessage(record)
        )


_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def log_to_file(home: Home) -> logging.Handler:
    """The log file with rotation. The libraries' own chatter stays at warnings: nothing of it may name a secret (I8)."""
    home.make()
    handler = logging.handlers.RotatingFileHandler(
        home.log_file, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8"
    )
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    logging.getLogger("hotfolder").setLevel(logging.INFO)
    return handler
