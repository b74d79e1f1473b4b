"""Upload: the service gets the bytes that were hashed, and only then is it said."""

from __future__ import annotations

import pytest

from hotfolder import errors
from hotfolder.core.image import State
from hotfolder.stages.upload import upload_image
from tests.fakes import CONTENT, TARGET, Diary, FakeService, FakeSources, PlainProgress, an_image, hash_of


class Journey:
    """One image, and everything that happens around it in one diary."""

    def __init__(self) -> None:
        self.diary = Diary()
        self.service = FakeService(self.diary)
        self.sources = FakeSources(self.diary)
        self.progress = PlainProgress(an_image(), self.diary)

    async def upload(self) -> None:
        await upload_image(self.progress, TARGET, self.service, self.sources)


@pytest.fixture
def journey() -> Journey:
    return Journey()


async def test_the_bytes_that_were_hashed_go_up_and_only_then_it_is_said(journey: Journey) -> None:
    await journey.upload()
    assert journey.diary.lines == ["open_exact", "has_image", "upload", "Uploaded"]
    assert journey.service.uploaded == {hash_of(CONTENT)}
    assert journey.progress.image.state is State.UPLOADED


async def test_bytes_that_the_service_has_are_not_sent_again(journey: Journey) -> None:
    journey.service.uploaded.add(hash_of(CONTENT))
    await journey.upload()
    assert journey.diary.lines == ["open_exact", "has_image", "Uploaded"]


async def test_a_file_that_changed_is_noticed_even_when_the_service_has_the_old_bytes(
    journey: Journey,
) -> None:
    journey.service.uploaded.add(hash_of(CONTENT))
    journey.sources.trouble = errors.SourceChanged("boot.jpg was changed.")
    with pytest.raises(errors.SourceChanged):
        await journey.upload()
    assert journey.diary.lines == ["open_exact"]


@pytest.mark.parametrize(
    "kind", [errors.SourceChanged, errors.SourceVanished, errors.FolderAway, errors.UnreadableImage]
)
async def test_a_source_in_trouble_is_not_sent(journey: Journey, kind: type[errors.HotfolderError]) -> None:
    journey.sources.trouble = kind("Trouble.")
    with pytest.raises(kind):
        await journey.upload()
    assert "upload" not in journey.diary.lines
    assert journey.progress.events == []


@pytest.mark.parametrize("call", ["has_image", "upload"])
@pytest.mark.parametrize(
    "kind", [errors.ServiceAway, errors.TooManyRequests, errors.SignInNeeded, errors.ImageRejected]
)
async def test_trouble_of_the_service_is_passed_on_and_nothing_is_recorded(
    journey: Journey, call: str, kind: type[errors.HotfolderError]
) -> None:
    journey.service.trouble[call] = kind("Trouble.")
    with pytest.raises(kind):
        await journey.upload()
    assert journey.progress.events == []
    assert journey.sources.opened[0].closed


async def test_other_bytes_than_were_sent_are_sent_again(journey: Journey) -> None:
    journey.service.received_hash = hash_of(b"mangled on the way")
    with pytest.raises(errors.ServiceAway, match="other bytes"):
        await journey.upload()
    assert journey.progress.image.state is State.QUEUED


async def test_the_private_copy_is_closed(journey: Journey) -> None:
    await journey.upload()
    assert [source.closed for source in journey.sources.opened] == [True]
