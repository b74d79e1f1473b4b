"""The end of the first run in the browser: what was made is tried on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from hotfolder.adapters import login_items
from hotfolder.adapters.home import Home
from hotfolder.core.desktop_words import for_desktop
from hotfolder.errors import HotfolderError


class Finding(Protocol):
    """A line of `hotfolder check`."""

    @property
    def name(self) -> str: ...

    @property
    def ok(self) -> bool | None: ...

    @property
    def text(self) -> str: ...

    @property
    def advice(self) -> str: ...


Check = Callable[[Home], Iterable[Finding]]
"""What `hotfolder check` finds once the config is there; blocks."""


@dataclass(frozen=True, slots=True)
class Found:
    """A `Finding` as the page shows it."""

    name: str
    ok: bool | None
    text: str
    advice: str = ""


def try_it(home: Home, check: Check | None) -> list[Found]:
    """The config is written by now: whatever stands in the way of checking, hotfolder starts, and says it itself."""
    try:
        found = list(check(home)) if check else []
    except HotfolderError as error:
        return [_found("check", False, error.title, error.advice)]
    return [_found(one.name, one.ok, one.text, one.advice) for one in found if one.name != "daemon"]


def _found(name: str, ok: bool | None, text: str, advice: str) -> Found:
    return Found(name, ok, for_desktop(text), for_desktop(advice))


def start_at_login(home: Home) -> Found:
    """What came of it."""
    try:
        installed = login_items.install(home, login_items.usual_kind(), tray=True)
    except HotfolderError as error:
        return _found("start at login", False, error.title, error.advice)
    return _found(
        "start at login", True, "hotfolder starts by itself at each login", installed.left_to_do or ""
    )
