"""The same picture is paid once, whoever remembers it: this ledger, one of before, or only the service (keeps I12)."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hotfolder.adapters import ledger_memory
from hotfolder.core.image import State
from hotfolder.errors import ExitCode
from hotfolder.sandbox import FAST_ID, Sandbox
from hotfolder.sandbox.account import FOREIGN_ORGANIZATION_ID, ORGANIZATION_ID, USER_ID
from tests.journeys.workshop import Workshop


def copy_ledger(workshop: Workshop, to: Path) -> None:
    """As a backup does, between two lives."""
    to.mkdir()
    for file in workshop.home.data.glob("ledger.sqlite*"):
        shutil.copy2(file, to / file.name)


def put_ledger_back(workshop: Workshop, kept: Path) -> None:
    for file in workshop.home.data.glob("ledger.sqlite*"):
        file.unlink()
    for file in kept.iterdir():
        shutil.copy2(file, workshop.home.data / file.name)


def executions(workshop: Workshop) -> int:
    return len(workshop.sandbox.world.executions)


# --- adoption -----------------------------------------------------------------------------------------


async def test_a_new_home_takes_over_what_was_paid_for_and_pays_for_nothing_again(workshop: Workshop) -> None:
    """The home is deleted after the deliveries: a new computer, or a lost ledger."""
    workshop.drop_many(30)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    before, downloads = workshop.results(), workshop.sandbox.world.count_calls("download")
    shutil.rmtree(workshop.home.data)
    outcome = await workshop.once()
    assert (outcome.delivered, outcome.exit_code) == (30, ExitCode.DONE)
    assert executions(workshop) == 30
    assert workshop.results() == before
    assert workshop.sandbox.world.count_calls("download") == downloads, "they are there already"
    assert workshop.sandbox.world.count_calls("list") <= 4


async def test_a_second_home_with_the_folders_moved_gets_every_result_that_is_not_there(
    workshop: Workshop, tmp_path: Path, sandbox: Sandbox
) -> None:
    workshop.drop_many(6)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    second = Workshop(tmp_path / "second", sandbox)
    shutil.rmtree(second.inside)
    shutil.copytree(workshop.inside, second.inside)
    assert (await second.once()).exit_code is ExitCode.DONE
    assert second.results() == workshop.results()
    assert executions(workshop) == 6


async def test_what_was_under_way_is_waited_for_in_the_new_home(workshop: Workshop) -> None:
    world = workshop.sandbox.world
    world.script("held.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
    workshop.drop("held.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until(lambda: workshop.state_of("held.jpg") is State.IN_QA)
    shutil.rmtree(workshop.home.data)
    async with workshop.at_work():
        await workshop.until(lambda: workshop.state_of("held.jpg") is State.IN_QA)
        world.release()
        await workshop.until_delivered(1)
    assert executions(workshop) == 1


async def test_yesterdays_ledger_put_back_learns_what_was_bought_since(
    workshop: Workshop, tmp_path: Path
) -> None:
    workshop.drop_many(3)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    copy_ledger(workshop, tmp_path / "backup")
    for number in range(5):
        workshop.drop(f"today/{number}.jpg", seed=100 + number)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    before = workshop.results()
    put_ledger_back(workshop, tmp_path / "backup")
    outcome = await workshop.once()
    assert (outcome.delivered, outcome.exit_code) == (8, ExitCode.DONE)
    assert executions(workshop) == 8
    assert workshop.results() == before


async def test_an_older_ledger_waits_out_the_listing_lag_for_what_was_bought_a_moment_ago(
    workshop: Workshop, tmp_path: Path
) -> None:
    """The newest execution is not listed yet when the older ledger starts: it is no reason to buy again."""
    workshop.service["listing_lag"] = "3s"
    workshop.drop("first.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    copy_ledger(workshop, tmp_path / "backup")
    workshop.drop("second.jpg", seed=2)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    put_ledger_back(workshop, tmp_path / "backup")
    workshop.sandbox.world.switches.listing_lag_s = 2.5
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 2


async def test_a_damaged_ledger_is_rebuilt_from_what_the_service_remembers(workshop: Workshop) -> None:
    workshop.drop_many(6)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    before = workshop.results()
    for path in workshop.home.data.glob("ledger.sqlite*"):
        path.write_bytes(b"nonsense" * 400)
    workshop.drop("new.jpg", seed=50)
    outcome = await workshop.once()
    assert (outcome.delivered, outcome.exit_code) == (7, ExitCode.DONE)
    assert executions(workshop) == 7
    assert workshop.results().items() >= before.items()


async def test_a_reading_that_was_cut_short_is_taken_up_where_it_was(workshop: Workshop) -> None:
    workshop.drop("first.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    world = workshop.sandbox.world
    world.seed_history(FAST_ID, 500, {"hotfolder_image_id": "somebody else's"})
    shutil.rmtree(workshop.home.data)
    pages = world.count_calls("list")
    world.switches.listing_limit = 10
    broken = workshop.sandbox.faults.add("list", "status", status=503, skip=20)
    async with workshop.at_work():
        await workshop.until(lambda: broken.hits)
    broken.release()
    first = world.count_calls("list") - pages
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 501
    assert world.count_calls("list") - pages - first <= 34, "the first twenty pages are not read again"


async def test_what_was_lost_is_taken_over_whatever_the_workflows_version_is_by_now(
    workshop: Workshop,
) -> None:
    """A changed version is no repeat, but a lost ledger would have known these images, and a copy of one, as delivered."""
    workshop.drop_many(3)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.drop("copy.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.sandbox.world.change_workflow(FAST_ID, version="another version")
    shutil.rmtree(workshop.home.data)
    assert (await workshop.once()).delivered == 4
    assert executions(workshop) == 3
    workshop.drop("new copy.jpg", seed=1)
    assert (await workshop.once()).delivered == 5
    assert executions(workshop) == 4


async def test_executions_of_another_recipe_are_not_taken_for_ours(workshop: Workshop) -> None:
    """Other settings make another picture of the same bytes."""
    workshop.folders[0]["settings"] = {"background": "white"}
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    shutil.rmtree(workshop.home.data)
    workshop.folders[0]["settings"] = {"background": "grey"}
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 2


async def test_the_list_is_read_once_for_many_images_and_no_more_than_a_page_at_later_starts(
    workshop: Workshop,
) -> None:
    world = workshop.sandbox.world
    world.seed_history(FAST_ID, 300, {"hotfolder_image_id": "somebody else's"})
    workshop.drop_many(20)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    first = world.count_calls("list")
    assert first <= 10
    workshop.drop("later.jpg", seed=99)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert world.count_calls("list") - first <= 2
    assert executions(workshop) == 321


async def test_paid_results_whose_pictures_are_not_here_are_listed_and_fetched_for_nothing(
    workshop: Workshop,
) -> None:
    workshop.drop_many(3)
    workshop.drop("Boots/lost.jpg", seed=50)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    results = workshop.results()
    shutil.rmtree(workshop.home.data)
    shutil.rmtree(workshop.inside / "Boots")
    shutil.rmtree(workshop.outside)
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(3)
        (lost,) = await daemon.call_ledger(ledger_memory.unclaimed)
        assert (lost.input_name, lost.batch_name) == ("lost.jpg", "Boots")
        assert await daemon.fetch([lost.execution_id], []) == 1
        await workshop.until_delivered(4)
        assert await daemon.call_ledger(ledger_memory.unclaimed) == []
    assert workshop.results() == results
    assert executions(workshop) == 4


async def test_a_delivered_result_that_was_deleted_is_fetched_once_more_when_a_person_wants_it(
    workshop: Workshop,
) -> None:
    workshop.drop("a.jpg", seed=1)
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(1)
        result = workshop.results()
        (workshop.outside / "a.jpg").unlink()
        assert await daemon.fetch([], [workshop.image("a.jpg").id]) == 1
        await workshop.until(lambda: workshop.results() == result)
    assert executions(workshop) == 1


# --- repeats ------------------------------------------------------------------------------------------


async def test_a_copied_folder_gets_its_results_for_nothing_and_with_a_word(workshop: Workshop) -> None:
    for number in range(5):
        workshop.drop(f"Boots/{number}.jpg", seed=number)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    shutil.copytree(workshop.inside / "Boots", workshop.inside / "Boots copy")
    outcome = await workshop.once()
    assert (outcome.delivered, outcome.exit_code) == (10, ExitCode.DONE)
    assert executions(workshop) == 5
    results = workshop.results()
    assert len(results) == 10
    for number in range(5):
        assert results[f"Boots copy/{number}.jpg"] == results[f"Boots/{number}.jpg"]
        copy = workshop.image(f"Boots copy/{number}.jpg")
        assert copy.credits == 0
        assert "0 credits" in copy.note


async def test_a_repeat_is_paid_again_where_the_config_says_so(workshop: Workshop) -> None:
    workshop.folders[0]["repeats"] = "send"
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.drop("copy.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 2


async def test_a_changed_version_of_the_workflow_makes_no_repeat(workshop: Workshop) -> None:
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.sandbox.world.change_workflow(FAST_ID, version="another version")
    workshop.drop("copy.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 2


async def test_a_version_that_changes_while_it_is_at_work_makes_no_repeat_either(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotfolder.pipeline.checks.FRESH_S", 0.0)
    workshop.drop("a.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        workshop.sandbox.world.change_workflow(FAST_ID, version="another version")
        workshop.drop("copy.jpg", seed=1)
        await workshop.until_delivered(2)
    assert executions(workshop) == 2


async def test_twins_that_are_dropped_in_the_same_moment_cost_once(workshop: Workshop) -> None:
    for number in range(6):
        workshop.drop(f"{number}.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 1
    assert len(set(workshop.results().values())) == 1
    assert len(workshop.results()) == 6
    assert sum(image.credits or 0 for image in workshop.images()) == workshop.sandbox.world.charged_total


async def test_twins_in_two_hot_folders_cost_once(workshop: Workshop) -> None:
    workshop.add_folder("Other", workshop.root / "in 2", workshop.root / "out 2")
    source = workshop.drop("a.jpg", seed=1)
    shutil.copy(source, workshop.root / "in 2" / "b.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 1
    assert (workshop.root / "out 2" / "b.jpg").read_bytes() == workshop.results()["a.jpg"]


async def test_of_twins_whose_picture_fails_one_more_is_tried_and_not_all(workshop: Workshop) -> None:
    workshop.sandbox.world.script("*.jpg", "FAILED", "FAILED")
    for number in range(5):
        workshop.drop(f"{number}.jpg", seed=1)
    outcome = await workshop.once()
    assert (outcome.failed, executions(workshop)) == (5, 2)
    assert all(image.reason and image.advice for image in workshop.images())


async def test_a_twin_whose_first_fails_is_tried_again_and_helps_the_others(workshop: Workshop) -> None:
    """The service fails the first execution and completes the second: no third is made."""
    world = workshop.sandbox.world
    for number in range(4):
        workshop.drop(f"{number}.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until(lambda: world.executions)
        first = world.executions[0]
        world.script("*.jpg", "COMPLETED")
        await workshop.until_delivered(4)
    assert executions(workshop) == 1
    assert first.charged


async def test_bytes_that_were_archived_and_dropped_again_under_a_new_job_get_their_result_there(
    workshop: Workshop, tmp_path: Path
) -> None:
    source = workshop.drop("Job 1/a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    result = workshop.results()["Job 1/a.jpg"]
    shutil.move(source, tmp_path / "archived.jpg")
    shutil.move(workshop.outside / "Job 1" / "a.jpg", tmp_path / "delivered.jpg")
    (workshop.inside / "Job 2").mkdir()
    shutil.copy(tmp_path / "archived.jpg", workshop.inside / "Job 2" / "a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.results() == {"Job 2/a.jpg": result}
    assert executions(workshop) == 1


# --- who an image is, is its bytes --------------------------------------------------------------------


def by_picture(workshop: Workshop) -> dict[str, str]:
    """Each source's path with the path of the result that was made of its very bytes."""
    made: dict[str, bytes] = {}
    for execution in workshop.sandbox.world.executions:
        with suppress(LookupError):  # not done yet
            made[execution.input_hash] = workshop.sandbox.world.result_of(execution)
    results = workshop.results()
    found = {}
    for image in workshop.images():
        paths = [path for path, content in results.items() if content == made.get(image.content_hash)]
        found[image.path] = ", ".join(paths)
    return found


