"""Has this image been paid for already? Decided from what the ledger and the service remember (design §4, I12).

Two executions are the same where bytes, organization, workflow, its version and the settings are the same. Nothing
here looks at names or paths: who an image is, is its bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hotfolder.core.image import Image, State

FAILURES_BEFORE_GIVING_UP = 2
"""So many executions of the same picture that failed: the picture is the reason, and a further one would fail as well."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an image is sent to. `version` None: the service does not say which."""

    organization_id: str
    workflow_id: str
    version: str | None
    settings_digest: str


def digest_of(settings: Mapping[str, object]) -> str:
    """The settings as a short text that is the same for the same settings, in whatever order they are written."""
    text = json.dumps(dict(settings), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


NO_SETTINGS = digest_of({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """An execution under our labels, as the service listed it. `image_id`: the label; `created_at`: epoch seconds of the
    service's clock; `settings_digest` None: it was made before there was such a label."""

    execution_id: str
    organization_id: str
    workflow_id: str
    workflow_version: str | None
    settings_digest: str | None
    image_id: str
    content_hash: str
    input_name: str
    status: str
    created_at: float | None
    batch_name: str | None
    service_path: str | None
    result_hash: str | None
    result_type: str | None
    result_name: str | None
    credits: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of an image's bytes. `same`: other images of these bytes; `makers`: images whose result these bytes
    are; `remembered`: executions of these bytes that no image has; `makers_remembered`: those that made these bytes."""

    same: Sequence[Image] = ()
    makers: Sequence[Image] = ()
    remembered: Sequence[Remembered] = ()
    makers_remembered: Sequence[Remembered] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """It is new: an execution is to be created."""


@dataclass(frozen=True, slots=True)
class WaitFor:
    """The same picture is on its way; this one gets the same result."""

    twin: Image


@dataclass(frozen=True, slots=True)
class Share:
    """The same picture has a result: this one gets it for nothing."""

    twin: Image


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The same picture was paid for in a hot folder that nobody works in any more."""

    twin: Image


@dataclass(frozen=True, slots=True)
class Adopt:
    """The service has an execution of it that no image of the ledger has."""

    execution: Remembered


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The same picture has failed too often to be paid for again."""

    twin: Image


@dataclass(frozen=True, slots=True)
class Leave:
    """These bytes came out of this very workflow; `name` is what they were made of."""

    name: str


Verdict = Send | WaitFor | Share | TakeOver | Adopt | GiveUp | Leave


def recognise(
    image: Image, recipe: Recipe, memory: Memory, *, reuse: bool, active: Collection[str]
) -> Verdict:
    """What is to become of an image that was not sent yet. `reuse`: whether a repeat gets the known result
    (`folders[].repeats`); `active`: the hot folders of the config."""
    own = next((r for r in memory.remembered if r.image_id == image.id), None)
    if own is not None:
        return Adopt(own)
    if reuse and (verdict := _as_repeat(image, recipe, memory.same, active)):
        return verdict
    fitting = [r for r in memory.remembered if _fits(r, recipe)]
    if fitting:
        return Adopt(min(fitting, key=_rank))
    if not image.insisted and (name := _maker(image, recipe, memory)) is not None:
        return Leave(name)
    return Send()


def is_same_recipe(image: Image, recipe: Recipe) -> bool:
    """Whether an image was sent to just this. A version that nobody told is taken for the same."""
    return (
        image.organization_id == recipe.organization_id
        and image.workflow_id == recipe.workflow_id
        and image.settings_digest == recipe.settings_digest
        and _is_same_version(image.workflow_version, recipe.version)
    )


def _is_same_version(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


_UNDER_WAY = frozenset({State.REQUESTED, State.PROCESSING, State.IN_QA, State.HELD, State.RETRYING})


def _as_repeat(
    image: Image, recipe: Recipe, same: Iterable[Image], active: Collection[str]
) -> Verdict | None:
    twins = [twin for twin in same if twin.id != image.id and is_same_recipe(twin, recipe)]
    done = [twin for twin in twins if twin.service_path is not None and twin.execution_id is not None]
    if done:
        return Share(min(done, key=lambda twin: (twin.state is not State.DELIVERED, twin.detected_at)))
    waited_for = [twin for twin in twins if twin.state in _UNDER_WAY]
    if waited_for:
        return _wait_or_take_over(waited_for, active)
    failed = [
        twin
        for twin in twins
        if twin.state in (State.FAILED, State.DISMISSED) and twin.execution_id is not None
    ]
    if len(failed) >= FAILURES_BEFORE_GIVING_UP and not image.insisted:
        return GiveUp(max(failed, key=lambda twin: twin.state_since))
    return None


def _wait_or_take_over(twins: Sequence[Image], active: Collection[str]) -> Verdict:
    """One that nobody works on any more cannot be waited for; where its execution is known, it is taken over."""
    working = [twin for twin in twins if twin.folder in active]
    first = min(working or twins, key=lambda twin: twin.detected_at)
    return WaitFor(first) if working or first.execution_id is None else TakeOver(first)


def _fits(execution: Remembered, recipe: Recipe) -> bool:
    settings = execution.settings_digest or NO_SETTINGS
    return (
        execution.organization_id == recipe.organization_id
        and execution.workflow_id == recipe.workflow_id
        and settings == recipe.settings_digest
        and _is_same_version(execution.workflow_version, recipe.version)
    )


_BEST_FIRST = ("COMPLETED", "IN_QA", "ACTIVE", "CREATED", "PAYMENT_REQUIRED", "FAILED")


def _rank(execution: Remembered) -> tuple[int, float]:
    """The one that is furthest, and of those the newest."""
    known = execution.status in _BEST_FIRST
    return (_BEST_FIRST.index(execution.status) if known else 2), -(execution.created_at or 0.0)


def _maker(image: Image, recipe: Recipe, memory: Memory) -> str | None:
    """The name of what these bytes were made of by this workflow, whatever its version. A workflow that gives back the
    bytes it was given makes nothing."""
    for maker in memory.makers:
        known = (maker.organization_id, maker.workflow_id) == (recipe.organization_id, recipe.workflow_id)
        if known and maker.content_hash != image.content_hash:
            return maker.path
    for made in memory.makers_remembered:
        known = (made.organization_id, made.workflow_id) == (recipe.organization_id, recipe.workflow_id)
        if known and made.content_hash != image.content_hash:
            return made.input_name
    return None
