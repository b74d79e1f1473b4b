"""The auth server: device flow, refresh, rotation, revocation."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hotfolder.sandbox import CLIENT_ID, REFRESH_TOKEN, Sandbox
from hotfolder.sandbox.routes_auth import DEVICE_GRANT
from tests.sandbox.caller import Caller, HandClock

ORGANIZATIONS = "/v1/organization"


def start_device(caller: Caller) -> dict[str, Any]:
    form = {"client_id": CLIENT_ID, "scope": "offline_access", "audience": "https://api.autoretouch.com"}
    answer = caller.http.post("/oauth/device/code", data=form)
    assert answer.status_code == 200
    device: dict[str, Any] = answer.json()
    return device


def poll(caller: Caller, device: dict[str, Any]) -> httpx.Response:
    return caller.token(grant_type=DEVICE_GRANT, device_code=device["device_code"])


def test_a_refresh_token_gives_an_access_token_and_nothing_unexpected(caller: Caller) -> None:
    """The official client builds `Credentials(refresh_token=…, **answer)`: one key too many breaks it."""
    tokens = caller.sign_in()
    assert set(tokens) == {"access_token", "scope", "expires_in", "token_type"}
    assert tokens["expires_in"] == 86_400
    assert tokens["access_token"].count(".") == 2


def test_an_unknown_refresh_token_is_an_invalid_grant(caller: Caller) -> None:
    answer = caller.token(grant_type="refresh_token", refresh_token="nobody's")
    assert answer.status_code == 403
    assert answer.json()["error"] == "invalid_grant"


def test_an_unknown_client_or_grant_type_is_refused(caller: Caller) -> None:
    assert caller.token(client_id="somebody", grant_type="refresh_token").json()["error"] == "invalid_client"
    assert caller.token(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_rotated_refresh_token_is_dead_at_once(caller: Caller) -> None:
    caller.sandbox.world.switches.rotate_refresh_tokens = True
    second = caller.sign_in()["refresh_token"]
    assert caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN).status_code == 403
    third = caller.sign_in(second)["refresh_token"]
    assert third not in (REFRESH_TOKEN, second)


def test_an_access_token_ends_by_the_clock(slow: Caller, clock: HandClock) -> None:
    slow.sandbox.world.switches.access_token_seconds = 5
    assert slow.sign_in()["expires_in"] == 5
    assert slow.get(ORGANIZATIONS).status_code == 200
    clock.turn(5)
    assert slow.get(ORGANIZATIONS).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc"])
def test_a_call_without_a_good_access_token_is_a_401(caller: Caller, header: str) -> None:
    caller.http.headers["Authorization"] = header
    answer = caller.get(ORGANIZATIONS)
    assert answer.status_code == 401
    assert set(answer.json()) == {"timestamp", "status", "error", "message", "path"}


def test_a_revoked_refresh_token_signs_nobody_in(caller: Caller) -> None:
    answer = caller.http.post("/oauth/revoke", json={"client_id": CLIENT_ID, "token": REFRESH_TOKEN})
    assert answer.status_code == 200
    assert caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN).status_code == 403
    assert caller.get(ORGANIZATIONS).status_code == 200, "the access token lives until its own end"


def test_malformed_requests_are_told_so(caller: Caller) -> None:
    nobody = caller.http.post("/oauth/revoke", json={"client_id": "somebody", "token": REFRESH_TOKEN})
    garbled = caller.http.post("/oauth/revoke", content=b"{")
    scopeless = caller.http.post("/oauth/device/code", data={"client_id": CLIENT_ID})
    errors = [answer.json()["error"] for answer in (nobody, garbled, scopeless)]
    assert errors == ["invalid_client", "invalid_request", "invalid_request"]


def test_expired_access_tokens_leave_the_sign_in_alone(caller: Caller) -> None:
    caller.sandbox.world.sign_in.expire_access_tokens()
    assert caller.get(ORGANIZATIONS).status_code == 401
    caller.sign_in()
    assert caller.get(ORGANIZATIONS).status_code == 200


def test_when_everything_is_revoked_nothing_works_any_more(caller: Caller) -> None:
    caller.sandbox.world.sign_in.revoke_everything()
    assert caller.get(ORGANIZATIONS).status_code == 401
    assert caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN).status_code == 403


def test_a_person_confirms_a_device_on_its_page(slow: Caller, clock: HandClock) -> None:
    device = start_device(slow)
    assert (device["expires_in"], device["interval"]) == (900, 5)
    pending = poll(slow, device)
    assert (pending.status_code, pending.json()["error"]) == (403, "authorization_pending")

    page = httpx.get(device["verification_uri_complete"], trust_env=False)
    assert device["user_code"] in page.text
    code = parse_qs(urlsplit(device["verification_uri_complete"]).query)["user_code"][0]
    clicked = slow.http.post("/device", data={"user_code": code, "answer": "confirm"})
    assert "connected" in clicked.text

    clock.turn(5)
    tokens = poll(slow, device).json()
    assert set(tokens) == {"access_token", "refresh_token", "scope", "expires_in", "token_type"}
    slow.sign_in(tokens["refresh_token"])
    clock.turn(5)
    assert poll(slow, device).json()["error"] == "invalid_grant", "a device code works once"


def test_a_denied_device_gets_no_tokens(slow: Caller) -> None:
    device = start_device(slow)
    slow.http.post("/device", data={"user_code": device["user_code"], "answer": "deny"})
    assert poll(slow, device).json()["error"] == "access_denied"


def test_a_device_code_expires(slow: Caller, clock: HandClock) -> None:
    device = start_device(slow)
    clock.turn(900)
    assert poll(slow, device).json()["error"] == "expired_token"


def test_polling_too_fast_is_told_to_slow_down(slow: Caller, clock: HandClock) -> None:
    device = start_device(slow)
    poll(slow, device)
    clock.turn(1)
    assert poll(slow, device).json()["error"] == "slow_down"
    clock.turn(10)
    assert poll(slow, device).json()["error"] == "authorization_pending"


def test_the_device_page_asks_for_a_code_and_knows_unknown_ones(caller: Caller) -> None:
    assert "user_code" in caller.http.get("/device").text
    assert caller.http.post("/device", data={"user_code": "X", "answer": "confirm"}).status_code == 404


def test_a_device_can_be_confirmed_without_a_person(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.world.switches.confirm_devices = True
    assert poll(caller, start_device(caller)).status_code == 200
