"""Asks the daemon that holds a home. Every way of not reaching it is `DaemonNotRunning`."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hotfolder.adapters.home import Home
from hotfolder.adapters.private_file import FileTooOpen, read_private
from hotfolder.errors import DaemonNotRunning, HotfolderError

ANSWER_WITHIN_S = 5.0
RETRY_WITHIN_S = 120.0
"""Thousands of images are thousands of commits."""

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy leads to this computer


def settling(home: Home) -> list[dict[str, Any]]:
    """The files that are not in the ledger yet, as `images --json` shows them."""
    facts = _ask(home, "/api/settling", None, ANSWER_WITHIN_S)
    return list(facts)


def retry(home: Home, ids: Sequence[str] | None) -> int:
    """Try these failed images again (None: all, and everything that waits); how many they were."""
    body = json.dumps({"ids": None if ids is None else list(ids)}).encode()
    return int(_ask(home, "/api/retry", body, RETRY_WITHIN_S)["retried"])


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force in a running daemon. `config_problem`: why the config.yaml that is there is not."""

    folders: list[str]
    config_problem: str | None


def settings(home: Home) -> Settings:
    facts = _ask(home, "/api/settings", None, ANSWER_WITHIN_S)
    return Settings(list(facts["folders"]), facts["config_problem"])


def pause(home: Home, folder: str | None) -> None:
    """Begin nothing new in this hot folder (None: in all)."""
    _ask(home, "/api/pause", json.dumps({"folder": folder}).encode(), RETRY_WITHIN_S)


def resume(home: Home, folder: str | None) -> None:
    _ask(home, "/api/resume", json.dumps({"folder": folder}).encode(), RETRY_WITHIN_S)


def _ask(home: Home, path: str, body: bytes | None, limit_s: float) -> Any:
    port, token = _address(home)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=headers)
    try:
        with _opener.open(request, timeout=limit_s) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise _error_in(refusal) from None
    except (OSError, http.client.HTTPException, ValueError):
        raise not_running() from None


def _address(home: Home) -> tuple[int, str]:
    try:
        facts = json.loads(read_private(home.control) or "")
        return int(facts["port"]), str(facts["token"])
    except (OSError, FileTooOpen, ValueError, KeyError, TypeError):
        raise not_running() from None


def _error_in(refusal: urllib.error.HTTPError) -> HotfolderError:
    """What the daemon says stands in its way; a refusal of the token means that it is another daemon's port."""
    try:
        facts = json.loads(refusal.read())
        title, advice = str(facts["title"]), str(facts.get("advice", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return not_running()
    return HotfolderError(title, advice) if refusal.code == 503 else not_running()


def not_running() -> DaemonNotRunning:
    return DaemonNotRunning("hotfolder is not running, or does not answer.", "Start it with `hotfolder run`.")
