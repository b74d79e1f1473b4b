"""What the sandbox remembers, and the questions a test may ask of it."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hotfolder.sandbox.account import (
    START_CREDITS,
    Organization,
    Workflow,
    default_organizations,
    default_workflows,
)
from hotfolder.sandbox.calls import Call
from hotfolder.sandbox.executions import Execution, Script
from hotfolder.sandbox.images import ImageStore
from hotfolder.sandbox.signin import SignIn
from hotfolder.sandbox.switches import Switches


@dataclass(frozen=True)
class WebhookSent:
    """One webhook; `status` is what was answered, None if nobody did."""

    url: str
    event: dict[str, Any]
    status: int | None


class Records:
    """The state, under one lock, and read-only questions. `World` is what changes it."""

    def __init__(self, clock: Callable[[], float] = time.time, seed: int = 0) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.switches = Switches()
        self.sign_in = SignIn(clock, self.switches)
        self.images = ImageStore()
        self.organizations: dict[str, Organization] = {one.id: one for one in default_organizations()}
        self.workflows: dict[str, Workflow] = {one.id: one for one in default_workflows()}
        self.credits: dict[str, int] = dict.fromkeys(self.organizations, START_CREDITS)
        self.calls: list[Call] = []
        self.webhooks_sent: list[WebhookSent] = []
        self._executions: dict[str, Execution] = {}
        self._watched: list[Execution] = []
        self._scripts: dict[str, tuple[Script, ...]] = {}
        self._results: dict[tuple[str, str], str] = {}
        self._luck = random.Random(seed)

    @property
    def executions(self) -> list[Execution]:
        """All of them, in the order of their creation."""
        with self.lock:
            return list(self._executions.values())

    def find_execution(self, execution_id: str) -> Execution | None:
        return self._executions.get(execution_id)

    def executions_named(self, name: str) -> list[Execution]:
        """Those of images with this input name."""
        return [execution for execution in self.executions if execution.input_name == name]

    def executions_labelled(self, key: str, value: str) -> list[Execution]:
        return [execution for execution in self.executions if execution.labels.get(key) == value]

    def executions_by_label(self, key: str) -> dict[str, list[Execution]]:
        """Executions grouped by the value of one label; those without it are left out."""
        groups: dict[str, list[Execution]] = defaultdict(list)
        for execution in self.executions:
            if key in execution.labels:
                groups[execution.labels[key]].append(execution)
        return dict(groups)

    def executions_by_input(self) -> dict[str, list[Execution]]:
        """Executions grouped by the content hash of their input."""
        groups: dict[str, list[Execution]] = defaultdict(list)
        for execution in self.executions:
            groups[execution.input_hash].append(execution)
        return dict(groups)

    def watched_executions(self) -> list[Execution]:
        """Those with webhooks."""
        with self.lock:
            return list(self._watched)

    def log_webhook(self, url: str, event: dict[str, Any], status: int | None) -> None:
        with self.lock:
            self.webhooks_sent.append(WebhookSent(url, event, status))

    def status_of(self, execution: Execution | str) -> str:
        """The status now."""
        found = self._executions[execution] if isinstance(execution, str) else execution
        return found.status_at(self.clock())[0]

    def count_statuses(self) -> dict[str, int]:
        return dict(Counter(self.status_of(execution) for execution in self.executions))

    @property
    def charged_total(self) -> int:
        """All credits ever charged."""
        return sum(execution.charged for execution in self.executions)

    def image(self, content_hash: str) -> bytes:
        """An image's bytes; KeyError if the service does not have it."""
        image = self.images.get(content_hash)
        if image is None:
            raise KeyError(content_hash)
        return image.read()

    def log_call(self, call: Call) -> None:
        with self.lock:
            self.calls.append(call)

    def calls_to(self, endpoint: str, *, status: int | None = None, subject: str = "") -> list[Call]:
        """The calls to one endpoint (`any`: to all), in order; optionally with that answer, about that subject."""
        with self.lock:
            return [
                call
                for call in self.calls
                if endpoint in ("any", call.endpoint)
                and status in (None, call.status)
                and subject in ("", call.subject)
            ]

    def count_calls(self, endpoint: str = "any", *, status: int | None = None, subject: str = "") -> int:
        return len(self.calls_to(endpoint, status=status, subject=subject))

    def call_counts(self) -> dict[str, int]:
        """How many calls each endpoint had."""
        with self.lock:
            return dict(Counter(call.endpoint for call in self.calls))
