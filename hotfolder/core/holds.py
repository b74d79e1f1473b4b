"""Holds: what keeps images waiting, and which of their steps each kind of hold stops (design §6).

A hold belongs to a *scope*: the whole account (`""`) or one hot folder (its name). It is kept in the ledger with
the time of its next check, so that it survives a restart (I9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    CREDITS = "credits"
    BUDGET = "budget"
    WORKFLOW = "workflow"
    IN_FOLDER = "in_folder"
    OUT_FOLDER = "out_folder"
    LEDGER = "ledger"
    """The ledger cannot be written: nothing may be done that could not be remembered (I1, I2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why images of a scope wait. `wake_at`: epoch seconds of the next check, `attempts`: checks so far."""

    scope: str
    kind: HoldKind
    reason: str
    advice: str = ""
    since: float = 0.0
    wake_at: float = 0.0
    attempts: int = 0

    @property
    def needs_person(self) -> bool:
        """Whether it ends only when somebody does something."""
        return self.kind is not HoldKind.SERVICE


_SPENDING = frozenset({Command.REQUEST, Command.AWAIT_CREDITS})
_NETWORK = frozenset(set(Command) - {Command.FORGET, Command.NOTHING})

_STOPS: Mapping[HoldKind, frozenset[Command]] = MappingProxyType(
    {
        HoldKind.SERVICE: _NETWORK,
        HoldKind.SIGN_IN: _NETWORK,
        HoldKind.LEDGER: _NETWORK,
        HoldKind.CREDITS: _SPENDING,
        HoldKind.BUDGET: _SPENDING,
        HoldKind.WORKFLOW: frozenset({Command.UPLOAD, Command.REQUEST}),
        HoldKind.IN_FOLDER: frozenset({Command.UPLOAD, Command.REQUEST}),
        # Nothing new is bought while its result could not be put anywhere.
        HoldKind.OUT_FOLDER: frozenset({Command.UPLOAD, Command.REQUEST, Command.DELIVER}),
    }
)


def stopping(command: Command, folder: str, holds: Iterable[Hold]) -> Hold | None:
    """The hold that stops this command for this hot folder; one that needs a person before any other."""
    found = [h for h in holds if h.scope in (ACCOUNT, folder) and command in _STOPS[h.kind]]
    return min(found, key=lambda h: not h.needs_person, default=None)


def shown_state(image: Image, holds: Iterable[Hold]) -> tuple[State, str, str]:
    """The state, reason and advice as the faces show them: an image whose next step waits for a person is *held*."""
    if image.state is State.HELD:
        return State.HELD, image.reason, image.advice
    if not image.state.is_final:
        hold = stopping(COMMANDS[image.state], image.folder, holds)
        if hold is not None and hold.needs_person:
            return State.HELD, hold.reason, hold.advice
    return image.state, image.reason, image.advice
