"""Paid results whose sources are not here: what they are called when a person fetches them (free of charge)."""

from __future__ import annotations

import re

from hotfolder.core.image import Image, State
from hotfolder.core.repeats import NO_SETTINGS, Remembered

NOTE = "Its source was not here when its result was fetched."


def image_of(found: Remembered, folder: str, image_id: str, now: float) -> Image:
    """The image of an execution that the service remembers: it has its execution, and is asked about like any other."""
    return Image(
        id=image_id,
        folder=folder,
        path=path_of(found),
        content_hash=found.content_hash,
        size_bytes=0,
        mtime_ns=0,
        content_type="",
        detected_at=now if found.created_at is None else found.created_at,
        state=State.PROCESSING,
        state_since=now,
        execution_id=found.execution_id,
        organization_id=found.organization_id,
        workflow_id=found.workflow_id,
        workflow_version=found.workflow_version,
        settings_digest=found.settings_digest or NO_SETTINGS,
        credits=found.credits,
        note=NOTE,
    )


def path_of(found: Remembered) -> str:
    """`<order>/<name of the source>`: names that came from outside, so nothing in them can lead anywhere else."""
    parts = [*(found.batch_name or "").split("/"), found.input_name.replace("/", "_") or found.execution_id]
    plain = [_plain(part) for part in parts]
    return "/".join(part for part in plain if part)


def _plain(part: str) -> str:
    text = re.sub(r"[\x00-\x1f\x7f\\:]", "_", part).strip()
    return "" if text.strip(". ") == "" else text
