"""Drives that come and go: an in folder that is away is never "all deleted" or "all new" (keeps I6)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.errors import FolderAway
from tests.journeys.workshop import Workshop
from tests.sandbox.caller import picture

ROOM_KB = 4096


class Drive:
    """A real file system that is plugged in at the in folder and out again: a small one in memory, which keeps its files
    because it stays mounted elsewhere all the time."""

    def __init__(self, kept_at: Path, place: Path) -> None:
        self.kept_at = kept_at
        self.place = place
        kept_at.mkdir(parents=True, exist_ok=True)
        place.mkdir(parents=True, exist_ok=True)
        if sys.platform != "linux" or _run(
            "mount", "-t", "tmpfs", "-o", f"size={ROOM_KB}k", "none", str(kept_at)
        ):
            pytest.skip("mounting a drive is not allowed here")

    def plug_in(self) -> None:
        assert _run("mount", "--bind", str(self.kept_at), str(self.place)) == 0

    def pull_out(self) -> None:
        assert _run("umount", "-l", str(self.place)) == 0

    def throw_away(self) -> None:
        for place in (self.place, self.kept_at):
            while _run("mountpoint", "-q", str(place)) == 0:
                _run("umount", "-l", str(place))


def _run(*command: str) -> int:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 1


@contextmanager
def drive_for(workshop: Workshop, tmp_path: Path) -> Iterator[Drive]:
    drive = Drive(tmp_path / "drive", workshop.inside)
    try:
        yield drive
    finally:
        drive.throw_away()


@pytest.fixture
def drive(workshop: Workshop, tmp_path: Path) -> Iterator[Drive]:
    with drive_for(workshop, tmp_path) as one:
        yield one


async def test_an_in_folder_that_is_missing_at_the_start_is_waited_for(workshop: Workshop) -> None:
    workshop.inside.rename(workshop.root / "not yet")
    async with workshop.at_work():
        hold = await workshop.until_held(HoldKind.IN_FOLDER)
        assert "Waiting for" in hold.reason
        assert hold.scope == "Studio"
        assert not workshop.inside.exists(), "nothing is made in its place"
        (workshop.root / "not yet").rename(workshop.inside)
        workshop.drop("a.jpg")
        await workshop.until_delivered(1)
        assert workshop.holds(HoldKind.IN_FOLDER) == []
    workshop.assert_once_and_whole()


async def test_a_drive_pulled_out_and_plugged_in_again_loses_nothing_and_sends_nothing_again(
    workshop: Workshop, drive: Drive
) -> None:
    """What is left at its place is an empty folder: all images stay known, the delivered and those that wait."""
    drive.plug_in()
    workshop.drop("done.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        workshop.sandbox.world.script("paid.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
        workshop.drop("paid.jpg", seed=2)
        await workshop.until(lambda: workshop.count(State.IN_QA) == 1)
        drive.pull_out()
        assert list(workshop.inside.iterdir()) == []
        hold = await workshop.until_held(HoldKind.IN_FOLDER)
        assert "on another drive than before" in hold.reason
        workshop.sandbox.world.release()
        await workshop.until_delivered(2)  # what was paid comes all the same
        assert {image.path for image in workshop.images()} == {"done.jpg", "paid.jpg"}
        drive.plug_in()
        await workshop.until_free(HoldKind.IN_FOLDER)
        workshop.drop("new.jpg", seed=3)
        await workshop.until_delivered(3)
    workshop.assert_once_and_whole()


async def test_an_image_that_waits_for_its_upload_is_not_forgotten_while_its_drive_is_away(
    workshop: Workshop, drive: Drive
) -> None:
    """The drive goes in the very moment its image is taken up, before anybody has looked at the folder."""
    drive.plug_in()
    workshop.sandbox.world.switches.outage = "unavailable"
    workshop.drop("a.jpg")
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: workshop.count(State.QUEUED) == 1)
        known = workshop.image("a.jpg").id
        daemon._intakes["Studio"]._scan_at = float("inf")
        drive.pull_out()
        workshop.sandbox.world.switches.outage = ""
        await workshop.until_held(HoldKind.IN_FOLDER)
        assert workshop.image("a.jpg").id == known
        drive.plug_in()
        await workshop.until_delivered(1)
        assert workshop.image("a.jpg").id == known
    workshop.assert_once_and_whole()


async def test_a_start_without_the_drive_neither_forgets_nor_sends(workshop: Workshop, drive: Drive) -> None:
    """Neither what the system nor what the watcher's self-test puts into a mount point makes a drive of it."""
    (workshop.inside / ".DS_Store").touch()
    drive.plug_in()
    workshop.drop("a.jpg")
    assert (await workshop.once()).delivered == 1
    drive.pull_out()
    async with workshop.at_work():
        await workshop.until_held(HoldKind.IN_FOLDER)
        assert workshop.count(State.DELIVERED) == 1
        drive.plug_in()
        await workshop.until_free(HoldKind.IN_FOLDER)
    workshop.assert_once_and_whole()


