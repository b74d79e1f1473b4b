"""A disk of a few hundred kilobytes, for tests of what happens when it is full."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tiny_disk(place: Path, size_kb: int = 256) -> Iterator[Path]:
    """Mounted at `place`, which is made; the test is skipped where this user may not mount."""
    place.mkdir(parents=True)
    if sys.platform != "linux" or _run("mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "none", str(place)):
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield place
    finally:
        _run("umount", "-l", str(place))


def _run(*command: str) -> int:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 1
