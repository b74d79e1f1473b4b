"""The soak: hundreds of images, dozens of deaths, and answers that get lost; then it is counted.

Where `test_crash_anywhere` dies at every effect of one small journey, this dies at random ones of a large journey, over
and over, in the middle of what earlier deaths left behind.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.journeys.crasher import Crasher
from tests.journeys.studio import IMAGE_LABEL, Studio

SEED = 20261124
NEVER = 0
LOST_ANSWERS = 0.05


class Soak:
    """A studio whose service loses answers, and what has been counted there."""

    def __init__(self, root: Path, sandbox: Sandbox, images: int) -> None:
        self.studio = Studio(root, sandbox)
        self.studio.configure(settle="50ms", service={"poll": "100ms", "listing_lag": "500ms"})
        self.chance = random.Random(SEED)
        self.kills = 0
        self._sandbox = sandbox
        self._waiting = list(range(images))
        sandbox.world.switches.execution_s = 0.05
        sandbox.world.switches.listing_lag_s = 0.2
        sandbox.world.script("*7.jpg", "FAILED", "COMPLETED")
        self.lost = sandbox.faults.add("create", "drop", when="after", probability=LOST_ANSWERS)

    def drop(self, number: int) -> None:
        """So many images more, in the subfolders of a shooting day."""
        for image in self._waiting[:number]:
            self.studio.drop(f"{image % 5}/{image}.jpg", seed=image)
        del self._waiting[:number]

    def die_at_an_effect(self, crasher: Crasher) -> None:
        """Dead at one of its first effects: each costs an image a fifteenth of its way."""
        ended = crasher.live(self.studio, self.chance.randint(10, 150))
        assert ended in (-9, 0), (self.studio.root / "output.txt").read_text(encoding="utf-8")[-2000:]
        self.kills += ended == -9

    def die_at_a_moment(self) -> None:
        """Dead from outside, whatever it is doing."""
        self.studio.start()
        time.sleep(self.chance.uniform(0.8, 3.0))
        self.studio.kill()
        self.kills += 1

    def finish(self, crasher: Crasher) -> str:
        """The last life works everything off. What there was to count, if nothing was paid twice and nothing lost."""
        self.drop(len(self._waiting))
        ended = crasher.live(self.studio, NEVER)
        assert ended == 0, (self.studio.root / "output.txt").read_text(encoding="utf-8")[-2000:]
        images, world = len(self.studio.sources()), self._sandbox.world
        ours = world.executions_by_label(IMAGE_LABEL)
        double = sum(len(executions) - 1 for executions in ours.values())
        delivered = sum(image["state"] == "delivered" for image in self.studio.images())
        counts = (
            f"kills {self.kills}, images {images}, executions {len(world.executions)}, lost answers {self.lost.hits},"
            f" double charges {double}, losses {images - delivered}"
        )
        assert (double, images - delivered) == (0, 0), counts
        assert world.charged_total == images, counts
        self.studio.assert_once_and_whole()
        return counts


def test_forty_images_and_ten_deaths_cost_nothing_twice_and_lose_nothing(
    tmp_path: Path, crasher: Crasher, record_property: Callable[[str, object], None]
) -> None:
    with Sandbox(seed=SEED) as sandbox:
        soak = Soak(tmp_path / "soak", sandbox, images=40)
        while soak.kills < 10:
            soak.drop(4)
            soak.die_at_an_effect(crasher)
            assert soak.studio.sources(), "there is something to die for"
        record_property("counts", soak.finish(crasher))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_images_and_forty_deaths_cost_nothing_twice_and_lose_nothing(
    tmp_path: Path, crasher: Crasher, record_property: Callable[[str, object], None]
) -> None:
    """Half of the deaths at random effects, half at random moments."""
    with Sandbox(seed=SEED) as sandbox:
        soak = Soak(tmp_path / "soak", sandbox, images=200)
        while soak.kills < 40:
            soak.drop(5)
            soak.die_at_a_moment()
            soak.die_at_an_effect(crasher)
        record_property("counts", soak.finish(crasher))
