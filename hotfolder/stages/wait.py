"""Wait: ask what has become of an execution, and run it again where that is called for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hotfolder import errors
from hotfolder.core.execution import (
    KNOWN_STATUSES,
    PAID_STATUSES,
    PAYMENT_REQUIRED,
    AskRules,
    Execution,
    event_for,
    may_retry_for_credits,
    retry_for_credits,
)
from hotfolder.core.holds import PAUSED
from hotfolder.core.image import Image, State
from hotfolder.core.life import (
    AnswerMissing,
    Event,
    GaveUp,
    NotRetried,
    PaymentRequired,
    PutOff,
    RetryAccepted,
    RetryIntended,
)
from hotfolder.core.timing import LONGEST_ASK_S, backoff_s, look_again_s
from hotfolder.ports import Progress, Purse, Service, Target

UNKNOWN_BEFORE_GIVING_UP = 8
"""So many 404s in a row for an execution that was created, minutes apart in the end, before a person is told."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What asking needs besides the image; `now` in epoch seconds, 0 ≤ `jitter` < 1. `tell_unknown` is told of a status
    that nobody knows. `may_spend`: whether an execution may be run again; not while the person paused it."""

    rules: AskRules
    now: float
    jitter: float
    tell_unknown: Callable[[str], Awaitable[None]] | None = None
    may_spend: Callable[[], bool] = lambda: True


async def ask_about_execution(
    progress: Progress, target: Target, service: Service, purse: Purse, asking: Asking
) -> None:
    """Ask once, and record what the answer means; retry an execution that failed or has credits again."""
    image = progress.image
    if image.execution_id is None:
        raise AssertionError("an image that is asked about has an execution")
    execution = await service.execution(target.organization_id, image.execution_id)
    if execution is None:
        await progress.record(_unknown(progress, asking))
        return
    await take_answer(progress, execution, target, service, purse, asking)


async def take_answer(
    progress: Progress,
    execution: Execution,
    target: Target,
    service: Service,
    purse: Purse,
    asking: Asking,
) -> None:
    """Record what the service's answer means, and retry where that is due."""
    image = progress.image
    if execution.status not in KNOWN_STATUSES and asking.tell_unknown is not None:
        await asking.tell_unknown(execution.status)
    if image.state is State.HELD and execution.status == PAYMENT_REQUIRED:
        if not asking.may_spend():
            await progress.record(_still_unpaid(image, asking))
            return
        may_retry = may_retry_for_credits(image, asking.rules, asking.now)
        if not await purse.reserve_again(target, image.id, may_retry=may_retry):
            await progress.record(_still_unpaid(image, asking))
            return
        try:
            await _retry(progress, retry_for_credits(image, execution), target, service, purse, asking)
        finally:
            purse.settle(target)
        return
    if execution.status in PAID_STATUSES:
        purse.accepted(target, image.id)
    event = event_for(image, execution, asking.rules, asking.now, asking.jitter)
    if isinstance(event, RetryIntended) and not asking.may_spend():
        await progress.record(PutOff(reason=PAUSED, wake_at=asking.now + LONGEST_ASK_S))
    elif isinstance(event, RetryIntended):
        await _retry(progress, event, target, service, purse, asking)
    else:
        if isinstance(event, PaymentRequired):
            purse.refused(target)
        if isinstance(event, NotRetried):
            purse.not_retried(target, image.id)
        await progress.record(event)


def _still_unpaid(image: Image, asking: Asking) -> PaymentRequired:
    wake_at = asking.now + asking.rules.listing_lag_s
    return PaymentRequired(reason=image.reason, advice=image.advice, wake_at=wake_at)


async def _retry(
    progress: Progress,
    intent: RetryIntended,
    target: Target,
    service: Service,
    purse: Purse,
    asking: Asking,
) -> None:
    """Run the execution again, the intent first (keeps I2): the service may charge for it."""
    before = progress.image.retries
    await progress.record(intent)
    # Crash here: the intent is durable; `finishedAt` will tell whether the execution ran again.
    try:
        await service.retry(target.organization_id, progress.image.execution_id or "")
    except errors.AnswerLost as lost:
        wake_at = asking.now + look_again_s(0, asking.rules.listing_lag_s)
        await progress.record(AnswerMissing(reason=lost.title, wake_at=wake_at))
        raise
    except errors.HotfolderError as refusal:
        purse.not_retried(target, progress.image.id)
        wake_at = asking.now + backoff_s(0, asking.jitter)
        await progress.record(NotRetried(retries=before, reason=refusal.title, wake_at=wake_at))
        raise
    # Crash here: it runs again, and the next look at the execution shows it.
    await progress.record(RetryAccepted(wake_at=asking.now + asking.rules.first_s))


def _unknown(progress: Progress, asking: Asking) -> Event:
    """404 for an execution we know: the service may still be spreading the news of it."""
    attempts = progress.image.attempts
    if attempts + 1 >= UNKNOWN_BEFORE_GIVING_UP:
        return GaveUp(
            reason="AutoRetouch no longer knows this execution.",
            advice="Look for the image in the web app, or try again to ask once more.",
        )
    wait_s = backoff_s(attempts, asking.jitter, first_s=asking.rules.first_s, longest_s=LONGEST_ASK_S)
    return PutOff(reason="AutoRetouch does not know the execution yet.", wake_at=asking.now + wait_s)
