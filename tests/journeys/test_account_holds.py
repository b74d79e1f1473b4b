"""What holds the whole account: the sign-in and the credits. The queue is kept, and nobody is asked in vain."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from hotfolder.adapters.token_store import ChosenTokens, FileTokens, MemoryTokens
from hotfolder.core.holds import PATIENT_CHECKS, HoldKind
from hotfolder.core.image import State
from hotfolder.errors import ExitCode, KeyringNotReady
from hotfolder.sandbox import FAST_ID, REFRESH_TOKEN, Sandbox
from tests.journeys.workshop import Clock, Workshop
from tests.sandbox.caller import picture

NEW_TOKEN = "a-new-refresh-token"


@pytest.fixture
def quick(tmp_path: Path, sandbox: Sandbox) -> Workshop:
    """A workshop whose clock runs fast, and whose sign-in is kept in a file."""
    sandbox.world.switches.execution_s = 0.02
    workshop = Workshop(tmp_path / "quick", sandbox, Clock(30.0))
    workshop.service["listing_lag"] = "10s"
    workshop.home.make()
    workshop.tokens = FileTokens(workshop.home.data)
    workshop.tokens.store(REFRESH_TOKEN)
    return workshop


async def sign_in_elsewhere(workshop: Workshop, token: str) -> None:
    """A person in another terminal."""
    command = [sys.executable, "-m", "hotfolder", "--home", str(workshop.home.data)]
    url = workshop.sandbox.url
    ended = await asyncio.to_thread(
        subprocess.run,
        [*command, "login", "--paste", "--store", "file"],
        input=token + "\n",
        text=True,
        capture_output=True,
        env={**os.environ, "AUTORETOUCH_API_URL": url, "AUTORETOUCH_AUTH_URL": url},
    )
    assert ended.returncode == 0, ended.stderr


# --- the sign-in --------------------------------------------------------------------------------------


async def test_an_access_token_that_dies_before_its_time_is_renewed(workshop: Workshop) -> None:
    world = workshop.sandbox.world
    async with workshop.at_work():
        for number in range(6):
            workshop.drop(f"{number}.jpg", seed=number)
            await workshop.until_delivered(number + 1)
            world.sign_in.expire_access_tokens()
    assert world.count_calls("any", status=401) >= 5
    assert workshop.holds() == []
    workshop.assert_once_and_whole()


async def test_an_access_token_that_expires_all_the_time_is_renewed_all_the_time(workshop: Workshop) -> None:
    world = workshop.sandbox.world
    world.switches.access_token_seconds = 1.5
    workshop.sandbox.faults.add("any", "delay", seconds=0.03)
    workshop.drop_many(30)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert world.count_calls("token") >= 2
    workshop.assert_once_and_whole()


async def test_a_refresh_token_that_rotates_at_every_use_is_kept_and_outlives_a_restart(
    quick: Workshop,
) -> None:
    world = quick.sandbox.world
    world.switches.rotate_refresh_tokens = True
    world.switches.access_token_seconds = 0.5
    quick.drop_many(10)
    assert (await quick.once()).exit_code is ExitCode.DONE
    quick.drop("late.jpg", seed=99)
    assert (await quick.once()).exit_code is ExitCode.DONE
    assert world.sign_in.refresh_tokens == {quick.tokens.load()}
    assert REFRESH_TOKEN not in world.sign_in.refresh_tokens
    quick.assert_once_and_whole()


async def test_a_sign_in_revoked_in_the_middle_is_held_and_goes_on_after_a_login_in_another_terminal(
    quick: Workshop,
) -> None:
    world = quick.sandbox.world
    quick.drop_many(6)
    async with quick.at_work():
        await quick.until_delivered(2)
        world.sign_in.revoke_everything()
        quick.drop("late.jpg", seed=99)
        hold = await quick.until_held(HoldKind.SIGN_IN)
        assert hold.needs_person
        assert "hotfolder login" in hold.advice
        await quick.until(lambda: quick.state_of("late.jpg") is State.QUEUED)
        world.sign_in.refresh_tokens.add(NEW_TOKEN)
        await sign_in_elsewhere(quick, NEW_TOKEN)
        await quick.until_delivered(7)
    assert quick.holds() == []
    quick.assert_once_and_whole()


class LateKeyring(MemoryTokens):
    """Not there at first, or locked: how often it was asked for, and what it has once it is there."""

    is_there = False

    def __init__(self, token: str | None) -> None:
        super().__init__(token)
        self.asked = 0
        self.was_told_now = False

    def ask_again(self) -> None:
        self.was_told_now = True

    def load(self) -> str | None:
        self.asked += 1
        if not self.is_there:
            raise KeyringNotReady("It is locked.", "Unlock it.")
        return super().load()


async def test_a_daemon_that_was_never_signed_in_goes_on_after_the_first_login(quick: Workshop) -> None:
    quick.tokens.forget()
    quick.drop_many(3)
    async with quick.at_work():
        await quick.until_held(HoldKind.SIGN_IN)
        await sign_in_elsewhere(quick, REFRESH_TOKEN)
        await quick.until_delivered(3)
    quick.assert_once_and_whole()


async def test_a_daemon_without_any_keyring_goes_on_after_a_login_that_keeps_a_file(
    quick: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is kept where it was not looked for at the start."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    quick.tokens.forget()
    quick.tokens = ChosenTokens(quick.home.data, {})
    quick.drop_many(3)
    async with quick.at_work():
        hold = await quick.until_held(HoldKind.KEYRING)
        assert hold.reason.startswith("Waiting for the keyring. There is no keyring")
        assert "AUTORETOUCH_REFRESH_TOKEN" in hold.advice
        await sign_in_elsewhere(quick, REFRESH_TOKEN)
        await quick.until_delivered(3)
    assert quick.holds() == []
    quick.assert_once_and_whole()


async def test_a_keyring_that_is_late_is_waited_for_and_calls_nobody(quick: Workshop) -> None:
    quick.tokens = keyring = LateKeyring(REFRESH_TOKEN)
    quick.drop_many(3)
    async with quick.at_work():
        hold = await quick.until_held(HoldKind.KEYRING)
        assert not hold.needs_person
        assert hold.reason == "Waiting for the keyring. It is locked."
        await quick.until(lambda: keyring.asked >= 3)
        keyring.is_there = True
        await quick.until_delivered(3)
    assert quick.holds() == []
    quick.assert_once_and_whole()


async def test_a_keyring_that_comes_without_a_token_says_to_sign_in(quick: Workshop) -> None:
    quick.tokens = keyring = LateKeyring(None)
    async with quick.at_work():
        await quick.until_held(HoldKind.KEYRING)
        keyring.is_there = True
        await quick.until_held(HoldKind.SIGN_IN)
        await quick.until_free(HoldKind.KEYRING)


async def test_a_person_who_says_now_has_the_keyring_looked_for_at_once(workshop: Workshop) -> None:
    workshop.tokens = keyring = LateKeyring(REFRESH_TOKEN)
    workshop.drop_many(3)
    async with workshop.at_work() as daemon:
        held = await workshop.until_held(HoldKind.KEYRING)
        await daemon._gates._store(replace(held, wake_at=workshop.clock.now() + 3600.0, attempts=10))
        keyring.is_there = True
        await daemon.retry(None)
        assert keyring.was_told_now, "a person who declined is asked once more"
        await workshop.until_delivered(3)


async def test_once_waits_a_while_for_the_keyring_and_then_ends_with_the_exit_code_of_the_sign_in(
    quick: Workshop,
) -> None:
    quick.tokens = keyring = LateKeyring(REFRESH_TOKEN)
    quick.drop_many(3)
    for _ in range(2):  # an earlier life's patience does not count
        began, asked = quick.clock.passed_s(), keyring.asked
        outcome = await quick.once()
        assert outcome.exit_code is ExitCode.SIGN_IN
        assert quick.clock.passed_s() - began > 10.0
        assert keyring.asked - asked >= PATIENT_CHECKS
    (hold,) = quick.holds()
    assert (hold.kind, hold.needs_person) == (HoldKind.KEYRING, True)
    keyring.is_there = True
    assert (await quick.once()).exit_code is ExitCode.DONE
    quick.assert_once_and_whole()


async def test_once_waits_for_the_keyring_though_there_is_nothing_else_to_do(quick: Workshop) -> None:
    """It is not known whether somebody is signed in: that is not "done"."""
    quick.tokens = LateKeyring(REFRESH_TOKEN)
    assert (await quick.once()).exit_code is ExitCode.SIGN_IN


async def test_a_refused_sign_in_is_asked_about_ever_less_often_and_a_new_one_at_once(
    quick: Workshop,
) -> None:
    """The stored token is looked at every few seconds, which costs nobody anything; the auth server is left in peace."""
    world = quick.sandbox.world
    world.clock = quick.clock.now
    world.sign_in.revoke_everything()
    quick.drop_many(3)
    async with quick.at_work():
        await quick.until_held(HoldKind.SIGN_IN)
        since = quick.clock.passed_s()
        await quick.until(lambda: quick.clock.passed_s() - since > 150.0)
        refused = [call.at for call in world.calls_to("token")]
        assert len(refused) <= 6, "at 0, 10, 30, 70, 150 seconds"
        assert all(later - earlier >= 9.0 for earlier, later in pairwise(refused))
        world.sign_in.refresh_tokens.add(NEW_TOKEN)
        quick.tokens.store(NEW_TOKEN)
        since = quick.clock.passed_s()
        await quick.until_delivered(3)
    quick.assert_once_and_whole()


async def test_a_person_who_says_now_has_a_refused_sign_in_asked_about_again(workshop: Workshop) -> None:
    """It was the service's mistake: the same token is good again."""
    refusal = workshop.sandbox.faults.add("token", "status", status=403, error="invalid_grant")
    workshop.drop_many(3)
    async with workshop.at_work() as daemon:
        await workshop.until_held(HoldKind.SIGN_IN)
        refusal.release()
        await daemon.retry(None)
        await workshop.until_delivered(3)
    workshop.assert_once_and_whole()


