"""The sign-in through the browser, against the sandbox: confirmed, refused, expired, told to slow down, disturbed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from hotfolder.adapters.autoretouch import DeviceCode, DeviceSignIn
from hotfolder.errors import ConfigError, ExitCode, ServiceAway, SignInExpired, SignInNeeded, SignInRefused
from hotfolder.sandbox import REFRESH_TOKEN, Sandbox
from tests.adapters.autoretouch.tools import Parrot, reply
from tests.sandbox.caller import HandClock

CODE = {
    "device_code": "the-device-code",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://auth.example/device",
    "verification_uri_complete": "https://auth.example/device?user_code=ABCD-EFGH",
    "expires_in": 900,
    "interval": 5,
}


@dataclass
class Browser:
    """Time passes only in sleeps; after so many of them a person does something."""

    clock: HandClock = field(default_factory=HandClock)
    slept: list[float] = field(default_factory=list)
    then: dict[int, Callable[[], object]] = field(default_factory=dict)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.turn(seconds)
        self.then.get(len(self.slept), lambda: None)()

    def sign_in(self, url: str) -> DeviceSignIn:
        return DeviceSignIn(url, sleep=self.sleep, monotonic=self.clock)


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def sandbox(browser: Browser) -> Iterator[Sandbox]:
    with Sandbox(clock=browser.clock) as running:
        yield running


@pytest.fixture
async def sign_in(sandbox: Sandbox, browser: Browser) -> AsyncIterator[DeviceSignIn]:
    async with browser.sign_in(sandbox.url) as running:
        yield running


def answers(sandbox: Sandbox, code: DeviceCode, answer: Any) -> Callable[[], object]:
    return lambda: sandbox.world.sign_in.answer_device(code.user_code, answer)


async def test_a_confirmed_code_gives_a_refresh_token_that_works(
    sandbox: Sandbox, sign_in: DeviceSignIn, browser: Browser
) -> None:
    code = await sign_in.begin()
    assert code.verification_uri == f"{sandbox.url}/device"
    assert code.verification_uri_complete == f"{sandbox.url}/device?user_code={code.user_code}"
    assert (code.expires_in_s, code.interval_s) == (900.0, 5.0)
    browser.then[3] = answers(sandbox, code, "confirmed")
    token = await sign_in.wait(code)
    assert browser.slept == [5.0, 5.0, 5.0]
    assert token in sandbox.world.sign_in.refresh_tokens - {REFRESH_TOKEN}


async def test_no_secret_is_shown_by_the_code(sign_in: DeviceSignIn) -> None:
    code = await sign_in.begin()
    assert code.device_code not in repr(code)
    assert code.device_code not in code.verification_uri_complete


async def test_a_refusal_is_told(sandbox: Sandbox, sign_in: DeviceSignIn, browser: Browser) -> None:
    code = await sign_in.begin()
    browser.then[2] = answers(sandbox, code, "denied")
    with pytest.raises(SignInRefused, match="You refused hotfolder in the browser") as caught:
        await sign_in.wait(code)
    assert "hotfolder login" in caught.value.advice
    assert caught.value.exit_code is ExitCode.SIGN_IN
    assert len(browser.slept) == 2


async def test_a_code_that_nobody_confirms_expires(sign_in: DeviceSignIn, browser: Browser) -> None:
    code = await sign_in.begin()
    with pytest.raises(SignInExpired, match="not confirmed in time"):
        await sign_in.wait(code)
    assert browser.slept == [5.0] * 180


async def test_a_code_that_expires_at_the_service_earlier_is_not_waited_for(
    sandbox: Sandbox, sign_in: DeviceSignIn, browser: Browser
) -> None:
    code = await sign_in.begin()
    browser.then[2] = lambda: browser.clock.turn(1000)
    with pytest.raises(SignInExpired):
        await sign_in.wait(code)
    assert len(browser.slept) == 2


async def test_a_code_that_was_used_already_is_told(sandbox: Sandbox, sign_in: DeviceSignIn) -> None:
    code = await sign_in.begin()
    sandbox.world.sign_in.devices.clear()
    with pytest.raises(SignInExpired, match="not valid any more"):
        await sign_in.wait(code)


async def test_slow_down_makes_every_further_wait_five_seconds_longer(
    sandbox: Sandbox, sign_in: DeviceSignIn, browser: Browser
) -> None:
    """The service changes its mind about the interval while it is asked, twice."""
    code = await sign_in.begin()
    (device,) = sandbox.world.sign_in.devices.values()
    browser.then[2] = lambda: setattr(device, "interval_s", 9.0)
    browser.then[6] = lambda: setattr(device, "interval_s", 30.0)
    browser.then[16] = answers(sandbox, code, "confirmed")
    await sign_in.wait(code)
    assert browser.slept[:4] == [5.0, 5.0, 10.0, 15.0]
    assert browser.slept == sorted(browser.slept)
    assert all(
        later - earlier in (0.0, 5.0)
        for earlier, later in zip(browser.slept, browser.slept[1:], strict=False)
    )
    assert browser.slept[-1] > 30.0


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 500}, {"status": 429}, {"status": 502, "retry_after": 40}]
)
async def test_a_service_that_has_a_problem_meanwhile_is_ridden_out(
    sandbox: Sandbox, sign_in: DeviceSignIn, browser: Browser, fault: dict[str, Any]
) -> None:
    code = await sign_in.begin()
    answers(sandbox, code, "confirmed")()
    sandbox.faults.add("token", "status", times=3, **fault)
    assert await sign_in.wait(code) in sandbox.world.sign_in.refresh_tokens
    waits = [40.0, 40.0, 40.0] if "retry_after" in fault else [10.0, 20.0, 40.0]
    assert browser.slept == [5.0, *waits]


async def test_a_network_that_is_away_meanwhile_is_ridden_out_ever_more_patiently(
    sandbox: Sandbox, sign_in: DeviceSignIn, browser: Browser
) -> None:
    code = await sign_in.begin()
    sandbox.faults.add("token", "drop", times=6)
    browser.then[7] = answers(sandbox, code, "confirmed")
    await sign_in.wait(code)
    assert browser.slept == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]


async def test_a_gate_in_between_that_answers_instead_is_ridden_out(browser: Browser) -> None:
    """A hotel's network: its page comes with any code."""
    said = [reply("<html>", 200), reply("<html>", 403), reply("", 302, "Location: https://hotel.example/")]
    async with parrot(browser, lambda: said.pop(0) if said else granted()) as sign_in:
        assert await sign_in.wait(await sign_in.begin()) == "fresh"
    assert len(browser.slept) == 4


