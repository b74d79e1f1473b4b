"""The ledger is thrown away, or an older one put back, at random moments of a journey that is killed over and over, with
copies among the images and files that are renamed: in the end executions = pictures, and every result is there (I12)."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from hotfolder.sandbox import Sandbox
from tests.journeys.crasher import Crasher
from tests.journeys.studio import Studio

HISTORIES = 4
"""Each is a test of its own, from its own seed."""
LIVES = 6
NEVER = 0


class History:
    """One studio whose memory cannot be trusted, by the numbers of one seed."""

    def __init__(self, root: Path, sandbox: Sandbox, crasher: Crasher, seed: int) -> None:
        self.random = Random(seed)
        self.studio = Studio(root / "studio", sandbox)
        self.studio.configure(settle="50ms", service={"poll": "50ms", "listing_lag": "600ms"})
        self.backups = root / "backups"
        self.backups.mkdir()
        self._crasher = crasher
        self._pictures = 0
        self.lost = 0
        sandbox.world.switches.execution_s = 0.02
        sandbox.world.switches.listing_lag_s = 0.3

    def drop_some(self) -> None:
        """New pictures, and copies of some that are there."""
        for _ in range(self.random.randint(1, 3)):
            self._pictures += 1
            self.studio.drop(f"{self.random.choice('AB')}/{self._pictures}.jpg", seed=self._pictures)
        there = self.studio.sources()
        for number in range(self.random.randint(0, 2)):
            copy = self.studio.inside / "copies" / f"{self._pictures}-{number}.jpg"
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(self.random.choice(there), copy)

    def rename_one(self) -> None:
        source = self.random.choice(self.studio.sources())
        source.rename(source.with_name(f"renamed {source.name}"))

    def live(self) -> None:
        """A life that ends at a random effect, or when all is done."""
        self._crasher.live(self.studio, self.random.randint(3, 150))

    def lose_memory(self) -> None:
        choice = self.random.choice(("keep", "keep", "ledger", "home", "backup", "damage"))
        ledgers = list(self.studio.home.glob("ledger.sqlite*"))
        if choice == "keep" or not ledgers:
            return
        self.lost += 1
        if choice == "damage":
            (self.studio.home / "ledger.sqlite").write_bytes(b"nonsense" * 600)
            return
        for path in ledgers:
            path.unlink()
        if choice == "home":
            for path in self.studio.home.iterdir():
                if path.name not in ("config.yaml", "logs"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        if choice == "backup" and (kept := sorted(self.backups.iterdir())):
            for path in self.random.choice(kept).iterdir():
                shutil.copy2(path, self.studio.home / path.name)

    def back_up(self, number: int) -> None:
        kept = self.backups / f"{number}"
        kept.mkdir()
        for path in self.studio.home.glob("ledger.sqlite*"):
            shutil.copy2(path, kept / path.name)

    def end(self) -> None:
        assert self._crasher.live(self.studio, NEVER) == 0, self.studio.tail()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_memory_that_is_lost_at_random_moments_costs_nothing_and_loses_nothing(
    tmp_path: Path,
    crasher: Crasher,
    sandbox: Sandbox,
    seed: int,
    record_property: Callable[[str, object], None],
) -> None:
    history = History(tmp_path, sandbox, crasher, seed)
    for number in range(LIVES):
        history.drop_some()
        if number and history.random.random() < 0.4:
            history.rename_one()
        history.live()
        history.lose_memory()
        if history.random.random() < 0.6:
            history.back_up(number)
    history.end()
    assert_paid_once_and_all_there(history.studio)
    pictures, executions = len(sandbox.world.executions_by_input()), len(sandbox.world.executions)
    record_property(
        "counts",
        f"lives {LIVES + 1}, memories lost {history.lost}, pictures {pictures}, executions {executions}, losses 0",
    )


def assert_paid_once_and_all_there(studio: Studio) -> None:
    """One execution a picture; every source has the result of its own bytes in the out folder."""
    world = studio.sandbox.world
    pictures = {hashlib.sha256(path.read_bytes()).hexdigest() for path in studio.sources()}
    by_input = world.executions_by_input()
    assert {content: len(found) for content, found in by_input.items()} == dict.fromkeys(pictures, 1), (
        studio.tail()
    )
    results = list(studio.results().values())
    for path in studio.sources():
        (execution,) = by_input[hashlib.sha256(path.read_bytes()).hexdigest()]
        assert world.result_of(execution) in results, f"{path} has no result: {studio.tail()}"
    assert {image["state"] for image in studio.images()} == {"delivered"}
    assert studio.part_files() == []