async def test_once_ends_with_its_own_exit_code_where_a_sign_in_is_needed(workshop: Workshop) -> None:
    workshop.sandbox.world.sign_in.revoke_everything()
    workshop.drop_many(3)
    outcome = await workshop.once()
    assert outcome.exit_code is ExitCode.SIGN_IN
    assert workshop.count(State.QUEUED) == 3


# --- the credits --------------------------------------------------------------------------------------


async def test_a_balance_of_nothing_at_the_start_buys_nothing_and_goes_on_when_topped_up(
    quick: Workshop,
) -> None:
    world = quick.sandbox.world
    world.set_credits(0)
    quick.drop_many(5)
    async with quick.at_work():
        hold = await quick.until_held(HoldKind.CREDITS)
        assert hold.reason == "Out of credits: 0 left, an image costs 1."
        await quick.until(lambda: quick.count(State.UPLOADED) == 5)
        assert world.count_calls("create") == 0
        world.add_credits(100)
        await quick.until_delivered(5)
    assert world.charged_total == 5
    quick.assert_once_and_whole()


async def test_credits_that_run_out_in_the_middle_hold_the_rest_until_topped_up(quick: Workshop) -> None:
    world = quick.sandbox.world
    world.set_credits(3)
    quick.drop_many(8)
    async with quick.at_work():
        await quick.until_delivered(3)
        await quick.until_held(HoldKind.CREDITS)
        assert world.charged_total == 3
        world.add_credits(2)
        await quick.until_delivered(5)
        world.add_credits(100)
        await quick.until_delivered(8)
    assert world.charged_total == 8
    quick.assert_once_and_whole()


