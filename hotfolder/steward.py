"""Keeps one daemon at work in a home, and takes over what changes in config.yaml.

A changed config that is right replaces the daemon by a new one: what is running finishes, the ledger has the rest, so
no image notices. One that is wrong changes nothing, and is told until it is mended.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from hotfolder.adapters.home import Home
from hotfolder.adapters.leaving import LeavableTokens
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.token_store import TokenSource
from hotfolder.core.config import Config
from hotfolder.core.glance import FolderPlace
from hotfolder.core.holds import Hold
from hotfolder.core.image import Image
from hotfolder.core.snapshot import Status, status_of_counts
from hotfolder.daemon import Daemon, Outcome
from hotfolder.errors import ConfigError, LedgerUnusable
from hotfolder.pipeline.keep_going import keep_going
from hotfolder.pipeline.lanes import Listener
from hotfolder.pipeline.passed_over import Told, tell_nobody

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_S = 1.0
"""How often config.yaml is looked at. Read only when it was the same at two looks: an editor may still be writing."""

AFTER_TROUBLE_S = 5.0

Stamp = tuple[int, int, int] | None
"""(mtime_ns, size, inode) of config.yaml; None while it is not there."""

NOT_YET_LOOKED_AT: Stamp = (-1, -1, -1)


@dataclass(slots=True)
class Listeners:
    """Who is told of what happens to images, of a config.yaml that is not taken over, and that hotfolder is to end."""

    on_change: Listener | None = None
    on_new: Callable[[Image], None] | None = None
    on_config_problem: Callable[[str], None] | None = None
    on_config_right: Callable[[], None] = lambda: None
    on_not_sent: Told = tell_nobody
    on_end: Callable[[], None] = lambda: None
    """Has `run`'s `stop` set: somebody asked for it, or hotfolder's own files are gone."""


class Steward:
    """One home at work. Make it inside a running event loop, then `await run(stop)`. The caller holds the home's lock."""

    def __init__(
        self,
        config: Config,
        home: Home,
        tokens: TokenSource,
        read_config: Callable[[], Config],
        listeners: Listeners | None = None,
    ) -> None:
        """`read_config` reads config.yaml anew, off the loop; it raises `ConfigError`. Raises `LedgerUnusable`."""
        self._home = home
        self._tokens = LeavableTokens(tokens)
        self._read_config = read_config
        self._listeners = listeners or Listeners()
        self._config = config
        self._next: Config | None = None
        self._daemon = self._make_daemon()
        self._changed = asyncio.Event()
        self._at_work = asyncio.Event()
        self._at_work.set()
        self._ended = False
        self._stamp = NOT_YET_LOOKED_AT  # it may have been saved between being read and now
        self.config_problem: str | None = None
        """Why the config.yaml that is there was not taken over; None while it holds."""

    # --- running ----------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> Outcome:
        """Until `stop` is set, or with `once` until nothing is left to do without a person."""
        watching = None if once else asyncio.create_task(self._watch_config(), name="config")
        try:
            while True:
                outcome = await self._one_daemon(stop, once)
                if once or stop.is_set():
                    return outcome
                await self._take_over(stop)
                if stop.is_set():
                    return outcome
        finally:
            self._ended = True
            self._at_work.set()
            if watching is not None:
                watching.cancel()
                await asyncio.wait([watching])

    async def _one_daemon(self, stop: asyncio.Event, once: bool) -> Outcome:
        """Run the present daemon until `stop`, or until another config is to be taken over."""
        ending = asyncio.Event()
        waiting = [asyncio.create_task(one.wait()) for one in (stop, self._changed)]
        for task in waiting:
            task.add_done_callback(lambda task: None if task.cancelled() else ending.set())
        try:
            return await self._daemon.run(ending, once=once)
        finally:
            self._at_work.clear()
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)

    async def _take_over(self, stop: asyncio.Event) -> None:
        """Make a daemon of the next config. Its ledger was usable a moment ago, so trouble with it is waited out."""
        self._changed.clear()
        self._config, self._next = self._next or self._config, None
        while not stop.is_set():
            if not await asyncio.to_thread(self._home.data.is_dir):  # a new ledger would make the home anew
                log.warning("%s was removed while hotfolder ran. hotfolder ends.", self._home.data)
                self._listeners.on_end()
                return
            try:
                self._daemon = self._make_daemon()
            except LedgerUnusable as error:
                log.warning("%s", error)
                await _wait(stop, AFTER_TROUBLE_S)
            else:
                log.info("config.yaml has changed and is taken over")
                self._at_work.set()
                return

    def _make_daemon(self) -> Daemon:
        told = self._listeners
        return Daemon(
            self._config,
            self._home,
            self._tokens,
            on_change=told.on_change,
            on_new=told.on_new,
            on_gone=told.on_end,
            on_not_sent=told.on_not_sent,
        )

    # --- the config -------------------------------------------------------------------------------

    async def _watch_config(self) -> None:
        await keep_going("the look at config.yaml", self._look_at_config)

    async def _look_at_config(self) -> None:
        before = self._stamp
        while True:
            await asyncio.sleep(LOOK_S)
            now = await asyncio.to_thread(_stamp_of, self._home.config)
            if now == before and now != self._stamp:
                await self._consider()
                self._stamp = now
            before = now

    async def _consider(self) -> None:
        """Read what stands there now: it is taken over, or refused with its reasons."""
        try:
            config = await asyncio.to_thread(self._read_config)
        except ConfigError as error:
            self._refuse(str(error))
            return
        if self.config_problem is not None:
            log.info("config.yaml is right again")
            self._listeners.on_config_right()
        self.config_problem = None
        if config != (self._next or self._config):
            self._next = config
            self._at_work.clear()
            self._changed.set()

    def _refuse(self, problem: str) -> None:
        if problem != self.config_problem:
            log.warning("config.yaml has changed, but is not taken over; the old settings hold. %s", problem)
            if self._listeners.on_config_problem is not None:
                self._listeners.on_config_problem(problem)
        self.config_problem = problem

    # --- asked by the faces -----------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """What is in force."""
        return self._config

    @property
    def places(self) -> dict[str, FolderPlace]:
        """Where each hot folder is."""
        return {f.name: FolderPlace(str(f.in_folder), str(f.out_folder)) for f in self._config.folders}

    @property
    def folders(self) -> list[str]:
        return [folder.name for folder in self._config.folders]

    @property
    def holds(self) -> list[Hold]:
        return self._daemon.holds

    @property
    def credits(self) -> int | None:
        return self._daemon.credits

    def settling(self) -> list[dict[str, Any]]:
        return self._daemon.settling()

    async def status(self) -> Status:
        """The whole state, from counts: cheap enough to look several times a second. RuntimeError: the end has come."""
        counts = await self.call_ledger(lambda ledger: ledger.counts())
        settling = Counter(str(facts["folder"]) for facts in self.settling())
        status = status_of_counts(
            self.folders,
            counts,
            self.holds,
            running=True,
            settling=settling,
            not_sent=self._daemon.not_sent(),
        )
        return replace(status, config_problem=self.config_problem)

    async def call_ledger(self, work: Callable[[Ledger], Any]) -> Any:
        """Look into the ledger, in its thread. RuntimeError: the end has come."""
        return await self._ask(lambda daemon: daemon.call_ledger(work))

    async def retry(self, ids: Sequence[str] | None) -> int:
        return await self._ask(lambda daemon: daemon.retry(ids))

    async def dismiss(self, ids: Sequence[str] | None) -> int:
        return await self._ask(lambda daemon: daemon.dismiss(ids))

    async def fetch(self, execution_ids: Sequence[str], image_ids: Sequence[str]) -> int:
        return await self._ask(lambda daemon: daemon.fetch(execution_ids, image_ids))

    async def sign_out(self) -> bool:
        """When this returns nothing that spends goes out any more (keeps I14), not even of a daemon that is being replaced.
        Whether the sign-in was given from outside, where `logout` cannot forget it."""
        self._daemon.begin_sign_out()
        return await self._ask(lambda daemon: daemon.sign_out())

    async def signed_in(self) -> None:
        await self._ask(lambda daemon: daemon.signed_in())

    def stop(self) -> None:
        """Have everything end in order."""
        log.info("hotfolder is asked to end")
        self._listeners.on_end()

    async def pause(self, folder: str | None) -> None:
        await self._ask(lambda daemon: daemon.pause(folder))

    async def resume(self, folder: str | None) -> None:
        await self._ask(lambda daemon: daemon.resume(folder))

    async def _ask(self, question: Callable[[Daemon], Awaitable[T]]) -> T:
        """Ask the daemon at work; one that is being replaced lets its successor answer. All questions may be asked twice."""
        while True:
            await self._at_work.wait()
            if self._ended:
                raise RuntimeError("hotfolder has ended")
            daemon = self._daemon
            try:
                return await question(daemon)
            except RuntimeError:  # its ledger is closed
                if self._at_work.is_set() and daemon is self._daemon:
                    raise


def _stamp_of(path: Path) -> Stamp:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


async def _wait(event: asyncio.Event, limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await event.wait()
    except TimeoutError:
        return
