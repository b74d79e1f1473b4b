"""A running sandbox, and somebody who calls it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hotfolder.sandbox import Sandbox
from tests.sandbox.caller import Caller, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.world.switches.execution_s = 0.02
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    with Caller(sandbox) as one:
        yield one


@pytest.fixture
def slow_sandbox(clock: HandClock) -> Iterator[Sandbox]:
    """Time passes only when the test turns the clock."""
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def slow(slow_sandbox: Sandbox) -> Iterator[Caller]:
    """Calls the sandbox whose time stands still."""
    with Caller(slow_sandbox) as one:
        yield one
