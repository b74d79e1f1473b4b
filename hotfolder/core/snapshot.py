"""What the faces show: the state of everything, as plain frozen values (design §8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hotfolder.core.batching import Batch
from hotfolder.core.holds import (
    ACCOUNT,
    Hold,
    HoldKind,
    in_force,
    is_paused,
    paused_by,
    shown_state,
    stopping,
    until_words,
)
from hotfolder.core.image import Image, State
from hotfolder.core.life import COMMANDS
from hotfolder.core.not_sent import RESULT, Listed, not_sent_words


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """One hot folder: `state` is `idle`, `working`, `waiting`, `held` or `paused`. `in_config`: whether anything is done
    for it; the images of one that was taken out wait. `not_sent`: how many of each group of `core.not_sent`; their sum is
    `ignored` in `counts`."""

    name: str
    state: str
    counts: Mapping[str, int]
    in_config: bool = True
    not_sent: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """`paused`: everything is. `config_problem`: why a changed config.yaml was not taken over, and the old one holds."""

    running: bool
    paused: bool
    held: Sequence[Mapping[str, Any]]
    folders: Sequence[FolderStatus]
    notices: Sequence[tuple[str, str]] = ()
    config_problem: str | None = None


def status_of(
    folders: Iterable[str],
    images: Iterable[Image],
    holds: Sequence[Hold],
    *,
    running: bool,
    settling: Mapping[str, int] | None = None,
    not_sent: Mapping[str, Mapping[str, int]] | None = None,
    notices: Sequence[tuple[str, str]] = (),
) -> Status:
    """The whole state. `settling`: files per hot folder that are not in the ledger yet; `not_sent`: those that are no
    images to send, per hot folder and group."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in folders}
    names = frozenset(counts)
    holds = in_force(holds, names)
    for image in images:
        counts.setdefault(image.folder, Counter())[shown_state(image, holds)[0].value] += 1
    return _status(counts, names, holds, running, settling or {}, not_sent or {}, notices)


