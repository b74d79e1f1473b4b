"""A workshop: the daemon in the test's own loop, beside a sandbox; real files, a real ledger, a clock of its own.

Where `Studio` runs the program as a process, to be killed, this is the same daemon without the process, to be broken in
a hundred ways: a journey takes half a second, and a minute of waiting takes as long as the clock's speed says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from hotfolder.adapters.autoretouch import Timeouts
from hotfolder.adapters.config_file import load_config
from hotfolder.adapters.home import Home, find_home
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger, read_ledger
from hotfolder.adapters.token_store import MemoryTokens, TokenSource
from hotfolder.core.holds import Hold, HoldKind
from hotfolder.core.image import Image, State
from hotfolder.core.naming import is_part_name
from hotfolder.daemon import Daemon, Outcome
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.sandbox import REFRESH_TOKEN, Execution, Sandbox
from tests.journeys.studio import IMAGE_LABEL, assert_once_and_whole
from tests.sandbox.caller import picture

LIMIT_S = 90.0
HURRY_S = 0.02
PATIENCE = Timeouts(connect_s=5.0, read_s=0.4, write_s=5.0)
"""For tests of answers that never come."""


class Clock:
    """Runs `speed` times as fast as the world, on both hands, and can be turned on."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._wall = time.time()
        self._began = time.monotonic()
        self._turned_s = 0.0

    def turn(self, seconds: float) -> None:
        self._turned_s += seconds

    def passed_s(self) -> float:
        return (time.monotonic() - self._began) * self.speed + self._turned_s

    def now(self) -> float:
        return self._wall + self.passed_s()

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(self.now, lambda: self._began + self.passed_s(), lambda: 0.5)


