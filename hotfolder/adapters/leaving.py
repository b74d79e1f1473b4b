"""The stored sign-in as a running hotfolder sees it: signed out is signed out, whatever the store still holds (keeps I14).

A store may go on holding a token that nobody wants used: between `logout` telling the daemon and forgetting it, where it
could not be forgotten, or in the environment of the daemon, which nobody can change from outside.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

from hotfolder.adapters.token_store import TokenSource
from hotfolder.errors import KeyringNotReady

_NONE = b"none"
_UNKNOWN = b"unknown"


class LeavableTokens(TokenSource):
    """One store, for all daemons of one process. After `leave` there is no token, until another one is stored than the one
    that was left, until one is stored after there was none, or until `enter` says that somebody signed in."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._lock = threading.Lock()  # read in threads of their own, left in the loop
        self._is_left = False
        self._left = _UNKNOWN

    def load(self) -> str | None:
        return self._admitted(self._asked(self._source.load))

    def peek(self) -> str | None:
        return self._admitted(self._asked(self._source.peek))

    def _asked(self, look: Callable[[], str | None]) -> str | None:
        """Whoever signed out is signed out, and need not be told that a keyring is locked or missing."""
        try:
            return look()
        except KeyringNotReady:
            if self._is_left:
                return None
            raise

    def store(self, token: str) -> None:
        self._source.store(token)

    def forget(self) -> None:
        self._source.forget()

    def describe(self) -> str:
        return self._source.describe()

    def ask_again(self) -> None:
        self._source.ask_again()

    def is_given(self) -> bool:
        return self._source.is_given()

    def is_left(self) -> bool:
        return self._is_left

    def leave(self) -> None:
        """Somebody signed out, of whatever the next look at the store finds."""
        with self._lock:
            self._is_left, self._left = True, _UNKNOWN

    def enter(self) -> None:
        """Somebody signed in: whatever is stored counts."""
        with self._lock:
            self._is_left = False

    def _admitted(self, token: str | None) -> str | None:
        found = _NONE if token is None else hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        is_given = self._source.is_given()
        with self._lock:
            if self._is_left and self._left not in (_UNKNOWN, found) and token is not None and not is_given:
                self._is_left = False
            self._left = found  # only a digest: enough to tell whether it is another one
            return None if self._is_left else token