def status_of_counts(
    folders: Iterable[str],
    counted: Mapping[str, Mapping[State, int]],
    holds: Sequence[Hold],
    *,
    running: bool,
    settling: Mapping[str, int] | None = None,
    not_sent: Mapping[str, Mapping[str, int]] | None = None,
) -> Status:
    """The same from the ledger's counts per hot folder and state, for a face that looks several times a second."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in folders}
    names = frozenset(counts)
    holds = in_force(holds, names)
    for name, states in counted.items():
        for state, number in states.items():
            counts.setdefault(name, Counter())[_state_shown(state, name, holds).value] += number
    return _status(counts, names, holds, running, settling or {}, not_sent or {}, ())


def _state_shown(state: State, folder: str, holds: Sequence[Hold]) -> State:
    """`shown_state` for all images of a hot folder in one state."""
    hold = None if state.is_final else stopping(COMMANDS[state], folder, holds)
    return State.HELD if hold is not None and hold.needs_person else state


def _status(
    counts: dict[str, Counter[str]],
    in_config: frozenset[str],
    holds: Sequence[Hold],
    running: bool,
    settling: Mapping[str, int],
    not_sent: Mapping[str, Mapping[str, int]],
    notices: Sequence[tuple[str, str]],
) -> Status:
    groups = {name: _groups(counts.get(name, {}), not_sent.get(name, {})) for name in (*counts, *not_sent)}
    for name in groups:
        if total := groups[name].total():
            counts.setdefault(name, Counter())[State.IGNORED.value] = total
    for name, number in settling.items():
        if number:
            counts.setdefault(name, Counter())[State.SETTLING.value] += number
    statuses = [
        FolderStatus(
            name,
            _folder_state(name, counts[name], holds, in_config),
            counts[name],
            name in in_config,
            groups.get(name, Counter()),
        )
        for name in counts
    ]
    all_paused = ACCOUNT in paused_by(holds) or (
        bool(in_config) and all(is_paused(name, holds) for name in in_config)
    )
    held = [hold_facts(hold) for hold in holds if hold.kind is not HoldKind.PAUSED]
    return Status(running, all_paused, held, statuses, notices)


def _groups(counts: Mapping[str, int], not_sent: Mapping[str, int]) -> Counter[str]:
    """What is no image to send, and the images that are results."""
    return Counter(not_sent) + Counter({RESULT: counts.get(State.IGNORED.value, 0)})


def _folder_state(
    name: str, counts: Mapping[str, int], holds: Sequence[Hold], in_config: frozenset[str]
) -> str:
    if is_paused(name, holds):
        return "paused"
    mine = [hold for hold in holds if hold.scope in (ACCOUNT, name)]
    if any(hold.needs_person for hold in mine) or counts.get(State.HELD.value):
        return "held"
    if not any(number for state, number in counts.items() if not State(state).is_final):
        return "idle"
    return "waiting" if mine or name not in in_config else "working"


def hold_facts(hold: Hold) -> dict[str, Any]:
    return {
        "kind": hold.kind.value,
        "folder": hold.scope or None,
        "reason": hold.reason,
        "advice": hold.advice,
        "needs_person": hold.needs_person,
        "since": iso_time(hold.since),
        "until": iso_time(hold.until),
    }


def waits_until(hold: Mapping[str, Any]) -> str:
    """' until 14:05' for the facts of a hold whose end the service named, else ""."""
    if not hold.get("until"):
        return ""
    since, until = (datetime.fromisoformat(str(hold[key])).timestamp() for key in ("since", "until"))
    return until_words(since, until)


def status_facts(status: Status) -> dict[str, Any]:
    """`status --json`."""
    return {
        "running": status.running,
        "paused": status.paused,
        "config_problem": status.config_problem,
        "held": list(status.held),
        "folders": [
            {"name": f.name, "state": f.state, "counts": dict(sorted(f.counts.items()))}
            | ({} if f.in_config else {"in_config": False})
            for f in status.folders
        ],
        "not_sent": [
            {"folder": f.name, "total": sum(f.not_sent.values()), "text": text}
            for f in status.folders
            if (text := not_sent_words(f.not_sent))
        ],
        "notices": [{"folder": folder, "text": text} for folder, text in status.notices],
    }


def image_facts(image: Image, batches: Mapping[str, Batch], holds: Sequence[Hold]) -> dict[str, Any]:
    """One entry of `images --json`: what is not known yet is null."""
    state, reason, advice = shown_state(image, holds)
    batch = batches.get(image.batch_id or "")
    return {
        "id": image.id,
        "folder": image.folder,
        "path": image.path,
        "state": state.value,
        "reason": reason or None,
        "advice": advice or None,
        "note": image.note or None,
        "content_hash": image.content_hash or None,
        "batch_id": image.batch_id,
        "batch_name": batch.name if batch else None,
        "execution_id": image.execution_id,
        "result_path": image.result_path if image.state is State.DELIVERED else None,
        "credits": image.credits,
        "detected_at": iso_time(image.detected_at),
        "delivered_at": iso_time(image.delivered_at),
    }


def settling_facts(folder: str, path: str, detected_at: float) -> dict[str, Any]:
    """An entry of `images --json` for a file that is not in the ledger yet."""
    return _facts_of_no_image(folder, path, State.SETTLING, detected_at)


def not_sent_facts(listed: Listed) -> dict[str, Any]:
    """An entry of `images --json` for what is no image to send."""
    facts = _facts_of_no_image(listed.folder, listed.path, State.IGNORED, listed.first_seen)
    return {**facts, "reason": _sentence(listed.reason), "advice": listed.advice or None}


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:].rstrip('.')}."


def _facts_of_no_image(folder: str, path: str, state: State, detected_at: float) -> dict[str, Any]:
    keys = (
        "reason",
        "advice",
        "note",
        "content_hash",
        "batch_id",
        "batch_name",
        "execution_id",
        "result_path",
    )
    return {
        "id": None,
        "folder": folder,
        "path": path,
        "state": state.value,
        **dict.fromkeys(keys),
        "credits": None,
        "detected_at": iso_time(detected_at),
        "delivered_at": None,
    }


def batch_facts(batches: Sequence[Batch], images: Iterable[Image]) -> list[dict[str, Any]]:
    """`batches --json`: each batch with how many of its images are delivered and failed."""
    totals: Counter[str] = Counter()
    by_state: Counter[tuple[str, State]] = Counter()
    for image in images:
        if image.batch_id is not None:
            totals[image.batch_id] += 1
            by_state[image.batch_id, image.state] += 1
    return [
        {
            "id": batch.id,
            "name": batch.name,
            "folder": batch.folder,
            "created_at": batch.created_at,
            "total": totals[batch.id],
            "delivered": by_state[batch.id, State.DELIVERED],
            "failed": by_state[batch.id, State.FAILED],
        }
        for batch in batches
    ]


def iso_time(seconds: float | None) -> str | None:
    """ISO-8601, UTC, milliseconds."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
