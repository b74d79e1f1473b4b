"""A pure model of AutoRetouch at its worst, and of a hotfolder that may be killed between any two of its steps.

The model's service loses answers before and after the effect, lists executions late, answers about them from the
past, fails, wants payment, and sends images to quality assurance. The model's hotfolder decides with the functions of
the core alone, and remembers nothing but what `step` made of the last event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from hotfolder import errors
from hotfolder.core.execution import (
    AskRules,
    Execution,
    event_for,
    may_retry_for_credits,
    retry_for_credits,
)
from hotfolder.core.image import Image, State
from hotfolder.core.life import (
    COMMANDS,
    AnswerMissing,
    BytesMissing,
    Command,
    Delivered,
    Event,
    ExecutionKnown,
    Gone,
    NotCreated,
    NotListed,
    NotRetried,
    PaymentRequired,
    PutOff,
    RequestIntended,
    RetryAccepted,
    RetryIntended,
    Uploaded,
    step,
    try_again,
)
from hotfolder.core.lookup import Listed, Search
from hotfolder.core.timing import is_certainly_absent, look_again_s
from hotfolder.core.trouble import decide
from tests.fakes import NOW, an_image

T = TypeVar("T")

LAG_S = 30.0
RULES = AskRules(retries=1, first_s=2.0, listing_lag_s=LAG_S)


class Killed(Exception):
    """The program ends here: what was not saved is forgotten."""


class Chance:
    """Decides by the numbers it was given; when they are used up everything goes well (the first choice)."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = list(reversed(numbers))

    def pick(self, *choices: T) -> T:
        return choices[self._numbers.pop() % len(choices)] if self._numbers else choices[0]

    def lag_s(self) -> float:
        """Always a little less than the listing lag that is counted on."""
        return self.pick(0.0, 0.9 * LAG_S, 0.3 * LAG_S, 0.6 * LAG_S)


@dataclass
class ModelExecution:
    """`past`: since when it has had which status and `finishedAt`."""

    id: str
    label: str
    created_at: float
    listed_at: float
    past: list[tuple[float, str, str | None]] = field(default_factory=list)
    charges: int = 0

    def at(self, moment: float) -> tuple[str, str | None] | None:
        """Its status and `finishedAt` then; None before it was created."""
        then = [(status, finished) for since, status, finished in self.past if since <= moment]
        return then[-1] if then else None


@dataclass
class ModelService:
    chance: Chance
    executions: list[ModelExecution] = field(default_factory=list)
    runs: int = 0
    broken_rules: list[str] = field(default_factory=list)

    def create(self, label: str, now: float) -> str:
        number = len(self.executions) + 1
        execution = ModelExecution(f"execution-{number}", label, now, now + self.chance.lag_s())
        self.executions.append(execution)
        self._run(execution, now)
        return execution.id

    def retry(self, execution_id: str, now: float) -> None:
        execution = self._known(execution_id)
        status = execution.at(now)
        if status is None or status[0] not in ("FAILED", "PAYMENT_REQUIRED"):
            self.broken_rules.append(f"retried while {status}")
        self._run(execution, now)

    def _run(self, execution: ModelExecution, now: float) -> None:
        self.runs += 1
        execution.past.append((now, "ACTIVE", None))
        end = now + self.chance.pick(10.0, 0.5, 200.0)
        outcome = self.chance.pick(
            "COMPLETED", "FAILED", "PAYMENT_REQUIRED", "FAILED, when?", "PAYMENT_REQUIRED", "IN_QA", "NEW"
        )
        if outcome != "PAYMENT_REQUIRED":
            execution.charges += 1
        if outcome in ("IN_QA", "NEW"):  # a status nobody knows is waited for
            execution.past.append((end, outcome, None))
            execution.past.append((end + 5000.0, "COMPLETED", f"finish {self.runs}"))
        else:
            finished = None if outcome in ("PAYMENT_REQUIRED", "FAILED, when?") else f"finish {self.runs}"
            execution.past.append((end, outcome.partition(",")[0], finished))

    def ask(self, execution_id: str, now: float) -> Execution | None:
        """What it was a while ago."""
        execution = self._known(execution_id)
        seen = execution.at(now - self.chance.lag_s())
        if seen is None:
            return None
        status, finished = seen
        path = f"/image/{'0' * 64}/a.png" if status == "COMPLETED" else None
        return Execution(id=execution_id, status=status, finished_at=finished, result_path=path)

    def listed(self, now: float) -> list[Listed]:
        """Newest first or oldest first, with older ones of other programs between."""
        ours = [Listed(e.id, e.label, e.created_at) for e in self.executions if e.listed_at <= now]
        others = [Listed(f"other-{n}", None, NOW - 400.0 * n) for n in range(self.chance.pick(0, 5, 30))]
        newest_first = self.chance.pick(True, False)
        return sorted([*ours, *others], key=lambda e: e.created_at or 0.0, reverse=newest_first)

    def _known(self, execution_id: str) -> ModelExecution:
        return next(e for e in self.executions if e.id == execution_id)