async def test_a_folder_that_was_away_for_a_moment_is_found_again_without_waiting_for_the_next_scan(
    workshop: Workshop,
) -> None:
    """Only the upload noticed: neither the watcher nor a scan looked in that moment."""
    workshop.folders[0] |= {"rescan": "1h"}
    workshop.sandbox.world.switches.outage = "unavailable"
    workshop.drop("a.jpg")
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: workshop.count(State.QUEUED) == 1)
        await daemon._gates.hold(FolderAway("Waiting for the folder."), "Studio")
        workshop.sandbox.world.switches.outage = ""
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


async def test_a_hold_of_a_hot_folder_that_left_the_config_troubles_nobody(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    workshop.add_folder("Gone", workshop.root / "gone in", workshop.root / "gone out")
    (workshop.root / "gone in").rmdir()
    async with workshop.at_work():
        await workshop.until_held(HoldKind.IN_FOLDER)
    workshop.folders.pop()
    workshop.drop("a.jpg")
    assert (await workshop.once()).exit_code == 0
    assert workshop.holds() == []
    assert "Traceback" not in caplog.text


async def test_a_failed_image_on_a_drive_that_is_away_is_still_in_the_list(
    workshop: Workshop, drive: Drive
) -> None:
    drive.plug_in()
    (workshop.inside / "broken.jpg").write_bytes(picture(1)[:300])
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.FAILED) == 1)
        drive.pull_out()
        await workshop.until_held(HoldKind.IN_FOLDER)
        assert workshop.count(State.FAILED) == 1


async def test_an_emptied_folder_on_its_own_drive_is_just_empty(workshop: Workshop) -> None:
    """No drive is missed where none is missing."""
    source = workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until_delivered(1)
        source.unlink()
        workshop.drop("b.jpg", seed=2)
        await workshop.until_delivered(2)
        assert workshop.holds() == []


async def test_the_trouble_of_one_in_folder_stops_no_other(workshop: Workshop) -> None:
    workshop.add_folder("Away", workshop.root / "away in", workshop.root / "away out")
    (workshop.root / "away in").rmdir()
    workshop.drop("a.jpg")
    async with workshop.at_work():
        hold = await workshop.until_held(HoldKind.IN_FOLDER)
        assert hold.scope == "Away"
        await workshop.until_delivered(1)


async def test_a_hot_folder_renamed_in_the_config_knows_its_images(workshop: Workshop) -> None:
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).delivered == 1
    workshop.folders[0]["name"] = "Studio 2"
    workshop.drop("b.jpg", seed=2)
    assert (await workshop.once()).delivered == 2
    assert {image.folder for image in workshop.images()} == {"Studio 2"}
    workshop.assert_once_and_whole()


async def test_an_in_folder_moved_elsewhere_and_in_the_config_knows_its_images(workshop: Workshop) -> None:
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).delivered == 1
    moved = workshop.root / "elsewhere"
    workshop.inside.rename(moved)
    workshop.inside = moved
    workshop.folders[0]["in"] = str(moved)
    assert (await workshop.once()).delivered == 1
    workshop.assert_once_and_whole()
