"""Where a folder lies on its disk, whatever it was mounted as: two paths of one address are one folder.

Linux tells it for every mount (proc(5), mountinfo): the device, and which folder of its file system is mounted. So a bind
mount of a folder, and everything below it, is known without looking into it. Elsewhere nobody tells, and there are none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hotfolder.adapters.mounts import unescape

Address = tuple[str, ...]
"""The device, and the names from the root of its file system on."""


@dataclass(frozen=True, slots=True)
class MountPoint:
    """`point`: where it is mounted; `device`: `major:minor`; `root`: the folder of that file system that is mounted."""

    point: str
    device: str
    root: str


def parse_mount_points(text: str) -> list[MountPoint]:
    """Of /proc/self/mountinfo: fields 3 to 5 are device, root and mount point (proc(5))."""
    lines = (line.split(" ") for line in text.splitlines())
    return [MountPoint(unescape(f[4]), f[2], unescape(f[3])) for f in lines if len(f) > 4]


def read_mount_points() -> list[MountPoint]:
    """None where the system does not tell."""
    if sys.platform != "linux":
        return []
    try:
        return parse_mount_points(Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape"))
    except OSError:
        return []


def address_of(real_path: str, mounts: Iterable[MountPoint]) -> Address | None:
    """Of a path without links; of two mounts on one point, the later one lies on top. None where nobody tells."""
    best: MountPoint | None = None
    for mount in mounts:
        longest = best is None or len(mount.point) >= len(best.point)
        if longest and f"{real_path}/".startswith(mount.point.rstrip("/") + "/"):
            best = mount
    if best is None:
        return None
    below = real_path[len(best.point.rstrip("/")) :]
    return best.device, *PurePosixPath(f"{best.root.rstrip('/')}/{below.lstrip('/')}").parts


def mounted_below(real_root: str, mounts: Iterable[MountPoint]) -> Iterator[tuple[str, Address]]:
    """What is mounted somewhere below a folder: the path relative to it, and the address of what is there."""
    prefix = real_root.rstrip("/") + "/"
    points = {mount.point: mount for mount in mounts if mount.point.startswith(prefix)}
    for point, mount in points.items():
        yield point[len(prefix) :], (mount.device, *PurePosixPath(mount.root).parts)


def lies_in(inner: Address, outer: Address) -> bool:
    """Is it the other folder, or below it?"""
    return inner[: len(outer)] == outer