async def test_waiting_can_be_given_up(sandbox: Sandbox) -> None:
    async with DeviceSignIn(sandbox.url) as sign_in:
        waiting = asyncio.create_task(sign_in.wait(await sign_in.begin()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert sandbox.world.count_calls("token") == 0


# --- answers that are of no use -------------------------------------------------------------------


def granted(**more: object) -> bytes:
    return reply(
        json.dumps({"access_token": "access", "refresh_token": "fresh", "expires_in": 86400, **more})
    )


@asynccontextmanager
async def parrot(
    browser: Browser, token: Callable[[], bytes] = granted, code: bytes = reply(json.dumps(CODE))
) -> AsyncIterator[DeviceSignIn]:
    """A sign-in at a server that says just this."""
    speaker = Parrot(lambda heard: code)
    serve = speaker.serve

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speaker.token_answer = token() if speaker.heard else b""
        await serve(reader, writer)

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, browser.sign_in(url) as sign_in:
        yield sign_in


@pytest.mark.parametrize("missing", ["device_code", "user_code", "verification_uri", "expires_in"])
async def test_an_answer_that_lacks_what_is_needed_is_told(browser: Browser, missing: str) -> None:
    body = {key: value for key, value in CODE.items() if key != missing}
    if missing == "verification_uri":
        del body["verification_uri_complete"]
    async with parrot(browser, code=reply(json.dumps(body))) as sign_in:
        with pytest.raises(SignInNeeded, match="cannot be used") as caught:
            await sign_in.begin()
    assert "--paste" in caught.value.advice


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://a b/",
        "https://a/\x1b[2J",
        "-n",
        7,
        None,
    ],
)
async def test_only_a_web_address_is_opened(browser: Browser, address: object) -> None:
    async with parrot(
        browser, code=reply(json.dumps({**CODE, "verification_uri_complete": address}))
    ) as sign_in:
        assert (await sign_in.begin()).verification_uri_complete == CODE["verification_uri"]
    async with parrot(
        browser,
        code=reply(json.dumps({**CODE, "verification_uri": address, "verification_uri_complete": address})),
    ) as sign_in:
        with pytest.raises(SignInNeeded, match="cannot be used"):
            await sign_in.begin()


@pytest.mark.parametrize("code", ["AB\nCD", "\x1b[31mABCD", "", "   ", 7, "X" * 5000])
async def test_a_code_that_cannot_be_shown_is_not_shown(browser: Browser, code: object) -> None:
    async with parrot(browser, code=reply(json.dumps({**CODE, "user_code": code}))) as sign_in:
        with pytest.raises(SignInNeeded, match="cannot be used"):
            await sign_in.begin()


@pytest.mark.parametrize(
    ("given", "meant"), [(None, 5.0), ("7", 7.0), (0, 1.0), (-3, 1.0), (0.2, 1.0), (True, 1.0), (10**6, 60.0)]
)
async def test_an_interval_is_never_without_a_pause(browser: Browser, given: object, meant: float) -> None:
    body = {**CODE, "interval": given}
    if given is None:
        del body["interval"]
    async with parrot(browser, code=reply(json.dumps(body))) as sign_in:
        assert (await sign_in.begin()).interval_s == meant


@pytest.mark.parametrize("token", [None, "", "two words", "line\nbreak", 7])
async def test_a_confirmation_without_a_refresh_token_is_told(browser: Browser, token: object) -> None:
    async with parrot(browser, lambda: granted(refresh_token=token)) as sign_in:
        code = await sign_in.begin()
        with pytest.raises(SignInNeeded, match="no refresh token") as caught:
            await sign_in.wait(code)
    assert "access" not in str(caught.value)


async def test_another_refusal_is_told_by_its_code_and_its_description_is_not_repeated(
    browser: Browser,
) -> None:
    body = json.dumps({"error": "unsupported_grant_type", "error_description": "secret"})
    async with parrot(browser, lambda: reply(body, 400)) as sign_in:
        code = await sign_in.begin()
        with pytest.raises(SignInNeeded, match="unsupported_grant_type") as caught:
            await sign_in.wait(code)
    assert "secret" not in str(caught.value)


async def test_a_service_that_does_not_know_hotfolder_is_told_at_once(browser: Browser) -> None:
    async with parrot(browser, code=reply('{"error": "unauthorized_client"}', 403)) as sign_in:
        with pytest.raises(SignInNeeded, match="unauthorized_client"):
            await sign_in.begin()


@pytest.mark.parametrize("code", [reply("", 503), reply("<html>", 403), b""])
async def test_a_service_that_is_away_at_the_beginning_says_to_try_later(
    browser: Browser, code: bytes
) -> None:
    async with parrot(browser, code=code) as sign_in:
        with pytest.raises(ServiceAway) as caught:
            await sign_in.begin()
    assert "Nothing was changed." in caught.value.advice


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match="auth_url"):
        DeviceSignIn("nonsense")
