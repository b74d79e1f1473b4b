"""Files that are right, or whole, or changed, only for who looks at their bytes: each is sent, once, as it is in the end."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from hotfolder.adapters import image_check, scanner
from hotfolder.core.image import State
from hotfolder.core.settling import FileStamp
from tests.adapters.image_files import a_tiff, noise, png_chunk, png_with, saved
from tests.journeys.workshop import Workshop
from tests.sandbox.caller import picture

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of writers")


# -- valid is not what one library knows


async def test_right_images_that_pillow_does_not_know_are_sent_and_delivered(workshop: Workshop) -> None:
    files = {
        "cmyk with alpha.tif": a_tiff(5, bits=[8] * 5, extra=[2]),
        "lab 16.tif": a_tiff(8, bits=[16] * 3),
        "two channels.tif": a_tiff(1, bits=[16, 16], extra=[2]),
        "float.tif": a_tiff(2, bits=[32] * 3, sample_format=3),
        "big.tif": a_tiff(5, bits=[8] * 5, extra=[2], big=True),
        "text.png": png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"a" * 2_000_000)),
        "behind.png": saved("PNG") + bytes(100_000),
    }
    for name, content in files.items():
        (workshop.inside / name).write_bytes(content)
    async with workshop.at_work():
        await workshop.until_delivered(len(files))
    workshop.assert_once_and_whole()


# -- whole is more than the size

WRITER = """
import os, sys
path, data, share, reserve = sys.argv[1], open(sys.argv[2], "rb").read(), float(sys.argv[3]), sys.argv[4]
file = open(path, "wb", buffering=0)
if reserve == "zeros":
    file.write(bytes(len(data)))
elif reserve == "truncate":
    file.truncate(len(data))
else:
    os.posix_fallocate(file.fileno(), 0, len(data))
