"""Where results can be placed, or it is known before paying: on file systems with habits of their own (I11)."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters import probes
from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.core.naming import is_part_name
from hotfolder.errors import ExitCode
from hotfolder.sandbox import Sandbox
from tests.adapters.disks import resize, tiny_disk
from tests.adapters.file_systems import EVERY, bindfs
from tests.journeys.workshop import Clock, Workshop

MountIt = Callable[[Path], AbstractContextManager[Path]]
LONG = "ein sehr langer Name eines Schuhs " * 5 + "vorn.jpg"
ODD_NAMES = (
    "boot 12:30.jpg",
    "boot 12?30.jpg",
    "Größe <43>/sole.jpg",
    "aux/con.jpg",
    LONG,
    f"{LONG[:100]}/a.jpg",
)


@pytest.fixture
def quick(tmp_path: Path, sandbox: Sandbox) -> Workshop:
    """A workshop whose clock runs fast, since holds are looked at every few seconds."""
    sandbox.world.switches.execution_s = 0.02
    return Workshop(tmp_path / "quick", sandbox, Clock(20.0))


def downloads(workshop: Workshop) -> int:
    return len(workshop.sandbox.world.calls_to("download", status=200))


def bought(workshop: Workshop) -> int:
    return len(workshop.sandbox.world.executions)


# --- file systems -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVERY)
async def test_on_every_file_system_every_image_is_delivered_with_one_download(
    workshop: Workshop, kind: str
) -> None:
    """No hard links, no long names, no colons: a name that is refused gets a safe one, and nothing fails for it."""
    with EVERY[kind](workshop.outside):
        for seed, path in enumerate(("plain.jpg", "Boots 224/a.jpg", *ODD_NAMES)):
            workshop.drop(path, seed=seed)
        assert (await workshop.once()).exit_code is ExitCode.DONE, workshop.explain()
        assert {"plain.jpg", "Boots 224/a.jpg"} <= set(workshop.results()), "a plain name stays as it is"
        workshop.assert_once_and_whole()
    assert (downloads(workshop), bought(workshop)) == (2 + len(ODD_NAMES), 2 + len(ODD_NAMES))


@pytest.mark.parametrize("option", ["--delete-deny", "--rename-deny", "--create-for-user=nobody", "-r"])
async def test_where_a_result_could_not_be_placed_nothing_is_bought(quick: Workshop, option: str) -> None:
    """A folder that lets nothing be removed or renamed, or is read-only: found out by the probe. A folder that only gives
    its files to another user is well."""
    with bindfs(quick.outside, option):
        quick.drop("Boots/a.jpg")
        async with quick.at_work():
            if option.startswith("--create"):
                await quick.until_delivered(1)
                return
            if option == "--rename-deny":  # links are enough there
                await quick.until_delivered(1)
                return
            hold = await quick.until_held(HoldKind.OUT_FOLDER)
            assert str(quick.outside) in hold.reason
            assert bought(quick) == 0
    behind = quick.outside.with_name(f"{quick.outside.name}.behind")
    assert len(list(behind.rglob("*"))) <= 2, "probes that cannot be removed do not pile up"


# --- what the system says, faked at the very edge --------------------------------------------------------


@pytest.fixture
def on_link(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have `link` fail with this number."""

    def fail_with(number: int) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "link", refuse)

    return fail_with


@pytest.mark.parametrize("number", [errno.EIO, 45, errno.EPERM, errno.EINVAL, errno.ENOENT, 9999])
async def test_whatever_a_refused_link_says_the_other_way_is_taken(
    workshop: Workshop, on_link: Callable[[int], None], number: int
) -> None:
    """45 is macOS's ENOTSUP, which is another number here."""
    on_link(number)
    workshop.drop_many(3)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.assert_once_and_whole()
    assert downloads(workshop) == 3


