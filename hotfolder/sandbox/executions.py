"""An execution's life: a list of steps walked through by the clock.

The status is never stored: it is computed from the steps and the time, so that a turned clock is enough
to move everything on, and nothing runs in the background.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hotfolder.sandbox.account import USER_ID, Workflow
from hotfolder.sandbox.images import StoredImage

ENDS = frozenset({"COMPLETED", "FAILED", "PAYMENT_REQUIRED"})

Script = str | Sequence[str | tuple[str, float | None]]
"""One attempt: its end (`"FAILED"`), or its statuses one after the other, each optionally with its
seconds (None: until released)."""


@dataclass(frozen=True)
class Step:
    """A status and how long it lasts; None: until somebody releases it."""

    status: str
    seconds: float | None


@dataclass
class Execution:
    """One paid run of a workflow on one image."""

    workflow: Workflow
    input_name: str
    input_hash: str
    input_type: str
    created_at: float
    started_at: float
    made_at: float = 0.0
    """When it really was created; `created_at` is what the list's clock says."""
    labels: dict[str, str] = field(default_factory=dict)
    webhooks: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    version: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    released_at: float = math.inf
    charged: int = 0
    attempts: int = 1
    failure: str | None = None
    """Why the retouching itself went wrong, whatever the steps say."""
    result: StoredImage | None = None
    result_name: str | None = None
    feedback: dict[str, Any] | None = None
    announced: str = ""
    """The last status a webhook told."""

    def status_at(self, now: float) -> tuple[str, float]:
        """The status at that time, and since when."""
        since = self.started_at
        for step in self.steps[:-1]:
            until = self.released_at if step.seconds is None else since + step.seconds
            if now < until:
                return step.status, since
            since = max(since, until)
        last = self.steps[-1].status
        return ("FAILED" if last == "COMPLETED" and self.failure else last), since


def plan_steps(script: Script, seconds: float) -> tuple[Step, ...]:
    """The steps of one attempt; `seconds` is shared among the steps that name no time of their own."""
    if isinstance(script, str):
        return plan_steps(("CREATED", "ACTIVE", script), seconds)
    pairs = [(step, math.nan) if isinstance(step, str) else step for step in script]
    untimed = sum(1 for _, given in pairs[:-1] if given is not None and math.isnan(given))
    share = seconds / max(untimed, 1)
    return tuple(
        Step(status, share if given is not None and math.isnan(given) else given) for status, given in pairs
    )


def describe(execution: Execution, now: float) -> dict[str, Any]:
    """The execution as the API shows it [G]; what is not known yet is null."""
    status, since = execution.status_at(now)
    result = execution.result if status == "COMPLETED" else None
    result_hash = result.content_hash if result else None
    name = execution.result_name if result else None
    return {
        "id": execution.id,
        "workflow": execution.workflow.id,
        "workflowVersion": execution.version or execution.workflow.version,
        "workflowName": execution.workflow.name,
        "organizationId": execution.workflow.organization,
        "status": status,
        "userId": USER_ID,
        "createdAt": iso_time(execution.created_at),
        "startedAt": None if status in ("CREATED", "PAYMENT_REQUIRED") else iso_time(execution.started_at),
        "finishedAt": iso_time(since) if status in ("COMPLETED", "FAILED") else None,
        "inputFileName": execution.input_name,
        "inputContentHash": execution.input_hash,
        "intermediateResult": None,
        "resultContentHash": result_hash,
        "resultContentType": result.content_type if result else None,
        "resultFileName": name,
        "resultPreviewContentHash": result_hash,
        "resultPath": f"/image/{result_hash}/{name}" if result else None,
        "labels": execution.labels,
        "chargedCredits": execution.charged,
        "feedback": execution.feedback,
        "fastlane": None,
        "webhooks": execution.webhooks or None,
    }


def iso_time(seconds: float) -> str:
    """ISO-8601 UTC with milliseconds, as every time of the API."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
