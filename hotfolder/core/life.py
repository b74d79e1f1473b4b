"""The life of an image, as one table.

Rules of this module: no I/O, no clock, no randomness; an event that the table does not list for a state
raises `UnlistedTransition` and changes nothing.

An image is always in one state. Something happens to it: an *event*, a frozen value that carries the facts it
brings. The table says which state comes next, and each state says which *command* is due then; a stage carries the
command out and brings back the next event. Events are decided before they are stored, and stored before anything
else happens: the ledger never lags behind the world by more than one effect, and the two effects that cost money
(create and retry) have a state of their own on the near side, which means "we do not know" (I2).

                 Uploaded        RequestIntended        ExecutionKnown           Finished          Delivered
      QUEUED ───────────▶ UPLOADED ───────────▶ REQUESTED ───────────▶ PROCESSING ───────▶ FINISHED ───────▶ DELIVERED
                            ▲  NotCreated          │ NotListed            │  ▲ │ SeenInQa ▲
                            └──────────────────────┘ (look again)         │  │ └▶ IN_QA ──┘
                                                          PaymentRequired │  │ RetryAccepted, NotRetried
                                                                   HELD ◀─┤  │
                                                                    └─────┴▶ RETRYING   RetryIntended
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from hotfolder.core.image import Image, State


class Command(StrEnum):
    """What is to be done for an image in a state; carried out by the stage of that name."""

    UPLOAD = "upload"
    REQUEST = "request"
    LOOK_UP = "look_up"
    ASK = "ask"
    AWAIT_CREDITS = "await_credits"
    CHECK_RETRY = "check_retry"
    DELIVER = "deliver"
    FORGET = "forget"
    NOTHING = "nothing"


COMMANDS: Mapping[State, Command] = MappingProxyType(
    {
        State.QUEUED: Command.UPLOAD,
        State.UPLOADED: Command.REQUEST,
        State.REQUESTED: Command.LOOK_UP,  # whoever finds this state did not see the answer
        State.PROCESSING: Command.ASK,
        State.IN_QA: Command.ASK,
        State.HELD: Command.AWAIT_CREDITS,
        State.RETRYING: Command.CHECK_RETRY,  # likewise
        State.FINISHED: Command.DELIVER,
        State.DELIVERED: Command.NOTHING,
        State.FAILED: Command.NOTHING,
        State.IGNORED: Command.NOTHING,
        State.DISMISSED: Command.NOTHING,
        State.FORGOTTEN: Command.FORGET,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an image. Fields named like an image's are written on it."""

    wake_at: float = 0.0
    """When the next step is due (epoch seconds; 0: at once)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff(Event):
    """The step could not be done now; it is tried again at `wake_at`."""

    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits(Event):
    """It waits for something that is no fault: a twin, a list that is being read, its own account. Counts as no try."""

    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded(Event):
    """The service has these bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestIntended(Event):
    """An execution is about to be created. Stored before the request goes out (I2). `requested_at`: by the earlier of the
    service's clock and our own, None while the service has told none: then no look-up may stop early. The rest: what it
    is sent to."""

    requested_at: float | None
    organization_id: str | None = None
    workflow_id: str | None = None
    workflow_version: str | None = None
    settings_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionKnown(Event):
    """The answer of create, or what a look-up found."""

    execution_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMissing(Event):
    """The request went out and no clear answer came back."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCreated(Event):
    """It is certain that no execution was made: refused, never sent, or looked up for long enough."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesMissing(Event):
    """The service does not have the bytes (any more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotListed(Event):
    """A complete look-up did not find an execution with this image's label (yet)."""

    looks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenProcessing(Event):
    """CREATED, ACTIVE, or a status nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenInQa(Event):
    """IN_QA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequired(Event):
    """PAYMENT_REQUIRED: nothing was charged; it waits for credits."""

    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Event):
    """COMPLETED, with the result's place, content hash (hex) and content type."""

    service_path: str
    result_hash: str | None
    result_type: str | None
    result_name: str | None
    credits: int | None
    workflow_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Event):
    """An execution of these bytes is there already, and no image of the ledger has it: it is this one's (keeps I12)."""

    execution_id: str
    organization_id: str
    workflow_id: str
    workflow_version: str | None
    settings_digest: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(Event):
    """The same bytes have been paid for: this image gets the result of the image `repeat_of`, for nothing (keeps I12)."""

    repeat_of: str
    execution_id: str
    organization_id: str
    workflow_id: str
    workflow_version: str | None
    settings_digest: str
    service_path: str
    result_hash: str | None
    result_type: str | None
    result_name: str | None
    note: str
    credits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside(Event):
    """It is not sent by itself: its bytes are a result of this very workflow."""

    reason: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Insisted(Event):
    """A person wants an ignored image sent all the same."""

    insisted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultWanted(Event):
    """A delivered image has come back under another name, or after another version, and its result is not there: it is
    put there once more, for nothing."""

    result_path: str | None = None
    delivered_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryIntended(Event):
    """A `retry` is about to be sent. `seen_finished_at`: the execution's `finishedAt` before it (I2)."""

    seen_finished_at: str | None
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAccepted(Event):
    """The service runs the execution again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRetried(Event):
    """It is certain that the retry had no effect."""

    retries: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Event):
    """The result stands whole, checked and fsynced under `result_path` (I3). `result_hash`: of its own bytes."""

    result_path: str
    result_hash: str | None
    delivered_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken(Event):
    """A newer version of the same file was delivered first: the older result gets no place beside it. It comes if its
    content does."""

    reason: str
    delivered_at: float
    result_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp(Event):
    """This image cannot be done without a person."""

    reason: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone(Event):
    """The source vanished or is another image now, and nothing was paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissed(Event):
    """A person is done with a failed or an ignored image; why it was one stays readable."""

    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAgain(Event):
    """A person said "try again", and an execution exists: what has become of it?"""

    retries: int = 0