async def test_a_result_whose_place_is_open_elsewhere_waits_alone_and_is_not_fetched_again(
    quick: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows answers 32 when a file is open in another program; here the rename over it says EBUSY."""
    replace_file, busy = os.replace, {"is": True}
    quick.drop("open.jpg", seed=1)
    assert (await quick.once()).exit_code is ExitCode.DONE

    def refuse(source: Any, target: Any, **more: Any) -> None:
        if busy["is"] and str(target).endswith("open.jpg"):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(source), None, str(target))
        replace_file(source, target, **more)

    monkeypatch.setattr(os, "replace", refuse)
    quick.drop("open.jpg", seed=2)
    async with quick.at_work() as daemon:
        await quick.until(lambda: any("open in another program" in image.reason for image in quick.images()))
        quick.drop("other.jpg", seed=3)
        await quick.until(lambda: quick.state_of("other.jpg") is State.DELIVERED)
        assert quick.holds() == []
        (waiting,) = [i for i in quick.images() if i.state is State.FINISHED]
        assert str(quick.outside / "open.jpg") in waiting.reason
        assert waiting.advice
        await quick.until(lambda: _image(quick, waiting.id).attempts >= 3)
        assert downloads(quick) == 3
        busy["is"] = False
        await daemon.retry(None)
        await quick.until_delivered(3)
    assert downloads(quick) == 3
    assert quick.results()["open.jpg"] == quick.sandbox.world.result_of(
        _image(quick, waiting.id).execution_id or ""
    )


def _image(workshop: Workshop, image_id: str) -> Any:
    return next(image for image in workshop.images() if image.id == image_id)


# --- a subfolder ------------------------------------------------------------------------------------------


async def test_a_file_in_the_place_of_a_subfolder_holds_before_anything_is_bought_and_is_named(
    quick: Workshop,
) -> None:
    quick.outside.mkdir()
    blocking = quick.outside / "Boots"
    blocking.write_text("a list of boots")
    quick.drop("Boots/a.jpg")
    async with quick.at_work():
        hold = await quick.until_held(HoldKind.OUT_FOLDER)
        assert hold.reason.startswith(f"{blocking} is a file")
        assert "Move or rename that file" in hold.advice
        await quick.until(lambda: quick.holds(HoldKind.OUT_FOLDER)[0].attempts >= 3)
        assert bought(quick) == 0
        blocking.rename(quick.outside / "Boots.txt")
        await quick.until_delivered(1)
        await quick.until_free(HoldKind.OUT_FOLDER)
    assert (quick.outside / "Boots.txt").read_text() == "a list of boots"
    assert downloads(quick) == 1


async def test_a_subfolder_that_becomes_a_file_after_it_was_paid_costs_one_download(quick: Workshop) -> None:
    world = quick.sandbox.world
    world.script("a.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
    quick.drop("Boots/a.jpg")
    blocking = quick.outside / "Boots"
    async with quick.at_work():
        await quick.until(lambda: quick.state_of("Boots/a.jpg") is State.IN_QA)
        blocking.rmdir()
        blocking.write_text("a list of boots")
        world.release()
        hold = await quick.until_held(HoldKind.OUT_FOLDER)
        assert hold.reason.startswith(f"{blocking} is a file")
        quick.drop("Shoes/new.jpg", seed=5)
        await quick.until(lambda: quick.holds(HoldKind.OUT_FOLDER)[0].attempts >= 4)
        assert (downloads(quick), bought(quick)) == (1, 1)
        blocking.unlink()
        await quick.until_delivered(2)
    assert (downloads(quick), bought(quick)) == (2, 2)
    quick.assert_once_and_whole()


# --- room ---------------------------------------------------------------------------------------------------


async def test_while_results_find_no_room_none_is_fetched_twice_and_nothing_is_bought(
    quick: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for the look at the root, and none for a result: the hold stays in force until all that waited has its
    place."""
    monkeypatch.setattr(probes, "PROBE_BYTES", 1024)
    world = quick.sandbox.world
    quick.folders[0]["workflow"] = "Packshot"
    with tiny_disk(quick.outside, size_kb=400) as disk:
        for number in range(6):
            world.script(f"{number}.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
            quick.drop(f"{number}.jpg", seed=number)
        async with quick.at_work():
            await quick.until(lambda: quick.count(State.IN_QA) == 6)
            filler = disk / "the person's own.dat"
            filler.write_bytes(b"x" * (400 * 1024 - 4 * 4096))
            world.release()
            await quick.until_held(HoldKind.OUT_FOLDER)
            await quick.until(lambda: quick.count(State.FINISHED) + quick.count(State.DELIVERED) == 6)
            quick.drop("new.jpg", seed=50)
            await quick.until(lambda: quick.holds(HoldKind.OUT_FOLDER)[0].attempts >= 6)
            assert bought(quick) == 6
            assert downloads(quick) <= 6
            resize(disk, size_kb=4096)
            await quick.until_delivered(7)
            await quick.until_free(HoldKind.OUT_FOLDER)
        filler.unlink()
        assert (bought(quick), downloads(quick)) == (7, 7)
        quick.assert_once_and_whole()


async def test_a_disk_with_too_little_room_buys_no_more_until_there_is_enough(
    quick: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was in the pipe when the first result found no room is bought; from then on the number stays."""
    monkeypatch.setattr(probes, "PROBE_BYTES", 1024)
    quick.folders[0]["workflow"] = "Packshot"
    with tiny_disk(quick.outside, size_kb=64) as disk:
        (disk / "the person's own.dat").write_bytes(b"x" * 48 * 1024)
        quick.drop_many(30)
        async with quick.at_work() as daemon:
            await quick.until_held(HoldKind.OUT_FOLDER)
            await quick.until(lambda: not daemon._lanes.under_way)  # what was begun before the hold has ended
            before = bought(quick)
            assert before < 30
            await quick.until(lambda: quick.holds(HoldKind.OUT_FOLDER)[0].attempts >= 6)
            assert bought(quick) == before
            assert downloads(quick) <= before
            resize(disk, size_kb=8192)
            await quick.until_delivered(30)
            await quick.until_free(HoldKind.OUT_FOLDER)
        (disk / "the person's own.dat").unlink()
        assert (bought(quick), downloads(quick)) == (30, 30)
        quick.assert_once_and_whole()


async def download_beside_a_file_in_the_way(quick: Workshop) -> Path:
    """Have the result of `Boots/a.jpg` downloaded but not placed: the returned file has the name of its out folder."""
    world = quick.sandbox.world
    world.script("a.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
    quick.drop("Boots/a.jpg")
    blocking = quick.outside / "Boots"
    async with quick.at_work():
        await quick.until(lambda: quick.state_of("Boots/a.jpg") is State.IN_QA)
        blocking.rmdir()
        blocking.write_text("a list of boots")
        world.release()
        await quick.until_held(HoldKind.OUT_FOLDER)
    return blocking


async def test_what_was_downloaded_outlives_a_restart_and_is_not_fetched_again(quick: Workshop) -> None:
    blocking = await download_beside_a_file_in_the_way(quick)
    kept = [path for path in quick.home.spool.iterdir() if path.name.startswith("kept-")]
    assert len(kept) == 1
    blocking.unlink()
    assert (await quick.once()).exit_code is ExitCode.DONE
    assert downloads(quick) == 1
    assert list(quick.home.spool.iterdir()) == []
    quick.assert_once_and_whole()


async def test_a_kept_result_that_was_damaged_meanwhile_is_fetched_again(quick: Workshop) -> None:
    blocking = await download_beside_a_file_in_the_way(quick)
    for kept in quick.home.spool.glob("kept-*"):
        kept.write_bytes(kept.read_bytes()[:-1])
    blocking.unlink()
    assert (await quick.once()).exit_code is ExitCode.DONE
    assert downloads(quick) == 2
    quick.assert_once_and_whole()


# --- without a download -------------------------------------------------------------------------------------


async def test_a_result_that_stands_there_already_is_known_by_its_bytes_though_no_ledger_says_so(
    workshop: Workshop,
) -> None:
    """The home was lost, and this one adopts what the service still lists."""
    workshop.drop("Boots/a.jpg")
    workshop.drop("Boots/b.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    finished = {image.path: image for image in workshop.images()}

    def forget(ledger: Any) -> None:
        for image in finished.values():
            ledger.save(replace(image, state=State.FINISHED, result_path=None, delivered_at=None))

    workshop.change_ledger(forget)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert downloads(workshop) == 2
    assert {i.path: i.result_path for i in workshop.images()} == {
        path: image.result_path for path, image in finished.items()
    }
    workshop.assert_once_and_whole()


async def test_a_result_that_was_delivered_before_is_copied_when_the_service_has_it_no_more(
    workshop: Workshop,
) -> None:
    first = workshop.drop("a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    known = workshop.image("a.jpg")

    def add_twin(ledger: Any) -> None:
        twin = replace(
            known, id="twin", path="b.jpg", state=State.FINISHED, result_path=None, delivered_at=None
        )
        ledger.add(twin)

    shutil.copy2(first, workshop.inside / "b.jpg")
    workshop.change_ledger(add_twin)
    workshop.sandbox.faults.add("download", "status", status=404)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    results = workshop.results()
    assert results["b.jpg"] == results["a.jpg"]
    assert downloads(workshop) == 1


async def test_no_part_file_and_no_probe_is_left_and_none_follows_a_link(workshop: Workshop) -> None:
    """A link under a name that could have been foreseen would have been written through."""
    precious = workshop.root / "precious.txt"
    precious.write_text("precious")
    workshop.outside.mkdir()
    for name in ("probe", "check", "first-run"):
        (workshop.outside / f".hotfolder-{name}.part").symlink_to(precious)
    workshop.drop("a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert precious.read_text() == "precious"
    assert not [path for path in workshop.outside.rglob("*") if is_part_name(path.name)]


async def test_an_out_folder_that_goes_after_it_was_proven_costs_no_further_purchase(
    workshop: Workshop,
) -> None:
    """The drive is pulled out while nothing is under way: the next image is not bought to find that out."""
    workshop.drop("Boots/1.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        workshop.outside.rename(workshop.root / "drive in the drawer")
        workshop.drop("Boots/2.jpg", seed=2)
        hold = await workshop.until_held(HoldKind.OUT_FOLDER)
        assert "Waiting for the out folder" in hold.reason
        assert len(workshop.sandbox.world.executions) == 1
        (workshop.root / "drive in the drawer").rename(workshop.outside)
        await workshop.until_delivered(2)
    workshop.assert_once_and_whole()
