"""When to do a thing again. Pure: the time and the jitter (0 ≤ jitter < 1) are arguments, all times in seconds."""

from __future__ import annotations

from hotfolder.core.image import Image, State

LONGEST_BACKOFF_S = 300.0
LONGEST_ASK_S = 60.0
LONGEST_QA_ASK_S = 600.0
LONGEST_WAIT_S = 3600.0
"""No image sleeps longer than this (I9); a restart cuts every older appointment down to it."""

LONGEST_NAMED_S = 24 * 3600.0
"""The longest time the service may ask to be left alone for (`Retry-After`)."""

CLOCK_JUMP_S = 5.0
"""A wall clock that differs this much from the monotonic one since the last look has been set, or slept."""


def backoff_s(
    attempt: int, jitter: float, *, first_s: float = 1.0, longest_s: float = LONGEST_BACKOFF_S
) -> float:
    """How long to wait before try number `attempt` + 1 (attempt 0 has failed): doubling, between half and whole."""
    whole = min(longest_s, first_s * 2.0 ** min(attempt, 30))
    return whole * (0.5 + 0.5 * jitter)


def ask_again_s(image: Image, now: float, jitter: float, *, first_s: float) -> float:
    """How long until the service is asked about an execution again.

    A sixth of what it has taken so far: retouching of a minute is seen within ten seconds, and quality assurance
    of a day is asked about every ten minutes.
    """
    age_s = max(0.0, now - image.state_since)
    longest_s = LONGEST_ASK_S if image.state is not State.IN_QA else LONGEST_QA_ASK_S
    return min(longest_s, max(first_s, age_s / 6.0)) * (0.8 + 0.2 * jitter)


def look_again_s(looks: int, listing_lag_s: float) -> float:
    """How long until the next look-up after `looks` of them found nothing; together they wait out the lag."""
    shares = (0.05, 0.15, 0.3, 0.5)
    return listing_lag_s * shares[min(looks, len(shares) - 1)]


LOOKS_BEFORE_CREATING_AGAIN = 5
"""The first look at once, then four waits that add up to the listing lag."""


def is_certainly_absent(looks: int) -> bool:
    """So many complete look-ups over the whole listing lag found nothing: the execution was never created (I2)."""
    return looks >= LOOKS_BEFORE_CREATING_AGAIN


def after_restart(wake_at: float, now: float) -> float:
    """An appointment as it is kept after a restart: never further off than `LONGEST_WAIT_S`, in case the
    clock was set meanwhile."""
    return min(wake_at, now + LONGEST_WAIT_S)


def look_after_restart(image: Image, now: float, listing_lag_s: float) -> float:
    """When a look-up that an earlier life put off is made. One that is overdue waits its share of the lag once more: the
    clock may have been set meanwhile, and then nobody has waited for the service's list (keeps I2)."""
    if image.wake_at == 0 or image.wake_at > now:
        return image.wake_at
    return now + look_again_s(max(0, image.looks - 1), listing_lag_s)


def clock_jump_s(wall_passed_s: float, monotonic_passed_s: float) -> float:
    """By how much the wall clock was set (or the machine slept) between two looks; 0 when it was not."""
    jump = wall_passed_s - monotonic_passed_s
    return jump if abs(jump) >= CLOCK_JUMP_S else 0.0


EARLIEST_S = 1_735_689_600.0
"""2025-01-01: a clock that says less has never been set, as on a machine whose battery is empty."""
FURTHEST_APART_S = 86_400.0
"""A clock that is further off the service's is the wrong one: no time zone makes that much."""


def earlier_clock(own: float, services: float | None) -> float | None:
    """When something was asked of the service, never too late by either clock; None where the service has told none.
    A look-up reads back to it, so a time that is too early costs a few pages, and one that is too late costs money."""
    return None if services is None else min(own, services)


def dated_by(own: float, services: float | None) -> float | None:
    """The time that other people read on an order: by our own clock, or by the service's where ours cannot be right.
    None where ours cannot be right and the service has not told its own yet."""
    if own < EARLIEST_S:
        return services
    if services is None or services < EARLIEST_S or abs(own - services) <= FURTHEST_APART_S:
        return own
    return services
