"""The result: whole and checked, or not there; and never over a file that is not ours (I3, I5)."""

from __future__ import annotations

import os
import subprocess
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.core.trouble import DOWNLOADS_BEFORE_GIVING_UP
from hotfolder.errors import ExitCode
from hotfolder.sandbox import Sandbox
from tests.adapters.disks import tiny_disk
from tests.journeys.workshop import Clock, Workshop
from tests.sandbox.caller import picture


@pytest.fixture
def quick(tmp_path: Path, sandbox: Sandbox) -> Workshop:
    """A workshop whose clock runs fast, since damaged results are downloaded again after a while."""
    sandbox.world.switches.execution_s = 0.02
    return Workshop(tmp_path / "quick", sandbox, Clock(30.0))


# --- what comes down ----------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", ["truncate", "corrupt", "empty", "garbage", "cut", "drop", "close"])
async def test_a_result_that_comes_down_damaged_is_never_delivered_and_downloaded_again(
    quick: Workshop, effect: str
) -> None:
    seen: set[bytes] = set()
    quick.drop_many(4)
    damaged = quick.sandbox.faults.add("download", effect, when="after", times=2, per_subject=True)  # type: ignore[arg-type]
    async with quick.at_work():

        def all_delivered() -> bool:
            seen.update(content for path, content in quick.results().items() if not path.endswith(".part"))
            return quick.count(State.DELIVERED) == 4

        await quick.until(all_delivered)
    assert damaged.hits >= 4
    assert seen == set(quick.results().values()), "no other bytes ever stood under a result's name"
    quick.assert_once_and_whole()


@pytest.mark.parametrize("status", [404, 500, 503, 204])
async def test_a_result_that_is_not_there_at_first_is_downloaded_later(quick: Workshop, status: int) -> None:
    quick.drop_many(4)
    quick.sandbox.faults.add("download", "status", status=status, times=2)
    assert (await quick.once()).exit_code is ExitCode.DONE
    quick.assert_once_and_whole()


async def test_a_wrong_content_type_header_neither_spoils_nor_renames_a_result(quick: Workshop) -> None:
    """The hash tells whether it is whole, and the execution what it is."""
    quick.folders[0]["workflow"] = "Packshot"
    quick.drop_many(3)
    quick.sandbox.faults.add("download", "content_type", content_type="text/html")
    assert (await quick.once()).exit_code is ExitCode.DONE
    assert all(path.endswith(".png") for path in quick.results())
    quick.assert_once_and_whole()


@pytest.mark.parametrize("effect", ["corrupt", "empty", "garbage"])
async def test_a_result_that_stays_damaged_fails_with_its_reason_and_leaves_no_file(
    quick: Workshop, effect: str
) -> None:
    quick.drop("bad.jpg")
    quick.drop("good.jpg", seed=1)
    damaged = quick.sandbox.faults.add("download", effect, name="bad.jpg")  # type: ignore[arg-type]
    outcome = await quick.once()
    assert (outcome.delivered, outcome.failed) == (1, 1)
    assert list(quick.results()) == ["good.jpg"]
    bad = quick.image("bad.jpg")
    assert bad.state is State.FAILED
    assert "came down" in bad.reason
    assert bad.advice
    assert damaged.hits == DOWNLOADS_BEFORE_GIVING_UP
    quick.sandbox.faults.clear()
    async with quick.at_work() as daemon:
        await daemon.retry([bad.id])
        await quick.until_delivered(2)
    quick.assert_once_and_whole()


# --- where it goes ------------------------------------------------------------------------------------