@dataclass
class ModelHotfolder:
    """One file of the in folder on its way. `image` is what the ledger holds; nothing else outlives a step."""

    service: ModelService
    chance: Chance
    now: float = NOW
    image: Image = field(default_factory=an_image)
    tried_again: int = 0
    ids: list[str] = field(default_factory=lambda: ["image-1"])

    def save(self, event: Event) -> None:
        self.image, _ = step(self.image, event, self.now)
        self._may_be_killed()

    def work(self) -> None:
        """One step, when it is due, with whatever goes wrong."""
        self.now = max(self.now + self.chance.pick(0.1, 40.0), self.image.wake_at)
        steps: dict[Command, Callable[[], None]] = {
            Command.UPLOAD: self._upload,
            Command.REQUEST: self._request,
            Command.LOOK_UP: self._look_up,
            Command.ASK: self._ask,
            Command.AWAIT_CREDITS: self._ask,
            Command.CHECK_RETRY: self._ask,
            Command.DELIVER: self._deliver,
            Command.FORGET: self._see_anew,
            Command.NOTHING: self._be_looked_at,
        }
        try:
            steps[COMMANDS[self.image.state]]()
        except Killed:
            return
        except Exception as error:  # noqa: BLE001 - as in the lanes: decided in one place
            decision = decide(error, self.image, self.now, 0.5)
            if decision.event is not None:
                self.image, _ = step(self.image, decision.event, self.now)

    def _may_be_killed(self) -> None:
        if self.chance.pick(*(False,) * 6, True):
            raise Killed

    def _may_go_wrong(self) -> None:
        """Whatever a call without an effect may end with."""
        error = self.chance.pick(
            *(None,) * 10,
            errors.ServiceAway("away"),
            errors.TooManyRequests("slowly", retry_after_s=7.0),
            errors.ImageRejected("refused"),
            errors.SignInNeeded("who?"),
            RuntimeError("a bug"),
        )
        if error is not None:
            raise error

    def _upload(self) -> None:
        self._may_go_wrong()
        self.save(Uploaded())

    def _request(self) -> None:
        self._may_go_wrong()
        self.save(RequestIntended(requested_at=self.now))
        fate = self.chance.pick("answered", "lost after", "lost before", "refused", "no bytes", "a bug")
        if fate in ("answered", "lost after", "a bug"):
            execution_id = self.service.create(self.image.id, self.now)
            self._may_be_killed()
        if fate == "answered":
            self.save(ExecutionKnown(execution_id=execution_id))
        elif fate == "a bug":
            raise RuntimeError("the answer could not be understood")
        elif fate.startswith("lost"):
            self.save(AnswerMissing(reason="lost", wake_at=self.now + look_again_s(0, LAG_S)))
            raise errors.AnswerLost("lost")
        else:
            self.save(NotCreated(reason=fate) if fate == "refused" else BytesMissing())
            raise errors.ImageRejected(fate) if fate == "refused" else errors.ServiceAway(fate)

    def _look_up(self) -> None:
        self._may_go_wrong()
        image, entries = self.image, self.service.listed(self.now)
        search, size = Search(frozenset({image.id}), image.requested_at), self.chance.pick(50, 7)
        total = self.chance.pick(len(entries), None)
        while not search.take(entries[search.offset : search.offset + size], total):
            pass
        looks = image.looks + 1
        if image.id in search.found:
            self.save(ExecutionKnown(execution_id=search.found[image.id]))
        elif not search.complete:
            self.save(PutOff(reason="not whole", wake_at=self.now + 1.0))
        elif is_certainly_absent(looks):
            self.save(NotCreated())
        else:
            self.save(NotListed(looks=looks, wake_at=self.now + look_again_s(image.looks, LAG_S)))

    def _ask(self) -> None:
        self._may_go_wrong()
        image = self.image
        execution = self.service.ask(image.execution_id or "", self.now)
        if execution is None:
            self.save(PutOff(reason="unknown yet", wake_at=self.now + 2.0))
        elif image.state is State.HELD and execution.status == "PAYMENT_REQUIRED":
            if may_retry_for_credits(image, RULES, self.now):
                self._retry(retry_for_credits(image, execution))
            else:
                self.save(PaymentRequired(reason=image.reason, wake_at=self.now + LAG_S))
        else:
            event = event_for(image, execution, RULES, self.now, 0.5)
            if isinstance(event, RetryIntended):
                self._retry(event)
            else:
                self.save(event)

    def _retry(self, intent: RetryIntended) -> None:
        before = self.image.retries
        self.save(intent)
        fate = self.chance.pick("answered", "lost after", "answered", "lost before", "refused")
        if fate in ("answered", "lost after"):
            self.service.retry(self.image.execution_id or "", self.now)
            self._may_be_killed()
        if fate == "answered":
            self.save(RetryAccepted(wake_at=self.now + RULES.first_s))
        elif fate == "refused":
            self.save(NotRetried(retries=before, reason=fate))
            raise errors.ImageRejected(fate)
        else:
            self.save(AnswerMissing(reason="lost", wake_at=self.now + look_again_s(0, LAG_S)))
            raise errors.AnswerLost("lost")

    def _deliver(self) -> None:
        self._may_go_wrong()
        error = self.chance.pick(None, errors.ResultDamaged("short"), errors.FolderUnwritable("full"))
        if error is not None:
            raise error
        self.save(Delivered(result_path="a.png", result_hash="0" * 64, delivered_at=self.now))

    def _be_looked_at(self) -> None:
        """A person may say "try again" to a failed image, or take the file away and bring it back."""
        if self.image.state is State.FAILED and self.chance.pick(False, True):
            self.tried_again += 1
            self.save(try_again(self.image))
        elif (
            self.image.state is State.FAILED and not self.image.may_be_paid and self.chance.pick(False, True)
        ):
            self.save(Gone())

    def _see_anew(self) -> None:
        """The file of a forgotten image is a new image, with a label of its own."""
        self.ids.append(f"image-{len(self.ids) + 1}")
        self.image = replace(an_image(), id=self.ids[-1], detected_at=self.now)
