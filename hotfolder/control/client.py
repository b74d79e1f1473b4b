"""Asks the daemon that holds a home. Every way of not reaching it is `DaemonNotRunning`."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hotfolder.adapters.home import Home, is_running
from hotfolder.adapters.private_file import FileTooOpen, read_private
from hotfolder.errors import DaemonNotRunning, HotfolderError

ANSWER_WITHIN_S = 5.0
RETRY_WITHIN_S = 120.0
"""Thousands of images are thousands of commits."""

SIGN_OUT_WITHIN_S = 45.0
"""A refresh under way is waited for, and a daemon that is being replaced."""

APPEARS_WITHIN_S = 5.0
"""So long a hotfolder that holds the home may take until it can be asked, and one that ends until it no longer holds it."""

LOOK_S = 0.1

T = TypeVar("T")

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy leads to this computer


def settling(home: Home) -> list[dict[str, Any]]:
    """The files that are not in the ledger yet, as `images --json` shows them."""
    facts = _ask(home, "/api/settling", None, ANSWER_WITHIN_S)
    return list(facts)


def retry(home: Home, ids: Sequence[str] | None) -> int:
    """Try these failed images again (None: all, and everything that waits); how many they were."""
    body = json.dumps({"ids": None if ids is None else list(ids)}).encode()
    return int(_ask(home, "/api/retry", body, RETRY_WITHIN_S)["retried"])


def dismiss(home: Home, ids: Sequence[str] | None) -> int:
    """Be done with these failed or ignored images (None: with all of them); how many they were."""
    body = json.dumps({"ids": None if ids is None else list(ids)}).encode()
    return int(_ask(home, "/api/dismiss", body, RETRY_WITHIN_S)["dismissed"])


def fetch(home: Home, execution_ids: Sequence[str], image_ids: Sequence[str]) -> int:
    """Get these results once more, free of charge; how many they are."""
    body = json.dumps({"executions": list(execution_ids), "images": list(image_ids)}).encode()
    return int(_ask(home, "/api/fetch", body, RETRY_WITHIN_S)["fetched"])


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


def sign_out(home: Home) -> bool | None:
    """When this returns the running daemon spends nothing any more (keeps I14); whether its sign-in was given from outside,
    None where none runs. Raises `DaemonNotRunning` for one that runs and cannot be reached."""
    facts = _of_whoever_runs(home, lambda: _ask(home, "/api/sign-out", b"{}", SIGN_OUT_WITHIN_S))
    return None if facts is None else bool(facts["is_given"])


def signed_in(home: Home) -> None:
    """Tell a running daemon; none, or one that cannot be reached, sees by itself what has been stored."""
    try:
        _ask(home, "/api/signed-in", b"{}", ANSWER_WITHIN_S)
    except HotfolderError:
        return


def stop(home: Home) -> bool:
    """Ask the running daemon to end; false where none runs. Raises `DaemonNotRunning` for one that cannot be reached."""
    return _of_whoever_runs(home, lambda: _ask(home, "/api/stop", b"{}", ANSWER_WITHIN_S)) is not None


def process_id(home: Home) -> int | None:
    """Of the daemon that runs, as far as it said so."""
    try:
        return int(json.loads(read_private(home.control) or "")["pid"])
    except (OSError, FileTooOpen, ValueError, KeyError, TypeError):
        return None


def _of_whoever_runs(home: Home, ask: Callable[[], T]) -> T | None:
    """The answer of the daemon that holds the home; None where none does. One that is starting or ending is waited for."""
    end = time.monotonic() + APPEARS_WITHIN_S
    while is_running(home):
        try:
            return ask()
        except DaemonNotRunning:
            if time.monotonic() >= end:
                raise
            time.sleep(LOOK_S)
    return None


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
