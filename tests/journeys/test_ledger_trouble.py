"""The ledger locked, read-only, on a full disk, damaged: a clear state, originals untouched, and never an execution
without a durable intent (keeps I1, I2); when it is well again everything goes on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.daemon import Daemon
from hotfolder.errors import ExitCode, LedgerUnusable
from hotfolder.sandbox.calls import Call
from tests.adapters.disks import tiny_disk
from tests.journeys.workshop import Workshop


@pytest.fixture
def originals(workshop: Workshop) -> Iterator[None]:
    """None of them is changed, whatever happens (keeps I4)."""
    for number in range(3):
        workshop.drop(f"{number}.jpg", seed=number)
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(workshop.inside.iterdir())
    }
    yield
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


@pytest.fixture
def unintended(workshop: Workshop) -> Iterator[list[str]]:
    """Names of images whose `create` arrived while the ledger did not say that it was intended."""
    found: list[str] = []

    def look(call: Call) -> bool:
        try:
            intended = [i.name for i in workshop.images() if i.state is State.REQUESTED]
        except LedgerUnusable:  # damaged by now: nobody can tell any more
            return False
        if call.image_name not in intended:
            found.append(call.image_name)
        return False

    workshop.sandbox.faults.add("create", "delay", where=look)
    yield found
    assert found == []


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else may hold the ledger for less long than usual."""
    monkeypatch.setattr("hotfolder.daemon.open_ledger", partial(open_ledger, busy_s=0.1))


def ledger_hold(daemon: Daemon) -> bool:
    """In memory only: it could not be written."""
    return any(hold.kind is HoldKind.LEDGER for hold in daemon.holds)


@contextmanager
def locked(workshop: Workshop) -> Iterator[None]:
    """Another program holds the ledger."""
    other = sqlite3.connect(workshop.home.ledger, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.usefixtures("originals", "unintended")
async def test_while_the_ledger_is_locked_everything_waits_and_then_goes_on(workshop: Workshop) -> None:
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(3)
        with locked(workshop):
            workshop.drop("later/a.jpg", seed=8)
            await workshop.until(lambda: ledger_hold(daemon))
            assert "cannot be written" in daemon.holds[0].reason
            assert len(workshop.sandbox.world.executions) == 3
        await workshop.until_delivered(4)
        await workshop.until(lambda: not ledger_hold(daemon))
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("endpoint", ["upload", "create", "details", "download"])
@pytest.mark.usefixtures("originals", "unintended")
async def test_a_ledger_locked_in_the_middle_of_a_call_costs_nothing_twice(
    workshop: Workshop, endpoint: str
) -> None:
    """Locked while the service works on the call, so that its answer cannot be written down."""
    lock = locked(workshop)
    called: list[Call] = []

    def look(call: Call) -> bool:
        if not called:
            called.append(call)
            lock.__enter__()
        return False

    workshop.sandbox.faults.add(endpoint, "delay", where=look)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: ledger_hold(daemon))
        lock.__exit__(None, None, None)
        await workshop.until_delivered(3)
    workshop.assert_once_and_whole()


@pytest.mark.usefixtures("originals", "unintended")
async def test_a_ledger_that_became_read_only_is_held_and_goes_on_when_it_can_be_written(
    workshop: Workshop,
) -> None:
    workshop.sandbox.world.switches.outage = "unavailable"
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: workshop.count(State.QUEUED) == 3)
        await daemon.call_ledger(partial(_set_read_only, value=1))
        workshop.sandbox.world.switches.outage = ""
        await workshop.until(lambda: ledger_hold(daemon))
        assert workshop.sandbox.world.executions == []
        await daemon.call_ledger(partial(_set_read_only, value=0))
        await workshop.until_delivered(3)
    workshop.assert_once_and_whole()


def _set_read_only(ledger: object, value: int) -> None:
    """SQLite then says "attempt to write a readonly database", as it does for a file without rights."""
    with ledger._engine.connect() as db:  # type: ignore[attr-defined]
        db.connection.driver_connection.execute(f"PRAGMA query_only={value}")


def fill(disk: Path) -> Path:
    """Every last byte of it."""
    filler = disk / "filler"
    descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
    try:
        for size in (4096, 1):
            while True:
                try:
                    os.write(descriptor, b"\0" * size)
                except OSError:
                    break
    finally:
        os.close(descriptor)
    return filler


