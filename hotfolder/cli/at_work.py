"""A daemon at work, with everything around it: its face, its ear, and the signals that end it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
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


class Beside:
    """What goes on beside a daemon. This one: nothing."""

    def note_new(self, image: Image) -> None: ...

    def note_change(self, before: Image, after: Image) -> None: ...

    def note_config_problem(self, problem: str) -> None: ...

    def note_config_right(self) -> None: ...

    def note_not_sent(self, folder: str, groups: Mapping[str, int], new: frozenset[str]) -> None: ...

    async def run(self, steward: Steward, journal: Journal) -> None:
        """Returning ends the daemon."""
        await asyncio.Event().wait()

    async def say_last_words(self) -> None:
        """The end has come; the ledger can still be asked."""


@dataclass(slots=True)
class Journal:
    """What this run did. `changed` is set whenever something happened to an image."""

    beside: Beside
    delivered: int = 0
    repeated: int = 0
    """Of those, how many were pictures that had been paid for before."""
    was_interrupted: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def note_new(self, image: Image) -> None:
        self.changed.set()
        self.beside.note_new(image)

    def note_change(self, before: Image, after: Image) -> None:
        if after.state is State.DELIVERED and before.state is not State.DELIVERED:
            self.delivered += 1
            self.repeated += after.repeat_of is not None
        self.changed.set()
        self.beside.note_change(before, after)


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
        self, beside: Beside | None = None, *, once: bool = False, signals: MainSignals | None = None
    ) -> tuple[Outcome, Journal]:
        """Until it is done (`once`), `beside` has ended, or a signal comes. `signals`: where this is not the main thread."""
        beside = beside or Beside()
        stop, journal = asyncio.Event(), Journal(beside)

        def begin_ending() -> None:
            journal.was_interrupted = True
            self.face.announce_ending()

        def end() -> None:
            if not stop.is_set():
                begin_ending()
                stop.set()

        listeners = Listeners(
            journal.note_change,
            journal.note_new,
            beside.note_config_problem,
            beside.note_config_right,
            beside.note_not_sent,
            end,
        )
        steward = Steward(self.config, self.home, self.tokens, self.read_config, listeners)

        def leave_at_once() -> None:
            self.face.leave()
            self.home.control.unlink(missing_ok=True)

        with ended_by_signals(stop, begin_ending, leave_at_once, signals):
            async with ControlServer(steward, self.home), self.face.watching(steward, self.home):
                _say_what_is_watched(self.config)
                outcome = await _in_company(steward, journal, stop, once)
                return outcome, journal


async def _in_company(steward: Steward, journal: Journal, stop: asyncio.Event, once: bool) -> Outcome:
    """The steward's run, with what goes on beside it; an error of either is this run's."""
    end = asyncio.Event()

    async def accompany() -> None:
        try:
            await journal.beside.run(steward, journal)
        finally:
            stop.set()

    async def end_in_order() -> None:
        await stop.wait()
        try:
            await journal.beside.say_last_words()
        finally:
            end.set()

    tasks = [asyncio.create_task(accompany(), name="beside"), asyncio.create_task(end_in_order(), name="end")]
    try:
        outcome = await steward.run(end, once=once)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()
    return outcome


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
