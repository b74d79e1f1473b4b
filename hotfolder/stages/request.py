"""Request: create the one execution an image is charged for, or find the one that was created."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from hotfolder import errors
from hotfolder.core.life import (
    AnswerMissing,
    BytesMissing,
    ExecutionKnown,
    NotCreated,
    NotListed,
    PutOff,
    RequestIntended,
)
from hotfolder.core.lookup import Listed, Search
from hotfolder.core.timing import backoff_s, earlier_clock, is_certainly_absent, look_again_s
from hotfolder.ports import (
    IMAGE_LABEL,
    SETTINGS_LABEL,
    Execution,
    ExecutionRequest,
    Progress,
    Purse,
    Service,
    Sources,
    Target,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Now (epoch seconds), a jitter (0 ≤ jitter < 1), and how long the service's list may lag behind (seconds)."""

    now: float
    jitter: float
    listing_lag_s: float


Intents = Callable[[Collection[str]], Awaitable[Mapping[str, float]]]
"""When the executions of these images, by id, were intended, as far as that is known."""


async def request_execution(
    progress: Progress,
    request: ExecutionRequest,
    service: Service,
    sources: Sources,
    purse: Purse,
    moment: Moment,
    intend: Callable[[RequestIntended], Awaitable[bool]],
) -> None:
    """Create the execution, the intent first (keeps I2). `intend` commits it, unless these bytes have been paid or asked
    for meanwhile: then it says no, and nothing is created (keeps I12)."""
    if not await sources.is_unchanged(progress.image):
        raise errors.SourceChanged("The file was changed before it was sent.")
    if not await purse.reserve(request.target):
        wake_at = moment.now + moment.listing_lag_s
        await progress.record(PutOff(reason="AutoRetouch wants more credits than expected.", wake_at=wake_at))
        return
    try:
        if await intend(_intent(request, service, moment)):
            await _create(progress, request, service, purse, moment)
        else:
            purse.give_back(request.target)
    finally:
        purse.settle(request.target)


async def _create(
    progress: Progress, request: ExecutionRequest, service: Service, purse: Purse, moment: Moment
) -> None:
    # Crash here: the intent is durable and nothing was sent; the look-up finds nothing, and it is sent then.
    try:
        execution_id = await service.create(request)
    except errors.AnswerLost as lost:
        wake_at = moment.now + look_again_s(0, moment.listing_lag_s)
        await progress.record(AnswerMissing(reason=lost.title, wake_at=wake_at))
        raise
    except errors.ImageNotOnService as missing:
        purse.give_back(request.target)
        await progress.record(BytesMissing())
        raise errors.ServiceAway(missing.title, missing.advice) from missing
    except errors.HotfolderError as refusal:  # refused, or never sent: certainly not created
        purse.give_back(request.target)
        await progress.record(NotCreated(reason=refusal.title))
        raise
    # Crash here: created, and only the service knows; the look-up finds it by its label.
    await progress.record(ExecutionKnown(execution_id=execution_id))


def _intent(request: ExecutionRequest, service: Service, moment: Moment) -> RequestIntended:
    return RequestIntended(
        requested_at=earlier_clock(moment.now, service.now()),
        organization_id=request.target.organization_id,
        workflow_id=request.target.workflow_id,
        workflow_version=request.target.current_version,
        settings_digest=request.labels.get(SETTINGS_LABEL),
    )


async def look_up_executions(
    group: Sequence[Progress], target: Target, service: Service, moment: Moment, intents: Intents
) -> None:
    """Find out for all these images, of one workflow, whether their executions exist (keeps I2)."""
    search = await search_executions(group, target, service, intents)
    for progress in group:
        await progress.record(_event(progress, search, moment))


def _event(
    progress: Progress, search: Search, moment: Moment
) -> ExecutionKnown | NotListed | NotCreated | PutOff:
    image = progress.image
    execution_id = search.found.get(image.id)
    if execution_id is not None:
        return ExecutionKnown(execution_id=execution_id)
    if not search.complete:
        wait_s = backoff_s(image.attempts, moment.jitter)
        return PutOff(reason="AutoRetouch's list could not be read whole.", wake_at=moment.now + wait_s)
    looks = image.looks + 1
    if is_certainly_absent(looks):
        return NotCreated()
    return NotListed(looks=looks, wake_at=moment.now + look_again_s(image.looks, moment.listing_lag_s))


async def search_executions(
    group: Sequence[Progress], target: Target, service: Service, intents: Intents
) -> Search:
    """Read the workflow's executions until all of the group's are found, or certainly not there."""
    times = [p.image.requested_at for p in group]
    known = [t for t in times if t is not None]
    since = min(known) if len(known) == len(times) else None
    search = Search(frozenset(p.image.id for p in group), since)
    while True:
        page = await service.executions(target.organization_id, target.workflow_id, search.offset)
        if search.take(await _listed(page.entries, intents), page.total):
            return search


async def _listed(entries: Sequence[Execution], intents: Intents) -> list[Listed]:
    """The page as the search reads it: what is ours shows how right the list's clock is."""
    labels = [execution.labels.get(IMAGE_LABEL) for execution in entries]
    known = await intents([label for label in labels if label is not None])
    return [
        Listed(execution.id, label, execution.created_at, known.get(label) if label else None)
        for execution, label in zip(entries, labels, strict=True)
    ]