async def test_renumbering_a_worked_off_folder_pays_only_for_the_newcomer(workshop: Workshop) -> None:
    for number in range(1, 11):
        workshop.drop(f"SKU_{number:02d}.jpg", seed=number)
    async with workshop.at_work():
        await workshop.until_delivered(10)
        for number in range(10, 2, -1):
            (workshop.inside / f"SKU_{number:02d}.jpg").rename(workshop.inside / f"SKU_{number + 1:02d}.jpg")
        workshop.drop("SKU_03.jpg", seed=99)
        await workshop.until_delivered(11)
        await workshop.until(lambda: len(workshop.results()) == 11)
    assert executions(workshop) == 11
    assert by_picture(workshop) == {f"SKU_{n:02d}.jpg": f"SKU_{n:02d}.jpg" for n in range(1, 12)}


async def test_two_images_that_change_places_are_not_paid_again_and_keep_their_results(
    workshop: Workshop,
) -> None:
    first, second = workshop.drop("1.jpg", seed=1), workshop.drop("2.jpg", seed=2)
    async with workshop.at_work():
        await workshop.until_delivered(2)
        aside = workshop.root / "aside.jpg"
        first.rename(aside)
        second.rename(first)
        aside.rename(second)
        await workshop.until(lambda: by_picture(workshop) == {"1.jpg": "1.jpg", "2.jpg": "2.jpg"})
    assert executions(workshop) == 2
    assert len(workshop.results()) == 2


