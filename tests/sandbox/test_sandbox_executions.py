"""Executions: creation, life, list, retry, result, feedback, webhooks, credits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from hotfolder.sandbox import (
    ALWAYS_FAILS_ID,
    FAST_ID,
    ORGANIZATION_ID,
    PACKSHOT_ID,
    THROUGH_QA_ID,
    Organization,
)
from hotfolder.sandbox.account import USER_ID
from tests.sandbox.caller import EXECUTION, Caller, HandClock, picture, wait_until

BATCH = {
    "autoretouch_batch_id": "0d6c4c9e-5a5e-4a52-9d0e-6d2a1f0c7b11",
    "autoretouch_batch_name": "Boots 224",
    "autoretouch_batch_createdAt": "2024-02-08T09:09:01.960Z",
}


def test_an_execution_runs_from_created_to_completed(slow: Caller, clock: HandClock) -> None:
    execution_id = slow.run("boot.jpg", PACKSHOT_ID, labels={**BATCH, "client": "A"}, settings={"x": 1})
    created = slow.details(execution_id)
    assert created["status"] == "CREATED"
    assert created["createdAt"] == "2027-01-15T08:00:00.000Z"
    assert created["finishedAt"] is created["resultPath"] is None
    clock.turn(0.6)
    assert slow.details(execution_id)["status"] == "ACTIVE"
    clock.turn(0.6)
    completed = slow.details(execution_id)
    assert completed["status"] == "COMPLETED"
    assert completed["finishedAt"] == "2027-01-15T08:00:01.000Z"
    assert completed["labels"] == {**BATCH, "client": "A"}
    assert completed["chargedCredits"] == 10
    assert completed["workflowName"] == "Packshot"
    assert completed["organizationId"] == ORGANIZATION_ID
    assert completed["resultFileName"] == "boot.png"
    assert completed["resultContentType"] == "image/png"
    assert completed["resultPath"] == f"/image/{completed['resultContentHash']}/boot.png"
    assert slow.sandbox.world.executions[0].settings == {"x": 1}


def test_the_result_is_what_its_hash_says(caller: Caller) -> None:
    execution = caller.wait_for(caller.run())
    answer = caller.get(f"{EXECUTION}/{execution['id']}/result/default")
    assert hashlib.sha256(answer.content).hexdigest() == execution["resultContentHash"]
    assert answer.content == caller.sandbox.world.result_of(execution["id"])
    assert answer.headers["Content-Type"] == execution["resultContentType"] == "image/jpeg"


def test_each_create_is_one_execution_and_one_charge(caller: Caller) -> None:
    """There is no idempotency key: the same request twice costs twice."""
    before = caller.sandbox.world.balance()
    assert caller.run() != caller.run()
    assert len(caller.sandbox.world.executions_named("boot.jpg")) == 2
    assert caller.sandbox.world.charged_total == 2
    assert caller.sandbox.world.balance() == before - 2


def test_the_one_step_form_takes_the_file_and_labels_from_the_query(caller: Caller) -> None:
    params = {"organization": ORGANIZATION_ID, "workflow": FAST_ID, "label[client]": "A & B"}
    files = {"file": ("boot.jpg", picture(), "image/jpeg")}
    answer = caller.http.post(f"{EXECUTION}/create", params=params, files=files)
    assert answer.status_code == 201
    execution = caller.wait_for(answer.text)
    assert (execution["labels"], execution["inputFileName"]) == ({"client": "A & B"}, "boot.jpg")


@pytest.mark.parametrize("missing", BATCH)
def test_a_batchs_three_labels_go_together(caller: Caller, missing: str) -> None:
    content_hash = caller.upload().text
    labels = {key: value for key, value in BATCH.items() if key != missing}
    answer = caller.create(content_hash, labels=labels)
    assert answer.status_code == 400
    assert missing in answer.json()["message"]


@pytest.mark.parametrize("created_at", ["2024-02-08T09:09:01Z", "2024-02-08 09:09:01.960", "yesterday"])
def test_a_batchs_time_is_utc_with_milliseconds(caller: Caller, created_at: str) -> None:
    labels = {**BATCH, "autoretouch_batch_createdAt": created_at}
    assert caller.create(caller.upload().text, labels=labels).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"image": {"name": "a.jpg"}},
        {"image": {"name": "a.jpg", "contentHash": 1}},
        {"image": {"name": "a.jpg", "contentHash": "x"}, "labels": {"a": 1}},
        {"image": {"name": "a.jpg", "contentHash": "x"}, "webhooks": "http://127.0.0.1"},
    ],
)
def test_a_malformed_create_is_a_400(caller: Caller, body: Any) -> None:
    assert caller.post(f"{EXECUTION}/create", body, workflow=FAST_ID).status_code == 400


def test_create_names_what_it_does_not_know(caller: Caller) -> None:
    content_hash = caller.upload().text
    assert caller.create("0" * 64).status_code == 404
    assert caller.create(content_hash, workflow="unknown").status_code == 404
    params = {"organization": ORGANIZATION_ID, "workflow": FAST_ID}
    assert caller.http.post(f"{EXECUTION}/create", params=params, content=b"{").status_code == 400
    assert caller.sandbox.world.executions == []


def test_an_unknown_execution_is_a_404_and_a_foreign_one_a_403(caller: Caller) -> None:
    caller.sandbox.world.add_organization(Organization("second", "Second", "v1", (USER_ID,)))
    execution_id = caller.run()
    for path in ("", "/status", "/result/default"):
        assert caller.get(f"{EXECUTION}/unknown{path}").status_code == 404
        assert caller.get(f"{EXECUTION}/{execution_id}{path}", organization="second").status_code == 403
    assert caller.post(f"{EXECUTION}/unknown/retry").status_code == 404


def test_quality_check_holds_until_released(slow: Caller, clock: HandClock) -> None:
    slow.sandbox.world.switches.hold_qa = True
    execution_id = slow.run(workflow=THROUGH_QA_ID)
    clock.turn(80_000)
    assert slow.details(execution_id)["status"] == "IN_QA"
    assert slow.sandbox.world.release() == 1
    assert slow.details(execution_id)["status"] == "COMPLETED"


def test_quality_check_ends_by_itself(slow: Caller, clock: HandClock) -> None:
    execution_id = slow.run(workflow=THROUGH_QA_ID)
    clock.turn(2.9)
    assert slow.details(execution_id)["status"] == "IN_QA"
    clock.turn(0.2)
    assert slow.details(execution_id)["status"] == "COMPLETED"


def test_a_failed_execution_runs_again_with_the_same_id_and_no_new_charge(caller: Caller) -> None:
    caller.sandbox.world.script("boot.jpg", "FAILED", "COMPLETED")
    execution_id = caller.run()
    failed = caller.wait_for(execution_id, "FAILED")
    assert failed["finishedAt"]
    assert failed["resultPath"] is None
    assert caller.post(f"{EXECUTION}/{execution_id}/retry").is_success
    assert caller.wait_for(execution_id)["chargedCredits"] == 1
    assert caller.sandbox.world.charged_total == 1
    assert caller.sandbox.world.executions[0].attempts == 2
    assert caller.post(f"{EXECUTION}/{execution_id}/retry").status_code == 400


def test_the_hopeless_workflow_fails_again_and_again(caller: Caller) -> None:
    execution_id = caller.run(workflow=ALWAYS_FAILS_ID)
    for _ in range(3):
        caller.wait_for(execution_id, "FAILED")
        assert caller.post(f"{EXECUTION}/{execution_id}/retry").is_success


def test_an_unknown_status_lasts_as_scripted(slow: Caller, clock: HandClock) -> None:
    slow.sandbox.world.script("*.jpg", ("CREATED", ("REVIEWING", 50), "COMPLETED"))
    execution_id = slow.run(workflow=PACKSHOT_ID)
    clock.turn(50)
    assert slow.details(execution_id)["status"] == "REVIEWING"
    clock.turn(2)
    assert slow.details(execution_id)["status"] == "COMPLETED"


def test_without_credits_it_waits_uncharged_until_a_retry_after_the_top_up(caller: Caller) -> None:
    caller.sandbox.world.set_credits(0)
    execution_id = caller.run()
    waiting = caller.details(execution_id)
    assert (waiting["status"], waiting["chargedCredits"]) == ("PAYMENT_REQUIRED", 0)
    assert caller.post(f"{EXECUTION}/{execution_id}/retry").is_success
    assert caller.details(execution_id)["status"] == "PAYMENT_REQUIRED"
    caller.sandbox.world.add_credits(1)
    assert caller.post(f"{EXECUTION}/{execution_id}/retry").is_success
    assert caller.wait_for(execution_id)["chargedCredits"] == 1
    assert caller.sandbox.world.balance() == 0


def test_an_image_that_cannot_be_retouched_fails(caller: Caller) -> None:
    content_hash = caller.upload(picture(size=(400, 400), kind="TIFF")[:3000], "cut.tif").text
    execution_id = caller.create(content_hash, "cut.tif", PACKSHOT_ID).text
    caller.wait_for(execution_id, "FAILED")
    assert caller.get(f"{EXECUTION}/{execution_id}/result/default").status_code == 404
    with pytest.raises(LookupError):
        caller.sandbox.world.result_of(execution_id)


def listed(caller: Caller, **params: Any) -> list[str]:
    page = caller.get(EXECUTION, workflow=FAST_ID, **params).json()
    assert set(page) == {"entries", "total"}
    return [entry["inputFileName"] for entry in page["entries"]]


def test_the_list_is_in_whatever_order_is_switched_on(caller: Caller) -> None:
    names = [f"{number}.jpg" for number in range(12)]
    for name in names:
        caller.run(name)
    switches = caller.sandbox.world.switches
    assert listed(caller) == names[::-1]
    switches.listing_order = "oldest"
    assert listed(caller) == names
    switches.listing_order = "random"
    assert listed(caller) == listed(caller)
    switches.listing_order = "shuffled"
    assert sorted(listed(caller)) == sorted(names)
    wait_until(lambda: listed(caller) != listed(caller), "the order never changed")


def test_the_list_is_paged_clamped_and_of_one_workflow(caller: Caller) -> None:
    caller.sandbox.world.seed_history(FAST_ID, 120, labels={"season": "last"})
    caller.run("new.jpg")
    caller.run("other.jpg", PACKSHOT_ID)
    assert len(listed(caller, limit=500)) == 50
    names = [name for offset in (0, 50, 100) for name in listed(caller, offset=offset)]
    assert len(set(names)) == 121
    assert names[0] == "new.jpg"
    assert names[-1] == "history-00120.jpg"
    assert caller.get(EXECUTION, workflow=FAST_ID).json()["total"] == 121
    assert caller.get(EXECUTION, workflow="unknown").status_code == 404
    assert caller.get(EXECUTION).status_code == 404


def test_the_list_lags_behind_but_details_do_not(slow: Caller, clock: HandClock) -> None:
    slow.sandbox.world.switches.listing_lag_s = 30
    execution_id = slow.run()
    assert listed(slow) == []
    assert slow.details(execution_id)["status"] == "CREATED"
    clock.turn(30)
    assert listed(slow) == ["boot.jpg"]


def test_the_status_stream_tells_each_status_until_the_end(caller: Caller) -> None:
    answer = caller.get(f"{EXECUTION}/{caller.run(workflow=ALWAYS_FAILS_ID)}/status")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.text.endswith("data:FAILED\n\n")


def test_feedback_is_kept(caller: Caller) -> None:
    execution_id = caller.run()
    path = f"{EXECUTION}/{execution_id}/feedback"
    assert caller.post(path, {"thumbsUp": False, "expectedImages": ["x"]}).is_success
    assert caller.details(execution_id)["feedback"] == {"thumbsUp": False, "expectedImages": ["x"]}
    assert caller.post(path, {"thumbsUp": "yes"}).status_code == 400


@contextmanager
def webhook_listener() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An HTTP server that collects what is posted to it."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook?key=1", received
        finally:
            server.shutdown()
            thread.join()


def test_a_webhook_tells_of_completion_doubled_or_lost_if_so_switched(caller: Caller) -> None:
    with webhook_listener() as (url, received):
        first = caller.run(webhooks=[url])
        wait_until(lambda: len(received) == 1, "no webhook came")
        assert received[0]["event"] == "WORKFLOW_EXECUTION_COMPLETED"
        assert received[0]["content"] == caller.details(first)
        caller.sandbox.world.switches.webhook_copies = 2
        caller.run(webhooks=[url])
        wait_until(lambda: len(received) == 3, "the webhook did not come twice")
        caller.sandbox.world.switches.webhook_copies = 0
        lost = caller.run(webhooks=[url])
        caller.wait_for(lost)
    found = caller.sandbox.world.find_execution(lost)
    wait_until(lambda: found and found.announced == "COMPLETED", "the completion was never noticed")
    assert [sent.status for sent in caller.sandbox.world.webhooks_sent] == [204, 204, 204]


def test_a_webhook_that_nobody_hears_does_no_harm(caller: Caller) -> None:
    execution_id = caller.run(webhooks=["http://127.0.0.1:9/nobody"])
    caller.wait_for(execution_id)
    wait_until(lambda: caller.sandbox.world.webhooks_sent, "no webhook was tried")
    assert caller.sandbox.world.webhooks_sent[0].status is None


def test_the_world_answers_a_tests_questions(caller: Caller) -> None:
    caller.run("a.jpg", labels={"hotfolder_image_id": "1"})
    caller.run("b.jpg", labels={"hotfolder_image_id": "2"}, seed=2)
    caller.run("b.jpg", labels={"hotfolder_image_id": "2"}, seed=2)
    world = caller.sandbox.world
    assert {key: len(found) for key, found in world.executions_by_label("hotfolder_image_id").items()} == {
        "1": 1,
        "2": 2,
    }
    assert len(world.executions_labelled("hotfolder_image_id", "2")) == 2
    assert sorted(len(found) for found in world.executions_by_input().values()) == [1, 2]
    assert sum(world.count_statuses().values()) == 3
    assert world.count_calls("create", status=201) == 3
    assert [call.image_name for call in world.calls_to("create")] == ["a.jpg", "b.jpg", "b.jpg"]
    assert world.call_counts()["upload"] == 3
