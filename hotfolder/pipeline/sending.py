"""Sending: joins the stages to what each of them needs, and gives each its lane."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from hotfolder.adapters.ledger_results import is_overtaken
from hotfolder.adapters.ledger_tallies import intents_of
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.batching import labels_of
from hotfolder.core.config import Config, FolderConfig
from hotfolder.core.execution import AskRules
from hotfolder.core.image import Image, State
from hotfolder.core.life import Overtaken, Waits
from hotfolder.core.naming import name_for_service
from hotfolder.core.repeats import digest_of
from hotfolder.pipeline.lanes import Lane
from hotfolder.pipeline.progress import ImageProgress
from hotfolder.pipeline.recognise import Recogniser
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.pipeline.turns import Turns
from hotfolder.ports import (
    IMAGE_LABEL,
    SETTINGS_LABEL,
    ExecutionRequest,
    Purse,
    Results,
    Service,
    Sources,
    Target,
)
from hotfolder.stages.deliver import deliver_result
from hotfolder.stages.request import Moment, look_up_executions, request_execution
from hotfolder.stages.upload import upload_image
from hotfolder.stages.wait import Asking, ask_about_execution

log = logging.getLogger(__name__)

TRANSFERS = 6
"""Uploads, and downloads, at once: between four and eight saturate any office's line, and httpx slows down above
sixteen (httpx#3215)."""
CREATES = 4
ASKS = 6
LOOK_UP_GROUP = 500
OTHER_ACCOUNT_S = 60.0
"""How often an image of another account looks whether it is signed in again."""

_OVERTAKEN = (
    "A newer version of this file was delivered first; this result comes for nothing if its content returns."
)
_OTHER_ACCOUNT = "It was sent with another account of AutoRetouch."
_SIGN_IN_THERE = "Sign in with that account again; it goes on by itself."


@dataclass(frozen=True, slots=True)
class Sender:
    """Carries the stages out for one daemon."""

    config: Config
    targets: Mapping[str, Target]
    service: Service
    ledger: LedgerThread
    sources: Sources
    results: Results
    purse: Purse
    recogniser: Recogniser
    surroundings: Surroundings
    may_spend: Callable[[str], bool]
    """Whether an execution of this hot folder may be run again."""
    turns: Turns = field(default_factory=Turns)

    def lanes(self) -> list[Lane]:
        limits = self.config.limits
        awaiting = frozenset({State.PROCESSING, State.IN_QA, State.HELD, State.RETRYING})
        return [
            Lane("upload", frozenset({State.QUEUED}), limits.uploads or TRANSFERS, self._upload),
            Lane("request", frozenset({State.UPLOADED}), CREATES, self._request),
            Lane("look up", frozenset({State.REQUESTED}), 1, self._look_up, group=LOOK_UP_GROUP),
            Lane("ask", awaiting, ASKS, self._ask),
            Lane("deliver", frozenset({State.FINISHED}), limits.downloads or TRANSFERS, self._deliver),
        ]

    async def _upload(self, group: Sequence[ImageProgress], folder: str) -> None:
        for progress in group:
            if await self.recogniser.is_new(progress):
                await upload_image(progress, self.targets[folder], self.service, self.sources)

    async def _request(self, group: Sequence[ImageProgress], folder: str) -> None:
        for progress in group:
            if await self.recogniser.may_ask_for(progress):
                await self._request_new(progress)
            if progress.image.state is State.UPLOADED:  # a twin has been asked for meanwhile, perhaps
                await self.recogniser.is_new(progress)

    async def _request_new(self, progress: ImageProgress) -> None:
        await self.results.prove(progress.image)  # keeps I11
        request = await self._request_for(progress.image)
        intend, moment = partial(self.recogniser.intend, progress), self._moment()
        await request_execution(progress, request, self.service, self.sources, self.purse, moment, intend)

    async def _intents(self, ids: Collection[str]) -> Mapping[str, float]:
        return await self.ledger.call(lambda ledger: intents_of(ledger, ids))

    async def _look_up(self, group: Sequence[ImageProgress], folder: str) -> None:
        """Each in the list of the workflow it was sent to, whatever the config says by now (keeps I2)."""
        by_target: dict[Target, list[ImageProgress]] = {}
        for progress in await self._of_this_account(group, folder):
            by_target.setdefault(sent_to(progress.image, self.targets[folder]), []).append(progress)
        for target, members in by_target.items():
            await look_up_executions(members, target, self.service, self._moment(), self._intents)

    async def _ask(self, group: Sequence[ImageProgress], folder: str) -> None:
        service = self.config.service
        rules = AskRules(first_s=service.poll_s, listing_lag_s=service.listing_lag_s)
        for progress in await self._of_this_account(group, folder):
            now, jitter = self.surroundings.now(), self.surroundings.jitter()
            tell, may_spend = partial(self._tell_unknown_status, folder), partial(self.may_spend, folder)
            asking = Asking(rules, now, jitter, tell, may_spend)
            target = sent_to(progress.image, self.targets[folder])
            await ask_about_execution(progress, target, self.service, self.purse, asking)

    async def _tell_unknown_status(self, folder: str, status: str) -> None:
        """Logged once: the image waits as for any other status."""
        text = f"AutoRetouch says {status[:60]!r} of an image, which this hotfolder does not know; it waits."
        now = self.surroundings.now()
        if await self.ledger.call(lambda ledger: ledger.say_once(folder, f"status {status[:60]}", text, now)):
            log.warning("%s: %s", folder, text)

    async def _deliver(self, group: Sequence[ImageProgress], folder: str) -> None:
        for progress in await self._of_this_account(group, folder):
            target = sent_to(progress.image, self.targets[folder])
            async with self.turns.of(folder, progress.image.path):
                await self._deliver_one(progress, target)

    async def _deliver_one(self, progress: ImageProgress, target: Target) -> None:
        """An older version that is overtaken by a newer one gets no place beside it."""
        image, now = progress.image, self.surroundings.now
        if await self.ledger.call(lambda ledger: is_overtaken(ledger, image)):
            await progress.record(Overtaken(reason=_OVERTAKEN, delivered_at=now()))
            await self.results.let_go(image)
        else:
            await deliver_result(progress, target, self.service, self.results, now)

    async def _of_this_account(self, group: Sequence[ImageProgress], folder: str) -> list[ImageProgress]:
        """Those that were sent with the account that is signed in. The others wait for theirs: this one knows nothing of
        them, and that must not be taken for their end."""
        reachable, mine = self.targets[folder].reachable, []
        for progress in group:
            organization_id = progress.image.organization_id
            if not reachable or organization_id is None or organization_id in reachable:
                mine.append(progress)
            else:
                wake_at = self.surroundings.now() + OTHER_ACCOUNT_S
                await progress.record(Waits(reason=_OTHER_ACCOUNT, advice=_SIGN_IN_THERE, wake_at=wake_at))
        return mine

    def _moment(self) -> Moment:
        lag_s = self.config.service.listing_lag_s
        return Moment(self.surroundings.now(), self.surroundings.jitter(), lag_s)

    async def _request_for(self, image: Image) -> ExecutionRequest:
        folder = folder_of(self.config, image.folder)
        batch_id = image.batch_id
        batch = await self.ledger.call(lambda ledger: ledger.batch(batch_id)) if batch_id else None
        return ExecutionRequest(
            target=self.targets[image.folder],
            name=name_for_service(image.name),
            content_hash=image.content_hash,
            content_type=image.content_type,
            labels={
                **folder.labels,
                **labels_of(batch),
                IMAGE_LABEL: image.id,
                SETTINGS_LABEL: digest_of(folder.settings),
            },
            settings=dict(folder.settings),
            webhooks=(self.config.webhooks.url,) if self.config.webhooks.url else (),
        )


def sent_to(image: Image, target: Target) -> Target:
    """What the image was sent to, where that is not what its hot folder sends to now."""
    organization_id = image.organization_id or target.organization_id
    workflow_id = image.workflow_id or target.workflow_id
    if (organization_id, workflow_id) == (target.organization_id, target.workflow_id):
        return target
    return replace(target, organization_id=organization_id, workflow_id=workflow_id)


def folder_of(config: Config, name: str) -> FolderConfig:
    return next(folder for folder in config.folders if folder.name == name)
