"""Real file systems with habits of their own, for tests of what an out folder may be: each is a context manager that mounts
one at `place`, and skips the test naming the package or the right that is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

WITHIN_S = 20.0


@contextmanager
def bindfs(place: Path, *options: str) -> Iterator[Path]:
    """A FUSE mirror of another folder; `--delete-deny`, `--rename-deny` and others take single rights away."""
    _need("bindfs", "bindfs")
    behind = _behind(place)
    with _mounted(place, ["bindfs", *options, str(behind), str(place)]):
        yield place


@contextmanager
def rclone(place: Path) -> Iterator[Path]:
    """As a cloud storage is mounted: no hard links, and EIO for who asks for one."""
    _need("rclone", "rclone")
    behind = _behind(place)
    command = ["rclone", "mount", str(behind), str(place), "--daemon", "--vfs-cache-mode", "writes"]
    more = ["--config", os.devnull, "--cache-dir", str(place.with_name(f"{place.name}.cache"))]
    with _mounted(place, [*command, *more, "--vfs-write-back", "0s"]):
        yield place


@contextmanager
def encfs(place: Path) -> Iterator[Path]:
    """An encrypted folder: names above some 170 bytes do not fit."""
    _need("encfs", "encfs")
    behind = _behind(place)
    command = ["encfs", "--standard", "--stdinpass", str(behind), str(place)]
    with _mounted(place, command, typed="a password\n"):
        yield place


@contextmanager
def ntfs(place: Path) -> Iterator[Path]:
    """A Windows disk that takes only names that Windows takes: EINVAL for any other."""
    _need("ntfs-3g", "ntfs-3g")
    image = _image(place, ["mkntfs", "-F", "-q", "-f"], "ntfs-3g")
    with _mounted(place, ["ntfs-3g", "-o", "windows_names", str(image), str(place)]):
        yield place


@contextmanager
def exfat(place: Path) -> Iterator[Path]:
    """As cards and sticks are: no hard links (EPERM), and ENOENT for names with a colon."""
    _need("mkfs.exfat", "exfatprogs")
    _need("mount.exfat-fuse", "exfat-fuse")
    image = _image(place, ["mkfs.exfat"], "exfatprogs")
    with _loop(image) as device, _mounted(place, ["mount.exfat-fuse", device, str(place)]):
        yield place


EVERY: dict[str, Callable[[Path], AbstractContextManager[Path]]] = {
    "bindfs": bindfs,
    "rclone": rclone,
    "encfs": encfs,
    "ntfs": ntfs,
    "exfat": exfat,
}


@contextmanager
def _mounted(place: Path, command: Sequence[str], typed: str = "") -> Iterator[None]:
    place.mkdir(parents=True, exist_ok=True)
    _need("fusermount3", "fuse3")
    if sys.platform != "linux" or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("this user may not use /dev/fuse")
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting with {command[0]} is not allowed here: {(done.stderr or done.stdout)[-200:]}")
    try:
        _until(lambda: os.path.ismount(place))
        yield
    finally:
        _unmount(place)


def _unmount(place: Path) -> None:
    for command in (["fusermount3", "-u"], ["umount"], ["fusermount3", "-u", "-z"], ["umount", "-l"]):
        if not os.path.ismount(place):
            return
        subprocess.run([*command, str(place)], capture_output=True, check=False)
    _until(lambda: not os.path.ismount(place))


@contextmanager
def _loop(image: Path) -> Iterator[str]:
    done = subprocess.run(
        ["losetup", "-f", "--show", str(image)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this user may not use loop devices: {done.stderr[-200:]}")
    device = done.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], capture_output=True, check=False)


def _image(place: Path, command: Sequence[str], package: str, size_mb: int = 16) -> Path:
    """A file that holds a fresh file system."""
    _need(command[0], package)
    place.parent.mkdir(parents=True, exist_ok=True)
    image = place.with_name(f"{place.name}.img")
    with image.open("wb") as file:
        file.truncate(size_mb * 1024 * 1024)
    subprocess.run([*command, str(image)], capture_output=True, check=True)
    return image


def _behind(place: Path) -> Path:
    behind = place.with_name(f"{place.name}.behind")
    behind.mkdir(parents=True, exist_ok=True)
    return behind


def _need(program: str, package: str) -> None:
    if shutil.which(program) is None and shutil.which(program, path="/usr/sbin:/sbin") is None:
        pytest.skip(f"the package {package} is missing")


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, "not mounted, or not unmounted, in time"
        time.sleep(0.02)
