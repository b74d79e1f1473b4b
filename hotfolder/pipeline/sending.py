"""Sending: joins the stages to what each of them needs, and gives each its lane."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core.batching import labels_of
from hotfolder.core.config import Config, FolderConfig
from hotfolder.core.execution import AskRules
from hotfolder.core.image import Image, State
from hotfolder.core.naming import name_for_service
from hotfolder.pipeline.lanes import Lane
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.ports import (
    IMAGE_LABEL,
    ExecutionRequest,
    Progress,
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
    surroundings: Surroundings

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

    async def _upload(self, group: Sequence[Progress], folder: str) -> None:
        for progress in group:
            await upload_image(progress, self.targets[folder], self.service, self.sources)

    async def _request(self, group: Sequence[Progress], folder: str) -> None:
        for progress in group:
            request = await self._request_for(progress.image)
            moment = self._moment()
            await request_execution(progress, request, self.service, self.sources, self.purse, moment)

    async def _look_up(self, group: Sequence[Progress], folder: str) -> None:
        await look_up_executions(group, self.targets[folder], self.service, self._moment())

    async def _ask(self, group: Sequence[Progress], folder: str) -> None:
        service = self.config.service
        rules = AskRules(first_s=service.poll_s, listing_lag_s=service.listing_lag_s)
        for progress in group:
            now, jitter = self.surroundings.now(), self.surroundings.jitter()
            asking = Asking(rules, now, jitter, partial(self._tell_unknown_status, folder))
            await ask_about_execution(progress, self.targets[folder], self.service, self.purse, asking)

    async def _tell_unknown_status(self, folder: str, status: str) -> None:
        """Logged once: the image waits as for any other status."""
        text = f"AutoRetouch says {status[:60]!r} of an image, which this hotfolder does not know; it waits."
        now = self.surroundings.now()
        if await self.ledger.call(lambda ledger: ledger.say_once(folder, f"status {status[:60]}", text, now)):
            log.warning("%s: %s", folder, text)

    async def _deliver(self, group: Sequence[Progress], folder: str) -> None:
        for progress in group:
            target, now = self.targets[folder], self.surroundings.now
            await deliver_result(progress, target, self.service, self.results, now)

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
            labels={**folder.labels, **labels_of(batch), IMAGE_LABEL: image.id},
            settings=dict(folder.settings),
            webhooks=(self.config.webhooks.url,) if self.config.webhooks.url else (),
        )


def folder_of(config: Config, name: str) -> FolderConfig:
    return next(folder for folder in config.folders if folder.name == name)
