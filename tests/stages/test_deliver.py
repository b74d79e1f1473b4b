"""Deliver: checked, put in place, and only then said (I3)."""

from __future__ import annotations

import pytest

from hotfolder import errors
from hotfolder.core.image import State
from hotfolder.stages.deliver import NAMES_TRIED, deliver_result
from tests.fakes import (
    NOW,
    RESULT,
    TARGET,
    Diary,
    FakeService,
    MemoryResults,
    PlainProgress,
    an_image,
    hash_of,
)

PLACE = "/image/somewhere/boot.png"


class Journey:
    """One finished image, and everything that happens around it in one diary."""

    def __init__(self, **changes: object) -> None:
        facts: dict[str, object] = {
            "service_path": PLACE,
            "result_hash": hash_of(RESULT),
            "result_type": "image/png",
            "result_name": "boot.png",
        }
        self.diary = Diary()
        self.service = FakeService(self.diary, results={PLACE: RESULT})
        self.results = MemoryResults(self.diary)
        self.progress = PlainProgress(an_image(State.FINISHED, **{**facts, **changes}), self.diary)

    async def deliver(self) -> None:
        await deliver_result(self.progress, TARGET, self.service, self.results, lambda: NOW)


@pytest.fixture
def journey() -> Journey:
    return Journey()


async def test_a_result_is_in_its_place_before_it_is_called_delivered(journey: Journey) -> None:
    await journey.deliver()
    assert journey.diary.lines == ["download", "claim", "place", "Delivered"]
    assert journey.results.files == {"Boots 224/boot.png": RESULT}
    image = journey.progress.image
    assert (image.state, image.result_path, image.delivered_at) == (
        State.DELIVERED,
        "Boots 224/boot.png",
        NOW,
    )


async def test_the_extension_follows_the_results_content_type() -> None:
    journey = Journey(result_type="image/tiff", result_name="boot.png")
    await journey.deliver()
    assert list(journey.results.files) == ["Boots 224/boot.tif"]


async def test_a_result_with_another_hash_than_promised_is_never_placed() -> None:
    journey = Journey(result_hash=hash_of(b"what was promised"))
    with pytest.raises(errors.ResultDamaged, match="hash"):
        await journey.deliver()
    assert journey.diary.lines == ["download"]
    assert journey.results.files == {}


@pytest.mark.parametrize("promised", [None, hash_of(b"")])
async def test_an_empty_result_is_never_placed(promised: str | None) -> None:
    journey = Journey(result_hash=promised)
    journey.service.results[PLACE] = b""
    with pytest.raises(errors.ResultDamaged, match="empty"):
        await journey.deliver()
    assert journey.results.files == {}


async def test_without_a_promised_hash_the_bytes_own_is_kept() -> None:
    """By it the file is known as ours later, when a new version replaces it."""
    journey = Journey(result_hash=None)
    await journey.deliver()
    assert journey.progress.image.result_hash == hash_of(RESULT)


async def test_a_result_that_was_in_place_before_a_crash_is_only_said() -> None:
    journey = Journey(result_path="Boots 224/boot.png")
    journey.results.files["Boots 224/boot.png"] = RESULT
    await journey.deliver()
    assert journey.diary.lines == ["Delivered"]
    assert journey.progress.image.result_path == "Boots 224/boot.png"


async def test_another_file_under_the_claimed_name_is_not_taken_for_the_result() -> None:
    journey = Journey(result_path="Boots 224/boot.png")
    journey.results.files["Boots 224/boot.png"] = b"somebody's own"
    await journey.deliver()
    assert journey.diary.lines == ["download", "claim", "place", "Delivered"]


async def test_a_name_that_was_taken_in_the_last_moment_is_chosen_anew(journey: Journey) -> None:
    journey.results.intruders = 2
    await journey.deliver()
    assert journey.results.files == {"Boots 224/boot (3).png": RESULT}
    assert journey.diary.lines.count("download") == 1
    assert journey.progress.image.result_path == "Boots 224/boot (3).png"


