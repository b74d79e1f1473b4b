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
from hotfolder.cli.endings import ended_by_signals
from hotfolder.cli.live import Face
from hotfolder.control.server import ControlServer
from hotfolder.core.config import Config
from hotfolder.core.image import Image, State
from hotfolder.daemon import Daemon, Outcome

log = logging.getLogger(__name__)

Companion = Callable[[Daemon, "Journal"], Awaitable[None]]
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


async def at_work(
    config: Config,
    home: Home,
    tokens: TokenSource,
    face: Face,
    *,
    once: bool = False,
    companion: Companion | None = None,
) -> tuple[Outcome, Journal]:
    """Run a daemon until it is done (`once`), the companion has ended, or a signal comes. The caller holds the lock."""
    stop = asyncio.Event()
    journal = Journal()
    daemon = Daemon(config, home, tokens, on_change=journal.note_change, on_new=journal.note_new)

    def begin_ending() -> None:
        journal.was_interrupted = True
        face.announce_ending()

    def leave_at_once() -> None:
        face.leave()
        home.control.unlink(missing_ok=True)

    with ended_by_signals(stop, begin_ending, leave_at_once):
        async with ControlServer(daemon, home), face.watching(daemon, home):
            _say_what_is_watched(config)
            accompanying = asyncio.create_task(_accompany(companion, daemon, journal, stop), name="companion")
            try:
                outcome = await daemon.run(stop, once=once)
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
    companion: Companion | None, daemon: Daemon, journal: Journal, stop: asyncio.Event
) -> None:
    if companion is not None:
        try:
            await companion(daemon, journal)
        finally:
            stop.set()
