"""A clock that never jumps by itself, and the appointments that move along when it is set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.life import PutOff
from hotfolder.core.timing import CLOCK_JUMP_S
from hotfolder.pipeline.lanes import ImageProgress
from hotfolder.pipeline.surroundings import SteadyClock, Surroundings
from tests.fakes import NOW, an_image


@dataclass
class World:
    """A wall clock that may be set, and a monotonic one that may not."""

    wall: float = NOW
    monotonic: float = 100.0

    def passes(self, seconds: float, jump_s: float = 0.0) -> None:
        self.wall += seconds + jump_s
        self.monotonic += seconds

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(lambda: self.wall, lambda: self.monotonic, lambda: 0.5)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(-1e6, 1e6)), max_size=20))
def test_it_goes_on_evenly_whatever_the_wall_clock_does_until_it_follows(
    steps: list[tuple[float, float]],
) -> None:
    world = World()
    clock = SteadyClock(world.surroundings)
    passed_s = 0.0
    for seconds, jump_s in steps:
        world.passes(seconds, jump_s)
        passed_s += seconds
        assert clock.now() == pytest.approx(NOW + passed_s)
    clock.follow(clock.jump_s)
    assert abs(clock.now() - world.wall) <= CLOCK_JUMP_S


def test_a_jump_stays_to_be_followed_until_it_is() -> None:
    world = World()
    clock = SteadyClock(world.surroundings)
    world.passes(10.0, jump_s=3600.0)
    world.passes(10.0)
    assert clock.jump_s == 3600.0
    clock.follow(3600.0)
    assert clock.jump_s == 0.0
    assert clock.now() == world.wall
    assert clock.surroundings.moved_s() == 3600.0


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerThread]:
    thread = LedgerThread(open_ledger(tmp_path / "ledger.sqlite"))
    yield thread
    thread.close()


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
async def test_an_appointment_made_by_the_old_time_is_kept_by_the_new(
    ledger: LedgerThread, jump_s: float
) -> None:
    """The work was under way when the clock was set: its answer is written down after all others had moved along."""
    clock = SteadyClock(World().surroundings)
    image = an_image()
    await ledger.call(lambda known: known.add(image))
    progress = ImageProgress(image, ledger, clock.surroundings, lambda *_: None)
    event = PutOff(reason="later", wake_at=clock.now() + 60.0)
    clock.follow(jump_s)
    await progress.record(event)
    kept = await ledger.call(lambda known: known.image(image.id))
    assert kept is not None
    assert kept.wake_at == pytest.approx(clock.now() + 60.0)


async def test_what_is_due_at_once_stays_due_at_once(ledger: LedgerThread) -> None:
    clock = SteadyClock(World().surroundings)
    image = an_image()
    await ledger.call(lambda known: known.add(image))
    progress = ImageProgress(image, ledger, clock.surroundings, lambda *_: None)
    clock.follow(3600.0)
    await progress.record(PutOff(reason="now"))
    assert progress.image.wake_at == 0.0
