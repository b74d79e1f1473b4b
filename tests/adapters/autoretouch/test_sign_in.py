"""From the refresh token to an access token, once however many ask."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.errors import ServiceAway, SignInNeeded, TemporaryError, TooManyRequests
from hotfolder.sandbox import ORGANIZATION_ID, REFRESH_TOKEN, Sandbox
from tests.adapters.autoretouch.tools import make_picture, parrot_service, reply


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class Recording(MemoryTokens):
    """Remembers how many calls the sandbox had seen when a token was stored."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(REFRESH_TOKEN)
        self._sandbox = sandbox
        self.balance_calls_at_store: list[int] = []

    def store(self, token: str) -> None:
        self.balance_calls_at_store.append(self._sandbox.world.count_calls("balance"))
        super().store(token)


class Stuck(MemoryTokens):
    """Cannot store for a while."""

    is_stuck = True

    def store(self, token: str) -> None:
        if self.is_stuck:
            raise SignInNeeded("The keyring is locked.")
        super().store(token)


async def fifty_at_once(service: AutoRetouch) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(service.balance(ORGANIZATION_ID))


async def test_fifty_first_requests_at_once_are_one_refresh(sandbox: Sandbox, service: AutoRetouch) -> None:
    await fifty_at_once(service)
    assert sandbox.world.count_calls("token") == 1


async def test_fifty_401_at_once_are_one_more_refresh(sandbox: Sandbox, service: AutoRetouch) -> None:
    await service.balance(ORGANIZATION_ID)
    sandbox.world.sign_in.expire_access_tokens()
    await fifty_at_once(service)
    assert sandbox.world.count_calls("token") == 2
    assert sandbox.world.count_calls("balance", status=401) >= 1


async def test_fifty_uploads_that_meet_a_401_are_replayed_whole(
    sandbox: Sandbox, service: AutoRetouch
) -> None:
    await service.balance(ORGANIZATION_ID)
    sandbox.world.sign_in.expire_access_tokens()
    pictures = [make_picture(f"{n}.jpg", n) for n in range(50)]
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(service.upload(picture.upload())) for picture in pictures]
    assert [task.result() for task in sent] == [picture.hash for picture in pictures]
    assert all(sandbox.world.image(picture.hash) == picture.data for picture in pictures)
    assert sandbox.world.count_calls("token") == 2


async def test_an_access_token_is_replaced_ahead_of_its_end(sandbox: Sandbox, tokens: MemoryTokens) -> None:
    clock = Clock()
    async with AutoRetouch(sandbox.url, sandbox.url, tokens, monotonic=clock) as service:
        await service.balance(ORGANIZATION_ID)
        clock.at += 86_400 - 61
        await service.balance(ORGANIZATION_ID)
        assert sandbox.world.count_calls("token") == 1
        clock.at += 2
        await service.balance(ORGANIZATION_ID)
        assert sandbox.world.count_calls("token") == 2
    assert sandbox.world.count_calls("balance", status=401) == 0


async def test_a_lifetime_of_seconds_does_not_mean_a_refresh_for_each_call(
    sandbox: Sandbox, tokens: MemoryTokens
) -> None:
    sandbox.world.switches.access_token_seconds = 5
    clock = Clock()
    async with AutoRetouch(sandbox.url, sandbox.url, tokens, monotonic=clock) as service:
        for _ in range(3):
            await service.balance(ORGANIZATION_ID)
        assert sandbox.world.count_calls("token") == 1
        clock.at += 4.1
        await service.balance(ORGANIZATION_ID)
        assert sandbox.world.count_calls("token") == 2


async def test_a_second_401_means_sign_in_and_nothing_is_tried_a_third_time(
    sandbox: Sandbox, service: AutoRetouch
) -> None:
    sandbox.faults.add("balance", "status", status=401)
    with pytest.raises(SignInNeeded, match="hotfolder login"):
        await service.balance(ORGANIZATION_ID)
    assert sandbox.world.count_calls("balance") == 2
    assert sandbox.world.count_calls("token") == 2


async def test_a_rotated_refresh_token_is_stored_before_the_access_token_is_used(sandbox: Sandbox) -> None:
    sandbox.world.switches.rotate_refresh_tokens = True
    tokens = Recording(sandbox)
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        await service.balance(ORGANIZATION_ID)
        sandbox.world.sign_in.expire_access_tokens()
        await service.balance(ORGANIZATION_ID)
    assert tokens.balance_calls_at_store == [0, 2]
    assert {tokens.load()} == sandbox.world.sign_in.refresh_tokens