class Workshop:
    """Hot folders (one named Studio to begin with), quick to settle, on the sandbox's cheapest workflow."""

    def __init__(self, root: Path, sandbox: Sandbox, clock: Clock | None = None) -> None:
        self.root = root
        self.sandbox = sandbox
        self.clock = clock or Clock()
        self.inside, self.outside = root / "in", root / "out"
        self.home: Home = find_home(root / "home")
        self.tokens: TokenSource = MemoryTokens(REFRESH_TOKEN)
        self.timeouts = Timeouts()
        self.service: dict[str, str] = {
            "api_url": sandbox.url,
            "auth_url": sandbox.url,
            "poll": "50ms",
            "listing_lag": "300ms",
        }
        self.folders: list[dict[str, Any]] = []
        self.more: dict[str, Any] = {}
        self.add_folder("Studio", self.inside, self.outside)

    def add_folder(self, name: str, inside: Path, outside: Path, **keys: Any) -> None:
        inside.mkdir(parents=True, exist_ok=True)
        outside.parent.mkdir(parents=True, exist_ok=True)
        quick = {"workflow": "Fast", "settle": "50ms", "rescan": "1s", "watch": "events"}
        self.folders.append({"name": name, "in": str(inside), "out": str(outside), **quick, **keys})

    def drop(self, path: str, seed: int = 0, kind: str = "JPEG") -> Path:
        """Save an image into the in folder."""
        target = self.inside / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture(seed, kind))
        return target

    def drop_many(self, number: int) -> None:
        for index in range(number):
            self.drop(f"{index % 3}/{index}.jpg", seed=index)

    # --- at work ----------------------------------------------------------------------------------

    def daemon(self) -> Daemon:
        """Made inside the running loop, from the config as it is written now."""
        text = yaml.safe_dump({"folders": self.folders, "service": self.service, **self.more})
        self.home.make()
        self.home.config.write_text(text, encoding="utf-8")
        return Daemon(
            load_config(self.home.config, self.home.data),
            self.home,
            self.tokens,
            surroundings=self.clock.surroundings,
            timeouts=self.timeouts,
        )

    async def once(self, limit_s: float = LIMIT_S) -> Outcome:
        """Work off what is there."""
        daemon = self.daemon()
        async with asyncio.timeout(limit_s), self._hurried(daemon):
            return await daemon.run(asyncio.Event(), once=True)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Daemon]:
        """A life of the daemon; ended in order when the block ends."""
        daemon, stop = self.daemon(), asyncio.Event()
        async with self._hurried(daemon):
            running = asyncio.create_task(daemon.run(stop), name="daemon")
            try:
                yield daemon
            finally:
                stop.set()
                await running

    @asynccontextmanager
    async def _hurried(self, daemon: Daemon) -> AsyncIterator[None]:
        """Appointments are slept for in the world's seconds: where the clock is faster, the lanes are woken for them."""

        async def hurry() -> None:
            while True:
                await asyncio.sleep(HURRY_S)
                daemon.wake_lanes()

        hurrying = asyncio.create_task(hurry()) if self.clock.speed != 1.0 else None
        try:
            yield
        finally:
            if hurrying is not None:
                hurrying.cancel()
                await asyncio.wait([hurrying])

    async def turn_clock(self, daemon: Daemon, seconds: float) -> None:
        """Everything that is due by then is due now."""
        self.clock.turn(seconds)
        daemon.wake_lanes()
        await asyncio.sleep(0)

    # --- waiting ----------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], Any], limit_s: float = LIMIT_S) -> None:
        """Wait for the condition, with a limit (in the world's seconds)."""
        end = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < end, f"not within {limit_s} s: {self.explain()}"
            await asyncio.sleep(0.01)

    async def until_delivered(self, number: int, limit_s: float = LIMIT_S) -> None:
        await self.until(lambda: self.count(State.DELIVERED) >= number, limit_s)

    async def until_held(self, kind: HoldKind, limit_s: float = LIMIT_S) -> Hold:
        await self.until(lambda: self.holds(kind), limit_s)
        return self.holds(kind)[0]

    async def until_free(self, kind: HoldKind, limit_s: float = LIMIT_S) -> None:
        await self.until(lambda: not self.holds(kind), limit_s)

    # --- what is there ----------------------------------------------------------------------------

    def images(self) -> list[Image]:
        ledger = read_ledger(self.home.ledger)
        if ledger is None:
            return []
        try:
            return ledger.images()
        finally:
            ledger.close()

    def image(self, path: str) -> Image:
        (found,) = [image for image in self.images() if image.path == path]
        return found

    def state_of(self, path: str) -> State | None:
        """None while it is not in the ledger."""
        return next((image.state for image in self.images() if image.path == path), None)

    def count(self, state: State) -> int:
        return sum(image.state is state for image in self.images())

    def holds(self, kind: HoldKind | None = None) -> list[Hold]:
        ledger = read_ledger(self.home.ledger)
        if ledger is None:
            return []
        try:
            return [hold for hold in ledger.holds() if kind in (None, hold.kind)]
        finally:
            ledger.close()

    def change_ledger(self, work: Callable[[Ledger], object]) -> None:
        """Between two lives of the daemon."""
        ledger = open_ledger(self.home.ledger)
        try:
            work(ledger)
        finally:
            ledger.close()

    def results(self) -> dict[str, bytes]:
        """Every file in the out folder, by its path with `/`; a part file may go while it is looked at."""
        found: dict[str, bytes] = {}
        for path in sorted(self.outside.rglob("*")):
            with suppress(FileNotFoundError):
                if path.is_file():
                    found[path.relative_to(self.outside).as_posix()] = path.read_bytes()
        return found

    def execution_of(self, path: str) -> Execution:
        """The only one of the image of that path."""
        (found,) = self.sandbox.world.executions_labelled(IMAGE_LABEL, self.image(path).id)
        return found

    def result_of(self, path: str) -> bytes:
        """As the service made it."""
        return self.sandbox.world.result_of(self.execution_of(path))

    def assert_once_and_whole(self) -> None:
        """Every source has one execution and one result, byte for byte the service's; and nothing else is there."""
        assert [p for p in self.root.rglob("*") if is_part_name(p.name)] == []
        sources = [path for path in sorted(self.inside.rglob("*")) if path.is_file()]
        images = [asdict(image) for image in self.images()]
        assert_once_and_whole(images, sources, self.results(), self.sandbox.world, self.explain())

    def explain(self) -> str:
        """What a failed test needs to be understood."""
        images = [(i.path, i.state.value, i.reason) for i in self.images()]
        holds = [(h.scope, h.kind.value, h.reason) for h in self.holds()]
        return f"{images[:20]} {holds} {self.sandbox.world.call_counts()} {sorted(self.results())[:20]}"


async def in_thread(work: Callable[[], object]) -> None:
    """Blocking work of the test (stopping a server), off the loop the daemon lives in."""
    await asyncio.to_thread(work)
