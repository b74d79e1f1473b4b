"""What the service tells of an execution, and what it means for the image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hotfolder.core.image import Image, State
from hotfolder.core.life import (
    Event,
    Finished,
    GaveUp,
    NotListed,
    NotRetried,
    PaymentRequired,
    RetryIntended,
    SeenInQa,
    SeenProcessing,
)
from hotfolder.core.timing import ask_again_s, is_certainly_absent, look_again_s

COMPLETED = "COMPLETED"
IN_QA = "IN_QA"
PAYMENT_REQUIRED = "PAYMENT_REQUIRED"
FAILED = "FAILED"
ACTIVE = "ACTIVE"
KNOWN_STATUSES = frozenset({"CREATED", ACTIVE, COMPLETED, IN_QA, PAYMENT_REQUIRED, FAILED})
PAID_STATUSES = frozenset({ACTIVE, COMPLETED, IN_QA, FAILED})
"""Nothing is worked on without credits; CREATED may still turn out to be unpaid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution as the service tells of it. `status` is the service's word, unknown ones included;
    `created_at` epoch seconds of the *service's* clock, None when it cannot be read; hashes are 64 hex digits."""

    id: str
    status: str
    created_at: float | None = None
    finished_at: str | None = None
    result_path: str | None = None
    result_hash: str | None = None
    result_type: str | None = None
    result_name: str | None = None
    workflow_id: str | None = None
    workflow_version: str | None = None
    input_name: str = ""
    input_hash: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    credits: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRules:
    """`retries`: automatic ones after FAILED; `first_s`: the first interval of asking; `listing_lag_s`: how long the
    service may need until everybody sees a change."""

    retries: int = 1
    first_s: float = 2.0
    listing_lag_s: float = 30.0


def event_for(image: Image, execution: Execution, rules: AskRules, now: float, jitter: float) -> Event:
    """What an answer of the service means for an image in PROCESSING, IN_QA, HELD or RETRYING."""
    if execution.status == COMPLETED and execution.result_path:
        return _finished(image, execution, execution.result_path)
    if execution.status in (FAILED, PAYMENT_REQUIRED):
        return _stuck(image, execution, rules, now, jitter)
    event = SeenInQa if execution.status == IN_QA else SeenProcessing
    return event(wake_at=now + ask_again_s(image, now, jitter, first_s=rules.first_s))


def _finished(image: Image, execution: Execution, result_path: str) -> Finished:
    return Finished(
        service_path=result_path,
        result_hash=execution.result_hash or hash_in_path(result_path),
        result_type=execution.result_type,
        result_name=execution.result_name,
        credits=execution.credits,
        workflow_version=execution.workflow_version or image.workflow_version,
    )


def hash_in_path(result_path: str) -> str | None:
    """`/image/<hash>/<name>` holds the hash of the bytes [C]."""
    match = re.match(r"/image/([0-9a-f]{64})(?:/|$)", result_path)
    return match.group(1) if match else None


def _stuck(image: Image, execution: Execution, rules: AskRules, now: float, jitter: float) -> Event:
    if image.state is State.RETRYING:
        return _after_unknown_retry(image, execution, rules, now)
    if _is_stale(image, execution, rules, now):
        return SeenProcessing(wake_at=now + ask_again_s(image, now, jitter, first_s=rules.first_s))
    if execution.status == PAYMENT_REQUIRED:
        return PaymentRequired(
            reason="There are not enough credits for this image.",
            advice="Top up in the AutoRetouch web app; it goes on by itself.",
        )
    if image.retries < rules.retries:
        return RetryIntended(seen_finished_at=execution.finished_at, retries=image.retries + 1)
    reason = execution.reason or "no reason was given"
    return GaveUp(
        reason=f"AutoRetouch could not process this image ({reason}).",
        advice="Look at the image, then try again, or ask AutoRetouch's support about this execution.",
    )


def _is_stale(image: Image, execution: Execution, rules: AskRules, now: float) -> bool:
    """It may have been retried a moment ago (also before a person said "try again"), and the answer may still tell of
    the time before. An unpaid one is believed at once where no retry was counted: `may_retry_for_credits` guards it."""
    unchanged = image.seen_finished_at == execution.finished_at
    possible = image.retries > 0 or execution.status == FAILED
    return possible and unchanged and now - image.state_since < rules.listing_lag_s


def _after_unknown_retry(image: Image, execution: Execution, rules: AskRules, now: float) -> Event:
    """The retry's answer was lost and the execution stands as before: did it run again (keeps I2)?

    Another `finishedAt` proves that it did. The same one, seen over the whole listing lag, proves that it did not. Where
    the service gives none, a FAILED one counts as retried, and an unpaid one, which cost nothing, does not.
    """
    if execution.finished_at != image.seen_finished_at:
        return SeenProcessing()
    looks = image.looks + 1
    if not is_certainly_absent(looks):
        return NotListed(looks=looks, wake_at=now + look_again_s(image.looks, rules.listing_lag_s))
    if execution.status == FAILED and execution.finished_at is None:
        return SeenProcessing()
    counted = 1 if execution.status == FAILED else 0  # one for credits was not counted
    return NotRetried(retries=max(0, image.retries - counted), reason="The retry never reached AutoRetouch.")


def retry_for_credits(image: Image, execution: Execution) -> RetryIntended:
    """An execution that waited for credits is run again; that does not count as one of the automatic retries."""
    return RetryIntended(seen_finished_at=execution.finished_at, retries=image.retries)


def may_retry_for_credits(image: Image, rules: AskRules, now: float) -> bool:
    """Whether it was unpaid for the whole listing lag: until then the answer may tell of the time before a retry, and a
    second one could be a second charge (keeps I2)."""
    return now - image.state_since >= rules.listing_lag_s
