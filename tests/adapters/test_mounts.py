"""Network mounts, from mount tables as systems print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotfolder.adapters.mounts import is_network, needs_polling, parse_mac_mounts, parse_mountinfo

MOUNTINFO = r"""
21 28 0:19 / /proc rw,nosuid,nodev shared:12 - proc proc rw
28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 28 0:44 / /mnt/studio rw,relatime shared:20 - nfs4 nas:/studio rw,vers=4.2
41 40 0:45 / /mnt/studio/local rw,relatime - xfs /dev/sdb1 rw
42 28 0:46 / /mnt/My\040NAS rw,relatime shared:9 master:3 - cifs //nas/share rw
43 28 0:47 / /home/anna/remote rw - fuse.sshfs anna@host: rw
44 28 0:48 / /mnt/twice rw - nfs nas:/a rw
45 28 8:2 / /mnt/twice rw - ext4 /dev/sda2 rw
"""

MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
//anna@nas._smb._tcp.local/Photos on /Volumes/Photos (smbfs, nodev, nosuid, mounted by anna)
/dev/disk5s1 on /Volumes/Card (1) (msdos, local, nodev)
"""


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/home/anna/in", False),
        ("/mnt/studio", True),
        ("/mnt/studio/in/Boots", True),
        ("/mnt/studio/local/in", False),
        ("/mnt/studio2/in", False),
        ("/mnt/My NAS/in", True),
        ("/home/anna/remote/in", True),
        ("/mnt/twice/in", False),
        ("/", False),
    ],
)
def test_the_innermost_mount_decides(path: str, network: bool) -> None:
    assert is_network(path, parse_mountinfo(MOUNTINFO)) is network


@pytest.mark.parametrize(
    ("path", "network"),
    [("/Users/anna/in", False), ("/Volumes/Photos/in", True), ("/Volumes/Card (1)/in", False)],
)
def test_a_share_on_macos_is_a_network_mount(path: str, network: bool) -> None:
    assert is_network(path, parse_mac_mounts(MAC)) is network


def test_nonsense_in_the_table_is_passed_over() -> None:
    assert parse_mountinfo("\nnonsense\n1 2 3\na b c d e f -\n") == []
    assert parse_mac_mounts("nonsense\n") == []


def test_a_local_folder_needs_no_polling_and_a_missing_one_is_no_error(tmp_path: Path) -> None:
    assert needs_polling(tmp_path) is False
    assert needs_polling(tmp_path / "missing") is False
