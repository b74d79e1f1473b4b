"""The ledger's thread: one writer, whatever happens to those who ask."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.errors import LedgerUnusable
from tests.adapters.ledgers import another
from tests.fakes import an_image


@pytest.fixture
def thread(ledger: Ledger) -> Iterator[LedgerThread]:
    one = LedgerThread(ledger)
    yield one
    one.close()


async def test_all_work_is_done_in_one_thread_of_its_own(thread: LedgerThread) -> None:
    names = await asyncio.gather(*(thread.call(lambda _: threading.current_thread().name) for _ in range(20)))
    assert len(set(names)) == 1
    assert names[0] != threading.current_thread().name


async def test_what_is_asked_is_answered(thread: LedgerThread) -> None:
    await thread.call(lambda ledger: ledger.add(an_image()))
    assert await thread.call(lambda ledger: ledger.image("image-1")) == an_image()


async def test_a_commit_that_was_begun_is_finished_when_its_caller_goes(thread: LedgerThread) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def add_slowly(ledger: Ledger) -> None:
        begun.set()
        assert go_on.wait(20)
        ledger.add(an_image())

    task = asyncio.create_task(thread.call(add_slowly))
    await asyncio.to_thread(begun.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    assert await thread.call(lambda ledger: ledger.images()) == [an_image()]


async def test_a_ledger_that_cannot_be_written_is_said_in_plain_words(path: Path) -> None:
    open_ledger(path).close()
    writer = LedgerThread(open_ledger(path, busy_s=0.05))
    stranger = sqlite3.connect(path, isolation_level=None)
    stranger.execute("BEGIN EXCLUSIVE")
    try:
        for work in (lambda ledger: ledger.add(an_image()), lambda ledger: ledger.prove_writable()):
            with pytest.raises(LedgerUnusable, match="cannot be written now"):
                await writer.call(work)
        stranger.execute("ROLLBACK")
        await writer.call(lambda ledger: ledger.add(an_image()))
    finally:
        stranger.close()
        writer.close()


async def test_a_full_disk_is_said_in_plain_words_and_loses_nothing(path: Path) -> None:
    ledger = open_ledger(path)
    ledger.add(an_image())
    with ledger._engine.connect() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()
        db.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    writer = LedgerThread(ledger)

    def fill(one: Ledger) -> None:
        for n in range(1000, 1500):
            one.add(another(n))

    with pytest.raises(LedgerUnusable, match="full"):
        await writer.call(fill)
    assert an_image() in await writer.call(lambda one: one.images())
    writer.close()


async def test_a_bug_in_the_work_stays_what_it_is(thread: LedgerThread) -> None:
    def broken(_: Ledger) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await thread.call(broken)
    assert await thread.call(lambda ledger: ledger.images()) == []


async def test_a_row_that_is_there_already_is_told_apart_from_a_ledger_that_is_broken(
    thread: LedgerThread,
) -> None:
    """`UNIQUE` is a rule of ours, not a trouble of the disk."""
    await thread.call(lambda ledger: ledger.add(an_image()))
    with pytest.raises(IntegrityError):
        await thread.call(lambda ledger: ledger.add(replace(an_image(), id="image-2")))