async def test_executions_that_require_payment_go_on_through_retry_and_are_never_created_again(
    quick: Workshop,
) -> None:
    """Somebody else spent the credits between our look at the balance and our creates."""
    world = quick.sandbox.world
    quick.sandbox.faults.add("create", "delay", seconds=1.0)
    world.change_workflow(FAST_ID, price=2)
    quick.drop_many(4)
    world.set_credits(8)
    async with quick.at_work():
        await quick.until(lambda: world.count_calls("balance", status=200) >= 1)
        world.set_credits(0)
        await quick.until(lambda: world.count_statuses().get("PAYMENT_REQUIRED", 0) >= 1)
        await quick.until_held(HoldKind.CREDITS)
        assert world.charged_total < 8
        assert world.count_calls("retry") == 0
        world.add_credits(100)
        await quick.until_delivered(4)
    assert world.charged_total == 8
    assert world.count_calls("create") == 4
    quick.assert_once_and_whole()


async def test_without_a_known_price_nothing_is_asked_for_while_there_are_no_credits(quick: Workshop) -> None:
    world = quick.sandbox.world
    world.switches.hide_prices = True
    world.set_credits(0)
    quick.drop_many(3)
    async with quick.at_work():
        hold = await quick.until_held(HoldKind.CREDITS)
        assert hold.reason == "Out of credits: 0 left."
        assert world.executions == []
        world.add_credits(100)
        await quick.until_delivered(3)
    quick.assert_once_and_whole()