file.seek(0)
arrived = int(len(data) * share)
file.write(data[:arrived])
print("half", flush=True)
sys.stdin.readline()
file.write(data[arrived:])
file.close()
print("whole", flush=True)
sys.stdin.readline()
"""


@contextmanager
def a_slow_writer(
    target: Path, content: bytes, share: float = 0.5, reserve: str = "zeros"
) -> Iterator[subprocess.Popen[str]]:
    """A program that reserves the whole size, writes a part, and writes the rest when it is told to."""
    source = target.parent.parent / f"{target.name}.source"
    source.write_bytes(content)
    command = [sys.executable, "-c", WRITER, str(target), str(source), str(share), reserve]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        yield process
        process.kill()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "whole\n"


def large_tiff(compression: str | None) -> bytes:
    buffer = io.BytesIO()
    noise((640, 480)).save(buffer, "TIFF", compression=compression)
    return buffer.getvalue()


HALF: dict[str, bytes] = {
    "deflate.tif": large_tiff("tiff_adobe_deflate"),
    "lzw.tif": large_tiff("tiff_lzw"),
    "plain.tif": a_tiff(2, bits=[16] * 3),
    "picture.jpg": saved("JPEG", noise((640, 480))),
    "picture.png": saved("PNG", noise((640, 480))),
    "picture.webp": saved("WEBP", noise((640, 480))),
}


@on_linux
@pytest.mark.parametrize("watch", ["events", "polling"])
@pytest.mark.parametrize("reserve", ["zeros", "truncate", "fallocate"])
@pytest.mark.parametrize("name", HALF)
async def test_a_file_that_is_reserved_at_full_size_is_sent_when_its_writer_has_gone(
    workshop: Workshop, name: str, reserve: str, watch: str
) -> None:
    """The writer rests much longer than any quiet or grace time."""
    workshop.folders[0]["watch"] = watch
    async with workshop.at_work() as daemon:
        with a_slow_writer(workshop.inside / name, HALF[name], reserve=reserve) as writer:
            intake = daemon._intakes["Studio"]
            await workshop.until(lambda: name in intake.candidates)
            workshop.clock.turn(60.0)
            await workshop.until(lambda: intake.candidates[name].written_since is not None)
            scans = intake.scans
            intake.look_at(None)
            await workshop.until(lambda: intake.scans > scans)
            workshop.clock.turn(60.0)
            await asyncio.sleep(0.5)
            assert workshop.images() == []
            await asyncio.to_thread(go_on, writer)
            await workshop.until_delivered(1)
    workshop.assert_once_and_whole()
    assert len(workshop.images()) == 1


@on_linux
async def test_a_program_that_never_closes_a_file_is_not_waited_for_for_ever(workshop: Workshop) -> None:
    async with workshop.at_work() as daemon:
        with (workshop.inside / "a.jpg").open("wb") as file:
            file.write(picture(1))
            file.flush()
            intake = daemon._intakes["Studio"]
            await workshop.until(lambda: "a.jpg" in intake.candidates)
            await workshop.until(lambda: intake.candidates["a.jpg"].written_since is not None)
            workshop.clock.turn(700.0)
            await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


async def test_a_black_uncompressed_tiff_is_sent_a_little_later(workshop: Workshop) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480)).save(buffer, "TIFF")
    async with workshop.at_work():
        (workshop.inside / "black.tif").write_bytes(buffer.getvalue())
        await workshop.until_delivered(1)
    workshop.assert_once_and_whole()


# -- the same size, the same time, other bytes


def edit_in_place(path: Path, seed: int) -> None:
    """As programs do that restore the times of what they change: the same file, size and modification time."""
    before = path.stat()
    content = a_tiff(2, bits=[8] * 3, seed=seed)
    assert len(content) == before.st_size
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def exchange(path: Path, seed: int) -> None:
    before = path.stat()
    other = path.parent.parent / "other"
    other.write_bytes(a_tiff(2, bits=[8] * 3, seed=seed))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("watch", ["events", "polling"])
@pytest.mark.parametrize("change", [edit_in_place, exchange], ids=["in place", "exchanged"])
async def test_other_bytes_of_the_same_size_and_time_are_sent(
    workshop: Workshop, watch: str, change: object
) -> None:
    assert callable(change)
    workshop.folders[0] |= {"watch": watch, "rescan": "300ms" if watch == "polling" else "1h"}
    path = workshop.inside / "a.tif"
    path.write_bytes(a_tiff(2, bits=[8] * 3, seed=1))
    async with workshop.at_work():
        await workshop.until_delivered(1)
        for number in (2, 3):
            change(path, number)
            await workshop.until_delivered(number)
    assert len(workshop.sandbox.world.executions) == 3
    assert len(workshop.results()) == 1


async def test_bytes_that_changed_while_nothing_ran_are_sent_at_the_next_start(workshop: Workshop) -> None:
    path = workshop.inside / "a.tif"
    path.write_bytes(a_tiff(2, bits=[8] * 3, seed=1))
    await workshop.once()
    edit_in_place(path, 2)
    await workshop.once()
    assert len(workshop.sandbox.world.executions) == 2


async def test_bytes_that_change_between_upload_and_order_are_not_paid_for(workshop: Workshop) -> None:
    path = workshop.inside / "a.tif"
    path.write_bytes(a_tiff(2, bits=[8] * 3, seed=1))
    done: list[bool] = []

    def where(call: object) -> bool:
        if not done:
            done.append(True)
            edit_in_place(path, 2)
        return False

    workshop.sandbox.faults.add("upload", "delay", where=where)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        await workshop.until(lambda: len(workshop.images()) == 1)
    workshop.assert_once_and_whole()


async def test_rights_and_names_that_change_cost_one_look_and_nothing_else(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = image_check.hash_file

    def counted(path: Path) -> tuple[str, FileStamp]:
        hashed.append(path.name)
        return real(path)

    workshop.folders[0] |= {"watch": "polling", "rescan": "200ms"}
    path = workshop.drop("a.jpg")
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(1)
        monkeypatch.setattr("hotfolder.pipeline.examine.hash_file", counted)
        path.chmod(0o600)
        await workshop.until(lambda: hashed)
        seen = daemon._intakes["Studio"].scans
        await workshop.until(lambda: daemon._intakes["Studio"].scans > seen + 3)
    assert hashed == ["a.jpg"]
    workshop.assert_once_and_whole()


async def test_a_file_system_that_tells_other_inodes_at_every_look_is_found_out(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As some FUSE mounts do; the numbers are faked where the system tells them, all else is real."""
    numbers = iter(range(1, 10**9))

    def unstable(found: os.stat_result) -> FileStamp:
        return FileStamp(found.st_size, found.st_mtime_ns, next(numbers), next(numbers))

    monkeypatch.setattr(scanner, "stamp_from", unstable)
    monkeypatch.setattr("hotfolder.adapters.image_check.stamp_from", unstable)
    workshop.folders[0] |= {"watch": "polling", "rescan": "200ms"}
    workshop.drop("a.jpg", seed=1)
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(1)
        marks = daemon._intakes["Studio"].marks
        await workshop.until(lambda: not marks.believed)
        workshop.drop("b.jpg", seed=2)
        await workshop.until_delivered(2)
        await workshop.until(lambda: not daemon._intakes["Studio"].candidates)
    assert caplog.text.count("are not heeded") == 1
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: daemon._intakes["Studio"].scans > 0)
        assert not daemon._intakes["Studio"].marks.believed
    assert caplog.text.count("are not heeded") == 1
    workshop.assert_once_and_whole()