async def test_names_that_are_always_taken_are_a_persons_matter(journey: Journey) -> None:
    journey.results.intruders = NAMES_TRIED
    with pytest.raises(errors.FolderUnwritable, match="keep appearing"):
        await journey.deliver()
    assert journey.progress.events == []


@pytest.mark.parametrize("step", ["claim", "place"])
async def test_an_out_folder_in_trouble_keeps_the_image_finished(journey: Journey, step: str) -> None:
    journey.results.trouble[step] = errors.FolderUnwritable("Full.")
    with pytest.raises(errors.FolderUnwritable):
        await journey.deliver()
    assert journey.progress.image.state is State.FINISHED
    assert journey.progress.events == []


@pytest.mark.parametrize("kind", [errors.ServiceAway, errors.ResultDamaged, errors.SignInNeeded])
async def test_a_download_that_failed_places_nothing(
    journey: Journey, kind: type[errors.HotfolderError]
) -> None:
    journey.service.trouble["download"] = kind("Trouble.")
    with pytest.raises(kind):
        await journey.deliver()
    assert journey.diary.lines == ["download"]


@pytest.mark.parametrize("trouble", [None, "download", "claim", "place"])
async def test_the_parcel_is_closed_whatever_happens(journey: Journey, trouble: str | None) -> None:
    if trouble == "download":
        journey.service.trouble["download"] = errors.ServiceAway("Away.")
    elif trouble is not None:
        journey.results.trouble[trouble] = errors.FolderUnwritable("Full.")
    try:
        await journey.deliver()
    except errors.HotfolderError:
        assert trouble is not None
    assert [parcel.closed for parcel in journey.results.parcels] == [True]


async def test_a_claim_is_remembered_when_something_goes_wrong_behind_it(journey: Journey) -> None:
    """Put off later, the image must not lose the name under which its file may stand already."""
    journey.results.trouble["place"] = errors.FolderUnwritable("Full.")
    with pytest.raises(errors.FolderUnwritable):
        await journey.deliver()
    assert journey.progress.image.result_path == "Boots 224/boot.png"


# --- without a download -------------------------------------------------------------------------------


async def test_a_result_that_stands_there_already_is_not_downloaded() -> None:
    """Its ledger was lost, or it was put there from another home."""
    journey = Journey()
    journey.results.files["Boots 224/boot.png"] = RESULT
    await journey.deliver()
    assert journey.diary.lines == ["Delivered"]
    assert journey.progress.image.result_path == "Boots 224/boot.png"


async def test_what_could_not_be_placed_is_kept_and_not_downloaded_again(journey: Journey) -> None:
    journey.results.trouble["place"] = errors.FolderUnwritable("Full.")
    for _ in range(3):
        with pytest.raises(errors.FolderUnwritable):
            await journey.deliver()
    journey.results.trouble.clear()
    await journey.deliver()
    assert journey.diary.lines.count("download") == 1
    assert list(journey.results.files.values()) == [RESULT]
    assert journey.results.kept == {}, "and let go when it has its place"


@pytest.mark.parametrize(
    "trouble", [errors.FolderUnwritable("x"), errors.ResultInUse("x"), RuntimeError("a bug")]
)
async def test_whatever_keeps_a_result_from_its_place_its_bytes_are_kept(
    journey: Journey, trouble: Exception
) -> None:
    journey.results.trouble["claim"] = trouble  # type: ignore[assignment]
    with pytest.raises(type(trouble)):
        await journey.deliver()
    assert journey.results.kept == {"image-1": RESULT}


async def test_a_damaged_download_is_not_kept() -> None:
    journey = Journey(result_hash=hash_of(b"what was promised"))
    with pytest.raises(errors.ResultDamaged):
        await journey.deliver()
    assert journey.results.kept == {}
