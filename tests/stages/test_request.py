"""Request: the intent before the effect, and the look-up where the effect is unknown (I2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from hotfolder import errors
from hotfolder.core.image import Image, State
from hotfolder.core.life import AnswerMissing, ExecutionKnown, NotCreated, NotListed, PutOff, RequestIntended
from hotfolder.core.lookup import CLOCK_SLACK_S
from hotfolder.core.timing import LOOKS_BEFORE_CREATING_AGAIN
from hotfolder.ports import IMAGE_LABEL, SETTINGS_LABEL, Execution, ExecutionPage, ExecutionRequest
from hotfolder.stages.request import Intents, Moment, look_up_executions, request_execution
from tests.fakes import (
    NOW,
    TARGET,
    Diary,
    FakePurse,
    FakeService,
    FakeSources,
    PlainProgress,
    an_image,
    pages_of,
)

MOMENT = Moment(NOW, 0.5, 30.0)
REQUEST = ExecutionRequest(
    target=TARGET,
    name="boot.jpg",
    content_hash=an_image().content_hash,
    content_type="image/jpeg",
    labels={IMAGE_LABEL: "image-1", SETTINGS_LABEL: "none"},
)


class Journey:
    """One uploaded image, and everything that happens around it in one diary."""

    def __init__(self) -> None:
        self.diary = Diary()
        self.service = FakeService(self.diary)
        self.sources = FakeSources(self.diary)
        self.purse = FakePurse(self.diary)
        self.progress = PlainProgress(an_image(State.UPLOADED), self.diary)
        self.is_new = True

    async def request(self) -> None:
        service, sources, purse = self.service, self.sources, self.purse
        await request_execution(self.progress, REQUEST, service, sources, purse, MOMENT, self.intend)

    async def intend(self, intent: RequestIntended) -> bool:
        """As the ledger does: only while nobody else has asked for these bytes."""
        if self.is_new:
            await self.progress.record(intent)
        return self.is_new


@pytest.fixture
def journey() -> Journey:
    return Journey()


# --- create ---------------------------------------------------------------------------------------


async def test_the_intent_is_recorded_before_the_request_goes_out(journey: Journey) -> None:
    await journey.request()
    assert journey.diary.lines == ["is_unchanged", "reserve", "RequestIntended", "create", "ExecutionKnown"]
    assert journey.progress.image.state is State.PROCESSING
    assert journey.progress.image.execution_id == "execution-1"
    assert journey.service.requests == [REQUEST]


@pytest.mark.parametrize(
    ("services", "intended_at"), [(NOW - 86400, NOW - 86400), (NOW + 86400, NOW), (None, None)]
)
async def test_the_intent_is_dated_by_the_earlier_of_both_clocks(
    journey: Journey, services: float | None, intended_at: float | None
) -> None:
    journey.service.clock = services
    await journey.request()
    assert journey.progress.events[0] == intended(intended_at)


def intended(requested_at: float | None) -> RequestIntended:
    return RequestIntended(
        requested_at=requested_at, organization_id="org-1", workflow_id="flow-1", settings_digest="none"
    )


async def test_a_picture_that_was_paid_for_meanwhile_is_not_created_and_its_price_is_given_back(
    journey: Journey,
) -> None:
    journey.is_new = False
    await journey.request()
    assert journey.diary.lines == ["is_unchanged", "reserve", "give_back"]
    assert journey.progress.image.state is State.UPLOADED


async def test_a_file_that_was_changed_is_not_paid_for(journey: Journey) -> None:
    journey.sources.unchanged = False
    with pytest.raises(errors.SourceChanged):
        await journey.request()
    assert journey.diary.lines == ["is_unchanged"]


@pytest.mark.parametrize("kind", [errors.SourceVanished, errors.FolderAway])
async def test_a_file_that_is_gone_is_not_paid_for(
    journey: Journey, kind: type[errors.HotfolderError]
) -> None:
    journey.sources.trouble = kind("Gone.")
    with pytest.raises(kind):
        await journey.request()
    assert journey.progress.events == []


async def test_without_credits_nothing_is_intended(journey: Journey) -> None:
    journey.purse.trouble = errors.OutOfCredits("Out of credits.")
    with pytest.raises(errors.OutOfCredits):
        await journey.request()
    assert journey.diary.lines == ["is_unchanged", "reserve"]


async def test_while_it_is_found_out_whether_it_is_paid_for_nothing_is_intended(journey: Journey) -> None:
    journey.purse.is_trying = True
    await journey.request()
    assert journey.diary.lines == ["is_unchanged", "reserve", "PutOff"]
    assert journey.progress.image.state is State.UPLOADED
    assert journey.progress.image.wake_at == NOW + MOMENT.listing_lag_s


async def test_a_lost_answer_leaves_the_request_unknown_until_a_look_up(journey: Journey) -> None:
    journey.service.trouble["create"] = errors.AnswerLost("No clear answer.")
    with pytest.raises(errors.AnswerLost):
        await journey.request()
    image = journey.progress.image
    assert (image.state, image.reason) == (State.REQUESTED, "No clear answer.")
    assert NOW < image.wake_at <= NOW + MOMENT.listing_lag_s
    assert isinstance(journey.progress.events[-1], AnswerMissing)
    assert "give_back" not in journey.diary.lines, "it may have been charged"


@pytest.mark.parametrize(
    "kind",
    [
        errors.ServiceAway,
        errors.TooManyRequests,
        errors.ImageRejected,
        errors.SignInNeeded,
        errors.OutOfCredits,
        errors.WorkflowUnavailable,
    ],
)
async def test_a_refusal_certainly_created_nothing(
    journey: Journey, kind: type[errors.HotfolderError]
) -> None:
    journey.service.trouble["create"] = kind("Refused.")
    with pytest.raises(kind):
        await journey.request()
    assert journey.diary.lines[-2:] == ["give_back", "NotCreated"]
    assert journey.progress.image.state is State.UPLOADED
    assert journey.purse.credits == 1000


async def test_bytes_that_the_service_has_lost_are_uploaded_again(journey: Journey) -> None:
    journey.service.trouble["create"] = errors.ImageNotOnService("No such image.")
    with pytest.raises(errors.TemporaryError):
        await journey.request()
    assert journey.progress.image.state is State.QUEUED
    assert journey.purse.credits == 1000


async def test_a_bug_while_creating_leaves_the_request_unknown(journey: Journey) -> None:
    """Whatever it was, money may have been spent."""
    journey.service.trouble["create"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await journey.request()
    assert journey.progress.image.state is State.REQUESTED


async def test_nothing_is_sent_when_the_intent_cannot_be_stored(journey: Journey) -> None:
    class FullLedger(PlainProgress):
        async def record(self, event: object) -> None:
            raise errors.LedgerUnusable("The disk is full.")

    journey.progress = FullLedger(an_image(State.UPLOADED), journey.diary)
    with pytest.raises(errors.LedgerUnusable):
        await journey.request()
    assert "create" not in journey.diary.lines


# --- look up --------------------------------------------------------------------------------------


def listed(n: int, label: str | None = None, created_at: float | None = NOW) -> Execution:
    labels = {IMAGE_LABEL: label} if label else {}
    return Execution(id=f"execution-{n}", status="ACTIVE", created_at=created_at, labels=labels)


def requested(n: int = 1, **changes: object) -> PlainProgress:
    facts = {"id": f"image-{n}", "requested_at": NOW}
    return PlainProgress(an_image(State.REQUESTED, **{**facts, **changes}))


KNOWN: dict[str, float] = {}
"""When the images of these ids were intended, beside the group."""


def intents_of(known: dict[str, float]) -> Intents:
    async def intents(ids: Collection[str]) -> dict[str, float]:
        return {image_id: known[image_id] for image_id in ids if image_id in known}

    return intents


async def look_up(service: FakeService, *group: PlainProgress) -> list[Image]:
    await look_up_executions(group, TARGET, service, MOMENT, intents_of(KNOWN))
    return [progress.image for progress in group]


async def test_an_execution_that_was_created_is_found_by_its_label() -> None:
    service = FakeService(pages=pages_of([listed(5, "image-5"), listed(7, "image-1"), listed(8)]))
    (image,) = await look_up(service, requested())
    assert (image.state, image.execution_id) == (State.PROCESSING, "execution-7")


async def test_one_look_answers_for_a_whole_group() -> None:
    service = FakeService(pages=pages_of([listed(n, f"image-{n}") for n in range(30)]))
    images = await look_up(service, *(requested(n) for n in range(30)))
    assert [i.execution_id for i in images] == [f"execution-{n}" for n in range(30)]
    assert service.diary.lines == ["executions"]


async def test_in_a_group_each_gets_its_own_answer() -> None:
    service = FakeService(pages=pages_of([listed(1, "image-1")]))
    found, missing = await look_up(service, requested(1), requested(2))
    assert (found.state, missing.state, missing.looks) == (State.PROCESSING, State.REQUESTED, 1)


async def test_one_that_is_not_listed_is_looked_for_again_and_not_created() -> None:
    progress = requested()
    await look_up(FakeService(pages=pages_of([])), progress)
    assert progress.image.state is State.REQUESTED
    assert progress.events == [NotListed(looks=1, wake_at=NOW + 1.5)]


async def test_only_after_all_looks_it_is_certain_that_none_was_created() -> None:
    progress = requested()
    states = []
    for _ in range(LOOKS_BEFORE_CREATING_AGAIN):
        (image,) = await look_up(FakeService(pages=pages_of([])), progress)
        states.append(image.state)
    assert states == [State.REQUESTED] * 4 + [State.UPLOADED]
    assert isinstance(progress.events[-1], NotCreated)


async def test_a_list_that_cannot_be_seen_whole_proves_nothing() -> None:
    """It names a total that its pages never reach."""
    ten = [listed(n) for n in range(10)]
    service = FakeService(pages=lambda offset: ExecutionPage(ten if offset < 1000 else [], 1000))
    progress = requested(looks=LOOKS_BEFORE_CREATING_AGAIN)
    await look_up(service, progress)
    assert isinstance(progress.events[0], PutOff)
    assert (progress.image.state, progress.image.looks) == (State.REQUESTED, LOOKS_BEFORE_CREATING_AGAIN)


async def test_a_look_that_fails_halfway_records_nothing() -> None:
    def pages(offset: int) -> ExecutionPage:
        if offset:
            raise errors.ServiceAway("Gone.")
        return ExecutionPage([listed(n, created_at=None) for n in range(50)], 120)

    progress = requested()
    with pytest.raises(errors.ServiceAway):
        await look_up(FakeService(pages=pages), progress)
    assert progress.events == []


def history(number: int, before: float = NOW) -> list[Execution]:
    return [listed(n, f"other-{n}", before - 3600.0 * n) for n in range(1, number)]


async def test_a_long_history_is_not_read_to_its_end() -> None:
    service = FakeService(pages=pages_of(history(5000)))
    (image,) = await look_up(service, requested())
    assert image.looks == 1
    assert service.diary.lines == ["executions"]


async def test_the_earliest_request_of_a_group_decides_how_far_is_read() -> None:
    early = requested(1, requested_at=NOW - 100 * 3600.0)
    entries = [*history(90), listed(1000, "image-1", NOW - 95 * 3600.0), *history(500, NOW - 96 * 3600.0)]
    (image, _) = await look_up(FakeService(pages=pages_of(entries)), early, requested(2))
    assert image.execution_id == "execution-1000"


async def test_without_a_comparable_time_everything_is_read() -> None:
    service = FakeService(pages=pages_of(history(200)), clock=NOW)
    await look_up(service, requested(), requested(2, requested_at=None))
    assert len(service.diary.lines) == 4


async def test_a_service_whose_list_is_dated_a_little_earlier_is_searched_far_enough() -> None:
    ours = listed(1000, "image-1", NOW - CLOCK_SLACK_S + 1)
    newer = [replace(listed(n), created_at=NOW - 10 * n) for n in range(200)]
    (image,) = await look_up(FakeService(pages=pages_of([*newer, ours, *history(300)])), requested())
    assert image.execution_id == "execution-1000"


async def test_a_list_whose_clock_is_seen_to_be_hours_behind_is_searched_that_much_further() -> None:
    """Another image of ours stands on the first page, three hours before it was asked for."""
    behind = NOW - 3 * 3600.0
    strangers = [replace(listed(n), created_at=behind - n) for n in range(200)]
    known = listed(500, "image-5", behind)
    ours = listed(1000, "image-1", behind - 201)
    service = FakeService(pages=pages_of([known, *strangers, ours, *history(300, behind - 300)]))
    progress = requested()
    await look_up_executions([progress], TARGET, service, MOMENT, intents_of({"image-5": NOW - 5}))
    assert progress.image.execution_id == "execution-1000"


async def test_what_was_found_is_not_looked_up_again() -> None:
    progress = requested()
    await look_up(FakeService(pages=pages_of([listed(1, "image-1")])), progress)
    assert progress.events == [ExecutionKnown(execution_id="execution-1")]
