"""What photographers do to their files while hotfolder works: nothing is lost, nothing is paid twice (I4)."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hotfolder.core.image import State
from hotfolder.daemon import Daemon
from hotfolder.sandbox.calls import Call
from tests.journeys.studio import Studio, wait_until
from tests.journeys.workshop import Workshop
from tests.sandbox.caller import picture

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="pipes, sockets and /proc as Linux has them")

IN_QA = ("CREATED", ("IN_QA", None), "COMPLETED")


def paths(workshop: Workshop) -> set[str]:
    return {image.path for image in workshop.images()}


def when_called(workshop: Workshop, endpoint: str, act: Callable[[], object]) -> None:
    """At the first such call do this, in the server's thread, before the call is answered."""
    done: list[Call] = []

    def where(call: Call) -> bool:
        if not done:
            done.append(call)
            act()
        return False

    workshop.sandbox.faults.add(endpoint, "delay", where=where)


async def until_seen(workshop: Workshop, path: str, size_bytes: int, daemon: Daemon) -> None:
    """Until the intake has looked at the file in this size."""

    def is_seen() -> bool:
        candidates = (i.candidates.get(path) for i in daemon._intakes.values())
        sizes = [c.stamp.size_bytes for c in candidates if c is not None and c.stamp is not None]
        return size_bytes in [*sizes, *(i.size_bytes for i in workshop.images() if i.path == path)]

    await workshop.until(is_seen)


# -- while it is written


async def test_a_file_that_grows_for_a_long_time_is_sent_once_with_its_last_bytes(
    workshop: Workshop,
) -> None:
    whole = picture(1, size=(640, 480), kind="TIFF")
    async with workshop.at_work() as daemon:
        with (workshop.inside / "slow.tif").open("wb", buffering=0) as file:
            for start in range(0, len(whole), len(whole) // 20):
                file.write(whole[start : start + len(whole) // 20])
                await until_seen(workshop, "slow.tif", file.tell(), daemon)
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


async def test_a_file_rewritten_after_it_had_settled_is_sent_as_it_is_now(workshop: Workshop) -> None:
    workshop.sandbox.world.switches.outage = "unavailable"
    workshop.drop("a.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.QUEUED) == 1)
        workshop.drop("a.jpg", seed=2)
        await workshop.until(lambda: workshop.count(State.QUEUED) == 2)
        workshop.sandbox.world.switches.outage = ""
        await workshop.until_delivered(1)
        await workshop.until(lambda: len(workshop.images()) == 1)
    workshop.assert_once_and_whole()


async def test_a_file_replaced_during_its_upload_is_sent_as_it_is_now(workshop: Workshop) -> None:
    workshop.drop("a.jpg", seed=1)
    when_called(workshop, "upload", lambda: workshop.drop("a.jpg", seed=2))
    async with workshop.at_work():
        await workshop.until_delivered(1)
    assert workshop.sandbox.world.count_calls("upload") == 2
    workshop.assert_once_and_whole()


# -- when it goes away


async def test_a_file_deleted_while_it_is_queued_is_forgotten_and_nothing_is_paid(
    workshop: Workshop,
) -> None:
    workshop.sandbox.world.switches.outage = "unavailable"
    workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.QUEUED) == 1)
        (workshop.inside / "a.jpg").unlink()
        workshop.sandbox.world.switches.outage = ""
        await workshop.until(lambda: not workshop.images())
    assert workshop.sandbox.world.executions == []


async def test_a_file_deleted_during_its_upload_is_forgotten_and_nothing_is_paid(workshop: Workshop) -> None:
    source = workshop.drop("a.jpg")
    when_called(workshop, "upload", source.unlink)
    async with workshop.at_work():
        await workshop.until(lambda: workshop.sandbox.world.count_calls("upload") == 1)
        await workshop.until(lambda: not workshop.images())
    assert workshop.sandbox.world.executions == []


async def test_a_file_deleted_after_it_was_paid_is_delivered_all_the_same(workshop: Workshop) -> None:
    source = workshop.drop("a.jpg")
    when_called(workshop, "details", source.unlink)
    async with workshop.at_work():
        await workshop.until_delivered(1)
    assert workshop.results() == {"a.jpg": workshop.result_of("a.jpg")}
    assert len(workshop.sandbox.world.executions) == 1


# -- when it moves


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A/a.jpg", "A/better name.jpg"),
        ("A/a.jpg", "A/A.JPG"),
        ("A/a.jpg", "a.jpg"),
    ],
    ids=["renamed", "case only", "moved up"],
)
async def test_a_file_renamed_after_it_was_sent_is_not_sent_again_and_its_result_follows(
    workshop: Workshop, before: str, after: str
) -> None:
    workshop.sandbox.world.script("a.jpg", IN_QA)
    source = workshop.drop(before)
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.IN_QA) == 1)
        source.rename(workshop.inside / after)
        await workshop.until(lambda: paths(workshop) == {after})
        workshop.sandbox.world.release()
        await workshop.until_delivered(1)
    assert {name.lower() for name in workshop.results()} == {after.lower()}
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("after", ["Spring/Boots 224", "boots 224"], ids=["moved", "case only"])
async def test_a_folder_renamed_after_its_images_were_sent_takes_the_results_along(
    workshop: Workshop, after: str
) -> None:
    workshop.sandbox.world.script("*", IN_QA)
    for number in range(3):
        workshop.drop(f"Boots 224/{number}.jpg", seed=number)
    (workshop.inside / "Spring").mkdir()
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.IN_QA) == 3)
        (workshop.inside / "Boots 224").rename(workshop.inside / after)
        await workshop.until(lambda: paths(workshop) == {f"{after}/{number}.jpg" for number in range(3)})
        workshop.sandbox.world.release()
        await workshop.until_delivered(3)
    assert set(workshop.results()) == {f"{after}/{number}.jpg" for number in range(3)}
    workshop.assert_once_and_whole()


