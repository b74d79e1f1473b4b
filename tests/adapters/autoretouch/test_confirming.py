"""An access token outlives its refresh token by a day: what spends goes out with a confirmed sign-in only (I14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.autoretouch.auth import CONFIRMED_S, DOUBTFUL_S
from hotfolder.adapters.autoretouch.connecting import Timeouts
from hotfolder.adapters.autoretouch.http import Call, Http
from hotfolder.adapters.autoretouch.transfer import TransferThreads
from hotfolder.adapters.leaving import LeavableTokens
from hotfolder.adapters.token_store import EnvironmentTokens, MemoryTokens
from hotfolder.errors import KeyringNotReady, ServiceAway, SignInNeeded, TemporaryError
from hotfolder.sandbox import ORGANIZATION_ID, REFRESH_TOKEN, Sandbox
from tests.adapters.autoretouch.tools import Picture

NEW_TOKEN = "a-new-refresh-token"


class Clock:
    """Turned by hand."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


class Lockable(MemoryTokens):
    """A keyring that only a person could unlock, while it is locked."""

    is_locked = False

    def peek(self) -> str | None:
        if self.is_locked:
            raise KeyringNotReady("It is locked.", "Unlock it.")
        return self.load()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens() -> Lockable:
    return Lockable(REFRESH_TOKEN)


@pytest.fixture
async def service(sandbox: Sandbox, tokens: Lockable, clock: Clock) -> AsyncIterator[AutoRetouch]:
    async with AutoRetouch(sandbox.url, sandbox.url, tokens, monotonic=clock) as running:
        yield running


class Buyer:
    """Creates executions of one picture that is on the service."""

    def __init__(self, service: AutoRetouch, sandbox: Sandbox, picture: Picture) -> None:
        self._service = service
        self._request = picture.request()
        self._sandbox = sandbox

    async def buy(self) -> None:
        await self._service.create(self._request)

    @property
    def bought(self) -> int:
        return len(self._sandbox.world.executions)

    @property
    def asked(self) -> int:
        return self._sandbox.world.count_calls("token")


@pytest.fixture
async def buyer(service: AutoRetouch, sandbox: Sandbox, picture: Picture) -> Buyer:
    """Has bought one."""
    await service.upload(picture.upload())
    one = Buyer(service, sandbox, picture)
    await one.buy()
    return one


async def test_the_sign_in_is_confirmed_once_in_half_a_minute_however_much_is_bought(
    buyer: Buyer, clock: Clock
) -> None:
    began, minutes = clock.at, 10
    for second in range(60 * minutes):
        clock.at = began + second
        await asyncio.gather(buyer.buy(), buyer.buy())
    assert buyer.asked == 60 * minutes / CONFIRMED_S


async def test_what_does_not_spend_confirms_nothing(service: AutoRetouch, buyer: Buyer, clock: Clock) -> None:
    clock.at += 3600.0
    await service.balance(ORGANIZATION_ID)
    assert buyer.asked == 1


async def test_nothing_is_bought_half_a_minute_after_the_refresh_token_was_revoked(
    buyer: Buyer, sandbox: Sandbox, service: AutoRetouch, clock: Clock, tokens: Lockable
) -> None:
    sandbox.world.sign_in.revoke(REFRESH_TOKEN)
    clock.at += CONFIRMED_S
    results = await asyncio.gather(*(buyer.buy() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, SignInNeeded) for result in results), results
    with pytest.raises(SignInNeeded):
        await service.balance(ORGANIZATION_ID)
    assert buyer.bought == 1
    sandbox.world.sign_in.refresh_tokens.add(NEW_TOKEN)
    tokens.store(NEW_TOKEN)
    await buyer.buy()


async def test_while_the_auth_server_is_away_the_last_proof_counts_for_ten_minutes(
    buyer: Buyer, sandbox: Sandbox, clock: Clock
) -> None:
    outage = sandbox.faults.add("token", "status", status=503)
    began = clock.at
    while clock.at < began + DOUBTFUL_S - 1:
        await buyer.buy()
        clock.at += 1.0
    assert buyer.asked <= 1 + DOUBTFUL_S / CONFIRMED_S, "an auth server in trouble is not stormed"
    clock.at = began + DOUBTFUL_S
    bought = buyer.bought
    for _ in range(3):
        with pytest.raises(TemporaryError):
            await buyer.buy()
    assert buyer.bought == bought
    outage.release()
    clock.at += CONFIRMED_S
    await buyer.buy()


async def test_a_locked_keyring_is_not_asked_and_holds_nothing_up(
    buyer: Buyer, tokens: Lockable, clock: Clock, sandbox: Sandbox
) -> None:
    tokens.is_locked = True
    for _ in range(30):
        clock.at += DOUBTFUL_S
        await buyer.buy()
    sandbox.world.sign_in.revoke(REFRESH_TOKEN)
    clock.at += CONFIRMED_S
    with pytest.raises(SignInNeeded):
        await buyer.buy()


async def test_with_rotating_tokens_each_is_stored_before_it_is_used_and_a_locked_keyring_is_waited_for(
    sandbox: Sandbox, picture: Picture, tokens: Lockable, clock: Clock
) -> None:
    sandbox.world.switches.rotate_refresh_tokens = True
    async with AutoRetouch(sandbox.url, sandbox.url, tokens, monotonic=clock) as service:
        await service.upload(picture.upload())
        buyer = Buyer(service, sandbox, picture)
        for _ in range(3):
            await buyer.buy()
            assert {tokens.load()} == sandbox.world.sign_in.refresh_tokens
            clock.at += CONFIRMED_S
        tokens.is_locked = True
        await buyer.buy()
        assert buyer.asked == 3, "the next token could not be stored"
        clock.at += DOUBTFUL_S
        with pytest.raises(KeyringNotReady):
            await buyer.buy()


