"""Killed at random moments, started again: never a second execution, never a lost image."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.journeys.studio import Studio

KILLS = 20
IMAGES = 40


def test_killing_it_twenty_times_neither_pays_twice_nor_loses_an_image(
    studio: Studio, record_property: Callable[[str, object], None]
) -> None:
    """The sandbox answers slowly, so that most kills hit requests under way."""
    chance = random.Random(20261124)
    studio.sandbox.faults.add("any", "delay", seconds=0.15)
    studio.sandbox.faults.add("create", "delay", seconds=0.3, when="after")
    for kill in range(KILLS):
        for number in range(kill * IMAGES // KILLS, (kill + 1) * IMAGES // KILLS):
            studio.drop(f"{number % 3}/{number}.jpg", seed=number)
        studio.start()
        time.sleep(chance.uniform(0.8, 3.0))
        studio.kill()
    studio.sandbox.faults.clear()
    ended = studio.once()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    studio.assert_once_and_whole()
    executions = len(studio.sandbox.world.executions)
    record_property(
        "counts",
        f"kills {KILLS}, images {IMAGES}, executions {executions}, double charges {executions - IMAGES}, losses 0",
    )