async def test_a_name_that_a_foreign_file_has_is_left_to_it(workshop: Workshop) -> None:
    taken = workshop.outside / "Boots" / "a.jpg"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"the person's own")
    workshop.drop("Boots/a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    results = workshop.results()
    assert results.pop("Boots/a.jpg") == b"the person's own"
    assert results == {"Boots/a (2).jpg": workshop.result_of("Boots/a.jpg")}


async def test_a_folder_that_has_the_name_of_a_result_is_left_in_peace(workshop: Workshop) -> None:
    (workshop.outside / "a.jpg").mkdir(parents=True)
    workshop.drop("a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert list(workshop.results()) == ["a (2).jpg"]


async def test_a_delivered_file_that_the_person_edited_stays_and_the_next_version_gets_a_number(
    workshop: Workshop,
) -> None:
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    (workshop.outside / "a.jpg").write_bytes(b"edited by hand")
    workshop.drop("a.jpg", seed=2)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.results()["a.jpg"] == b"edited by hand"
    assert set(workshop.results()) == {"a.jpg", "a (2).jpg"}
    first, second = workshop.sandbox.world.executions
    assert first.input_hash != second.input_hash
    assert workshop.results()["a (2).jpg"] == workshop.sandbox.world.result_of(second)


async def test_a_new_version_of_a_source_replaces_our_own_unchanged_result(workshop: Workshop) -> None:
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.drop("a.jpg", seed=2)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    newest = workshop.sandbox.world.executions[-1]
    assert len(workshop.sandbox.world.executions) == 2
    assert workshop.results() == {"a.jpg": workshop.sandbox.world.result_of(newest)}


async def test_a_result_that_the_person_deleted_is_not_made_again(workshop: Workshop) -> None:
    workshop.drop_many(3)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    for path in workshop.outside.rglob("*.jpg"):
        path.unlink()
    outcome = await workshop.once()
    assert (outcome.delivered, outcome.exit_code) == (3, ExitCode.DONE)
    assert workshop.results() == {}
    assert len(workshop.sandbox.world.executions) == 3


PAIRS = {
    "case": ("photo.jpg", "PHOTO.jpg"),
    "normal form": (
        unicodedata.normalize("NFC", "Schuh grün.jpg"),
        unicodedata.normalize("NFD", "Schuh grün.jpg"),
    ),
    "extension": ("photo.jpg", "photo.png"),
    "case of the extension": ("photo.jpg", "photo.JPG"),
}


@pytest.mark.parametrize("pair", PAIRS)
async def test_sources_whose_names_differ_only_a_little_never_share_a_result(
    workshop: Workshop, pair: str
) -> None:
    """A Mac or a Windows share would take the two names for one; the out folder may be on either."""
    for seed, name in enumerate(PAIRS[pair]):
        workshop.drop(name, seed=seed, kind="PNG" if name.endswith("png") else "JPEG")
    workshop.folders[0]["workflow"] = "Packshot"
    assert (await workshop.once()).exit_code is ExitCode.DONE
    keys = {unicodedata.normalize("NFC", path).casefold() for path in workshop.results()}
    assert len(keys) == 2
    workshop.assert_once_and_whole()


# --- an out folder in trouble ---------------------------------------------------------------------------


async def hold_and_heal(
    quick: Workshop, part_of_reason: str, break_it: Callable[[], object], mend_it: Callable[[], object]
) -> None:
    """Break the out folder in the middle of the work; what is paid waits, nothing new is bought, mended it goes on."""
    world = quick.sandbox.world
    quick.drop("first.jpg", seed=50)
    world.script("held.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
    quick.drop("held.jpg", seed=51)
    async with quick.at_work():
        await quick.until_delivered(1)
        await quick.until(lambda: quick.state_of("held.jpg") is State.IN_QA)
        break_it()
        world.release()
        hold = await quick.until_held(HoldKind.OUT_FOLDER)
        assert part_of_reason in hold.reason
        assert hold.scope == "Studio"
        assert hold.advice
        quick.drop("new.jpg", seed=52)
        await quick.until(lambda: quick.state_of("new.jpg") is State.QUEUED)
        assert len(world.executions) == 2, "nothing is bought that could not be delivered"
        mend_it()
        await quick.until_delivered(3)
    assert quick.holds() == []
    quick.assert_once_and_whole()


async def test_an_out_folder_that_vanishes_is_waited_for_and_never_made_anew(quick: Workshop) -> None:
    away = quick.root / "drive in the drawer"

    def come_back() -> None:
        assert not quick.outside.exists()
        away.rename(quick.outside)

    await hold_and_heal(quick, "Waiting for the out folder", lambda: quick.outside.rename(away), come_back)


async def test_a_full_disk_of_an_out_folder_is_waited_for(quick: Workshop) -> None:
    with tiny_disk(quick.outside, size_kb=512) as disk:
        filler = disk / "the person's own.dat"

        def fill() -> None:
            with filler.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(b"\0" * 4096)

        await hold_and_heal(quick, "is full", fill, filler.unlink)


async def test_an_out_folder_that_turns_read_only_is_waited_for(quick: Workshop) -> None:
    """Without the right to write there; root has it everywhere, so for root the disk is made read-only."""
    if os.geteuid() != 0:
        folder = quick.outside
        await hold_and_heal(
            quick, "cannot be written", lambda: folder.chmod(0o500), lambda: folder.chmod(0o700)
        )
        return
    with tiny_disk(quick.outside, size_kb=512) as disk:

        def remount(mode: str) -> None:
            subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)

        await hold_and_heal(quick, "cannot be written", lambda: remount("ro"), lambda: remount("rw"))


async def test_one_hot_folders_out_folder_in_trouble_stops_no_other(quick: Workshop) -> None:
    """Its drive is away from the start, and it had been used before."""
    quick.folders.clear()
    quick.add_folder("Studio", quick.inside / "a", quick.outside / "a")
    quick.add_folder("Other", quick.inside / "b", quick.outside / "b")
    quick.drop("a/1.jpg", seed=1)
    assert (await quick.once()).exit_code is ExitCode.DONE
    (quick.outside / "a").rename(quick.root / "away")
    quick.drop("a/2.jpg", seed=2)
    (quick.inside / "b" / "3.jpg").write_bytes(picture(3))
    outcome = await quick.once()
    assert (outcome.delivered, outcome.exit_code) == (2, ExitCode.SOME_FAILED)
    assert [path.name for path in (quick.outside / "b").iterdir()] == ["3.jpg"]
    assert not (quick.outside / "a").exists()
    assert quick.state_of("2.jpg") is State.QUEUED
