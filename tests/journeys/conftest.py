"""A studio (hotfolder as a process) or a workshop (the daemon in the test's loop), with a sandbox beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.journeys.crasher import Crasher
from tests.journeys.studio import Studio
from tests.journeys.workshop import Workshop


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
def crasher() -> Iterator[Crasher]:
    one = Crasher()
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def workshop(tmp_path: Path, sandbox: Sandbox) -> Workshop:
    sandbox.world.switches.execution_s = 0.02
    return Workshop(tmp_path / "workshop", sandbox)