async def test_a_file_moved_while_its_result_comes_down_finds_it_at_its_new_place(workshop: Workshop) -> None:
    source = workshop.drop("A/a.jpg")

    def move() -> None:
        source.rename(workshop.inside / "a.jpg")
        wait_until(lambda: paths(workshop) == {"a.jpg"}, 20.0)

    when_called(workshop, "download", move)
    async with workshop.at_work():
        await workshop.until_delivered(1)
    assert set(workshop.results()) == {"a.jpg"}
    workshop.assert_once_and_whole()


async def test_a_rename_that_a_file_system_without_case_hides_is_no_new_image(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS and Windows: after `a.jpg` became `A.jpg`, looking for `a.jpg` still finds the file."""
    real = os.lstat

    def lstat(path: Any, **more: Any) -> os.stat_result:
        try:
            return real(path, **more)
        except FileNotFoundError:
            return real(Path(path).with_name("A.jpg"), **more)

    source = workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until_delivered(1)
        monkeypatch.setattr("hotfolder.adapters.scanner.os.lstat", lstat)
        source.rename(workshop.inside / "A.jpg")
        await workshop.until(lambda: "A.jpg" in paths(workshop))
    assert paths(workshop) == {"A.jpg"}
    assert len(workshop.sandbox.world.executions) == 1


async def test_a_copy_beside_the_original_is_an_image_of_its_own_and_paid_once(workshop: Workshop) -> None:
    """Where both stand nothing was moved: what somebody put twice, somebody wants twice, and pays for once."""
    workshop.sandbox.world.script("a.jpg", IN_QA)
    source = workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.IN_QA) == 1)
        shutil.copy(source, workshop.inside / "copy.jpg")
        await workshop.until(lambda: paths(workshop) == {"a.jpg", "copy.jpg"})
        workshop.sandbox.world.release()
        await workshop.until_delivered(2)
    workshop_hashes = {image.content_hash for image in workshop.images()}
    assert len(workshop_hashes) == 1
    assert len(workshop.results()) == 2
    assert len(workshop.sandbox.world.executions) == 1


# -- when it is touched, or changed after delivery


@pytest.mark.parametrize("state", [State.QUEUED, State.IN_QA, State.DELIVERED])
async def test_a_file_touched_without_a_change_is_not_sent_again(workshop: Workshop, state: State) -> None:
    world = workshop.sandbox.world
    if state is State.QUEUED:
        world.switches.outage = "unavailable"
    if state is State.IN_QA:
        world.script("a.jpg", IN_QA)
    source = workshop.drop("a.jpg")
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(state) == 1)
        os.utime(source, ns=(1, 1_700_000_000_000_000_000))
        await workshop.until(lambda: [i.mtime_ns for i in workshop.images()] == [1_700_000_000_000_000_000])
        world.switches.outage = ""
        world.release()
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


async def test_a_file_changed_after_its_delivery_is_a_new_image_and_its_result_takes_the_old_ones_place(
    workshop: Workshop,
) -> None:
    async with workshop.at_work():
        workshop.drop("a.jpg", seed=1)
        await workshop.until_delivered(1)
        first = workshop.results()["a.jpg"]
        workshop.drop("a.jpg", seed=2)
        await workshop.until_delivered(2)
    assert set(workshop.results()) == {"a.jpg"}
    assert workshop.results()["a.jpg"] != first
    assert len(workshop.sandbox.world.executions) == 2


# -- what cannot be sent


async def test_a_file_without_read_rights_fails_with_its_reason_and_goes_on_when_they_are_given(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, to whom rights mean nothing: so the system's answer is a fake, all else is real."""
    real = os.open

    def refuse(path: Any, *arguments: Any) -> int:
        if Path(path).name == "locked.jpg":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments)

    monkeypatch.setattr("hotfolder.adapters.image_check.os.open", refuse)
    workshop.drop("locked.jpg", seed=1)
    workshop.drop("open.jpg", seed=2)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: workshop.count(State.FAILED) == 1)
        failed = workshop.image("locked.jpg")
        assert "may not read" in failed.reason
        assert "read rights" in failed.advice
        await workshop.until_delivered(1)
        monkeypatch.undo()
        await daemon.retry([failed.id])
        await workshop.until_delivered(2)
    workshop.assert_once_and_whole()


