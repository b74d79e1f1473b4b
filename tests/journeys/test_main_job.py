"""The main job, end to end: the real program as a process, a real server, real files."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from pathlib import Path

from tests.journeys.studio import Studio
from tests.sandbox.caller import picture

BATCH_LABELS = ("autoretouch_batch_id", "autoretouch_batch_name", "autoretouch_batch_createdAt")


def test_two_hundred_images_in_subfolders_are_each_delivered_once_in_one_batch_a_subfolder(
    studio: Studio,
) -> None:
    folders = ["Boots 224", "Shirts/Linen", "Bags #4 grün", "Hats 100%"]
    for number in range(200):
        studio.drop(f"{folders[number % 4]}/image {number:03}.{('jpg', 'JPG')[number % 2]}", seed=number)
    ended = studio.once()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    studio.assert_once_and_whole()
    batches: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for image in studio.images():
        (execution,) = studio.executions_of(image["id"])
        labels = tuple(execution.labels[label] for label in BATCH_LABELS)
        assert labels[0] == image["batch_id"]
        batches[image["path"].rpartition("/")[0]].add(labels)
    assert {folder: len(labels) for folder, labels in batches.items()} == dict.fromkeys(folders, 1)
    assert all(name == folder for folder, labels in batches.items() for _, name, _ in labels)


def test_running_again_sends_nothing_again(studio: Studio) -> None:
    studio.drop("a.jpg")
    assert studio.once().returncode == 0
    assert studio.once().returncode == 0
    studio.assert_once_and_whole()


def test_a_file_copied_in_slowly_is_sent_once_with_its_final_bytes(studio: Studio) -> None:
    """1 MB/s for two seconds, with pauses shorter than the quiet time."""
    studio.configure(settle="700ms")
    studio.start()
    image = picture(7, size=(1200, 900))
    data = image[:-2] + b"\xff\xfe\xff\xff" + b"\0" * 0xFFFD + image[-2:] if len(image) < 65536 else image
    with (studio.inside / "slow.jpg").open("wb") as file:
        step = max(1, len(data) // 20)
        for start in range(0, len(data), step):
            file.write(data[start : start + step])
            file.flush()
            time.sleep(0.1)
    studio.wait_for_results(1)
    studio.assert_once_and_whole()


def test_a_folder_moved_in_is_delivered_whole(studio: Studio, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "Spring" / "Boots 224"
    outside.mkdir(parents=True)
    for number in range(10):
        (outside / f"{number}.jpg").write_bytes(picture(number))
    studio.start()
    studio.drop("first.jpg", seed=99)
    studio.wait_for_results(1)
    (tmp_path / "elsewhere" / "Spring").rename(studio.inside / "Spring")
    studio.wait_for_results(11)
    studio.assert_once_and_whole()
    assert {i["batch_name"] for i in studio.images() if i["path"] != "first.jpg"} == {"Spring/Boots 224"}


def test_a_file_saved_by_temp_and_rename_is_sent_once(studio: Studio) -> None:
    studio.start()
    for number in range(3):
        temporary = studio.inside / f".{number}.jpg.tmp"
        temporary.write_bytes(picture(number))
        temporary.replace(studio.inside / f"{number}.jpg")
    studio.wait_for_results(3)
    studio.assert_once_and_whole()


def test_a_burst_of_a_thousand_files_is_delivered_once_each(studio: Studio) -> None:
    studio.sandbox.world.switches.execution_s = 0.01
    studio.start()
    for number in range(1000):
        path = studio.inside / f"{number // 100}/{number:04}.jpg"
        path.parent.mkdir(exist_ok=True)
        # another seed may draw the same picture, which would be paid for once: so each has bytes of its own
        path.write_bytes(picture(number) + number.to_bytes(4, "big"))
    studio.wait_for_results(1000, limit_s=280)
    assert len(studio.sandbox.world.executions) == 1000
    assert {i["state"] for i in studio.images()} == {"delivered"}
    assert studio.stop() == 0


def test_stopping_ends_cleanly_and_the_next_start_goes_on(studio: Studio) -> None:
    studio.sandbox.faults.add("any", "delay", seconds=0.1)
    for number in range(12):
        studio.drop(f"{number}.jpg", seed=number)
    studio.start()
    studio.wait_for_results(2)
    assert studio.stop() == 0
    studio.sandbox.faults.clear()
    assert studio.once().returncode == 0
    studio.assert_once_and_whole()


def test_originals_are_as_they_were(studio: Studio) -> None:
    """Keeps I4: bytes, times and names of the in folder stay."""
    for number in range(3):
        studio.drop(f"{number}.jpg", seed=number)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in studio.sources()}
    copy = shutil.copytree(studio.inside, studio.root / "copy")
    assert studio.once().returncode == 0
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in studio.sources()} == before
    assert sorted(p.name for p in copy.iterdir()) == sorted(p.name for p in studio.inside.iterdir())


def test_a_damaged_ledger_pays_for_nothing_again_however_often_it_is_started(studio: Studio) -> None:
    """Keeps I12: whoever starts it at login starts it again and again; it is made anew from what the service remembers."""
    for number in range(3):
        studio.drop(f"{number}.jpg", seed=number)
    assert studio.once().returncode == 0
    for _ in range(3):
        (studio.home / "ledger.sqlite-wal").unlink(missing_ok=True)
        (studio.home / "ledger.sqlite").write_bytes(b"garbage" * 2000)
        assert studio.once().returncode == 0
        assert "was damaged" in studio.status()["notices"][0]["text"]
    assert len(studio.sandbox.world.executions) == 3
    assert len(studio.results()) == 3
