"""One word for each state of an image, for people: menu, commands, notifications and docs say the same. `--json` keeps the
public values of `State`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
from hotfolder.core.image import State

WAITING = "waiting"

WORDS: Mapping[State, str] = MappingProxyType(
    {
        State.DETECTED: "settling",
        State.SETTLING: "settling",
        State.QUEUED: "uploading",
        State.UPLOADED: "uploading",
        State.REQUESTED: "uploading",
        State.PROCESSING: "in retouching",
        State.RETRYING: "in retouching",
        State.IN_QA: "with QA",
        State.FINISHED: "arriving",
        State.HELD: "held",
        State.DELIVERED: "delivered",
        State.FAILED: "failed",
        State.IGNORED: "not sent",
        State.DISMISSED: "dismissed",
        State.FORGOTTEN: "forgotten",
    }
)
"""In the order of an image's life."""

_ON_THE_MOVE = frozenset({State.QUEUED, State.UPLOADED, State.REQUESTED, State.FINISHED})
"""States in which something travels, unless it has to wait."""

_STILL = frozenset({HoldKind.PAUSED, HoldKind.SERVICE, HoldKind.KEYRING})
"""While one of these holds nothing travels; of the others those that stop an image make it `held`."""


def state_word(state: State | str, *, waits: bool = False) -> str:
    """`waits`: nothing travels in its hot folder now."""
    state = State(state)
    return WAITING if waits and state in _ON_THE_MOVE else WORDS[state]


def in_words(counts: Mapping[str, int], *, waits: bool = False) -> dict[str, int]:
    """How many images there are of each word, in the order of an image's life; without those that are none of."""
    words: Counter[str] = Counter()
    for state in State:
        if number := counts.get(state.value, 0):
            words[state_word(state, waits=waits)] += number
    order = (WAITING, *dict.fromkeys(WORDS.values()))
    return {word: words[word] for word in order if words[word]}


def waits_in(folder: str, held: Iterable[Hold]) -> bool:
    """Whether nothing travels in this hot folder."""
    return any(hold.kind in _STILL and hold.scope in (ACCOUNT, folder) for hold in held)


def waits_by_facts(folder: str, state: str, held: Iterable[Mapping[str, Any]]) -> bool:
    """The same of a hot folder's shown state, and of the holds as `status --json` has them."""
    kinds = {str(fact["kind"]) for fact in held if fact["folder"] in (None, folder)}
    return state in ("paused", "waiting") or not kinds.isdisjoint(kind.value for kind in _STILL)


def states_named(word: str) -> list[State]:
    """The states that somebody means who types a public value or the word for it."""
    return [state for state in WORDS if word in (state.value, WORDS[state]) and state is not State.FORGOTTEN]
