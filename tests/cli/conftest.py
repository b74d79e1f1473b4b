"""A person, and the sandbox they are signed in to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.cli.person import Person


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.world.switches.execution_s = 0.02
        yield running


@pytest.fixture
def person(tmp_path: Path, sandbox: Sandbox) -> Person:
    """Has a config that is right."""
    somebody = Person(tmp_path, sandbox)
    somebody.write_config()
    return somebody
