"""A desktop of one's own, and the real tray on it as a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tray.desktop import Desktop
from tests.tray.puppet import Puppet


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    with Desktop(tmp_path / "desktop") as running:
        yield running


@pytest.fixture
def puppets(desktop: Desktop) -> Iterator[Callable[..., Puppet]]:
    """Makes puppets; their arguments are `Puppet`'s. They do not outlive the test."""
    made: list[Puppet] = []

    def make(**options: str) -> Puppet:
        made.append(Puppet(desktop, **options))  # type: ignore[arg-type]
        return made[-1]

    try:
        yield make
    finally:
        for puppet in made:
            puppet.close()
