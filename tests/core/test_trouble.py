"""What every error means for the image and for everything around it."""

from __future__ import annotations

import pytest

from hotfolder import errors
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind, stopping
from hotfolder.core.image import State
from hotfolder.core.life import COMMANDS, LIFE, GaveUp, Gone, PutOff
from hotfolder.core.trouble import (
    BUGS_BEFORE_GIVING_UP,
    DOWNLOADS_BEFORE_GIVING_UP,
    LONGEST_HOLD_CHECK_S,
    decide,
    hold_of,
    is_held,
    next_check_s,
)
from tests.fakes import NOW, an_image


def descendants(kind: type[errors.HotfolderError]) -> list[type[errors.HotfolderError]]:
    return [kind, *(d for child in kind.__subclasses__() for d in descendants(child))]


EVERY_ERROR: list[type[Exception]] = [
    *(kind for kind in descendants(errors.HotfolderError) if kind.__module__ == "hotfolder.errors"),
    RuntimeError,
    OSError,
]
AT_WORK = [state for state in COMMANDS if not state.is_final]


@pytest.mark.parametrize("state", AT_WORK)
@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_has_a_decision_in_every_state_that_the_table_lists(
    kind: type[Exception], state: State
) -> None:
    for attempts in (0, 1000):
        image = an_image(state, attempts=attempts)
        decision = decide(kind("It happened."), image, NOW, 0.5)
        if decision.event is not None:
            assert (state, type(decision.event)) in LIFE
            assert decision.event.wake_at == 0.0 or decision.event.wake_at > NOW
        else:
            recorded_by_its_stage = isinstance(kind("x"), errors.AnswerLost) and image.may_be_paid
            assert decision.hold is not None or recorded_by_its_stage


@pytest.mark.parametrize("state", AT_WORK)
@pytest.mark.parametrize("kind", [errors.ServiceAway, errors.TooManyRequests, errors.TemporaryError])
def test_a_fault_of_the_service_makes_any_image_wait_and_fails_none(
    kind: type[errors.TemporaryError], state: State
) -> None:
    decision = decide(kind("Away.", "Nothing to do."), an_image(state, attempts=10_000), NOW, 0.5)
    assert isinstance(decision.event, PutOff)
    assert (decision.event.reason, decision.event.advice) == ("Away.", "Nothing to do.")
    assert decision.is_service_fault
    assert NOW < decision.event.wake_at <= NOW + 300


def test_retry_after_is_honoured_where_it_is_longer() -> None:
    long = decide(errors.TooManyRequests("Slow.", retry_after_s=900.0), an_image(), NOW, 0.5)
    short = decide(errors.TooManyRequests("Slow.", retry_after_s=0.1), an_image(attempts=5), NOW, 0.5)
    assert long.event is not None
    assert short.event is not None
    assert long.event.wake_at == NOW + 900.0
    assert short.event.wake_at == NOW + 24.0


@pytest.mark.parametrize("state", [State.REQUESTED, State.RETRYING])
def test_a_lost_answer_keeps_what_its_stage_recorded(state: State) -> None:
    """Another event here could move the time of the look-up."""
    decision = decide(errors.AnswerLost("Lost."), an_image(state), NOW, 0.5)
    assert (decision.event, decision.hold, decision.is_service_fault) == (None, None, True)


@pytest.mark.parametrize(
    ("kind", "hold", "scope"),
    [
        (errors.SignInNeeded, HoldKind.SIGN_IN, ACCOUNT),
        (errors.OutOfCredits, HoldKind.CREDITS, ACCOUNT),
        (errors.LedgerUnusable, HoldKind.LEDGER, ACCOUNT),
        (errors.WorkflowUnavailable, HoldKind.WORKFLOW, "Packshots"),
        (errors.FolderAway, HoldKind.IN_FOLDER, "Packshots"),
        (errors.FolderUnwritable, HoldKind.OUT_FOLDER, "Packshots"),
    ],
)
def test_what_needs_a_person_is_held_for_all_whom_it_concerns_and_fails_nothing(
    kind: type[errors.NeedsPerson], hold: HoldKind, scope: str
) -> None:
    decision = decide(kind("Why.", "What to do."), an_image(attempts=1000), NOW, 0.5)
    assert decision.hold is not None
    assert (decision.hold.kind, decision.hold.scope) == (hold, scope)
    assert (decision.hold.reason, decision.hold.advice, decision.hold.since) == ("Why.", "What to do.", NOW)
    assert NOW < decision.hold.wake_at <= NOW + LONGEST_HOLD_CHECK_S


def test_a_keyring_that_is_not_ready_is_waited_for_and_that_is_no_call_to_sign_in_again() -> None:
    hold = hold_of(errors.KeyringNotReady("It is locked.", "Unlock it."), "Packshots", NOW)
    assert (hold.kind, hold.scope) == (HoldKind.KEYRING, ACCOUNT)
    assert (hold.reason, hold.advice) == ("Waiting for the keyring. It is locked.", "Unlock it.")
    assert hold.wake_at <= NOW + 2.0


@pytest.mark.parametrize("state", AT_WORK)
@pytest.mark.parametrize("kind", [errors.SignInNeeded, errors.OutOfCredits, errors.WorkflowUnavailable])
def test_a_step_waits_for_the_hold_that_stops_it_and_is_put_off_by_any_other(
    kind: type[errors.NeedsPerson], state: State
) -> None:
    """A hold that does not stop the very step would have it tried again at once, for ever."""
    decision = decide(kind("Why."), an_image(state), NOW, 0.5)
    assert decision.hold is not None
    if stopping(COMMANDS[state], "Packshots", [decision.hold]):
        assert decision.event is None
    else:
        assert isinstance(decision.event, PutOff)
        assert decision.event.wake_at > NOW


