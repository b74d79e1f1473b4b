"""A daemon at work, with everything around it: its face, its ear, and the signals that end it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hotfolder import __version__
from hotfolder.adapters.home import Home, log_to_file
from hotfolder.adapters.token_store import TokenSource
from hotfolder.cli.endings import MainSignals, ended_by_signals
from hotfolder.cli.live import Face
from hotfolder.control.server import ControlServer
from hotfolder.core.config import Config
from hotfolder.core.image import Image, State
from hotfolder.daemon import Outcome
from hotfolder.steward import Listeners, Steward

log = logging.getLogger(__name__)

Companion = Callable[[Steward, "Journal"], Awaitable[None]]
"""Does something beside the daemon, and ends it by returning."""


@dataclass(slots=True)
class Journal:
    """What this run did. `changed` is set whenever something happened to an image."""

    delivered: int = 0
    was_interrupted: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def note_new(self, _: Image) -> None:
        self.changed.set()

    def note_change(self, before: Image, after: Image) -> None:
        if after.state is State.DELIVERED and before.state is not State.DELIVERED:
            self.delivered += 1
        self.changed.set()


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done in a home. The caller of `run` holds its lock."""

    config: Config
    home: Home
    tokens: TokenSource
    face: Face
    read_config: Callable[[], Config]
    """Reads the config anew when its file has changed; see `Steward`."""

    async def run(
        self, *, once: bool = False, companion: Companion | None = None, signals: MainSignals | None = None
    ) -> tuple[Outcome, Journal]:
        """Until it is done (`once`), the companion has ended, or a signal comes. `signals`: where this is not the main
        thread."""
        stop, journal = asyncio.Event(), Journal()
        listeners = Listeners(journal.note_change, journal.note_new)
        steward = Steward(self.config, self.home, self.tokens, self.read_config, listeners)

        def begin_ending() -> None:
            journal.was_interrupted = True
            self.face.announce_ending()

        def leave_at_once() -> None:
            self.face.leave()
            self.home.control.unlink(missing_ok=True)

        with ended_by_signals(stop, begin_ending, leave_at_once, signals):
            async with ControlServer(steward, self.home), self.face.watching(steward, self.home):
                _say_what_is_watched(self.config)
                accompanying = asyncio.create_task(
                    _accompany(companion, steward, journal, stop), name="companion"
                )
                try:
                    outcome = await steward.run(stop, once=once)
                finally:
                    accompanying.cancel()
                    await asyncio.wait([accompanying])
                if not accompanying.cancelled():
                    accompanying.result()  # its error is this run's
                return outcome, journal


@contextmanager
def log_kept(home: Home) -> Iterator[None]:
    """Everything is in the log file, Python's own warnings too: nobody else can do anything with them."""
    handler = log_to_file(home)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(handler)
        handler.close()


def _say_what_is_watched(config: Config) -> None:
    log.info("hotfolder %s at work", __version__)
    for folder in config.folders:
        log.info("%s: watching %s, results go to %s", folder.name, folder.in_folder, folder.out_folder)


async def _accompany(
    companion: Companion | None, steward: Steward, journal: Journal, stop: asyncio.Event
) -> None:
    if companion is not None:
        try:
            await companion(steward, journal)
        finally:
            stop.set()
