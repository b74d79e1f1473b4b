"""What an error means for an image and for everything around it (design §6), decided in one place.

The engine catches what a stage raises, asks here, stores the event, sets the hold and logs once. Nothing is
swallowed and nothing is logged twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from hotfolder import errors
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind, stopping
from hotfolder.core.image import Image, State
from hotfolder.core.life import COMMANDS, Event, GaveUp, Gone, PutOff
from hotfolder.core.timing import LONGEST_BACKOFF_S, backoff_s

DOWNLOADS_BEFORE_GIVING_UP = 8
BUGS_BEFORE_GIVING_UP = 5

BUG_ADVICE = "The log file has the details. Try again; if it stays, please report it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`event`: what happens to the image (None: nothing, it only waits for the hold to end); `hold`: what is held;
    `is_service_fault`: whether it counts against the service's health."""

    event: Event | None = None
    hold: Hold | None = None
    is_service_fault: bool = False
    is_bug: bool = False


def decide(error: Exception, image: Image, now: float, jitter: float) -> Decision:
    """The consequence of `error`, raised while a step of `image` was carried out."""
    if isinstance(error, errors.AnswerLost) and image.may_be_paid:
        return Decision(is_service_fault=True)  # the stage has recorded it, with the time of the look-up
    if isinstance(error, errors.TemporaryError):
        return Decision(event=_put_off(error, image, now, jitter), is_service_fault=True)
    if isinstance(error, errors.NeedsPerson) and is_held(error):
        return _held(error, image, now, jitter)
    if isinstance(error, errors.SourceChanged | errors.SourceVanished) and not image.may_be_paid:
        return Decision(event=Gone())
    if isinstance(error, errors.ResultDamaged) and image.attempts + 1 < DOWNLOADS_BEFORE_GIVING_UP:
        return Decision(event=_put_off(error, image, now, jitter))
    if isinstance(error, errors.ResultInUse):
        return Decision(event=_put_off(error, image, now, jitter, longest_s=LONGEST_HOLD_CHECK_S))
    if isinstance(error, errors.ImageError) and image.state is State.REQUESTED:
        return Decision(event=_put_off(error, image, now, jitter))  # the look-up was refused; never given up
    if isinstance(error, errors.ImageError):
        return Decision(event=GaveUp(reason=error.title, advice=error.advice))
    return _after_bug(error, image, now, jitter)


def _held(error: errors.NeedsPerson, image: Image, now: float, jitter: float) -> Decision:
    """The image waits for the hold to end. Where the hold does not stop this very step (a paid execution is asked about
    whatever becomes of its workflow), the step is put off, or it would be tried again at once and for ever."""
    hold = hold_of(error, image.folder, now)
    waits = stopping(COMMANDS[image.state], image.folder, [hold]) is not None
    return Decision(event=None if waits else _put_off(error, image, now, jitter), hold=hold)


def _put_off(
    error: errors.HotfolderError,
    image: Image,
    now: float,
    jitter: float,
    *,
    longest_s: float = LONGEST_BACKOFF_S,
) -> PutOff:
    wait_s = backoff_s(image.attempts, jitter, longest_s=longest_s)
    if isinstance(error, errors.TemporaryError):
        wait_s = max(wait_s, error.retry_after_s or 0.0)
    return PutOff(reason=error.title, advice=error.advice, wake_at=now + wait_s)


def _after_bug(error: Exception, image: Image, now: float, jitter: float) -> Decision:
    """An unexpected exception: tried again a few times, then the image is put aside. Where it is unknown whether
    money was spent it is tried for ever, ever more rarely: giving up would lose the way back (keeps I2)."""
    reason = f"An unexpected problem in hotfolder ({type(error).__name__})."
    if image.attempts + 1 >= BUGS_BEFORE_GIVING_UP and image.state not in (State.REQUESTED, State.RETRYING):
        return Decision(event=GaveUp(reason=reason, advice=BUG_ADVICE), is_bug=True)
    wait_s = backoff_s(image.attempts, jitter, first_s=2.0)
    return Decision(event=PutOff(reason=reason, advice=BUG_ADVICE, wake_at=now + wait_s), is_bug=True)


_KINDS: tuple[tuple[type[errors.NeedsPerson], HoldKind, float], ...] = (
    (errors.KeyringNotReady, HoldKind.KEYRING, 2.0),
    (errors.SignInNeeded, HoldKind.SIGN_IN, 5.0),
    (errors.OutOfCredits, HoldKind.CREDITS, 5.0),
    (errors.WorkflowUnavailable, HoldKind.WORKFLOW, 30.0),
    (errors.FolderAway, HoldKind.IN_FOLDER, 2.0),
    (errors.FolderUnwritable, HoldKind.OUT_FOLDER, 2.0),
    (errors.LedgerUnusable, HoldKind.LEDGER, 2.0),
)
"""Kind of hold for each error, the special before the general, and seconds until it is checked for the first time."""

_WAITED_FOR = {HoldKind.KEYRING: "Waiting for the keyring. "}

_OF_THE_ACCOUNT = frozenset({HoldKind.SIGN_IN, HoldKind.KEYRING, HoldKind.CREDITS, HoldKind.LEDGER})

LONGEST_HOLD_CHECK_S = 60.0
LONGEST_OUT_FOLDER_CHECK_S = 10.0
"""The look at an out folder writes into it, perhaps as much as the largest result that waits."""


def is_held(error: errors.NeedsPerson) -> bool:
    """Whether there is a hold for it; one that concerns the start of the program is a bug in the middle of the work."""
    return any(isinstance(error, kind_of_error) for kind_of_error, _, _ in _KINDS)


def hold_of(error: errors.NeedsPerson, folder: str, now: float) -> Hold:
    """The hold that an error asks for; a bug where the table has none."""
    for kind_of_error, kind, first_check_s in _KINDS:
        if isinstance(error, kind_of_error):
            is_of_account = kind in _OF_THE_ACCOUNT and not isinstance(error, errors.NoRoom)
            scope = ACCOUNT if is_of_account else folder
            return Hold(
                scope=scope,
                kind=kind,
                reason=_WAITED_FOR.get(kind, "") + error.title,
                advice=error.advice,
                since=now,
                wake_at=now + first_check_s,
            )
    raise AssertionError(f"no hold is defined for {type(error).__name__}") from error


def next_check_s(hold: Hold, jitter: float) -> float:
    """How long until a hold that has just been checked in vain is checked again."""
    first_s = next((s for _, kind, s in _KINDS if kind is hold.kind), LONGEST_HOLD_CHECK_S)
    return backoff_s(
        hold.attempts, jitter, first_s=first_s, longest_s=max(first_s, _longest_s(hold.kind, first_s))
    )


def _longest_s(kind: HoldKind, first_s: float) -> float:
    if kind is HoldKind.OUT_FOLDER:
        return LONGEST_OUT_FOLDER_CHECK_S
    return first_s if _is_cheap(kind) else LONGEST_HOLD_CHECK_S


def _is_cheap(kind: HoldKind) -> bool:
    """A look at a folder or at the stored sign-in costs nobody anything, so it is looked at all the time. A keyring may
    ask the person."""
    return kind not in (HoldKind.CREDITS, HoldKind.WORKFLOW, HoldKind.KEYRING)