@pytest.mark.parametrize("kind", [errors.ConfigError, errors.AnotherDaemon, errors.DaemonNotRunning])
def test_what_only_concerns_the_start_of_the_program_is_a_bug_in_the_middle_of_the_work(
    kind: type[errors.NeedsPerson],
) -> None:
    error = kind("Why.")
    assert not is_held(error)
    assert decide(error, an_image(), NOW, 0.5).is_bug
    with pytest.raises(AssertionError, match=kind.__name__):
        hold_of(error, "Packshots", NOW)


@pytest.mark.parametrize("kind", [errors.UnreadableImage, errors.ImageRejected, errors.ImageError])
def test_a_fault_of_the_image_fails_it_with_reason_and_advice(kind: type[errors.ImageError]) -> None:
    decision = decide(kind("Cut off.", "Copy it again."), an_image(), NOW, 0.5)
    assert decision.event == GaveUp(reason="Cut off.", advice="Copy it again.")
    assert not decision.is_service_fault
    assert not decision.is_bug


@pytest.mark.parametrize("attempts", [0, 4, 10_000])
@pytest.mark.parametrize(
    "error", [errors.ImageRejected("Refused."), RuntimeError("?"), errors.SourceVanished("?")]
)
def test_nothing_gives_up_an_image_that_may_be_paid_and_has_no_execution(
    error: Exception, attempts: int
) -> None:
    """Failed without an execution, it would be sent anew when the person says "try again"."""
    decision = decide(error, an_image(State.REQUESTED, attempts=attempts), NOW, 0.5)
    assert isinstance(decision.event, PutOff)


@pytest.mark.parametrize("kind", [errors.SourceChanged, errors.SourceVanished])
def test_an_unpaid_image_whose_file_changed_or_vanished_is_forgotten(kind: type[errors.ImageError]) -> None:
    assert decide(kind("Gone."), an_image(State.QUEUED), NOW, 0.5).event == Gone()


def test_a_paid_image_whose_file_vanished_is_not_forgotten() -> None:
    assert isinstance(
        decide(errors.SourceVanished("Gone."), an_image(State.PROCESSING), NOW, 0.5).event, GaveUp
    )


def test_a_damaged_result_is_downloaded_again_and_given_up_in_the_end() -> None:
    for attempts in range(DOWNLOADS_BEFORE_GIVING_UP - 1):
        decision = decide(
            errors.ResultDamaged("Short."), an_image(State.FINISHED, attempts=attempts), NOW, 0.5
        )
        assert isinstance(decision.event, PutOff)
    last = an_image(State.FINISHED, attempts=DOWNLOADS_BEFORE_GIVING_UP - 1)
    assert isinstance(decide(errors.ResultDamaged("Short."), last, NOW, 0.5).event, GaveUp)


@pytest.mark.parametrize("attempts", [0, 10, 10_000])
def test_a_result_whose_place_is_open_elsewhere_is_put_off_and_never_given_up(attempts: int) -> None:
    image = an_image(State.FINISHED, attempts=attempts)
    decision = decide(errors.ResultInUse("Open.", "Close it."), image, NOW, 0.5)
    assert isinstance(decision.event, PutOff)
    assert (decision.event.reason, decision.event.advice) == ("Open.", "Close it.")
    assert NOW < decision.event.wake_at <= NOW + 60
    assert (decision.hold, decision.is_bug, decision.is_service_fault) == (None, False, False)


def test_a_bug_is_tried_again_and_then_puts_the_image_aside() -> None:
    events = [decide(RuntimeError("?"), an_image(attempts=n), NOW, 0.5) for n in range(BUGS_BEFORE_GIVING_UP)]
    assert all(decision.is_bug for decision in events)
    assert [type(decision.event) for decision in events] == [PutOff] * 4 + [GaveUp]
    assert isinstance(events[-1].event, GaveUp)
    assert "RuntimeError" in events[-1].event.reason
    assert events[-1].event.advice


@pytest.mark.parametrize("state", [State.REQUESTED, State.RETRYING])
def test_a_bug_never_gives_up_where_it_is_unknown_whether_money_was_spent(state: State) -> None:
    decision = decide(RuntimeError("?"), an_image(state, attempts=10_000), NOW, 0.999999)
    assert isinstance(decision.event, PutOff)
    assert decision.event.wake_at == pytest.approx(NOW + 300, abs=1)


def check_waits(kind: HoldKind) -> list[float]:
    return [
        next_check_s(Hold(scope="", kind=kind, reason="", attempts=attempts), 0.999999)
        for attempts in range(10)
    ]


def test_a_look_at_an_out_folder_writes_there_so_it_is_looked_at_every_ten_seconds_at_most() -> None:
    waits = check_waits(HoldKind.OUT_FOLDER)
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(2.0, rel=1e-3)
    assert waits[-1] == pytest.approx(10.0, rel=1e-3)


@pytest.mark.parametrize("kind", [HoldKind.IN_FOLDER, HoldKind.SIGN_IN, HoldKind.LEDGER])
def test_what_costs_nothing_to_look_at_is_looked_at_all_the_time(kind: HoldKind) -> None:
    waits = check_waits(kind)
    assert max(waits) <= 5.0


@pytest.mark.parametrize("kind", [HoldKind.CREDITS, HoldKind.WORKFLOW, HoldKind.KEYRING])
def test_what_asks_somebody_is_asked_ever_less_often_up_to_a_minute(kind: HoldKind) -> None:
    waits = check_waits(kind)
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(LONGEST_HOLD_CHECK_S, rel=1e-3)