async def test_a_rotated_token_that_cannot_be_stored_is_kept_until_it_can(sandbox: Sandbox) -> None:
    sandbox.world.switches.rotate_refresh_tokens = True
    tokens = Stuck(REFRESH_TOKEN)
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        for _ in range(2):
            with pytest.raises(SignInNeeded, match="locked"):
                await service.balance(ORGANIZATION_ID)
        assert sandbox.world.count_calls("balance") == 0
        tokens.is_stuck = False
        await service.balance(ORGANIZATION_ID)
    assert {tokens.load()} == sandbox.world.sign_in.refresh_tokens


@pytest.mark.parametrize("meanwhile", ["signed in anew", None])
async def test_whoever_signs_in_or_out_meanwhile_has_the_last_word(
    sandbox: Sandbox, meanwhile: str | None
) -> None:
    sandbox.world.switches.rotate_refresh_tokens = True
    tokens = Stuck(REFRESH_TOKEN)
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        with pytest.raises(SignInNeeded, match="locked"):
            await service.balance(ORGANIZATION_ID)
        tokens.is_stuck = False
        tokens.forget()
        if meanwhile:
            tokens.store(meanwhile)
        with pytest.raises(SignInNeeded):
            await service.balance(ORGANIZATION_ID)
    assert tokens.load() == meanwhile


async def test_a_cancelled_caller_does_not_lose_the_rotated_token(sandbox: Sandbox) -> None:
    sandbox.world.switches.rotate_refresh_tokens = True
    hanging = sandbox.faults.add("token", "hang", when="after")
    tokens = MemoryTokens(REFRESH_TOKEN)
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        asking = asyncio.create_task(service.balance(ORGANIZATION_ID))
        async with asyncio.timeout(10):
            while REFRESH_TOKEN in sandbox.world.sign_in.refresh_tokens:  # noqa: ASYNC110  the sandbox's thread
                await asyncio.sleep(0.005)
        asking.cancel()
        await asyncio.wait([asking])
        hanging.release()
    assert {tokens.load()} == sandbox.world.sign_in.refresh_tokens


async def test_a_refused_refresh_token_means_sign_in(sandbox: Sandbox, service: AutoRetouch) -> None:
    sandbox.world.sign_in.revoke_everything()
    with pytest.raises(SignInNeeded, match="hotfolder login"):
        await service.check_sign_in()
    assert sandbox.world.count_calls("token") == 1


@pytest.mark.parametrize("status", [400, 403])
async def test_invalid_grant_means_sign_in_with_either_status(
    sandbox: Sandbox, service: AutoRetouch, status: int
) -> None:
    sandbox.faults.add("token", "status", status=status, error="invalid_grant")
    with pytest.raises(SignInNeeded):
        await service.balance(ORGANIZATION_ID)


async def test_a_token_pasted_in_another_terminal_is_taken_instead_of_the_refused_one(
    sandbox: Sandbox,
) -> None:
    class PastedMeanwhile(MemoryTokens):
        loads = 0

        def load(self) -> str | None:
            self.loads += 1
            return "revoked" if self.loads == 1 else REFRESH_TOKEN

    async with AutoRetouch(sandbox.url, sandbox.url, PastedMeanwhile()) as service:
        await service.balance(ORGANIZATION_ID)


async def test_after_a_new_sign_in_the_same_adapter_goes_on(sandbox: Sandbox) -> None:
    tokens = MemoryTokens("revoked")
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        with pytest.raises(SignInNeeded):
            await service.balance(ORGANIZATION_ID)
        tokens.store(REFRESH_TOKEN)
        await service.balance(ORGANIZATION_ID)


async def test_without_a_token_nothing_is_asked(sandbox: Sandbox) -> None:
    async with AutoRetouch(sandbox.url, sandbox.url, MemoryTokens()) as service:
        with pytest.raises(SignInNeeded, match="not signed in"):
            await service.balance(ORGANIZATION_ID)
    assert sandbox.world.count_calls() == 0


