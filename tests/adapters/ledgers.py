"""What the tests of the ledger put into it, and how they look at it."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any

from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.core.batching import Batch
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
from hotfolder.core.image import Image, State
from tests.fakes import NOW, an_image, hash_of


def reopened(ledger: Ledger, path: Path) -> Ledger:
    ledger.close()
    return open_ledger(path)


def another(n: int, **changes: Any) -> Image:
    return an_image(**{"id": f"image-{n}", "path": f"{n}.jpg", "content_hash": hash_of(b"%d" % n), **changes})


def a_full_image() -> Image:
    """With something in every field."""
    full: dict[str, Any] = {}
    for f in fields(Image):
        full[f.name] = (
            {"str": f"a {f.name}", "int": 7, "float": NOW, "bool": True}[f.type.removesuffix(" | None")]
            if (f.name != "state")
            else State.IN_QA
        )
    return Image(**full)


def a_batch(**changes: Any) -> Batch:
    facts: dict[str, Any] = {
        "id": "batch-1",
        "folder": "Packshots",
        "base_name": "Boots 224",
        "number": 1,
        "created_at": "2026-11-24T09:09:01.960Z",
        "last_joined_at": NOW,
        "images": 1,
    }
    return Batch(**{**facts, **changes})


def a_hold(**changes: Any) -> Hold:
    facts: dict[str, Any] = {"scope": ACCOUNT, "kind": HoldKind.CREDITS, "reason": "Why.", "advice": "Do."}
    return Hold(**{**facts, **changes})


def asked(path: Path, question: str) -> Any:
    """What a stranger reads in the file."""
    db = sqlite3.connect(path)
    try:
        return db.execute(question).fetchall()
    finally:
        db.close()
