"""create and retry: one call is one charge, and what became of it is never guessed (I2)."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from hotfolder.adapters.autoretouch import AutoRetouch, Timeouts
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.errors import (
    AnswerLost,
    HotfolderError,
    ImageNotOnService,
    ImageRejected,
    OutOfCredits,
    ServiceAway,
    SignInNeeded,
    TooManyRequests,
    WorkflowUnavailable,
)
from hotfolder.ports import IMAGE_LABEL
from hotfolder.sandbox import FAST_ID, ORGANIZATION_ID, Sandbox
from tests.adapters.autoretouch.tools import Picture, parrot_service, reply


@pytest.fixture
async def uploaded(service: AutoRetouch, picture: Picture) -> Picture:
    await service.upload(picture.upload())
    return picture


async def failed_execution(sandbox: Sandbox, service: AutoRetouch, picture: Picture) -> str:
    sandbox.world.script(picture.name, "FAILED", "COMPLETED")
    execution_id = await service.create(picture.request())
    assert sandbox.world.status_of(execution_id) == "FAILED"
    return execution_id


async def test_create_starts_one_execution_with_its_labels(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    execution_id = await service.create(uploaded.request())
    (execution,) = sandbox.world.executions
    assert execution.id == execution_id
    assert execution.labels == {IMAGE_LABEL: "image-1"}
    assert execution.input_name == "boot.jpg"


async def test_create_passes_settings_webhooks_and_version_on(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    request = uploaded.request(version="v7")
    request = dataclasses.replace(request, settings={"margin": {"top": 5}}, webhooks=("https://studio/hook",))
    await service.create(request)
    (execution,) = sandbox.world.executions
    assert execution.settings == {"margin": {"top": 5}}
    assert list(execution.webhooks) == ["https://studio/hook"]
    (call,) = sandbox.world.calls_to("create")
    assert call.query == {"workflow": FAST_ID, "version": "v7", "organization": ORGANIZATION_ID}


async def test_create_says_nothing_about_what_was_not_asked_for(picture: Picture) -> None:
    async with parrot_service(lambda _: reply("execution-1", 201)) as (service, parrot):
        await service.create(picture.request())
    (heard,) = parrot.heard
    assert json.loads(heard.body) == {
        "image": {"name": "boot.jpg", "contentHash": picture.hash, "contentType": "image/jpeg"},
        "labels": {IMAGE_LABEL: "image-1"},
        "settings": {},
    }
    assert "version" not in heard.path


async def test_a_name_that_is_no_unicode_is_sent_readably(picture: Picture) -> None:
    request = dataclasses.replace(picture.request(), name="b\udcf6t.jpg", labels={"batch": "caf\udce9"})
    async with parrot_service(lambda _: reply("execution-1", 201)) as (service, parrot):
        await service.create(request)
    body = json.loads(parrot.heard[0].body)
    assert (body["image"]["name"], body["labels"]["batch"]) == ("b?t.jpg", "caf?")


@pytest.mark.parametrize("text", ["abc-1", " abc-1\n", '"abc-1"'])
async def test_the_id_may_come_plain_or_quoted(picture: Picture, text: str) -> None:
    async with parrot_service(lambda _: reply(text, 200)) as (service, _):
        assert await service.create(picture.request()) == "abc-1"


@pytest.mark.parametrize(
    "text",
    ["", "two words", "<html>hello</html>", '{"id":"abc"}', "a" * 201, '"broken', "null\x00", "../x", '""'],
)
async def test_an_unusable_id_is_a_lost_answer(picture: Picture, text: str) -> None:
    async with parrot_service(lambda _: reply(text, 201)) as (service, _):
        with pytest.raises(AnswerLost):
            await service.create(picture.request())


@pytest.mark.parametrize("effect", ["drop", "close", "cut", "garbage", "empty", "truncate"])
async def test_an_answer_lost_after_the_charge_is_a_lost_answer_and_not_repeated(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture, effect: str
) -> None:
    sandbox.faults.add("create", effect, when="after")  # type: ignore[arg-type]
    with pytest.raises(AnswerLost):
        await service.create(uploaded.request())
    assert len(sandbox.world.executions) == 1
    assert sandbox.world.count_calls("create") == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 302, 307, 408])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_status_that_tells_nothing_is_a_lost_answer_and_not_repeated(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture, status: int, when: str
) -> None:
    sandbox.faults.add("create", "status", status=status, when=when, retry_after=11)
    with pytest.raises(AnswerLost) as caught:
        await service.create(uploaded.request())
    assert caught.value.retry_after_s == 11
    assert sandbox.world.count_calls("create") == 1


async def test_an_answer_that_takes_too_long_is_a_lost_answer(
    sandbox: Sandbox, tokens: MemoryTokens, uploaded: Picture
) -> None:
    async with AutoRetouch(sandbox.url, sandbox.url, tokens, timeouts=Timeouts(read_s=1)) as service:
        await service.check_sign_in()
        sandbox.faults.add("create", "hang", when="after")
        with pytest.raises(AnswerLost, match="did not answer in time"):
            await service.create(uploaded.request())
    assert len(sandbox.world.executions) == 1


async def test_a_refused_connection_means_that_certainly_nothing_happened(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    sandbox.stop()
    with pytest.raises(ServiceAway):
        await service.create(uploaded.request())
    sandbox.start()
    await service.create(uploaded.request())
    assert len(sandbox.world.executions) == 1


async def test_a_401_is_a_refusal_and_repeated_once(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    sandbox.world.sign_in.expire_access_tokens()
    await service.create(uploaded.request())
    assert sandbox.world.count_calls("create") == 2
    assert len(sandbox.world.executions) == 1


async def test_trouble_while_refreshing_for_a_create_is_no_lost_answer(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    sandbox.world.sign_in.expire_access_tokens()
    sandbox.faults.add("token", "drop")
    with pytest.raises(ServiceAway):
        await service.create(uploaded.request())


REFUSALS = [
    (400, ImageRejected),
    (401, SignInNeeded),
    (402, OutOfCredits),
    (403, WorkflowUnavailable),
    (407, ServiceAway),
    (409, ImageRejected),
    (413, ImageRejected),
    (418, ImageRejected),
    (422, ImageRejected),
    (425, ServiceAway),
    (429, TooManyRequests),
]


@pytest.mark.parametrize(("status", "kind"), REFUSALS)
async def test_each_refusal_of_create_has_its_error(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture, status: int, kind: type[HotfolderError]
) -> None:
    sandbox.faults.add("create", "status", status=status)
    with pytest.raises(kind) as caught:
        await service.create(uploaded.request())
    assert type(caught.value) is kind
    assert caught.value.title
    assert caught.value.advice


@pytest.mark.parametrize(("status", "kind"), REFUSALS)
async def test_each_refusal_of_retry_has_its_error(
    sandbox: Sandbox, service: AutoRetouch, status: int, kind: type[HotfolderError]
) -> None:
    sandbox.faults.add("retry", "status", status=status)
    with pytest.raises(kind):
        await service.retry(ORGANIZATION_ID, "e")


async def test_the_services_message_is_shown(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    sandbox.world.switches.rejected_names = ("boot*",)
    with pytest.raises(ImageRejected, match=re.escape("boot.jpg: the image cannot be processed")):
        await service.create(uploaded.request())


async def test_an_image_the_service_lost_is_to_be_uploaded_again(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    sandbox.world.images.forget(uploaded.hash)
    with pytest.raises(ImageNotOnService):
        await service.create(uploaded.request())


async def test_an_unknown_workflow_is_the_hot_folders_trouble(
    service: AutoRetouch, uploaded: Picture
) -> None:
    with pytest.raises(WorkflowUnavailable):
        await service.create(uploaded.request(workflow_id="no-such-workflow"))


@pytest.mark.parametrize(
    "message",
    ["The sandbox was asked to fail here", "No image of this organization", "<html>Not found</html>"],
)
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_404_that_does_not_say_of_what_is_cleared_up_by_asking_for_the_image(
    picture: Picture, message: str, is_there: bool
) -> None:
    not_found = reply(json.dumps({"message": message, "path": "/v1/workflow/execution/create"}), 404)
    image = reply("", 200 if is_there else 404)
    async with parrot_service(lambda heard: image if heard.method == "HEAD" else not_found) as (service, _):
        with pytest.raises(WorkflowUnavailable if is_there else ImageNotOnService):
            await service.create(picture.request())


async def test_a_retry_runs_the_same_execution_again(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    execution_id = await failed_execution(sandbox, service, uploaded)
    await service.retry(ORGANIZATION_ID, execution_id)
    assert sandbox.world.status_of(execution_id) == "COMPLETED"


@pytest.mark.parametrize("effect", ["drop", "close", "status"])
async def test_a_retry_without_a_clear_answer_is_a_lost_answer_and_not_repeated(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture, effect: str
) -> None:
    execution_id = await failed_execution(sandbox, service, uploaded)
    sandbox.faults.add("retry", effect, when="after")  # type: ignore[arg-type]
    with pytest.raises(AnswerLost):
        await service.retry(ORGANIZATION_ID, execution_id)
    assert sandbox.world.count_calls("retry") == 1


async def test_a_retry_of_what_needs_none_is_refused(
    sandbox: Sandbox, service: AutoRetouch, uploaded: Picture
) -> None:
    execution_id = await service.create(uploaded.request())
    with pytest.raises(ImageRejected, match="no retry"):
        await service.retry(ORGANIZATION_ID, execution_id)
    with pytest.raises(ImageRejected, match="does not know this execution"):
        await service.retry(ORGANIZATION_ID, "no-such-execution")


async def test_a_retry_that_never_got_there_did_nothing(sandbox: Sandbox, service: AutoRetouch) -> None:
    await service.check_sign_in()
    sandbox.stop()
    with pytest.raises(ServiceAway):
        await service.retry(ORGANIZATION_ID, "e")
