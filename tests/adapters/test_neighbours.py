"""Which folders are one, however they are reached."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hotfolder.adapters import neighbours
from hotfolder.adapters.addresses import address_of, lies_in, mounted_below, parse_mount_points
from hotfolder.adapters.foreign import FolderId, Foreign
from hotfolder.adapters.neighbours import Neighbours, Root
from hotfolder.adapters.part_names import REMEMBERED_S, PartNames
from hotfolder.adapters.scanner import folder_identity, scan_folder, stamp_of
from hotfolder.core.ignore import IgnoreRules, Kind
from hotfolder.errors import FolderAway
from tests.adapters.disks import bind_mount
from tests.fakes import HandClock

MOUNTINFO = r"""
28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 28 8:2 / /home rw,relatime shared:20 - ext4 /dev/sda2 rw
41 40 8:2 /anna/out /home/anna/in/my\040work rw,relatime - ext4 /dev/sda2 rw
42 28 8:1 /srv /home/anna/in/twice rw - ext4 /dev/sda1 rw
43 28 8:2 /anna/out/sub /home/anna/in/twice rw - ext4 /dev/sda2 rw
"""
MOUNTS = parse_mount_points(MOUNTINFO)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/srv/x", ("8:1", "/", "srv", "x")),
        ("/home", ("8:2", "/")),
        ("/home/anna/out", ("8:2", "/", "anna", "out")),
        ("/home/anna/in/my work", ("8:2", "/", "anna", "out")),
        ("/home/anna/in/my work/a", ("8:2", "/", "anna", "out", "a")),
        ("/home/anna/in/my works", ("8:2", "/", "anna", "in", "my works")),
        ("/home/anna/in/twice/y", ("8:2", "/", "anna", "out", "sub", "y")),
    ],
)
def test_an_address_is_where_a_folder_lies_on_its_disk(path: str, address: tuple[str, ...]) -> None:
    assert address_of(path, MOUNTS) == address


def test_where_no_mounts_are_told_there_are_no_addresses() -> None:
    assert address_of("/home", []) is None


def test_what_is_mounted_below_a_folder_is_told_with_the_mount_on_top() -> None:
    found = dict(mounted_below("/home/anna/in", MOUNTS))
    assert found == {
        "my work": ("8:2", "/", "anna", "out"),
        "twice": ("8:2", "/", "anna", "out", "sub"),
    }
    assert lies_in(found["twice"], found["my work"])
    assert not lies_in(found["my work"], found["twice"])


def test_a_subfolder_that_is_another_folder_is_passed_over_with_the_words_for_it(tmp_path: Path) -> None:
    (tmp_path / "in" / "x" / "deep").mkdir(parents=True)
    for path in ("a.jpg", "x/b.jpg", "x/deep/c.jpg"):
        (tmp_path / "in" / path).write_bytes(b"x")
    root = tmp_path / "in"
    foreign = Foreign({folder_identity(root / "x"): "the out folder of Studio"})
    scan = scan_folder(root, IgnoreRules(), foreign)
    assert list(scan.files) == ["a.jpg"]
    ((path, verdict),) = scan.passed_over
    assert (path, verdict.kind) == ("x/", Kind.ELSEWHERE)
    assert verdict.reason == "it is the out folder of Studio, reached by another route"
    assert stamp_of(root, "a.jpg", foreign)
    assert stamp_of(root, "x/b.jpg", foreign) is None
    assert stamp_of(root, "x/deep/c.jpg", foreign) is None


def test_of_two_in_folders_that_are_one_the_second_is_refused(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with bind_mount(one, two):
        first = Root("the in folder of First", one, is_out=False)
        second = Root("the in folder of Second", two, is_out=False)
        Neighbours(one, [], [second]).look()
        with pytest.raises(FolderAway, match="leads to the in folder of First"):
            Neighbours(two, [first], []).look()


def test_a_neighbour_that_does_not_answer_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network drive that has died: what was known of it counts. The hanging is faked at the very edge."""
    out = tmp_path / "out"
    out.mkdir()
    root, answer = Root("the out folder of Studio", out, is_out=True), threading.Event()
    seen = root.look()
    assert seen is not None

    def hang(path: Path) -> FolderId:
        answer.wait()
        return folder_identity(path)

    monkeypatch.setattr(neighbours, "LOOK_LIMIT_S", 0.05)
    monkeypatch.setattr(neighbours, "folder_identity", hang)
    try:
        assert [root.look() for _ in range(3)] == [seen] * 3
        assert sum(thread.name.startswith("look at the out") for thread in threading.enumerate()) == 1
    finally:
        answer.set()


def test_the_name_of_a_part_file_is_known_for_an_hour() -> None:
    clock = HandClock()
    names = PartNames(lambda: clock.now)
    names.note("one")
    assert (names.is_ours("one"), names.is_ours("other")) == (True, False)
    clock.turn(REMEMBERED_S + 1)
    assert not names.is_ours("one")
    names.note("two")
    assert names._made_at.keys() == {"two"}
