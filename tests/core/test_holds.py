"""What each kind of hold stops, for whom, and how it is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.holds import (
    ACCOUNT,
    PATIENT_CHECKS,
    Hold,
    HoldKind,
    after_pause,
    after_resume,
    is_paused,
    paused_by,
    shown_state,
    stopping,
    until_words,
)
from hotfolder.core.image import State
from hotfolder.core.life import COMMANDS, Command
from tests.fakes import an_image

WORK = [c for c in Command if c not in (Command.NOTHING, Command.FORGET)]


def hold(kind: HoldKind, scope: str = ACCOUNT) -> Hold:
    return Hold(scope=scope, kind=kind, reason=f"because of {kind.value}", advice="do something")


def at(day: int, hour: int, minute: int) -> float:
    return datetime(2026, 5, day, hour, minute).astimezone().timestamp()


def stopped_by(kind: HoldKind) -> set[Command]:
    return {command for command in Command if stopping(command, "Packshots", [hold(kind)]) is not None}


@pytest.mark.parametrize("kind", [HoldKind.SERVICE, HoldKind.SIGN_IN, HoldKind.KEYRING, HoldKind.LEDGER])
def test_without_service_sign_in_or_ledger_everything_waits(kind: HoldKind) -> None:
    assert stopped_by(kind) == set(WORK)


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (at(4, 9, 30), at(4, 14, 5), " until 14:05"),
        (at(4, 9, 30), at(5, 9, 30), " until 5 May, 09:30"),
    ],
)
def test_until_when_is_said_by_the_clock_on_the_wall(since: float, until: float, words: str) -> None:
    assert until_words(since, until) == words
    assert until_words(0.0, None) == ""


def test_while_paused_nothing_new_is_sent_and_what_is_paid_comes_home() -> None:
    assert stopped_by(HoldKind.PAUSED) == {Command.UPLOAD, Command.REQUEST, Command.AWAIT_CREDITS}


@pytest.mark.parametrize("kind", [HoldKind.CREDITS, HoldKind.BUDGET])
def test_without_credits_or_budget_only_what_costs_money_waits(kind: HoldKind) -> None:
    """What is paid for is still asked about and delivered, and uploads are free."""
    assert stopped_by(kind) == {Command.REQUEST, Command.AWAIT_CREDITS}


@pytest.mark.parametrize("kind", [HoldKind.WORKFLOW, HoldKind.IN_FOLDER])
def test_without_workflow_or_in_folder_what_is_under_way_is_still_brought_home(kind: HoldKind) -> None:
    assert stopped_by(kind) == {Command.UPLOAD, Command.REQUEST}


def test_without_an_out_folder_nothing_new_is_bought() -> None:
    everything_new = {Command.UPLOAD, Command.REQUEST, Command.AWAIT_CREDITS}
    assert stopped_by(HoldKind.OUT_FOLDER) == everything_new | {Command.DELIVER}


def test_no_hold_stops_what_ended() -> None:
    holds = [hold(kind) for kind in HoldKind]
    assert stopping(Command.NOTHING, "Packshots", holds) is None
    assert stopping(Command.FORGET, "Packshots", holds) is None


def test_a_lookup_of_what_may_be_paid_goes_on_while_money_is_short() -> None:
    assert Command.LOOK_UP not in stopped_by(HoldKind.CREDITS)
    assert Command.CHECK_RETRY not in stopped_by(HoldKind.CREDITS)


def test_a_hold_of_one_hot_folder_stops_no_other() -> None:
    holds = [hold(HoldKind.OUT_FOLDER, "Packshots")]
    assert stopping(Command.UPLOAD, "Packshots", holds) is not None
    assert stopping(Command.UPLOAD, "Portraits", holds) is None


def test_a_hold_that_needs_a_person_is_named_before_one_that_heals() -> None:
    service, sign_in = hold(HoldKind.SERVICE), hold(HoldKind.SIGN_IN)
    for holds in ([service, sign_in], [sign_in, service]):
        assert stopping(Command.UPLOAD, "Packshots", holds) is sign_in


@pytest.mark.parametrize("kind", HoldKind)
def test_only_a_service_that_is_away_or_a_pause_needs_nobody(kind: HoldKind) -> None:
    calm = (HoldKind.SERVICE, HoldKind.PAUSED, HoldKind.KEYRING)
    assert hold(kind).needs_person is (kind not in calm)


def test_a_keyring_that_does_not_come_by_itself_needs_a_person_after_a_while() -> None:
    waiting = [replace(hold(HoldKind.KEYRING), attempts=attempts) for attempts in range(10)]
    assert [one.needs_person for one in waiting] == [n >= PATIENT_CHECKS for n in range(10)]


def test_an_image_whose_step_waits_for_a_person_is_shown_as_held_with_the_holds_reason() -> None:
    shown = shown_state(an_image(State.UPLOADED), [hold(HoldKind.CREDITS)])
    assert shown == (State.HELD, "because of credits", "do something")


def test_an_image_that_waits_for_the_service_keeps_its_state() -> None:
    image = an_image(State.UPLOADED, reason="No network.")
    assert shown_state(image, [hold(HoldKind.SERVICE)]) == (State.UPLOADED, "No network.", "")


def test_an_image_that_waits_for_credits_keeps_its_own_reason() -> None:
    image = an_image(State.HELD, reason="There are not enough credits for this image.", advice="Top up.")
    shown = shown_state(image, [hold(HoldKind.SIGN_IN)])
    assert shown == (State.HELD, "There are not enough credits for this image.", "Top up.")


@pytest.mark.parametrize("state", [s for s in COMMANDS if s.is_final])
def test_what_ended_is_shown_as_it_ended(state: State) -> None:
    image = an_image(state, reason="Cut off.")
    assert shown_state(image, [hold(kind) for kind in HoldKind]) == (state, "Cut off.", "")


def test_what_is_with_quality_assurance_is_not_held_by_missing_credits() -> None:
    assert shown_state(an_image(State.IN_QA), [hold(HoldKind.CREDITS)])[0] is State.IN_QA


# --- pauses ---------------------------------------------------------------------------------------

FOLDERS = ("Boots", "Packshots", "Shoes")
scopes = st.sampled_from([ACCOUNT, *FOLDERS])


def test_a_paused_image_is_shown_as_what_it_is() -> None:
    """Only what waits for something outside is held; a pause is the person's own wish."""
    assert shown_state(an_image(State.QUEUED), [hold(HoldKind.PAUSED)])[0] is State.QUEUED


def resting(paused: frozenset[str]) -> set[str]:
    holds = [hold(HoldKind.PAUSED, scope) for scope in paused]
    assert paused_by(holds) == paused
    return {folder for folder in FOLDERS if is_paused(folder, holds)}


@given(st.lists(st.tuples(st.booleans(), scopes)))
def test_each_word_of_the_person_concerns_what_it_names_and_nothing_else(
    said: list[tuple[bool, str]],
) -> None:
    paused: frozenset[str] = frozenset()
    expected: set[str] = set()
    for is_pause, scope in said:
        meant = set(FOLDERS) if scope == ACCOUNT else {scope}
        expected = expected | meant if is_pause else expected - meant
        paused = after_pause(paused, scope) if is_pause else after_resume(paused, scope, FOLDERS)
        assert resting(paused) == expected
