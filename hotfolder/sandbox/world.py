"""What can happen to the sandbox's memory: executions are created, run, retried and finished; credits come
and go. One lock guards it all; nothing slow happens under it.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from hotfolder.sandbox.account import START_CREDITS, USER_ID, Organization, Workflow
from hotfolder.sandbox.executions import Execution, Script, Step, describe, plan_steps
from hotfolder.sandbox.records import Records
from hotfolder.sandbox.retouch import CannotRetouch, extension_of, retouch


class World(Records):
    """Everything the service knows, and everything that can happen to it."""

    def close(self) -> None:
        """Remove what lies on disk."""
        self.images.close()

    # --- the account

    def is_member(self, organization: str) -> bool:
        found = self.organizations.get(organization)
        return found is not None and USER_ID in found.members

    def add_organization(self, organization: Organization, balance: int = START_CREDITS) -> None:
        with self.lock:
            self.organizations[organization.id] = organization
            self.credits[organization.id] = balance

    def add_workflow(self, workflow: Workflow) -> None:
        """Add a workflow, or change one (same id)."""
        with self.lock:
            self.workflows[workflow.id] = workflow

    def remove_workflow(self, workflow_id: str) -> None:
        with self.lock:
            self.workflows.pop(workflow_id, None)

    def change_workflow(self, workflow_id: str, **changes: Any) -> None:
        """Change fields of a workflow, for example its price."""
        with self.lock:
            self.workflows[workflow_id] = replace(self.workflows[workflow_id], **changes)

    def set_credits(self, amount: int, organization: str = "") -> None:
        with self.lock:
            self.credits[organization or next(iter(self.organizations))] = amount

    def add_credits(self, amount: int, organization: str = "") -> None:
        with self.lock:
            self.credits[organization or next(iter(self.organizations))] += amount

    def balance(self, organization: str = "") -> int:
        return self.credits[organization or next(iter(self.organizations))]

    # --- executions: what the API does

    def create(
        self,
        workflow: Workflow,
        name: str,
        content_hash: str,
        content_type: str,
        *,
        labels: dict[str, str] | None = None,
        webhooks: list[str] | None = None,
        settings: dict[str, Any] | None = None,
        version: str = "",
    ) -> Execution:
        """Start one execution and charge it; without credits it waits as PAYMENT_REQUIRED, uncharged."""
        with self.lock:
            now = self.clock()
            execution = Execution(
                workflow,
                name,
                content_hash,
                content_type,
                labels=labels or {},
                webhooks=webhooks or [],
                settings=settings or {},
                created_at=now + self.switches.created_offset_s,
                started_at=now,
                made_at=now,
                version=version,
            )
            self._executions[execution.id] = execution
            if execution.webhooks:
                self._watched.append(execution)
            self._run(execution)
            return execution

    def retry(self, execution: Execution) -> bool:
        """Run a failed or unpaid execution again, same id [C]; False if it is in no such state."""
        with self.lock:
            if execution.status_at(self.clock())[0] not in ("FAILED", "PAYMENT_REQUIRED"):
                return False
            execution.attempts += 1
            self._run(execution)
            return True

    def _run(self, execution: Execution) -> None:
        """Begin an attempt. An execution is charged once, at its first attempt that is paid, and what it costs then [?]."""
        workflow = self.workflows.get(execution.workflow.id, execution.workflow)
        organization = workflow.organization
        execution.started_at = self.clock()
        execution.released_at = float("inf")
        execution.failure = None
        if execution.charged == 0 and workflow.price > self.credits[organization]:
            execution.steps = plan_steps(("PAYMENT_REQUIRED",), 0)
            return
        if execution.charged == 0:
            self.credits[organization] -= workflow.price
            execution.charged = workflow.price
        seconds = workflow.seconds if self.switches.execution_s is None else self.switches.execution_s
        execution.steps = plan_steps(self._script_for(execution), seconds)

    def _script_for(self, execution: Execution) -> Script:
        for pattern, attempts in self._scripts.items():
            if fnmatchcase(execution.input_name, pattern):
                return attempts[min(execution.attempts, len(attempts)) - 1]
        if execution.workflow.fails:
            return "FAILED"
        if execution.workflow.through_qa:
            qa_s = None if self.switches.hold_qa else self.switches.qa_s
            return ("CREATED", "ACTIVE", ("IN_QA", qa_s), "COMPLETED")
        return "COMPLETED"

    def see(self, execution: Execution) -> dict[str, Any]:
        """The execution as the API shows it now; makes the result when it is due, which may take a moment."""
        self.finish_if_due(execution)
        return describe(execution, self.clock())

    def is_due(self, execution: Execution) -> bool:
        """Whether it is completed, but its result was not made yet."""
        return execution.result is None and execution.status_at(self.clock())[0] == "COMPLETED"

    def finish_if_due(self, execution: Execution) -> None:
        """Make the result; the same image through the same recipe always gives the same bytes."""
        if not self.is_due(execution):
            return
        key = (execution.workflow.recipe, execution.input_hash)
        if key not in self._results:
            try:
                data, content_type = retouch(self.image(execution.input_hash), execution.workflow.recipe)
            except (CannotRetouch, KeyError) as error:
                execution.failure = f"cannot be retouched: {error}"
                return
            self._results[key] = self.images.add(data, content_type).content_hash
        result = self.images.get(self._results[key])
        assert result is not None
        with self.lock:
            stem = execution.input_name.rpartition(".")[0] or execution.input_name
            execution.result_name = f"{stem}.{extension_of(result.content_type)}"
            result.names.add(execution.result_name)
            execution.result = result

    def listed(self, workflow_id: str) -> list[Execution]:
        """A workflow's executions as the list shows them: in the order and with the lag switched on."""
        with self.lock:
            oldest = self.clock() - self.switches.listing_lag_s
            found = [
                execution
                for execution in self._executions.values()
                if execution.workflow.id == workflow_id and execution.made_at <= oldest
            ]
            if self.switches.listing_order == "newest":
                found.reverse()
            elif self.switches.listing_order == "random":
                found.sort(key=lambda execution: execution.id)
            elif self.switches.listing_order == "shuffled":
                self._luck.shuffle(found)
            return found

    # --- executions: what a test wants to steer

    def script(self, name: str, *attempts: Script) -> None:
        """How executions of images with this name (a pattern) go: one script for each attempt, the last repeats.

        `script("a.jpg", "FAILED", "COMPLETED")` fails first and completes at the first retry;
        `script("b.jpg", ("CREATED", ("REVIEWING", 2), "COMPLETED"))` is REVIEWING for two seconds.
        """
        with self.lock:
            self._scripts[name] = attempts

    def release(self, execution_id: str | None = None) -> int:
        """End a held step (IN_QA with `hold_qa`, or one of None seconds) of all executions, or of one.

        One that has not come to its held step yet will not stop there. Answers how many were held.
        """
        with self.lock:
            now = self.clock()
            held = [
                execution
                for execution in self._executions.values()
                if execution_id in (None, execution.id)
                and any(step.seconds is None for step in execution.steps[:-1])
                and execution.released_at > now
            ]
            for execution in held:
                execution.released_at = now
            return len(held)

    def seed_history(self, workflow_id: str, count: int, labels: dict[str, str] | None = None) -> None:
        """Give a workflow older executions, one a minute back from now, all completed with the same result."""
        now = self.clock() + self.switches.created_offset_s
        result = self.images.add(b"The result of an execution of long ago", "image/jpeg")
        older = {}
        for number in range(count, 0, -1):
            at, name = now - 60.0 * number, f"history-{number:05d}.jpg"
            execution = Execution(
                self.workflows[workflow_id],
                name,
                f"{number:064x}",
                "image/jpeg",
                labels=dict(labels or {}),
                created_at=at,
                started_at=at,
                steps=(Step("COMPLETED", None),),
                result=result,
                result_name=name,
            )
            older[execution.id] = execution
        with self.lock:
            self._executions = {**older, **self._executions}

    def result_of(self, execution: Execution | str) -> bytes:
        """The bytes of an execution's result; LookupError if it has none (yet)."""
        found = self._executions[execution] if isinstance(execution, str) else execution
        self.finish_if_due(found)
        if found.result is None:
            raise LookupError(f"{found.input_name} has no result: {self.status_of(found)}")
        return found.result.read()
