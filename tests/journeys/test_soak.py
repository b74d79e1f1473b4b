"""Soak: many images, many kills, lost answers; zero double charges, zero losses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.journeys.studio import Studio

LOST_ANSWERS = 0.05


@dataclass(frozen=True)
class Size:
    images: int
    kills: int
    longest_life_s: float


SHORT = Size(images=40, kills=10, longest_life_s=2.5)
LONG = Size(images=200, kills=40, longest_life_s=4.0)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(1500)]),
    ],
)
def test_kills_and_lost_answers_neither_charge_twice_nor_lose_an_image(
    studio: Studio, size: Size, record_property: Callable[[str, object], None]
) -> None:
    """Images come in all the while; one create in twenty takes effect and is never answered."""
    chance = random.Random(size.images)
    world, faults = studio.sandbox.world, studio.sandbox.faults
    faults.add("any", "delay", seconds=0.1)
    faults.add("create", "drop", when="after", probability=LOST_ANSWERS)
    faults.add("create", "status", status=502, when="after", probability=LOST_ANSWERS / 2)
    for kill in range(size.kills):
        for number in range(kill * size.images // size.kills, (kill + 1) * size.images // size.kills):
            studio.drop(f"{number % 5}/{number}.jpg", seed=number)
        studio.start()
        time.sleep(chance.uniform(0.8, size.longest_life_s))
        studio.kill()
    ended = studio.once(limit_s=600)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    delivered = sum(image["state"] == "delivered" for image in studio.images())
    executions = len(world.executions)
    record_property(
        "counts",
        f"kills {size.kills}, images {size.images}, executions {executions},"
        f" double charges {executions - size.images}, losses {size.images - delivered}",
    )
    studio.assert_once_and_whole()
