"""Disks and mounts for tests: one of a few hundred kilobytes, and folders reached by a second route."""

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


def resize(disk: Path, size_kb: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size_kb}k", str(disk)], check=True)


@contextmanager
def bind_mount(source: Path, place: Path) -> Iterator[None]:
    """`source`, to be found at `place`, too; skipped where this user may not mount. Both are made."""
    source.mkdir(parents=True, exist_ok=True)
    place.mkdir(parents=True, exist_ok=True)
    if sys.platform != "linux" or _run("mount", "--bind", str(source), str(place)):
        pytest.skip("bind mounts are not allowed here")
    try:
        yield
    finally:
        _run("umount", "-l", str(place))


@contextmanager
def bindfs_mount(source: Path, place: Path) -> Iterator[None]:
    """The same through a file system in between, which has other devices and inodes (Debian package bindfs)."""
    place.mkdir(parents=True, exist_ok=True)
    if sys.platform != "linux" or _run("bindfs", "--no-allow-other", str(source), str(place)):
        pytest.skip("bindfs is not installed, or mounting is not allowed here")
    try:
        yield
    finally:
        _run("umount", "-l", str(place))


def _run(*command: str) -> int:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 1