async def test_a_picture_that_made_room_for_another_keeps_its_result(workshop: Workshop) -> None:
    """`cap.jpg` becomes `cap_old.jpg`, and another is saved as `cap.jpg`."""
    cap = workshop.drop("cap.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        cap.rename(workshop.inside / "cap_old.jpg")
        workshop.drop("cap.jpg", seed=2)
        await workshop.until(
            lambda: by_picture(workshop) == {"cap.jpg": "cap.jpg", "cap_old.jpg": "cap_old.jpg"}
        )
    assert executions(workshop) == 2


async def test_a_picture_that_is_found_late_under_its_other_name_gets_its_result_back(
    workshop: Workshop,
) -> None:
    """The newcomer was delivered first, as a new version, in the place of the older result."""
    cap = workshop.drop("cap.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        cap.rename(workshop.root / "cap_old.jpg")
        workshop.drop("cap.jpg", seed=2)
        await workshop.until_delivered(2)
        (workshop.root / "cap_old.jpg").rename(workshop.inside / "cap_old.jpg")
        await workshop.until(
            lambda: by_picture(workshop) == {"cap.jpg": "cap.jpg", "cap_old.jpg": "cap_old.jpg"}
        )
    assert executions(workshop) == 2


async def test_a_content_that_returns_gets_its_own_result_back(workshop: Workshop) -> None:
    """Saved as A, as B, and as A again: what stands in the out folder is A's."""
    for seed in (1, 2, 1):
        workshop.drop("a.jpg", seed=seed)
        assert (await workshop.once()).exit_code is ExitCode.DONE
    first = workshop.sandbox.world.executions[0]
    assert executions(workshop) == 2
    assert workshop.results()["a.jpg"] == workshop.sandbox.world.result_of(first)


async def test_a_renamed_subfolder_takes_its_results_with_it(workshop: Workshop) -> None:
    for number in range(3):
        workshop.drop(f"Boots/{number}.jpg", seed=number)
    async with workshop.at_work():
        await workshop.until_delivered(3)
        (workshop.inside / "Boots").rename(workshop.inside / "Boots done")
        await workshop.until(
            lambda: set(workshop.results()) == {f"Boots done/{number}.jpg" for number in range(3)}
        )
    assert executions(workshop) == 3


async def test_a_result_that_the_person_edited_stays_where_it_is(workshop: Workshop) -> None:
    source = workshop.drop("a.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until_delivered(1)
        (workshop.outside / "a.jpg").write_bytes(b"edited by hand")
        source.rename(workshop.inside / "b.jpg")
        await workshop.until(lambda: workshop.images()[0].path == "b.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.results() == {"a.jpg": b"edited by hand"}


# --- results are no sources ---------------------------------------------------------------------------


async def test_a_result_that_comes_into_the_in_folder_is_not_sent_and_a_person_may_send_it(
    workshop: Workshop,
) -> None:
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    shutil.copy(workshop.outside / "a.jpg", workshop.inside / "again.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    ignored = workshop.image("again.jpg")
    assert (ignored.state, executions(workshop)) == (State.IGNORED, 1)
    assert "a.jpg" in ignored.reason
    async with workshop.at_work() as daemon:
        assert await daemon.retry([ignored.id]) == 1
        await workshop.until_delivered(2)
    assert executions(workshop) == 2


async def test_a_result_in_a_hot_folder_with_another_workflow_is_a_second_step(workshop: Workshop) -> None:
    workshop.add_folder("Second", workshop.root / "in 2", workshop.root / "out 2", workflow="Packshot")
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    shutil.copy(workshop.outside / "a.jpg", workshop.root / "in 2" / "a.jpg")
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 2


async def test_a_workflow_that_gives_back_what_it_got_does_not_make_its_sources_results(
    workshop: Workshop,
) -> None:
    workshop.sandbox.world.change_workflow(FAST_ID, recipe="as it is")
    workshop.drop("a.jpg", seed=1)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.drop("copy.jpg", seed=1)
    outcome = await workshop.once()
    assert (outcome.delivered, outcome.exit_code) == (2, ExitCode.DONE)
    assert executions(workshop) == 1


# --- another account ----------------------------------------------------------------------------------


async def test_an_image_is_looked_up_where_it_was_sent_whatever_the_config_says_by_now(
    workshop: Workshop,
) -> None:
    """The answer to create is lost, and before it is looked up the hot folder gets another workflow."""
    workshop.sandbox.faults.add("create", "drop", when="after", times=1)
    workshop.sandbox.world.switches.listing_lag_s = 0.2
    workshop.drop("a.jpg", seed=1)
    async with workshop.at_work():
        await workshop.until(lambda: workshop.state_of("a.jpg") is State.REQUESTED)
    workshop.folders[0]["workflow"] = "Packshot"
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert executions(workshop) == 1


def sign_in_with(workshop: Workshop, organization: str, token: str) -> None:
    """Somebody signs out, and in again with an account that has this organization and no other."""
    world = workshop.sandbox.world
    for one in list(world.organizations.values()):
        world.add_organization(replace(one, members=(USER_ID,) if one.id == organization else ()), 1000)
    world.sign_in.revoke_everything()
    world.sign_in.refresh_tokens.add(token)
    workshop.tokens.store(token)


async def test_another_account_and_back_pays_for_nothing_twice_and_gives_nothing_up(
    workshop: Workshop,
) -> None:
    """What was sent with the first account waits while the second is signed in, and is no failure."""
    world = workshop.sandbox.world
    fast = world.workflows[FAST_ID]
    world.add_workflow(replace(fast, id="another-fast", organization=FOREIGN_ORGANIZATION_ID))
    world.script("held.jpg", ("CREATED", ("IN_QA", None), "COMPLETED"))
    workshop.drop("held.jpg", seed=1)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: workshop.state_of("held.jpg") is State.IN_QA)
        sign_in_with(workshop, FOREIGN_ORGANIZATION_ID, "the other account's")
        await daemon.retry(None)
        workshop.drop("other.jpg", seed=2)
        await workshop.until_delivered(1)
        await daemon.retry(None)  # asked about at once, not in a minute
        await workshop.until(lambda: "another account" in workshop.image("held.jpg").reason)
        assert workshop.state_of("held.jpg") is State.IN_QA
        sign_in_with(workshop, ORGANIZATION_ID, "the first account's")
        world.release()
        await daemon.retry(None)
        workshop.drop("third.jpg", seed=3)
        await workshop.until(lambda: workshop.state_of("third.jpg") is State.DELIVERED)
        await daemon.retry(None)
        await workshop.until_delivered(3)
    assert executions(workshop) == 3


# --- numbers of any size ------------------------------------------------------------------------------


@pytest.mark.parametrize("existing", ["process", "skip"])
async def test_a_file_from_the_far_future_is_sent_like_any_other(workshop: Workshop, existing: str) -> None:
    """A camera whose clock is wrong: its nanoseconds are more than SQLite's numbers hold."""
    year_2400_s = 13_569_465_600
    workshop.folders[0]["existing"] = existing
    os.utime(workshop.drop("before.jpg", seed=1), (year_2400_s, year_2400_s))
    assert (await workshop.once()).exit_code is ExitCode.DONE
    os.utime(workshop.drop("later.jpg", seed=2), (year_2400_s, year_2400_s))
    assert (await workshop.once()).exit_code is ExitCode.DONE
    sent = ["before.jpg", "later.jpg"] if existing == "process" else ["later.jpg"]
    assert sorted(workshop.results()) == sent
