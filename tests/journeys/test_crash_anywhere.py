"""Killed at every single effect of a journey, started again: every image delivered once, whole, paid once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.journeys.crasher import Crasher
from tests.journeys.studio import Studio

SHARDS = 4
"""The points are dealt out to so many tests, which may run side by side."""
MOST_POINTS = 400
NEVER = 0


class Journey:
    """Three images in two subfolders, one of which fails first and is retried."""

    def __init__(self, root: Path, sandbox: Sandbox, crasher: Crasher) -> None:
        self.studio = Studio(root, sandbox, poll="50ms", listing_lag="300ms")
        self.studio.configure(settle="50ms", service={"poll": "50ms", "listing_lag": "300ms"})
        self._crasher = crasher
        sandbox.world.switches.execution_s = 0.02
        sandbox.world.script("c.jpg", "FAILED", "COMPLETED")
        for number, path in enumerate(("A/a.jpg", "A/b.jpg", "B/c.jpg")):
            self.studio.drop(path, seed=number)

    def live(self, die_at: int) -> int:
        return self._crasher.live(self.studio, die_at)

    @property
    def effects(self) -> list[str]:
        return (self.studio.root / "effects.txt").read_text(encoding="utf-8").splitlines()

    def explain(self) -> str:
        return (self.studio.root / "output.txt").read_text(encoding="utf-8")[-2000:]


@pytest.mark.timeout(800)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_death_at_any_effect_costs_nothing_and_loses_nothing(
    tmp_path: Path, crasher: Crasher, shard: int, record_property: Callable[[str, object], None]
) -> None:
    """The number of points is not known beforehand: a life that ends before its point was the last one."""
    kills = executions = images = 0
    for point in range(shard + 1, MOST_POINTS, SHARDS):
        with Sandbox() as sandbox:
            journey = Journey(tmp_path / f"{point}", sandbox, crasher)
            died = journey.live(die_at=point)
            assert died in (-9, 0), journey.explain()
            where = journey.effects[-1]
            if died == -9:
                kills += 1
                assert journey.live(NEVER) == 0, f"after a death at {point} ({where}): {journey.explain()}"
            journey.studio.assert_once_and_whole()
            retries = sandbox.world.calls_to("retry", status=200)
            assert len(retries) <= 1, f"retried twice after a death at {point} ({where})"
            executions += len(sandbox.world.executions)
            images += len(journey.studio.sources())
        if died == 0:
            break
    assert executions == images
    assert kills > 20, "the journey has more effects than that in every shard"
    record_property(
        "counts",
        f"points {kills}, kills {kills}, images {images}, executions {executions},"
        f" double charges {executions - images}, losses 0",
    )