@pytest.mark.parametrize("effect", ["drop", "close", "garbage", "empty", "cut"])
async def test_trouble_at_the_token_endpoint_is_temporary(
    sandbox: Sandbox, service: AutoRetouch, effect: str
) -> None:
    fault = sandbox.faults.add("token", effect)  # type: ignore[arg-type]
    with pytest.raises(ServiceAway):
        await service.balance(ORGANIZATION_ID)
    fault.release()
    await service.balance(ORGANIZATION_ID)


@pytest.mark.parametrize("status", [404, 500, 502, 503])
async def test_a_failing_token_endpoint_is_temporary(
    sandbox: Sandbox, service: AutoRetouch, status: int
) -> None:
    sandbox.faults.add("token", "status", status=status, retry_after=7)
    with pytest.raises(TemporaryError) as caught:
        await service.balance(ORGANIZATION_ID)
    assert caught.value.retry_after_s == 7


async def test_a_crowded_token_endpoint_slows_everything_down(sandbox: Sandbox, service: AutoRetouch) -> None:
    sandbox.faults.add("token", "status", status=429, retry_after=9)
    with pytest.raises(TooManyRequests) as caught:
        await service.balance(ORGANIZATION_ID)
    assert caught.value.retry_after_s == 9


@pytest.mark.parametrize("page", ["<html>Please sign in to the guest network</html>", "{}", '{"error": ""}'])
async def test_a_guest_networks_403_does_not_ask_for_a_sign_in(page: str) -> None:
    async with parrot_service(lambda _: None) as (service, parrot):
        parrot.token_answer = reply(page, 403)
        with pytest.raises(ServiceAway):
            await service.check_sign_in()


@pytest.mark.parametrize("access", ['""', "null", "5", '"two words"', '"line\\nbreak"', '"ümlaut"'])
async def test_an_access_token_that_fits_no_header_is_nonsense(access: str) -> None:
    async with parrot_service(lambda _: None) as (service, parrot):
        parrot.token_answer = reply(f'{{"access_token": {access}}}')
        with pytest.raises(ServiceAway, match="nonsense"):
            await service.balance("o")


@pytest.mark.parametrize("lifetime", ["null", "0", "-5", '"soon"', "true", "1e99"])
async def test_a_lifetime_that_makes_no_sense_counts_as_a_day(lifetime: str) -> None:
    async with parrot_service(lambda _: reply("7")) as (service, parrot):
        parrot.token_answer = reply(f'{{"access_token": "good", "expires_in": {lifetime}}}')
        assert await service.balance("o") == 7
        parrot.token_answer = reply("must not be asked", 500)
        assert await service.balance("o") == 7


async def test_a_revoked_token_is_worthless(sandbox: Sandbox, service: AutoRetouch) -> None:
    await service.check_sign_in()
    await service.revoke(REFRESH_TOKEN)
    with pytest.raises(SignInNeeded):
        await service.check_sign_in()


async def test_a_revocation_that_did_not_get_through_is_said(sandbox: Sandbox, service: AutoRetouch) -> None:
    sandbox.faults.add("revoke", "drop")
    with pytest.raises(ServiceAway):
        await service.revoke(REFRESH_TOKEN)


@pytest.mark.parametrize("endpoint", ["token", "balance"])
@pytest.mark.parametrize("effect", ["drop", "garbage", "status"])
async def test_no_token_appears_in_an_error_or_a_log(
    sandbox: Sandbox, tokens: MemoryTokens, caplog: pytest.LogCaptureFixture, endpoint: str, effect: str
) -> None:
    caplog.set_level(logging.INFO)
    sandbox.faults.add(endpoint, effect, status=401)  # type: ignore[arg-type]
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        with pytest.raises((ServiceAway, SignInNeeded)) as caught:
            await service.balance(ORGANIZATION_ID)
    told = f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {caplog.text} {service._access!r}"
    secrets = [REFRESH_TOKEN, *sandbox.world.sign_in.access_tokens]
    assert not [secret for secret in secrets if secret in told]


async def test_a_message_that_quotes_the_access_token_is_not_shown_with_it() -> None:
    quoting = '{"message": "bad header Bearer parrot-access here"}'
    async with parrot_service(lambda _: reply(quoting, 422)) as (service, _):
        with pytest.raises(Exception, match="bad header … here") as caught:
            await service.upload(make_picture("a.jpg").upload())
    assert "parrot-access" not in str(caught.value)
