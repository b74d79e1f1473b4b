"""Which file system a folder is on. What another computer writes on a network mount gives no event here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

Mount = tuple[str, str]
"""Mount point and file system type."""

_NETWORK_KINDS = """
    9p afpfs afs beegfs ceph cifs coda davfs fuse.ceph-fuse fuse.davfs2 fuse.glusterfs fuse.gvfsd-fuse
    fuse.rclone fuse.s3fs fuse.sshfs fuse.vmhgfs-fuse glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 prl_fs
    smb2 smb3 smbfs vboxsf virtiofs vmhgfs webdav
"""
_NETWORK = frozenset(_NETWORK_KINDS.split())
_MAC_MOUNT_TIMEOUT_S = 5
_DRIVE_REMOTE = 4  # GetDriveTypeW: DRIVE_REMOTE


def needs_polling(root: Path) -> bool:
    """Whether a folder is on a network mount. False where nobody can tell."""
    real = os.path.realpath(root)
    if sys.platform == "win32":
        import ctypes

        drive = os.path.splitdrive(real)[0]
        return bool(ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == _DRIVE_REMOTE)
    return is_network(real, _mounts())


def is_network(real_path: str, mounts: Iterable[Mount]) -> bool:
    """Judged by the longest mount point above the path; of two alike, the later one lies on top."""
    best: Mount = ("", "")
    for point, kind in mounts:
        below = point.rstrip("/") + "/"
        if f"{real_path}/".startswith(below) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1] in _NETWORK


def parse_mountinfo(text: str) -> list[Mount]:
    """Of /proc/self/mountinfo: the mount point is field 5, the type the first after " - " (proc(5))."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.partition(" ")[0]
        if len(fields) > 4 and kind:
            mounts.append((unescape(fields[4]), kind))
    return mounts


def parse_mac_mounts(text: str) -> list[Mount]:
    """Of macOS's `mount`: `//anna@nas/photos on /Volumes/photos (smbfs, nodev, nosuid)`."""
    found = re.findall(r"^.*? on (/.*) \((\w+)[,)]", text, re.MULTILINE)
    return [(point, kind) for point, kind in found]


def _mounts() -> list[Mount]:
    try:
        if sys.platform == "darwin":
            done = subprocess.run(
                ["/sbin/mount"], capture_output=True, text=True, timeout=_MAC_MOUNT_TIMEOUT_S, check=True
            )
            return parse_mac_mounts(done.stdout)
        return parse_mountinfo(Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape"))
    except (OSError, subprocess.SubprocessError):
        return []


def unescape(field: str) -> str:
    """A field of mountinfo: space, tab, newline and backslash stand in it as `\\040` and the like."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
