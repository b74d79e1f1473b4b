"""One daemon after the other, and the questions that fall between them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import yaml

from hotfolder.adapters.config_file import load_config
from hotfolder.daemon import Daemon
from hotfolder.steward import Steward
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