async def test_a_ledger_without_change_times_learns_them_and_sends_nothing_again(workshop: Workshop) -> None:
    path = workshop.inside / "a.tif"
    path.write_bytes(a_tiff(2, bits=[8] * 3, seed=1))
    await workshop.once()
    image = workshop.image("a.tif")
    workshop.change_ledger(
        lambda ledger: ledger.relocate(image.id, image.path, image.size_bytes, image.mtime_ns)
    )
    assert workshop.image("a.tif").ctime_ns is None
    await workshop.once()
    assert len(workshop.sandbox.world.executions) == 1
    assert workshop.image("a.tif").ctime_ns == path.stat().st_ctime_ns
    edit_in_place(path, 2)
    await workshop.once()
    assert len(workshop.sandbox.world.executions) == 2


async def test_files_passed_over_at_the_first_start_stay_so_though_their_rights_change(
    workshop: Workshop,
) -> None:
    workshop.folders[0]["existing"] = "skip"
    path = workshop.drop("old.jpg")
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: daemon._intakes["Studio"].scans > 0)
        workshop.drop("new.jpg", seed=2)
        await workshop.until_delivered(1)
        path.chmod(0o600)
        workshop.drop("newer.jpg", seed=3)
        await workshop.until_delivered(2)
    assert {image.path for image in workshop.images()} <= {"new.jpg", "newer.jpg"}
    assert workshop.count(State.DELIVERED) == 2


# -- a second save that overtakes the first


def let_all_wait(workshop: Workshop) -> None:
    workshop.sandbox.world.script("*", ("CREATED", ("IN_QA", None), "COMPLETED"))


async def hold_first_and_deliver_second(workshop: Workshop, path: str = "boot.jpg") -> str:
    """Version 1 waits with QA, version 2 is delivered; the id of version 1."""
    let_all_wait(workshop)
    workshop.drop(path, seed=1)
    await workshop.until(lambda: workshop.count(State.IN_QA) == 1)
    first = workshop.image(path)
    workshop.sandbox.world.script("*", "COMPLETED")
    workshop.drop(path, seed=2)
    await workshop.until_delivered(1)
    return first.id


def has_in_qa(workshop: Workshop, number: int) -> bool:
    return workshop.count(State.IN_QA) == number


def by_id(workshop: Workshop, image_id: str) -> tuple[State, str | None, str]:
    (image,) = [image for image in workshop.images() if image.id == image_id]
    return image.state, image.result_path, image.reason


async def test_an_older_version_that_is_overtaken_gets_no_place_beside_the_newer(workshop: Workshop) -> None:
    async with workshop.at_work():
        first = await hold_first_and_deliver_second(workshop)
        before = workshop.results()
        workshop.sandbox.world.release()
        await workshop.until_delivered(2)
    state, result_path, reason = by_id(workshop, first)
    assert (state, result_path) == (State.DELIVERED, None)
    assert "newer version" in reason
    assert workshop.results() == before
    assert set(before) == {"boot.jpg"}


async def test_an_overtaken_version_gets_its_result_when_its_content_returns(workshop: Workshop) -> None:
    async with workshop.at_work():
        first = await hold_first_and_deliver_second(workshop)
        workshop.sandbox.world.release()
        await workshop.until_delivered(2)
        newer = workshop.results()["boot.jpg"]
        workshop.drop("boot.jpg", seed=1)
        await workshop.until(lambda: by_id(workshop, first)[1] == "boot.jpg")
        await workshop.until(lambda: by_id(workshop, first)[0] is State.DELIVERED)
    assert by_id(workshop, first)[2] == ""
    assert set(workshop.results()) == {"boot.jpg"}
    assert workshop.results()["boot.jpg"] != newer
    assert len(workshop.sandbox.world.executions) == 2