async def test_a_sign_in_that_is_gone_from_its_store_is_not_used_any_more(
    buyer: Buyer, service: AutoRetouch, tokens: Lockable
) -> None:
    tokens.forget()
    with pytest.raises(SignInNeeded, match="not signed in"):
        await buyer.buy()
    with pytest.raises(SignInNeeded):
        await service.balance(ORGANIZATION_ID)
    assert buyer.bought == 1


async def test_a_look_at_the_store_says_that_the_sign_in_is_gone(
    buyer: Buyer, service: AutoRetouch, tokens: Lockable
) -> None:
    await service.look_at_sign_in()
    tokens.forget()
    with pytest.raises(SignInNeeded, match="not signed in"):
        await service.look_at_sign_in()
    await service.look_at_sign_in()


async def test_another_sign_in_is_used_from_the_next_call_on(
    buyer: Buyer, sandbox: Sandbox, tokens: Lockable
) -> None:
    """The one before it belongs to somebody else, perhaps."""
    sandbox.world.sign_in.refresh_tokens = {NEW_TOKEN}
    tokens.store(NEW_TOKEN)
    await buyer.buy()
    assert buyer.asked == 2


async def test_what_a_variable_was_rotated_to_is_a_sign_in_that_can_be_removed_too(
    sandbox: Sandbox, picture: Picture, tmp_path: Path
) -> None:
    """The variable's own token comes to light again, and is worthless."""
    sandbox.world.switches.rotate_refresh_tokens = True
    tokens = EnvironmentTokens(REFRESH_TOKEN, tmp_path)
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        await service.upload(picture.upload())
        buyer = Buyer(service, sandbox, picture)
        await buyer.buy()
        tokens.path.unlink()
        with pytest.raises(SignInNeeded):
            await buyer.buy()
    assert buyer.bought == 1


# --- signing out ------------------------------------------------------------------------------------


async def test_a_purchase_that_waits_for_its_token_does_not_go_out_after_a_sign_out(
    sandbox: Sandbox, picture: Picture, clock: Clock
) -> None:
    tokens = LeavableTokens(MemoryTokens(REFRESH_TOKEN))
    async with AutoRetouch(sandbox.url, sandbox.url, tokens, monotonic=clock) as service:
        await service.upload(picture.upload())
        buyer = Buyer(service, sandbox, picture)
        clock.at += CONFIRMED_S
        hanging = sandbox.faults.add("token", "hang")
        buying = asyncio.create_task(buyer.buy())
        await until(lambda: buyer.asked == 2)
        leaving = asyncio.create_task(service.sign_out(tokens.leave))
        await asyncio.sleep(0)
        hanging.release()
        await leaving
        with pytest.raises(SignInNeeded, match="You signed out"):
            await buying
        with pytest.raises(SignInNeeded, match="You signed out"):
            await buyer.buy()
        assert buyer.bought == 0
        tokens.enter()
        await buyer.buy()


async def test_a_rotated_token_that_comes_in_at_a_sign_out_is_stored_so_that_it_can_be_revoked(
    sandbox: Sandbox,
) -> None:
    sandbox.world.switches.rotate_refresh_tokens = True
    hanging = sandbox.faults.add("token", "hang", when="after")
    store = MemoryTokens(REFRESH_TOKEN)
    tokens = LeavableTokens(store)
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        asking = asyncio.create_task(service.balance(ORGANIZATION_ID))
        await until(lambda: REFRESH_TOKEN not in sandbox.world.sign_in.refresh_tokens)
        leaving = asyncio.create_task(service.sign_out(tokens.leave))
        await asyncio.sleep(0)
        hanging.release()
        await leaving
        with pytest.raises(SignInNeeded):
            await asking
    assert {store.load()} == sandbox.world.sign_in.refresh_tokens


async def test_a_call_that_may_not_go_any_more_when_its_connection_is_open_never_leaves(
    sandbox: Sandbox,
) -> None:
    """Connecting takes its time; whoever signs out meanwhile has the last word, and the pool stays whole."""

    def no() -> None:
        raise ServiceAway("Not any more.")

    threads = TransferThreads()
    http = Http(None, Timeouts(), threads)
    try:
        for _ in range(50):
            with pytest.raises(ServiceAway, match="Not any more"):
                await http.fetch(Call(method="GET", url=f"{sandbox.url}/v1/organization", may_go=no))
        assert sandbox.world.count_calls() == 0
        answer = await http.fetch(Call(method="GET", url=f"{sandbox.url}/v1/organization"))
        assert answer.status == 401
    finally:
        await http.aclose()
        threads.close()


async def test_what_is_held_back_does_not_go_out(buyer: Buyer, service: AutoRetouch) -> None:
    service.hold_back(ServiceAway("The home is gone."))
    with pytest.raises(ServiceAway, match="The home is gone"):
        await buyer.buy()
    assert await service.balance(ORGANIZATION_ID) > 0
    service.hold_back(None)
    await buyer.buy()


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  the sandbox's thread
            await asyncio.sleep(0.005)
