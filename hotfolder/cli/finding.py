"""One line of `hotfolder check`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`ok` None: nothing to judge, only to know."""

    name: str
    ok: bool | None
    text: str
    advice: str = ""
