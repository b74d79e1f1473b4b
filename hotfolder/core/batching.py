"""Which batch an image joins (design §5). Pure; `now` is epoch seconds, `local_day` the person's calendar day."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum


class BatchPer(StrEnum):
    SUBFOLDER = "subfolder"
    DAY = "day"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRules:
    per: BatchPer = BatchPer.SUBFOLDER
    close_after_s: float = 1800.0
    max_images: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One order in the web app. `created_at` is the label's text, made once; `last_joined_at` epoch seconds."""

    id: str
    folder: str
    base_name: str
    number: int
    created_at: str
    last_joined_at: float
    images: int

    @property
    def name(self) -> str:
        return self.base_name if self.number == 1 else f"{self.base_name} ({self.number})"

    def joined_by_one(self, now: float) -> Batch:
        return replace(self, images=self.images + 1, last_joined_at=now)


def base_name(rules: BatchRules, folder: str, subfolder: str, local_day: str) -> str | None:
    """The name without its number, in composed form (NFC): a Mac and a camera may spell the same folder in two ways.
    None where images are not grouped. `local_day` is `YYYY-MM-DD`."""
    if rules.per is BatchPer.NONE:
        return None
    if rules.per is BatchPer.SUBFOLDER and subfolder:
        return unicodedata.normalize("NFC", subfolder)
    return unicodedata.normalize("NFC", f"{folder} {local_day}")


def takes_another(batch: Batch, rules: BatchRules, now: float) -> bool:
    """Whether a batch is still open: not full, and not quiet for `close_after_s`. A clock set back keeps it open."""
    full = rules.max_images is not None and batch.images >= rules.max_images
    return not full and now - batch.last_joined_at < rules.close_after_s


def join_or_open(
    latest: Batch | None, rules: BatchRules, now: float, *, new_id: str, folder: str, name: str
) -> Batch:
    """The open batch of that base name with one image more, or a new one with the next number and `new_id`."""
    if latest is not None and takes_another(latest, rules, now):
        return latest.joined_by_one(now)
    return Batch(
        id=new_id,
        folder=folder,
        base_name=name,
        number=1 if latest is None else latest.number + 1,
        created_at=created_at_label(now),
        last_joined_at=now,
        images=1,
    )


def created_at_label(now: float) -> str:
    """`createdAt` as the service wants it: ISO-8601, UTC, milliseconds, e.g. `2024-02-08T09:09:01.960Z` [G]."""
    text = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def labels_of(batch: Batch | None) -> dict[str, str]:
    """The three labels that make a batch; all or none [G]."""
    if batch is None:
        return {}
    return {
        "autoretouch_batch_id": batch.id,
        "autoretouch_batch_name": batch.name,
        "autoretouch_batch_createdAt": batch.created_at,
    }
