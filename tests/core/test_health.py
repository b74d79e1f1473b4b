"""When a fault of one call becomes a wait of everything, and how that ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.health import (
    FAULTS_BEFORE_CLOSING,
    LONGEST_PROBE_S,
    Health,
    after_fault,
    after_probe,
    after_success,
)

NOW = 1_800_000_000.0
WHOLE = 0.999999
"""The jitter that gives the whole interval."""


def faults(health: Health, number: int, retry_after_s: float | None = None, *, clear: bool = False) -> Health:
    for _ in range(number):
        health = after_fault(health, NOW, WHOLE, retry_after_s, clear=clear)
    return health


def closed() -> Health:
    return faults(Health(), FAULTS_BEFORE_CLOSING)


def wait_s(health: Health) -> int:
    assert health.probe_at is not None
    return round(health.probe_at - NOW)


def test_a_single_fault_keeps_the_gate_open() -> None:
    assert faults(Health(), 1).is_open
    assert faults(Health(), FAULTS_BEFORE_CLOSING - 1).is_open


def test_several_faults_in_a_row_close_it() -> None:
    assert not closed().is_open


def test_a_success_between_faults_begins_the_count_anew() -> None:
    health = after_success(faults(Health(), FAULTS_BEFORE_CLOSING - 1))
    assert health == Health()
    assert faults(health, FAULTS_BEFORE_CLOSING - 1).is_open


def test_a_clear_word_closes_it_at_once() -> None:
    assert not faults(Health(), 1, clear=True).is_open


def test_the_services_own_wish_closes_it_at_once_and_is_honoured() -> None:
    health = faults(Health(), 1, 120.0)
    assert wait_s(health) == 120


def test_a_wish_shorter_than_the_own_wait_does_not_hurry_the_probe() -> None:
    health = closed()
    for _ in range(6):
        health = after_probe(health, NOW, WHOLE, well=False, retry_after_s=1.0)
    assert wait_s(health) == LONGEST_PROBE_S


def test_the_interval_of_probes_doubles_up_to_a_minute() -> None:
    health, waits = closed(), []
    for _ in range(8):
        waits.append(wait_s(health))
        health = after_probe(health, NOW, WHOLE, well=False)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_failed_probe_honours_the_services_wish() -> None:
    assert wait_s(after_probe(closed(), NOW, WHOLE, well=False, retry_after_s=300.0)) == 300


def test_stragglers_neither_move_the_probe_nor_open_the_gate() -> None:
    """Requests that were under way when it closed."""
    health = closed()
    assert faults(health, 5).probe_at == health.probe_at
    assert after_success(health) == health


def test_a_good_probe_opens_the_gate() -> None:
    health = after_probe(closed(), NOW, WHOLE, well=True)
    assert health.is_open
    assert health.faults == 0


def test_the_first_work_done_after_a_good_probe_makes_it_wholly_well() -> None:
    assert after_success(after_probe(closed(), NOW, WHOLE, well=True)) == Health()


def test_a_service_that_answers_probes_and_nothing_else_is_asked_ever_less_often() -> None:
    health, waits = Health(), []
    for _ in range(8):
        health = faults(health, FAULTS_BEFORE_CLOSING)
        waits.append(wait_s(health))
        health = after_probe(health, NOW, WHOLE, well=True)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@given(
    st.lists(st.sampled_from(["fault", "clear", "success", "well", "ill"]), max_size=60), st.floats(0, 0.99)
)
def test_a_closed_gate_always_has_a_probe_in_sight(history: list[str], jitter: float) -> None:
    """Nothing waits for ever: the gate is open, or the next probe is at most a minute away."""
    health = Health()
    for what in history:
        if what == "success":
            health = after_success(health)
        elif what in ("fault", "clear"):
            health = after_fault(health, NOW, jitter, None, clear=what == "clear")
        elif not health.is_open:
            health = after_probe(health, NOW, jitter, well=what == "well")
        assert health.probe_at is None or NOW < health.probe_at <= NOW + LONGEST_PROBE_S