async def test_an_empty_file_fails_with_its_reason_and_is_sent_once_it_has_been_filled(
    workshop: Workshop,
) -> None:
    (workshop.inside / "a.jpg").touch()
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.FAILED) == 1)
        assert workshop.image("a.jpg").reason == "The file is empty."
        assert workshop.sandbox.world.executions == []
        workshop.drop("a.jpg")
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


@on_linux
async def test_links_pipes_sockets_and_folders_named_like_images_are_never_sent(
    workshop: Workshop, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(picture(9))
    (workshop.inside / "link.jpg").symlink_to(outside / "secret.jpg")
    (workshop.inside / "linked folder").symlink_to(outside, target_is_directory=True)
    (workshop.inside / "loop").symlink_to(workshop.inside, target_is_directory=True)
    (workshop.inside / "broken.jpg").symlink_to(outside / "nothing.jpg")
    os.mkfifo(workshop.inside / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(workshop.inside)  # the address of a socket is at most 107 bytes long
        try:
            server.bind("socket.jpg")
        finally:
            os.chdir(here)
        workshop.drop("x.jpg/inside.jpg", seed=1)
        async with workshop.at_work():
            await workshop.until_delivered(1)
            workshop.drop("later.jpg", seed=2)
            (workshop.inside / "later link.jpg").symlink_to(outside / "secret.jpg")
            await workshop.until_delivered(2)
    assert paths(workshop) == {"x.jpg/inside.jpg", "later.jpg"}
    assert set(workshop.results()) == {"x.jpg/inside.jpg", "later.jpg"}
    assert len(workshop.sandbox.world.executions) == 2


# -- a great deal of it


@on_linux
async def test_ten_thousand_files_at_once_are_ten_thousand_rows_and_a_handful_of_tasks_and_files(
    workshop: Workshop,
) -> None:
    """The service is away, so all of them have to wait; what is bounded is what waits in memory."""
    workshop.sandbox.world.switches.outage = "unavailable"
    data = picture(0)
    for number in range(10_000):
        folder = workshop.inside / f"{number // 500}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(
            data + number.to_bytes(4, "big")
        )  # bytes behind the end do no harm
    most_tasks = most_files = 0
    async with workshop.at_work() as daemon:

        def all_are_queued() -> bool:
            nonlocal most_tasks, most_files
            most_tasks = max(most_tasks, len(asyncio.all_tasks()))
            most_files = max(most_files, sum(1 for _ in Path("/proc/self/fd").iterdir()))
            return daemon._intakes["Studio"].is_idle

        await workshop.until(all_are_queued, limit_s=250)
        assert workshop.count(State.QUEUED) == 10_000
    assert most_tasks < 60
    assert most_files < 100


def write_large_tiff(path: Path, size_bytes: int) -> None:
    """A small picture whose bytes stand at the end of a large file: sparse on the disk, whole for everybody else."""
    width, height = 64, 48
    pixels = bytes([200, 120, 40]) * width * height
    start = size_bytes - len(pixels)
    short, long = 3, 4
    bits = 200  # where the three bits-per-sample stand
    tags = [
        (256, short, 1, width),
        (257, short, 1, height),
        (258, short, 3, bits),
        (259, short, 1, 1),
        (262, short, 1, 2),
        (273, long, 1, start),
        (277, short, 1, 3),
        (278, short, 1, height),
        (279, long, 1, len(pixels)),
    ]
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + b"\0" * 4
    with path.open("wb") as file:
        file.write(head)
        file.seek(bits)
        file.write(struct.pack("<HHH", 8, 8, 8))
        file.seek(start)
        file.write(pixels)


@on_linux
def test_an_image_of_three_hundred_megabytes_goes_through_without_being_held_in_memory(
    studio: Studio,
) -> None:
    size_bytes = 300 * 1024 * 1024
    write_large_tiff(studio.inside / "large.tif", size_bytes)
    process = studio.start()
    studio.wait_for_results(1)
    told = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    most_kb = int(told.partition("VmHWM:")[2].split()[0])
    assert most_kb * 1024 < size_bytes / 2
    assert studio.stop() == 0
    studio.assert_once_and_whole()
