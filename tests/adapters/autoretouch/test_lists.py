"""What the service has: organizations, workflows, executions, the balance, the time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.errors import ImageRejected, ServiceAway, TooManyRequests, WorkflowUnavailable
from hotfolder.ports import IMAGE_LABEL, Organization
from hotfolder.sandbox import FAST_ID, ORGANIZATION_ID, ORGANIZATION_NAME, Sandbox, Workflow
from tests.adapters.autoretouch.tools import Heard, Picture, parrot_service, reply


async def test_organizations_come_with_id_and_name(service: AutoRetouch) -> None:
    assert Organization(ORGANIZATION_ID, ORGANIZATION_NAME) in await service.organizations()


async def test_workflows_come_with_their_price(service: AutoRetouch) -> None:
    prices = {workflow.name: workflow.price for workflow in await service.workflows(ORGANIZATION_ID)}
    assert prices["Packshot"] == 10


def _workflow(number: int) -> Workflow:
    return Workflow(id=f"w{number}", name=f"Workflow {number}", version="1", price=1)


@pytest.mark.parametrize("limit", [50, 7, 1])
async def test_all_pages_are_read_even_if_the_service_makes_them_shorter(
    sandbox: Sandbox, service: AutoRetouch, limit: int
) -> None:
    sandbox.world.switches.listing_limit = limit
    for number in range(60):
        sandbox.world.add_workflow(_workflow(number))
    assert len(await service.workflows(ORGANIZATION_ID)) == 64


async def test_without_a_total_pages_are_read_until_one_is_empty() -> None:
    everything = [{"id": f"w{number}"} for number in range(120)]

    def say(heard: Heard) -> bytes:
        offset = int(heard.path.rsplit("offset=", 1)[1])
        return reply(json.dumps({"entries": everything[offset : offset + 50]}))

    async with parrot_service(say) as (service, _):
        assert len(await service.workflows("o")) == 120


async def test_a_list_that_never_ends_is_left(service: AutoRetouch) -> None:
    same = reply(json.dumps({"entries": [{"id": "w", "name": None, "executionPrice": "12"}]}))
    async with parrot_service(lambda _: same) as (service, parrot):
        (workflow,) = await service.workflows("o")
    assert (workflow.name, workflow.price, workflow.version) == ("w", 12, None)
    assert len(parrot.heard) == 2


async def test_an_entry_without_an_id_is_left_out_of_what_a_person_chooses_from() -> None:
    page = reply(json.dumps({"entries": [{"name": "x"}, 5, None, {"id": "w", "extra": 1}], "total": 4}))
    async with parrot_service(lambda _: page) as (service, _):
        assert [workflow.id for workflow in await service.workflows("o")] == ["w"]


@pytest.mark.parametrize("text", ["57", " 57\n", "57.0", '"57"', '{"balance": 57}', '{"balance": "57"}'])
async def test_the_balance_may_be_written_in_several_ways(text: str) -> None:
    async with parrot_service(lambda _: reply(text)) as (service, _):
        assert await service.balance("o") == 57


@pytest.mark.parametrize(
    "text", ["", "<html>", "null", "true", "[]", "{}", "5.5", "NaN", "1e999", "[" * 100_000]
)
async def test_a_balance_that_is_none_is_nonsense(text: str) -> None:
    async with parrot_service(lambda _: reply(text)) as (service, _):
        with pytest.raises(ServiceAway, match="nonsense"):
            await service.balance("o")


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_refused_list_is_the_hot_folders_trouble(
    sandbox: Sandbox, service: AutoRetouch, status: int
) -> None:
    sandbox.faults.add("list", "status", status=status)
    with pytest.raises(WorkflowUnavailable):
        await service.executions(ORGANIZATION_ID, FAST_ID, 0)


async def test_executions_come_with_labels_and_times(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture
) -> None:
    await service.upload(picture.upload())
    execution_id = await service.create(picture.request())
    (execution,) = (await service.executions(ORGANIZATION_ID, FAST_ID, 0)).entries
    assert execution == await service.execution(ORGANIZATION_ID, execution_id)
    assert execution.status == "COMPLETED"
    assert execution.labels[IMAGE_LABEL] == "image-1"
    assert execution.credits == 1
    assert execution.result_path == f"/image/{execution.result_hash}/boot.jpg"
    now = service.now()
    assert now is not None
    assert execution.created_at == pytest.approx(now, abs=60)


async def test_a_page_tells_the_total_and_may_start_anywhere(sandbox: Sandbox, service: AutoRetouch) -> None:
    sandbox.world.seed_history(FAST_ID, 120)
    first = await service.executions(ORGANIZATION_ID, FAST_ID, 0)
    last = await service.executions(ORGANIZATION_ID, FAST_ID, 100)
    assert (len(first.entries), first.total, len(last.entries)) == (50, 120, 20)


async def test_an_unknown_execution_is_none(service: AutoRetouch) -> None:
    assert await service.execution(ORGANIZATION_ID, "no-such-execution") is None


async def test_a_refused_execution_is_that_images_trouble(sandbox: Sandbox, service: AutoRetouch) -> None:
    sandbox.faults.add("details", "status", status=400)
    with pytest.raises(ImageRejected):
        await service.execution(ORGANIZATION_ID, "e")


@pytest.mark.parametrize("effect", ["drop", "close", "cut", "garbage", "empty", "truncate"])
async def test_a_damaged_list_never_comes_through(
    sandbox: Sandbox, service: AutoRetouch, effect: str
) -> None:
    sandbox.world.seed_history(FAST_ID, 3)
    sandbox.faults.add("list", effect)  # type: ignore[arg-type]
    with pytest.raises(ServiceAway):
        await service.executions(ORGANIZATION_ID, FAST_ID, 0)


GOOD = {"id": "e1", "status": "CREATED", "labels": {IMAGE_LABEL: "i"}}


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "text",
        {},
        {"id": "e2"},
        {"status": "CREATED"},
        {**GOOD, "id": 5},
        {**GOOD, "id": "two words"},
        {**GOOD, "status": " "},
        {**GOOD, "labels": "i"},
        {**GOOD, "labels": [IMAGE_LABEL]},
    ],
)
async def test_a_list_with_a_hole_never_comes_through(entry: Any) -> None:
    page = reply(json.dumps({"entries": [GOOD, entry], "total": 2}))
    async with parrot_service(lambda _: page) as (service, _):
        with pytest.raises(ServiceAway, match="nonsense"):
            await service.executions("o", "w", 0)


@pytest.mark.parametrize("body", ["[]", "{}", '{"entries": null}', '{"entries": {}}', "\xff", "nope"])
async def test_what_is_no_list_is_nonsense(body: str) -> None:
    async with parrot_service(lambda _: reply(body.encode("latin-1"))) as (service, _):
        with pytest.raises(ServiceAway, match="nonsense"):
            await service.executions("o", "w", 0)


async def test_a_total_that_makes_no_sense_is_none() -> None:
    totals = ["-1", '"many"', "true", "null"]
    pages = iter([reply(f'{{"entries": [], "total": {total}}}') for total in totals])
    async with parrot_service(lambda _: next(pages)) as (service, _):
        for _ in totals:
            assert (await service.executions("o", "w", 0)).total is None


async def test_an_id_is_quoted_in_the_path() -> None:
    async with parrot_service(lambda _: reply("", 404)) as (service, parrot):
        await service.execution("o&x", "a/b?c#d%20")
    (heard,) = parrot.heard
    assert heard.path == "/v1/workflow/execution/a%2Fb%3Fc%23d%2520?organization=o%26x"


class Clock:
    def __init__(self) -> None:
        self.at = 500.0

    def __call__(self) -> float:
        return self.at


async def test_the_services_clock_goes_on_between_its_answers(sandbox: Sandbox, tokens: MemoryTokens) -> None:
    clock = Clock()
    async with AutoRetouch(sandbox.url, sandbox.url, tokens, monotonic=clock) as service:
        assert service.now() is None
        await service.balance(ORGANIZATION_ID)
        told = service.now()
        clock.at += 90
        assert told is not None
        assert service.now() == told + 90


async def test_a_date_nobody_can_read_leaves_the_clock_alone() -> None:
    dates = iter(["Date: Tue, 24 Nov 2026 12:00:00 GMT", "Date: yesterday"])
    async with parrot_service(lambda _: reply("7", 200, next(dates))) as (service, _):
        await service.balance("o")
        await service.balance("o")
        now = service.now()
    assert now == pytest.approx(1_795_521_600, abs=60)


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("status", [429, 503])
async def test_the_wish_to_be_left_alone_for_a_while_is_told_in_seconds(
    sandbox: Sandbox, service: AutoRetouch, as_date: bool, status: int
) -> None:
    sandbox.faults.add("balance", "status", status=status, retry_after=30, retry_after_as_date=as_date)
    with pytest.raises((TooManyRequests, ServiceAway)) as caught:
        await service.balance(ORGANIZATION_ID)
    assert caught.value.retry_after_s == pytest.approx(30, abs=2)


async def test_a_date_to_wait_for_counts_from_the_services_own_clock() -> None:
    headers = ("Date: Tue, 24 Nov 2009 12:00:00 GMT", "Retry-After: Tue, 24 Nov 2009 12:01:30 GMT")
    async with parrot_service(lambda _: reply("", 429, *headers)) as (service, _):
        with pytest.raises(TooManyRequests) as caught:
            await service.balance("o")
    assert caught.value.retry_after_s == 90


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("-5", None), ("soon", None), ("inf", None), ("", None), ("0", 0), ("99999999", 86_400)],
)
async def test_a_wish_that_makes_no_sense_is_none(value: str, seconds: float | None) -> None:
    async with parrot_service(lambda _: reply("", 429, f"Retry-After: {value}")) as (service, _):
        with pytest.raises(TooManyRequests) as caught:
            await service.balance("o")
    assert caught.value.retry_after_s == seconds
