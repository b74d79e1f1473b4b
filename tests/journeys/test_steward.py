"""One daemon after the other, and the questions that fall between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

import yaml

from hotfolder.adapters.config_file import load_config
from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.daemon import Daemon
from hotfolder.pipeline.sending import CREATES
from hotfolder.steward import Listeners, Steward
from tests.journeys.workshop import Workshop


def write_config(workshop: Workshop, priority: int) -> None:
    folders = [{**folder, "priority": priority} for folder in workshop.folders]
    workshop.home.make()
    workshop.home.config.write_text(
        yaml.safe_dump({"folders": folders, "service": workshop.service}), encoding="utf-8"
    )


async def test_a_question_that_outlives_its_daemon_is_asked_the_next_one(workshop: Workshop) -> None:
    write_config(workshop, 0)
    read_config = partial(load_config, workshop.home.config, workshop.home.data)
    steward = Steward(read_config(), workshop.home, workshop.tokens, read_config)
    stop = asyncio.Event()
    running = asyncio.create_task(steward.run(stop))
    asked: list[Daemon] = []

    async def question(daemon: Daemon) -> Any:
        """Thought over until the config has changed and the daemon is closed."""
        asked.append(daemon)
        if len(asked) == 1:
            write_config(workshop, 1)
            await workshop.until(lambda: steward._daemon is not daemon)
        return await daemon.call_ledger(lambda ledger: ledger.images())

    try:
        assert await steward._ask(question) == []
        assert len(set(map(id, asked))) == 2
        assert steward.config.folders[0].priority == 1
    finally:
        stop.set()
        await running


@asynccontextmanager
async def replacing(
    workshop: Workshop, endpoint: Literal["create", "balance"], calls: int
) -> AsyncIterator[tuple[Steward, asyncio.Task[Any]]]:
    """A steward whose daemon is being replaced, and has to wait for calls that hang until the block ends."""
    hanging = workshop.sandbox.faults.add(endpoint, "hang")
    write_config(workshop, 0)
    workshop.drop_many(8)
    read_config, stop = partial(load_config, workshop.home.config, workshop.home.data), asyncio.Event()
    listeners = Listeners(on_end=stop.set)
    steward = Steward(read_config(), workshop.home, workshop.tokens, read_config, listeners)
    running = asyncio.create_task(steward.run(stop))
    try:
        await workshop.until(lambda: workshop.sandbox.world.count_calls(endpoint) == calls)
        write_config(workshop, 1)
        await workshop.until(lambda: not steward._at_work.is_set())
        yield steward, running
    finally:
        hanging.release()
        stop.set()
        await running


async def test_a_stop_that_falls_between_two_daemons_is_the_end(workshop: Workshop) -> None:
    async with replacing(workshop, "create", CREATES) as (steward, running):
        steward.stop()
        workshop.sandbox.faults.clear()
        async with asyncio.timeout(20):
            await running
    assert workshop.sandbox.world.count_calls("create") == CREATES


async def test_after_a_sign_out_between_two_daemons_neither_spends(workshop: Workshop) -> None:
    """The one that ends was about to: it asks for the balance, and would create then."""
    world = workshop.sandbox.world
    async with replacing(workshop, "balance", 1) as (steward, _):
        leaving = asyncio.create_task(steward.sign_out())
        await asyncio.sleep(0)
        workshop.sandbox.faults.clear()
        assert await leaving is False
        await workshop.until_held(HoldKind.SIGN_IN)
        workshop.drop("late.jpg", seed=100)
        await workshop.until(lambda: workshop.state_of("late.jpg") is State.QUEUED)
        assert world.count_calls("create") == 0
        await steward.signed_in()
        await workshop.until_delivered(9)
    workshop.assert_once_and_whole()