S = State

LIFE: Mapping[tuple[State, type[Event]], State] = MappingProxyType(
    {
        (S.QUEUED, PutOff): S.QUEUED,
        (S.QUEUED, Waits): S.QUEUED,
        (S.QUEUED, Uploaded): S.UPLOADED,
        (S.QUEUED, Adopted): S.PROCESSING,
        (S.QUEUED, Repeated): S.FINISHED,
        (S.QUEUED, SetAside): S.IGNORED,
        (S.QUEUED, GaveUp): S.FAILED,
        (S.QUEUED, Gone): S.FORGOTTEN,
        #
        (S.UPLOADED, PutOff): S.UPLOADED,
        (S.UPLOADED, Waits): S.UPLOADED,
        (S.UPLOADED, RequestIntended): S.REQUESTED,
        (S.UPLOADED, Adopted): S.PROCESSING,
        (S.UPLOADED, Repeated): S.FINISHED,
        (S.UPLOADED, SetAside): S.IGNORED,
        (S.UPLOADED, GaveUp): S.FAILED,
        (S.UPLOADED, Gone): S.FORGOTTEN,
        #
        (S.REQUESTED, PutOff): S.REQUESTED,
        (S.REQUESTED, Waits): S.REQUESTED,
        (S.REQUESTED, ExecutionKnown): S.PROCESSING,
        (S.REQUESTED, AnswerMissing): S.REQUESTED,
        (S.REQUESTED, NotListed): S.REQUESTED,
        (S.REQUESTED, NotCreated): S.UPLOADED,
        (S.REQUESTED, BytesMissing): S.QUEUED,
        # no GaveUp: a failed image without an execution may be sent anew, and this one may be paid (I2)
        #
        (S.PROCESSING, PutOff): S.PROCESSING,
        (S.PROCESSING, Waits): S.PROCESSING,
        (S.PROCESSING, SeenProcessing): S.PROCESSING,
        (S.PROCESSING, SeenInQa): S.IN_QA,
        (S.PROCESSING, PaymentRequired): S.HELD,
        (S.PROCESSING, RetryIntended): S.RETRYING,
        (S.PROCESSING, Finished): S.FINISHED,
        (S.PROCESSING, GaveUp): S.FAILED,
        #
        (S.IN_QA, PutOff): S.IN_QA,
        (S.IN_QA, Waits): S.IN_QA,
        (S.IN_QA, SeenInQa): S.IN_QA,
        (S.IN_QA, SeenProcessing): S.PROCESSING,
        (S.IN_QA, PaymentRequired): S.HELD,
        (S.IN_QA, RetryIntended): S.RETRYING,
        (S.IN_QA, Finished): S.FINISHED,
        (S.IN_QA, GaveUp): S.FAILED,
        #
        (S.HELD, PutOff): S.HELD,
        (S.HELD, Waits): S.HELD,
        (S.HELD, PaymentRequired): S.HELD,
        (S.HELD, RetryIntended): S.RETRYING,
        (S.HELD, SeenProcessing): S.PROCESSING,
        (S.HELD, SeenInQa): S.IN_QA,
        (S.HELD, Finished): S.FINISHED,
        (S.HELD, GaveUp): S.FAILED,
        #
        (S.RETRYING, PutOff): S.RETRYING,
        (S.RETRYING, Waits): S.RETRYING,
        (S.RETRYING, AnswerMissing): S.RETRYING,
        (S.RETRYING, NotListed): S.RETRYING,
        (S.RETRYING, RetryAccepted): S.PROCESSING,
        (S.RETRYING, NotRetried): S.PROCESSING,
        (S.RETRYING, SeenProcessing): S.PROCESSING,
        (S.RETRYING, SeenInQa): S.IN_QA,
        (S.RETRYING, Finished): S.FINISHED,
        (S.RETRYING, GaveUp): S.FAILED,
        #
        (S.FINISHED, PutOff): S.FINISHED,
        (S.FINISHED, Waits): S.FINISHED,
        (S.FINISHED, Delivered): S.DELIVERED,
        (S.FINISHED, Overtaken): S.DELIVERED,
        (S.FINISHED, GaveUp): S.FAILED,
        #
        (S.DELIVERED, ResultWanted): S.FINISHED,
        #
        (S.FAILED, AskedAgain): S.PROCESSING,
        (S.FAILED, Gone): S.FORGOTTEN,
        (S.FAILED, Dismissed): S.DISMISSED,
        #
        (S.IGNORED, Insisted): S.QUEUED,
        (S.IGNORED, Gone): S.FORGOTTEN,
        (S.IGNORED, Dismissed): S.DISMISSED,
        #
        # Its row stays, so that the file is not sent by itself when it is looked at again.
        (S.DISMISSED, AskedAgain): S.PROCESSING,
        (S.DISMISSED, Gone): S.FORGOTTEN,
    }
)


