"""Request: create the one execution an image is charged for, or find the one that was created."""

from __future__ import annotations

from collections.abc import Sequence
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
from hotfolder.core.timing import backoff_s, is_certainly_absent, look_again_s
from hotfolder.ports import IMAGE_LABEL, ExecutionRequest, Progress, Purse, Service, Sources, Target


@dataclass(frozen=True, slots=True)
class Moment:
    """Now (epoch seconds), a jitter (0 ≤ jitter < 1), and how long the service's list may lag behind (seconds)."""

    now: float
    jitter: float
    listing_lag_s: float


async def request_execution(
    progress: Progress,
    request: ExecutionRequest,
    service: Service,
    sources: Sources,
    purse: Purse,
    moment: Moment,
) -> None:
    """Create the execution, the intent first (keeps I2)."""
    if not await sources.is_unchanged(progress.image):
        raise errors.SourceChanged("The file was changed before it was sent.")
    await purse.reserve(request.target)
    await progress.record(RequestIntended(requested_at=service.now()))
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


async def look_up_executions(
    group: Sequence[Progress], target: Target, service: Service, moment: Moment
) -> None:
    """Find out for all these images, of one workflow, whether their executions exist (keeps I2)."""
    search = await search_executions(group, target, service)
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


async def search_executions(group: Sequence[Progress], target: Target, service: Service) -> Search:
    """Read the workflow's executions until all of the group's are found, or certainly not there."""
    times = [p.image.requested_at for p in group]
    known = [t for t in times if t is not None]
    since = min(known) if len(known) == len(times) else None
    search = Search(frozenset(p.image.id for p in group), since)
    while True:
        page = await service.executions(target.organization_id, target.workflow_id, search.offset)
        listed = [Listed(e.id, e.labels.get(IMAGE_LABEL), e.created_at) for e in page.entries]
        if search.take(listed, page.total):
            return search
