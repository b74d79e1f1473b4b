"""Holds: what keeps images waiting, and which of their steps each kind of hold stops (design §6).

A hold belongs to a *scope*: the whole account (`""`) or one hot folder (its name). It is kept in the ledger with
the time of its next check, so that it survives a restart (I9).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from hotfolder.core.image import Image, State
from hotfolder.core.life import COMMANDS, Command

ACCOUNT = ""
"""The scope of a hold that concerns every hot folder."""


class HoldKind(StrEnum):
    SERVICE = "service"
    """Network or service away: heals by itself, nobody has to do anything."""
    SIGN_IN = "sign_in"
    KEYRING = "keyring"
    """Not up yet, or locked: at login it comes by itself, so a person is called only after a while."""
    CREDITS = "credits"
    BUDGET = "budget"
    WORKFLOW = "workflow"
    IN_FOLDER = "in_folder"
    OUT_FOLDER = "out_folder"
    LEDGER = "ledger"
    """The ledger cannot be written: nothing may be done that could not be remembered (I1, I2)."""
    PAUSED = "paused"
    """The person wants nothing new to be sent; only "resume" ends it."""


PAUSED = "Paused."
"""The reason of a pause, and of an image that would have to be paid for anew."""

PATIENT_CHECKS = 6
"""So often the keyring is looked for before a person is called: half a minute to a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why images of a scope wait. `wake_at`: epoch seconds of the next check, `attempts`: checks so far; `until`: epoch
    seconds before which the service asked not to be called (`Retry-After`), None where it named no time."""

    scope: str
    kind: HoldKind
    reason: str
    advice: str = ""
    since: float = 0.0
    wake_at: float = 0.0
    attempts: int = 0
    until: float | None = None

    @property
    def needs_person(self) -> bool:
        """Whether it waits for somebody to do something outside of hotfolder."""
        if self.kind is HoldKind.KEYRING:
            return self.attempts >= PATIENT_CHECKS
        return self.kind not in (HoldKind.SERVICE, HoldKind.PAUSED)


_SPENDING = frozenset({Command.REQUEST, Command.AWAIT_CREDITS})
_NETWORK = frozenset(set(Command) - {Command.FORGET, Command.NOTHING})

_STOPS: Mapping[HoldKind, frozenset[Command]] = MappingProxyType(
    {
        HoldKind.SERVICE: _NETWORK,
        HoldKind.SIGN_IN: _NETWORK,
        HoldKind.KEYRING: _NETWORK,
        HoldKind.LEDGER: _NETWORK,
        # What is paid comes home; and an execution that failed is not run again (`stages.wait`).
        HoldKind.PAUSED: _SPENDING | {Command.UPLOAD},
        HoldKind.CREDITS: _SPENDING,
        HoldKind.BUDGET: _SPENDING,
        HoldKind.WORKFLOW: frozenset({Command.UPLOAD, Command.REQUEST}),
        HoldKind.IN_FOLDER: frozenset({Command.UPLOAD, Command.REQUEST}),
        # Nothing new is bought while its result could not be put anywhere.
        HoldKind.OUT_FOLDER: frozenset({Command.UPLOAD, Command.DELIVER}) | _SPENDING,
    }
)


def _stopped_by(hold: Hold) -> frozenset[Command]:
    """The ledger's hold of a single hot folder is about working copies on its disk: only uploads of any size need one."""
    if hold.kind is HoldKind.LEDGER and hold.scope != ACCOUNT:
        return frozenset({Command.UPLOAD})
    return _STOPS[hold.kind]


def stopping(command: Command, folder: str, holds: Iterable[Hold]) -> Hold | None:
    """The hold that stops this command for this hot folder; one that needs a person before any other."""
    found = [h for h in holds if h.scope in (ACCOUNT, folder) and command in _stopped_by(h)]
    return min(found, key=lambda h: not h.needs_person, default=None)


def in_force(holds: Iterable[Hold], folders: Collection[str]) -> list[Hold]:
    """Those that mean something: a hold of a hot folder that is not in the config keeps nobody from anything."""
    return [hold for hold in holds if hold.scope in (ACCOUNT, *folders)]


def until_words(since: float, until: float | None) -> str:
    """' until 14:05', by this computer's clock, with the day where that is another one than that of `since`; "" for None."""
    if until is None:
        return ""
    begin, end = datetime.fromtimestamp(since).astimezone(), datetime.fromtimestamp(until).astimezone()
    day = "" if begin.date() == end.date() else f"{end.day} {end:%B}, "
    return f" until {day}{end:%H:%M}"


def paused_by(holds: Iterable[Hold]) -> frozenset[str]:
    """The scopes that a person has paused."""
    return frozenset(hold.scope for hold in holds if hold.kind is HoldKind.PAUSED)


def rests(command: Command, folder: str, holds: Iterable[Hold]) -> bool:
    """Whether a pause stops this command for this hot folder."""
    pauses = [hold for hold in holds if hold.kind is HoldKind.PAUSED]
    return stopping(command, folder, pauses) is not None


def is_paused(folder: str, holds: Iterable[Hold]) -> bool:
    return not paused_by(holds).isdisjoint((ACCOUNT, folder))


def after_pause(paused: frozenset[str], scope: str) -> frozenset[str]:
    """The paused scopes once a hot folder, or everything (`ACCOUNT`), is paused as well."""
    return paused | {scope}


def after_resume(paused: frozenset[str], scope: str, folders: Iterable[str]) -> frozenset[str]:
    """The paused scopes once a hot folder, or everything, goes on. Where everything was paused and one hot folder is to go
    on, each of the others stays paused by itself."""
    if scope == ACCOUNT:
        return frozenset()
    single = paused | frozenset(folders) if ACCOUNT in paused else paused
    return single - {ACCOUNT, scope}


def pause_of(scope: str, now: float) -> Hold:
    return Hold(
        scope=scope, kind=HoldKind.PAUSED, reason=PAUSED, advice="Resume it when it may go on.", since=now
    )


def shown_state(image: Image, holds: Iterable[Hold]) -> tuple[State, str, str]:
    """The state, reason and advice as the faces show them: an image whose next step waits for a person is *held*."""
    if image.state is State.HELD:
        return State.HELD, image.reason, image.advice
    if not image.state.is_final:
        hold = stopping(COMMANDS[image.state], image.folder, holds)
        if hold is not None and hold.needs_person:
            return State.HELD, hold.reason, hold.advice
    return image.state, image.reason, image.advice