class UnlistedTransition(Exception):
    """A bug: the table does not list this event for this state."""


def step(image: Image, event: Event, now: float) -> tuple[Image, Command]:
    """What the image is after the event, and what is to be done next.

    Pure; `now` is the time in epoch seconds, kept as `state_since` when the state changes. A put-off step
    counts one more attempt; every other event begins the counts of its new state anew.
    """
    target = LIFE.get((image.state, type(event)))
    if target is None or (target is State.FORGOTTEN and image.may_be_paid):
        raise UnlistedTransition(f"{type(event).__name__} cannot happen to an image that is {image.state}")
    changed = _cleared(image, event)
    if target is not image.state:
        changed = replace(changed, state=target, state_since=now)
    return replace(changed, **_facts(event)), COMMANDS[target]


def _cleared(image: Image, event: Event) -> Image:
    if isinstance(event, PutOff):
        return replace(image, attempts=image.attempts + 1)
    if isinstance(event, Waits):
        return image
    kept_looks = image.looks if isinstance(event, AnswerMissing) else 0
    return replace(image, attempts=0, looks=kept_looks, reason="", advice="")


def _facts(event: Event) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(event)}


def try_again(image: Image) -> Event:
    """The event of a person's "try again" for a failed, ignored or dismissed image. One with an execution is asked about and
    retried, never created a second time; an ignored one is sent; of any other the row is dropped, and its file is looked
    at anew from the beginning."""
    if image.state is State.IGNORED:
        return Insisted()
    return AskedAgain() if image.execution_id is not None else Gone()


def dismiss(image: Image) -> Event:
    """The event of a person's "done with it" for a failed or ignored image."""
    return Dismissed(reason=image.reason, advice=image.advice)