@pytest.mark.parametrize("endpoint", ["head", "create"])
@pytest.mark.usefixtures("originals", "unintended")
async def test_on_a_full_disk_nothing_is_bought_that_could_not_be_remembered_and_with_room_it_goes_on(
    workshop: Workshop, endpoint: str
) -> None:
    with tiny_disk(workshop.home.data, size_kb=8 * 1024) as disk:
        filled: list[Path] = []

        def look(_: Call) -> bool:
            if not filled:
                filled.append(fill(disk))
            return False

        workshop.sandbox.faults.add(endpoint, "delay", where=look)
        async with workshop.at_work() as daemon:
            await workshop.until(lambda: ledger_hold(daemon))
            for number in range(20):
                workshop.drop(f"more/{number}.jpg", seed=50 + number)
            world = workshop.sandbox.world
            await workshop.until(
                lambda: world.count_calls("create") == len(world.executions)
            )  # none under way
            assert len(world.executions) <= 3, "only what had its intent before the disk was full"
            filled[0].unlink()
            await workshop.until_delivered(23)
            await workshop.until(lambda: not ledger_hold(daemon))
        workshop.assert_once_and_whole()


def _checks_of_ledger(daemon: Daemon) -> int:
    """How often the ledger's hold was looked at since it was set."""
    hold = daemon._gates.get("Studio", HoldKind.LEDGER)
    return hold.attempts if hold is not None else 0


@pytest.mark.usefixtures("originals")
async def test_large_images_that_find_no_room_for_their_working_copies_wait_for_it(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    """No image is put aside for a disk that is full; 9 MB of it do not fit beside the ledger."""
    workshop.sandbox.world.switches.outage = "unavailable"
    with tiny_disk(workshop.home.data, size_kb=12 * 1024) as disk:
        async with workshop.at_work() as daemon:
            await workshop.until(lambda: workshop.count(State.QUEUED) == 3)
            large = workshop.drop("large/a.jpg", seed=9)
            large.write_bytes(large.read_bytes() + os.urandom(9 * 1024 * 1024))
            await workshop.until(lambda: workshop.count(State.QUEUED) == 4)
            filler = disk / "filler"
            filler.write_bytes(b"\0" * (8 * 1024 * 1024))
            workshop.sandbox.world.switches.outage = ""
            await workshop.until_delivered(3)
            await workshop.until(lambda: ledger_hold(daemon))
            assert any("no room for working copies" in hold.reason for hold in daemon.holds)
            await workshop.until(lambda: _checks_of_ledger(daemon) >= 2)
            assert caplog.text.count("no room for working copies") == 1, "it was let go and held again"
            assert workshop.count(State.FAILED) == 0
            filler.unlink()
            await workshop.until_delivered(4)
        workshop.assert_once_and_whole()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "garbage in the middle": lambda path: _overwrite(path, 4096),
    "cut off": lambda path: os.truncate(path, 8192),
}


def _overwrite(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        size_bytes = file.seek(0, os.SEEK_END)
        file.seek(start)
        file.write(b"\xa5" * (size_bytes - start))


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.usefixtures("originals", "unintended")
async def test_a_ledger_damaged_while_at_work_buys_nothing_twice_and_is_set_aside_at_the_next_start(
    workshop: Workshop, damage: str
) -> None:
    creates = partial(workshop.sandbox.world.count_calls, "create")
    with suppress(LedgerUnusable):  # at the end there may be nothing to be read any more
        async with workshop.at_work() as daemon:
            await workshop.until_delivered(3)
            await daemon.call_ledger(_checkpoint)
            DAMAGE[damage](workshop.home.ledger)
            workshop.drop("later.jpg", seed=9)
            await workshop.until(lambda: ledger_hold(daemon) or creates() == 4)
            assert all("damaged" in hold.reason for hold in daemon.holds)
    assert len(workshop.sandbox.world.executions) <= 4
    assert max(map(len, workshop.sandbox.world.executions_by_input().values())) == 1
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert list(workshop.home.data.glob("ledger.sqlite.damaged-*[0-9]"))
    assert max(map(len, workshop.sandbox.world.executions_by_input().values())) == 1
    assert len(workshop.results()) == 4


def _checkpoint(ledger: object) -> None:
    """All of it into the one file, and out of SQLite's memory."""
    with ledger._engine.connect() as db:  # type: ignore[attr-defined]
        db.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.connection.driver_connection.execute("PRAGMA shrink_memory")


@pytest.mark.usefixtures("originals")
async def test_a_ledger_that_cannot_be_opened_is_said_at_the_start_and_nothing_is_sent(
    workshop: Workshop,
) -> None:
    workshop.home.ledger.mkdir(parents=True)
    with pytest.raises(LedgerUnusable, match="cannot be used now"):
        workshop.daemon()
    assert workshop.sandbox.world.calls == []
