"""What a person sees of a daemon at work: a board that moves on a terminal, plain lines in a pipe.

Both tell the same happenings in the same words: those of the log.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hotfolder.cli.output import cell, counted, counts_in_words, printable, say
from hotfolder.core.present_work import PresentWork
from hotfolder.core.snapshot import Status, status_of_counts, waits_until
from hotfolder.core.state_words import waits_by_facts

if TYPE_CHECKING:
    from hotfolder.adapters.home import Home
    from hotfolder.steward import Steward

REFRESH_S = 0.25
HAPPENINGS = 8
QUIETLY = "Ctrl-C ends it"


class Face:
    """What is shown while a daemon works. This one shows plain lines."""

    def __init__(self) -> None:
        self._handler = _Handler(self.tell)

    @asynccontextmanager
    async def watching(self, daemon: Steward, home: Home) -> AsyncIterator[None]:
        """Show what the daemon of this home does, as long as the block lasts."""
        logger = logging.getLogger("hotfolder")
        logger.addHandler(self._handler)
        try:
            yield
        finally:
            logger.removeHandler(self._handler)

    def tell(self, time: str, text: str, level: int) -> None:
        """Something happened."""
        mark = "! " if level >= logging.WARNING else ""
        say(f"{time} {mark}{text}")

    def announce_ending(self) -> None:
        say("Ending: running requests may finish (10 s at most). Another Ctrl-C ends it at once.")

    def leave(self) -> None:
        """Leave the screen in order, now."""


class Board(Face):
    """For a terminal: each hot folder's counts and progress, what happened last, what is held and why."""

    def __init__(self, title: str = "hotfolder") -> None:
        super().__init__()
        self._title = title
        self._happenings: deque[Text] = deque(maxlen=HAPPENINGS)
        self._work: dict[str, PresentWork] = {}
        self._hint = QUIETLY
        self._live = Live(console=Console(highlight=False), auto_refresh=False)

    @asynccontextmanager
    async def watching(self, daemon: Steward, home: Home) -> AsyncIterator[None]:
        async with super().watching(daemon, home):
            with self._live:
                refreshing = asyncio.create_task(self._refresh(daemon), name="board")
                try:
                    yield
                finally:
                    refreshing.cancel()
                    with suppress(asyncio.CancelledError):
                        await refreshing
                    self._show_last(daemon, home)

    def tell(self, time: str, text: str, level: int) -> None:
        style = "yellow" if level >= logging.WARNING else ""
        self._happenings.append(Text.assemble((f"{time} ", "dim"), (text, style)))

    def announce_ending(self) -> None:
        self._hint = "ending: running requests may finish (10 s at most); another Ctrl-C ends it at once"

    def leave(self) -> None:
        self._live.stop()

    async def _refresh(self, daemon: Steward) -> None:
        while True:
            try:
                status = await daemon.status()
            except RuntimeError:  # the ledger is closed: the end has come
                return
            self._show(status, daemon.credits)
            await asyncio.sleep(REFRESH_S)

    def _show_last(self, daemon: Steward, home: Home) -> None:
        """How it ended; the daemon's own ledger is closed by now."""
        from hotfolder.adapters.ledger_file import read_ledger

        ledger = read_ledger(home.ledger)
        if ledger is not None:
            self._hint = "ended"
            counts, holds = ledger.counts(), ledger.holds()
            ledger.close()
            self._show(status_of_counts(daemon.folders, counts, holds, running=False), daemon.credits)

    def _show(self, status: Status, credits: int | None) -> None:
        for folder in status.folders:
            self._work.setdefault(folder.name, PresentWork()).note(folder.counts)
        self._live.update(self._draw(status, credits), refresh=True)

    def _draw(self, status: Status, credits: int | None) -> RenderableType:
        parts = [
            self._title,
            *([f"{counted(credits, 'credit')} left"] if credits is not None else []),
            self._hint,
        ]
        head = Text(" · ".join(parts), style="bold")
        return Group(head, self._folder_table(status), *_held(status), *self._happenings)

    def _folder_table(self, status: Status) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for folder in status.folders:
            work = self._work[folder.name]
            bar = ProgressBar(total=max(work.total, 1), completed=work.done, width=24)
            share = Text(f"{work.done:,}/{work.total:,}")
            waits = waits_by_facts(folder.name, folder.state, status.held)
            words = Text(counts_in_words(folder.counts, waits=waits))
            table.add_row(Text(printable(folder.name), style="bold"), cell(folder.state), bar, share, words)
        return table


def _held(status: Status) -> list[Text]:
    return [
        Text(
            f"{hold['folder'] + ': ' if hold['folder'] else ''}{hold['reason']}"
            f"{f' Waits{waits_until(hold)}.' if hold['until'] else ''} {hold['advice']}",
            style="yellow",
        )
        for hold in status.held
    ]


class _Handler(logging.Handler):
    """Hands over each happening of the log, without any traceback."""

    def __init__(self, tell: Callable[[str, str, int], None]) -> None:
        super().__init__(logging.INFO)
        self._tell = tell
        self._times = logging.Formatter(datefmt="%H:%M:%S")

    def emit(self, record: logging.LogRecord) -> None:
        time = self._times.formatTime(record, "%H:%M:%S")
        self._tell(time, printable(record.getMessage()), record.levelno)


def choose_face(title: str = "hotfolder") -> Face:
    """The board on a terminal that can move its cursor, else plain lines."""
    is_board = sys.stdout.isatty() and not Console().is_dumb_terminal
    return Board(title) if is_board else Face()
