"""One folder reached by two routes: a result that is found below an in folder would be paid for again and again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from hotfolder.core.holds import HoldKind
from hotfolder.core.image import State
from hotfolder.core.naming import part_name
from hotfolder.daemon import Daemon
from hotfolder.errors import ExitCode
from tests.adapters.disks import bind_mount, bindfs_mount
from tests.journeys.workshop import Workshop
from tests.sandbox.caller import picture

SCANS = 4
"""So many more looks into a folder find what there is to be found."""


async def look_on(workshop: Workshop, daemon: Daemon, name: str = "Studio") -> None:
    """Until the in folder was looked into a few times more, and nothing settles in it."""
    intake = daemon._intakes[name]
    until = intake.scans + SCANS
    await workshop.until(lambda: intake.scans >= until and not intake.candidates)


def executions(workshop: Workshop) -> int:
    return len(workshop.sandbox.world.executions)


def second_folder(workshop: Workshop) -> Path:
    """Another hot folder, Second, later in the config; its in folder."""
    inside = workshop.root / "second in"
    workshop.add_folder("Second", inside, workshop.root / "second out")
    return inside


ROUTES: dict[str, Callable[[Workshop], tuple[Path, Path]]] = {
    "the out folder": lambda w: (w.outside, w.inside / "x"),
    "the out folder, deep down": lambda w: (w.outside, w.inside / "sub" / "deep" / "x"),
    "a subfolder of the out folder": lambda w: (w.outside / "sub", w.inside / "x"),
    "the folder above the out folder": lambda w: (w.root, w.inside / "x"),
    "the in folder itself": lambda w: (w.inside, w.inside / "x"),
    "a subfolder of the in folder": lambda w: (w.inside / "sub", w.inside / "x"),
    "another in folder": lambda w: (second_folder(w), w.inside / "x"),
    "a subfolder of another in folder": lambda w: (second_folder(w) / "sub", w.inside / "x"),
}
"""What is reached, and where below the in folder."""


def drop_all(workshop: Workshop, number: int) -> int:
    """An image into each in folder and its subfolder: how many."""
    places = [Path(folder["in"]) / sub for folder in workshop.folders for sub in (".", "sub")]
    for index, place in enumerate(places):
        place.mkdir(exist_ok=True)
        (place / f"{number}.jpg").write_bytes(picture(10 * number + index))
    return len(places)


@pytest.mark.parametrize("mounted_first", [True, False], ids=["mounted before", "mounted at work"])
@pytest.mark.parametrize("route", ROUTES)
async def test_what_is_reached_below_an_in_folder_by_a_second_route_is_passed_over_and_paid_once(
    workshop: Workshop, route: str, mounted_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    source, place = ROUTES[route](workshop)
    workshop.outside.mkdir(exist_ok=True)
    with ExitStack() as mounts:
        if mounted_first:
            mounts.enter_context(bind_mount(source, place))
        number = drop_all(workshop, 1)
        async with workshop.at_work() as daemon:
            await workshop.until_delivered(number)
            if not mounted_first:
                mounts.enter_context(bind_mount(source, place))
            number += drop_all(workshop, 2)
            await workshop.until_delivered(number)
            await look_on(workshop, daemon)
            assert (executions(workshop), len(workshop.images())) == (number, number)
            assert workshop.holds() == []
    assert caplog.text.count("is not looked into") >= 1
    assert "reached by another route" in caplog.text


async def test_an_event_below_a_second_route_is_not_followed(workshop: Workshop) -> None:
    """The watcher hears what happens there, too, and says so before anybody scans."""
    workshop.outside.mkdir()
    with bind_mount(workshop.outside, workshop.inside / "x"):
        async with workshop.at_work() as daemon:
            intake = daemon._intakes["Studio"]
            await workshop.until(lambda: intake.scans > 0)
            intake._scan_at = float("inf")
            (workshop.outside / "foreign.jpg").write_bytes(picture(1))
            intake.look_at("x/foreign.jpg", closed=True)
            workshop.drop("a.jpg", seed=2)
            intake.look_at("a.jpg", closed=True)
            await workshop.until_delivered(1)
            assert [image.path for image in workshop.images()] == ["a.jpg"]


async def test_two_hot_folders_on_one_folder_by_two_routes_pay_once_and_the_second_is_held(
    workshop: Workshop,
) -> None:
    """The mount came after the start, so the config could not know."""
    second = second_folder(workshop)
    async with workshop.at_work() as daemon:
        await look_on(workshop, daemon, "Second")
        with bind_mount(workshop.inside, second):
            workshop.drop("a.jpg", seed=1)
            hold = await workshop.until_held(HoldKind.IN_FOLDER)
            assert (hold.scope, "by another route" in hold.reason) == ("Second", True)
            assert str(workshop.inside) in hold.reason
            await workshop.until_delivered(1)
            await look_on(workshop, daemon)
            assert executions(workshop) == 1
        await workshop.until_free(HoldKind.IN_FOLDER)
        (second / "b.jpg").write_bytes(picture(2))
        await workshop.until_delivered(2)
    assert executions(workshop) == 2


@pytest.mark.parametrize("part", [".", "sub"], ids=["it", "a part of it"])
async def test_an_in_folder_that_becomes_the_out_folder_by_a_mount_is_held_until_it_is_itself_again(
    workshop: Workshop, part: str
) -> None:
    workshop.drop("sub/a.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        with bind_mount(workshop.outside / part, workshop.inside):
            hold = await workshop.until_held(HoldKind.IN_FOLDER)
            assert f"leads to the out folder of Studio ({workshop.outside})" in hold.reason
            assert executions(workshop) == 1
        await workshop.until_free(HoldKind.IN_FOLDER)
        workshop.drop("b.jpg", seed=2)
        await workshop.until_delivered(2)
    assert executions(workshop) == 2
    workshop.assert_once_and_whole()


async def test_two_routes_that_are_there_at_the_start_are_a_mistake_of_the_config(
    workshop: Workshop,
) -> None:
    second = second_folder(workshop)
    with bind_mount(workshop.inside, second), pytest.raises(Exception, match="by another route"):
        workshop.daemon()


# --- where nobody can see who a folder is ---------------------------------------------------------------


async def test_a_part_file_of_ours_below_the_in_folder_holds_it_until_the_route_is_gone(
    workshop: Workshop,
) -> None:
    """A file system in between gives every folder another identity; but our own part file gives the route away."""
    workshop.folders[0]["watch"] = "polling"
    workshop.outside.mkdir()
    (workshop.outside / "sub").mkdir()
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: daemon._intakes["Studio"].scans > 0)
        with bindfs_mount(workshop.outside, workshop.inside / "x"):
            part = workshop.outside / "sub" / part_name("of an image")
            daemon._part_names.note(part.name)
            part.write_bytes(b"half of it")
            hold = await workshop.until_held(HoldKind.IN_FOLDER)
            assert hold.reason.startswith("An out folder is reached below the in folder")
            assert hold.reason.endswith(": in x/sub.")
            part.unlink()
            (workshop.outside / "sub" / "result.jpg").write_bytes(picture(1))
            workshop.drop("a.jpg", seed=2)
            intake = daemon._intakes["Studio"]
            looked = intake.scans
            for _ in range(3):  # the part file is gone, but the route is not
                intake.look_at(None)
                await workshop.until(lambda: intake._scan_at > 0)
            assert workshop.holds(HoldKind.IN_FOLDER)
            assert (intake.scans, workshop.images()) == (looked, [])
        await workshop.until_free(HoldKind.IN_FOLDER)
        await workshop.until_delivered(1)
    assert [image.path for image in workshop.images()] == ["a.jpg"]
    workshop.outside.joinpath("sub", "result.jpg").unlink()
    workshop.assert_once_and_whole()


async def test_a_part_file_that_is_heard_of_holds_the_in_folder_too(workshop: Workshop) -> None:
    """Nothing but the event: it is gone before the next scan."""
    workshop.drop("sub/a.jpg", seed=1)
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(1)
        intake = daemon._intakes["Studio"]
        intake._scan_at = float("inf")
        part = workshop.inside / "sub" / part_name("of an image")
        daemon._part_names.note(part.name)
        part.touch()
        part.unlink()
        hold = await workshop.until_held(HoldKind.IN_FOLDER)
        assert hold.reason.endswith(": in sub.")
        (workshop.inside / "sub").rename(workshop.root / "taken away")
        await workshop.until_free(HoldKind.IN_FOLDER)
        assert workshop.count(State.DELIVERED) == 1


async def test_part_files_of_others_hold_nothing(workshop: Workshop) -> None:
    """The in folder may well be the out folder of another computer's hotfolder."""
    (workshop.inside / part_name("of somebody else")).touch()
    workshop.drop("a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.holds() == []