async def test_credits_that_turn_out_too_few_for_an_unknown_price_wait_for_more_and_are_paid_once(
    quick: Workshop,
) -> None:
    world = quick.sandbox.world
    world.switches.hide_prices = True
    world.change_workflow(FAST_ID, price=10)
    world.set_credits(5)
    quick.drop_many(3)
    async with quick.at_work():
        await quick.until(lambda: world.count_statuses().get("PAYMENT_REQUIRED", 0) == 3)
        world.add_credits(100)
        await quick.until_delivered(3)
    assert world.charged_total == 30
    quick.assert_once_and_whole()


# --- the service wants more than it said --------------------------------------------------------------

LAGS = 12
"""So many times the listing lag goes by."""


async def wait_for_lags(workshop: Workshop) -> None:
    since = workshop.clock.passed_s()
    await workshop.until(lambda: workshop.clock.passed_s() - since > LAGS * 10.0)


def credit_holds(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.getMessage().startswith("Out of credits") for record in caplog.records)


@pytest.mark.parametrize("kind", ["raised", "hidden", "understated"])
async def test_a_price_above_the_balance_is_one_hold_and_at_most_one_retry(
    quick: Workshop, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Whatever the service says of its price, or does not say: nothing is tried again at each listing lag."""
    world = quick.sandbox.world
    world.switches.hide_prices = kind == "hidden"
    if kind == "understated":
        world.switches.told_price = 1
    quick.drop("0.jpg", seed=0)
    async with quick.at_work() as daemon:
        await quick.until_delivered(1)
        world.change_workflow(FAST_ID, price=10)
        world.set_credits(5)
        daemon._purse._balance = 5
        for number in range(1, 5):
            quick.drop(f"{number}.jpg", seed=number)
        await quick.until_held(HoldKind.CREDITS)
        quick.drop("late.jpg", seed=9)
        await wait_for_lags(quick)
        created = world.count_calls("create")
        assert created <= 1 + 4
        assert world.count_calls("retry") == (0 if kind == "raised" else 1)
        assert credit_holds(caplog) == 1
        assert [hold.kind for hold in quick.holds()] == [HoldKind.CREDITS]
        assert world.count_calls("balance") < 6 * LAGS
        world.add_credits(100)
        await quick.until_delivered(6)
    assert quick.holds() == []
    assert world.count_calls("create") == 6
    assert world.charged_total == 1 + 5 * 10
    assert all(execution.charged for execution in world.executions)
    assert daemon._targets["Studio"].price == {"raised": 10, "hidden": None, "understated": 1}[kind]
    quick.assert_once_and_whole()


async def test_a_price_that_falls_again_is_seen_and_everything_goes_on(quick: Workshop) -> None:
    world = quick.sandbox.world
    quick.drop("0.jpg", seed=0)
    async with quick.at_work() as daemon:
        await quick.until_delivered(1)
        world.change_workflow(FAST_ID, price=10)
        world.set_credits(5)
        daemon._purse._balance = 5
        quick.drop("1.jpg", seed=1)
        hold = await quick.until_held(HoldKind.CREDITS)
        assert hold.reason == "Out of credits: 5 left, an image costs 10."
        world.change_workflow(FAST_ID, price=4)
        await quick.until_delivered(2)
    assert world.charged_total == 1 + 4
    quick.assert_once_and_whole()


async def test_a_person_who_says_now_has_a_refused_payment_tried_once_more(quick: Workshop) -> None:
    world = quick.sandbox.world
    world.switches.hide_prices = True
    world.change_workflow(FAST_ID, price=10)
    world.set_credits(5)
    quick.drop("1.jpg", seed=1)
    async with quick.at_work() as daemon:
        await quick.until_held(HoldKind.CREDITS)
        world.change_workflow(FAST_ID, price=5)
        await wait_for_lags(quick)
        assert world.count_calls("retry") == 1
        await daemon.retry(None)
        await quick.until_delivered(1)
    assert world.count_calls("retry") == 2
    quick.assert_once_and_whole()


async def test_a_cheap_workflow_goes_on_though_another_one_is_too_dear(quick: Workshop) -> None:
    world = quick.sandbox.world
    world.change_workflow(FAST_ID, price=50)
    world.set_credits(20)
    cheap_in = quick.root / "cheap in"
    quick.add_folder("Cheap", cheap_in, quick.root / "cheap out", workflow="Packshot")
    price = next(w.price for w in world.workflows.values() if w.name == "Packshot")
    quick.drop("dear.jpg", seed=1)
    async with quick.at_work():
        await quick.until_held(HoldKind.CREDITS)
        (cheap_in / "a.jpg").write_bytes(picture(2))
        await quick.until_delivered(1)
        await quick.until_held(HoldKind.CREDITS)
    assert world.charged_total == price
