"""Every fault, seen from the other side; the outages; the back door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from hotfolder.sandbox import FAST_ID, PACKSHOT_ID, REFRESH_TOKEN, THROUGH_QA_ID, Fault, Sandbox
from hotfolder.sandbox.faults import EFFECTS, ONLY_AFTER
from tests.sandbox.caller import EXECUTION, Caller, picture, wait_until

BALANCE = "/v1/organization/balance"


def test_a_status_before_leaves_nothing_behind_and_after_leaves_the_deed(caller: Caller) -> None:
    content_hash = caller.upload().text
    caller.sandbox.faults.add("create", "status", status=503, times=1)
    assert caller.create(content_hash).status_code == 503
    assert caller.sandbox.world.executions == []
    caller.sandbox.faults.add("create", "status", status=502, when="after", times=1)
    assert caller.create(content_hash).status_code == 502
    assert len(caller.sandbox.world.executions) == 1
    assert caller.create(content_hash).status_code == 201


def test_a_dropped_connection_before_leaves_nothing_behind_and_after_leaves_the_deed(caller: Caller) -> None:
    content_hash = caller.upload().text
    for when, left in (("before", 0), ("after", 1)):
        for effect in ("drop", "close"):
            caller.sandbox.faults.add("create", effect, when=when, times=1)
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                caller.create(content_hash)
            assert len(caller.sandbox.world.executions) == left
            left += left
    assert [call.status for call in caller.sandbox.world.calls_to("create")] == [None] * 4


def test_an_upload_can_be_dropped_and_repeated(caller: Caller) -> None:
    data = picture() + bytes(3_000_000)
    dropped = caller.sandbox.faults.add("upload", "drop", times=1)
    with pytest.raises(httpx.TransportError):
        caller.upload(data)
    assert dropped.hits == 1
    assert caller.upload(data).status_code == 201


def test_an_error_answers_a_large_upload_cleanly(caller: Caller) -> None:
    caller.sandbox.faults.add("upload", "status", status=503, times=1)
    assert caller.upload(picture() + bytes(8_000_000)).status_code == 503
    assert len(caller.sandbox.world.images) == 0


@pytest.mark.parametrize("status", [400, 403, 404, 422, 429, 500, 502, 503, 504])
def test_any_status_comes_in_the_apis_format(caller: Caller, status: int) -> None:
    caller.sandbox.faults.add("balance", "status", status=status)
    answer = caller.get(BALANCE)
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.json()["error"]


def test_retry_after_comes_as_seconds_or_as_a_date(caller: Caller) -> None:
    caller.sandbox.faults.add("balance", "status", status=429, retry_after=2, times=1)
    assert caller.get(BALANCE).headers["Retry-After"] == "2"
    caller.sandbox.faults.add("balance", "status", status=503, retry_after=60, retry_after_as_date=True)
    date = parsedate_to_datetime(caller.get(BALANCE).headers["Retry-After"])
    assert date > datetime.now(UTC)


def test_a_fault_on_the_auth_server_comes_in_its_format(caller: Caller) -> None:
    caller.sandbox.faults.add("token", "status", status=403, error="invalid_grant")
    answer = caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
    assert (answer.status_code, answer.json()["error"]) == (403, "invalid_grant")


def finished(caller: Caller) -> tuple[str, bytes]:
    """The address and the bytes of a result."""
    execution = caller.wait_for(caller.run(workflow=PACKSHOT_ID))
    return f"/v1{execution['resultPath']}", caller.sandbox.world.result_of(execution["id"])


def test_a_download_cut_in_the_middle_breaks_the_connection(caller: Caller) -> None:
    path, _ = finished(caller)
    caller.sandbox.faults.add("download", "cut", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        caller.get(path)
    assert caller.get(path).status_code == 200


def test_a_body_can_be_short_wrong_empty_or_of_another_type(caller: Caller) -> None:
    path, whole = finished(caller)
    faults = caller.sandbox.faults
    faults.add("download", "truncate", times=1)
    assert caller.get(path).content == whole[: len(whole) // 2]
    faults.add("download", "corrupt", times=1)
    corrupt = caller.get(path).content
    assert sum(a != b for a, b in zip(corrupt, whole, strict=True)) == 1
    faults.add("download", "empty", times=1)
    assert caller.get(path).content == b""
    faults.add("download", "content_type", content_type="application/octet-stream", times=1)
    answer = caller.get(path)
    assert (answer.headers["Content-Type"], answer.content) == ("application/octet-stream", whole)
    assert caller.get(path).headers["Content-Type"] == "image/png"


def test_json_can_turn_into_a_guest_networks_sign_in_page(caller: Caller) -> None:
    caller.sandbox.faults.add("workflows", "garbage", times=1)
    answer = caller.get("/v1/workflow")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_delay_and_another_fault_add_up(caller: Caller) -> None:
    caller.sandbox.faults.add("balance", "delay", seconds=0.05)
    caller.sandbox.faults.add("balance", "status", status=500)
    answer = caller.get(BALANCE)
    assert answer.status_code == 500
    assert answer.elapsed.total_seconds() >= 0.05


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_hanging_call_goes_on_when_released(caller: Caller, when: str) -> None:
    content_hash = caller.upload().text
    hanging = caller.sandbox.faults.add("create", "hang", when=when)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(caller.create, content_hash)
        wait_until(lambda: hanging.hits == 1, "the call never came")
        if when == "before":
            assert caller.sandbox.world.executions == []
        else:
            wait_until(lambda: caller.sandbox.world.executions, "it was never created")
        assert not answer.done()
        hanging.release()
        assert answer.result().status_code == 201


def test_a_hanging_call_ends_with_the_clients_patience(caller: Caller) -> None:
    caller.sandbox.faults.add("balance", "hang")
    with pytest.raises(httpx.ReadTimeout):
        caller.http.get(BALANCE, timeout=0.05)


def test_the_server_stops_although_calls_hang_and_block(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.world.switches.hold_qa = True
    hanging = sandbox.faults.add("balance", "hang")
    held = caller.run(workflow=THROUGH_QA_ID)
    with ThreadPoolExecutor(3) as pool:
        paths = (BALANCE, f"{EXECUTION}/{held}/result/default", f"{EXECUTION}/{held}/status")
        answers = [pool.submit(caller.get, path) for path in paths]
        wait_until(lambda: hanging.hits and sandbox.world.count_calls("status"), "the calls never came")
        wait_until(lambda: sandbox.world.count_calls("result"), "the calls never came")
        sandbox.stop()
        for answer in answers:
            assert isinstance(answer.exception(), httpx.TransportError)


def test_faults_count_skip_and_choose(caller: Caller) -> None:
    faults = caller.sandbox.faults
    faults.add("balance", "status", status=500, skip=1, times=2)
    assert [caller.get(BALANCE).status_code for _ in range(4)] == [200, 500, 500, 200]
    faults.clear()
    faults.add("any", "status", status=500, where=lambda call: call.query.get("limit") == "7")
    assert caller.get("/v1/workflow", limit=7).status_code == 500
    assert caller.get("/v1/workflow", limit=8).status_code == 200


def test_a_fault_may_be_meant_for_one_image(caller: Caller) -> None:
    good, bad = caller.run("good.jpg"), caller.run("bad.jpg", seed=2)
    faults = caller.sandbox.faults
    faults.add("any", "status", status=500, name="bad*")
    assert caller.get(f"{EXECUTION}/{good}").status_code == 200
    assert caller.get(f"{EXECUTION}/{bad}").status_code == 500
    assert caller.create(caller.upload().text, "bad.jpg").status_code == 500
    faults.clear()
    faults.add("details", "status", status=404, times=2, per_subject=True)
    for execution_id in (good, bad):
        assert [caller.get(f"{EXECUTION}/{execution_id}").status_code for _ in range(3)] == [404, 404, 200]
    faults.add("details", "status", status=404, subject=good)
    assert caller.get(f"{EXECUTION}/{bad}").status_code == 200
    assert caller.get(f"{EXECUTION}/{good}").status_code == 404


def test_luck_is_seeded() -> None:
    def statuses() -> list[int]:
        with Sandbox(seed=7) as sandbox, Caller(sandbox) as caller:
            sandbox.faults.add("balance", "status", status=500, probability=0.5)
            return [caller.get(BALANCE).status_code for _ in range(20)]

    first = statuses()
    assert set(first) == {200, 500}
    assert statuses() == first


def test_a_fault_that_cannot_be_meant_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="unknown endpoint"):
        sandbox.faults.add("creat", "drop")
    with pytest.raises(ValueError, match="unknown effect"):
        sandbox.faults.add("create", "explode")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown moment"):
        Fault("create", "drop", when="during")  # type: ignore[arg-type]
    assert set(EFFECTS) > ONLY_AFTER


def test_an_outage_is_503_or_a_reset_for_everything(caller: Caller) -> None:
    switches = caller.sandbox.world.switches
    switches.outage = "unavailable"
    refused = caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
    answers = [refused, caller.upload(), caller.get("/health"), caller.get(EXECUTION)]
    assert [answer.status_code for answer in answers] == [503] * 4
    switches.outage = "reset"
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.get("/health")
    switches.outage = ""
    assert caller.get("/health").status_code == 200


def test_a_stopped_server_refuses_and_comes_back_at_the_same_address_with_the_same_world(
    caller: Caller,
) -> None:
    url, execution_id = caller.sandbox.url, caller.run()
    caller.sandbox.stop()
    with pytest.raises(httpx.ConnectError):
        caller.get(BALANCE)
    caller.sandbox.stop()
    caller.sandbox.start()
    caller.sandbox.start()
    assert caller.sandbox.url == url
    assert caller.wait_for(execution_id)["inputFileName"] == "boot.jpg"


def test_a_server_of_its_own_is_driven_over_http(caller: Caller) -> None:
    def admin(path: str, body: object = None) -> httpx.Response:
        return caller.http.post(f"/sandbox/{path}", json=body)

    assert admin("switches", {"hold_qa": True, "rejected_names": ["bad*"]}).json()["hold_qa"] is True
    assert caller.sandbox.world.switches.rejected_names == ("bad*",)
    assert admin("switches", {"gravity": 0}).status_code == 400
    assert admin("credits", {"set": 100}).json() == 100
    assert admin("credits", {"add": 11}).json() == 111
    assert admin("credits", {}).status_code == 400
    held = caller.run("held.jpg", THROUGH_QA_ID)
    caller.wait_for(held, "IN_QA")
    assert admin("faults", {"endpoint": "balance", "effect": "status", "status": 500}).status_code == 204
    assert admin("faults", {"endpoint": "nothing", "effect": "status"}).status_code == 400
    assert admin("faults", {"effect": "status"}).status_code == 400
    assert caller.get(BALANCE).status_code == 500
    assert admin("reset-faults").status_code == 204
    assert caller.get(BALANCE).text == "54"
    state = caller.http.get("/sandbox/state").json()
    assert state["executions"] == {"held.jpg": [{"id": held, "status": "IN_QA", "credits": 57}]}
    assert (state["credits"], state["charged"], state["calls"]["balance"]) == (54, 57, 2)
    assert admin("release-qa").json() == 1
    caller.wait_for(held)


def test_thousands_of_older_executions_are_no_burden(caller: Caller) -> None:
    caller.sandbox.world.seed_history(FAST_ID, 5_000)
    page = caller.get(EXECUTION, workflow=FAST_ID, limit=50, offset=4_990).json()
    assert (len(page["entries"]), page["total"]) == (10, 5_000)
    assert page["entries"][-1]["inputFileName"] == "history-05000.jpg"
    assert page["entries"][0]["status"] == "COMPLETED"


def test_the_clocks_of_the_answers_and_of_the_lists_can_be_wrong_each_by_itself(caller: Caller) -> None:
    switches = caller.sandbox.world.switches
    switches.date_offset_s, switches.created_offset_s = 86_400, -2400
    answer = caller.create(caller.upload().text)
    day_later = parsedate_to_datetime(answer.headers["date"]) - datetime.now(UTC)
    assert 86_390 < day_later.total_seconds() < 86_410
    created_at = datetime.fromisoformat(caller.get(f"{EXECUTION}/{answer.text}").json()["createdAt"])
    assert 2390 < (datetime.now(UTC) - created_at).total_seconds() < 2410
