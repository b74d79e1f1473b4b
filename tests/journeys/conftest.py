"""A studio or a workshop with a sandbox beside it; the soak tests run only where somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.journeys.studio import Studio
from tests.journeys.workshop import Workshop


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`-m soak` runs the long versions; otherwise they are left out."""
    if "soak" in config.getoption("markexpr", ""):
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.world.switches.execution_s = 0.05
        yield running


@pytest.fixture
def studio(tmp_path: Path, sandbox: Sandbox) -> Iterator[Studio]:
    one = Studio(tmp_path / "studio", sandbox)
    try:
        yield one
    finally:
        one.kill()


@pytest.fixture
def workshop(tmp_path: Path, sandbox: Sandbox) -> Workshop:
    sandbox.world.switches.execution_s = 0.02
    return Workshop(tmp_path / "workshop", sandbox)