async def test_a_content_that_returns_while_it_is_under_way_is_the_newest_again(workshop: Workshop) -> None:
    """A, B, A: what stands in the end is A's result, whichever is finished first."""
    async with workshop.at_work():
        first = await hold_first_and_deliver_second(workshop)
        changed_at = next(i for i in workshop.images() if i.id == first).detected_at
        workshop.drop("boot.jpg", seed=1)
        await workshop.until(
            lambda: next(i for i in workshop.images() if i.id == first).detected_at > changed_at
        )
        workshop.sandbox.world.release()
        await workshop.until(lambda: by_id(workshop, first)[:2] == (State.DELIVERED, "boot.jpg"))
    assert set(workshop.results()) == {"boot.jpg"}
    assert len(workshop.sandbox.world.executions) == 2


async def test_versions_that_are_finished_in_the_same_moment_leave_one_result(workshop: Workshop) -> None:
    let_all_wait(workshop)
    async with workshop.at_work():
        for number in (1, 2, 3):
            workshop.drop("boot.jpg", seed=number)
            await workshop.until(partial(has_in_qa, workshop, number))
        workshop.sandbox.world.release()
        await workshop.until_delivered(3)
    assert set(workshop.results()) == {"boot.jpg"}
    newest = max(workshop.images(), key=lambda image: image.detected_at)
    assert newest.result_path == "boot.jpg"
    (execution,) = workshop.sandbox.world.executions_labelled("hotfolder_image_id", newest.id)
    assert workshop.results()["boot.jpg"] == workshop.sandbox.world.result_of(execution)


async def test_an_overtaken_version_that_was_moved_in_time_keeps_its_result(workshop: Workshop) -> None:
    let_all_wait(workshop)
    async with workshop.at_work():
        source = workshop.drop("boot.jpg", seed=1)
        await workshop.until(lambda: workshop.count(State.IN_QA) == 1)
        source.rename(workshop.inside / "boot old.jpg")
        await workshop.until(lambda: {i.path for i in workshop.images()} == {"boot old.jpg"})
        workshop.sandbox.world.script("*", "COMPLETED")
        workshop.drop("boot.jpg", seed=2)
        await workshop.until_delivered(1)
        workshop.sandbox.world.release()
        await workshop.until_delivered(2)
    assert set(workshop.results()) == {"boot.jpg", "boot old.jpg"}
    workshop.assert_once_and_whole()


# -- litter, and one folder in two spellings


async def test_a_folder_in_two_spellings_is_one_order(workshop: Workshop) -> None:
    """NFC from a camera's card, NFD from a Mac; found by a scan and by events."""
    workshop.drop("M\u00fcller/a.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        workshop.drop("Mu\u0308ller/b.jpg", seed=2)
        await workshop.until_delivered(2)
    assert {image.batch_id for image in workshop.images()} == {workshop.image("M\u00fcller/a.jpg").batch_id}
    labels = {execution.labels["autoretouch_batch_name"] for execution in workshop.sandbox.world.executions}
    assert labels == {"M\u00fcller"}


async def test_snapshots_unfinished_downloads_and_conflict_copies_are_not_paid_for(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    for number, path in enumerate(
        (
            "@Recently-Snapshot/1/a.jpg",
            "~snapshot/a.jpg",
            "@GMT-2026.11.27-10.00.00/a.jpg",
            ".snapshots/a.jpg",
            "IMG.jpg.download/IMG.jpg",
            "(A Document Being Saved By Preview)/a.jpg",
            "a (conflicted copy 2026-11-27 101112).jpg",
            "a.sync-conflict-20261127-101112-ABCDEFG.jpg",
        )
    ):
        workshop.drop(path, seed=number + 10)
    workshop.drop("a.jpg")
    await workshop.once()
    assert [image.path for image in workshop.images()] == ["a.jpg"]
    assert set(workshop.results()) == {"a.jpg"}
    assert caplog.text.count("Sync conflict files are not sent") == 1
