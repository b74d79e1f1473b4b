"""Where the refresh token lives: an environment variable, a 0600 file or the OS keyring (I8).

Nothing here logs, shows or raises a token. Every trouble is a `SignInNeeded` with an advice, since that is
what holds the account and tells the person. Reading never writes.

A keyring may ask the person to unlock it and block meanwhile, a home may lie on a drive that hangs: call sources
through `load_token` and `store_token`, or in a thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from hotfolder.adapters.keyring_tokens import VARIABLE, KeyringTokens
from hotfolder.adapters.own_thread import in_own_thread
from hotfolder.adapters.private_file import FileTooOpen, read_private, remove_private, write_private
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import KeyringNotReady, SignInNeeded

__all__ = [
    "VARIABLE",
    "ChosenTokens",
    "EnvironmentTokens",
    "FileTokens",
    "KeyringTokens",
    "MemoryTokens",
    "TokenSource",
    "choose_token_source",
    "load_token",
    "peek_token",
    "store_token",
]

R = TypeVar("R")

STORE_LIMIT_S = 90.0
"""No store may take longer; a keyring has a shorter limit of its own."""

LOOK_LIMIT_S = 10.0
"""How long a look at the store may take, which nobody waits for."""

DAEMON_KEYRING_LIMIT_S = 5.0
"""A daemon does not sit and wait for a keyring: it says so, and looks again soon."""


class TokenSource(Protocol):
    """One place for one refresh token. Methods may block; they raise `SignInNeeded` only."""

    def load(self) -> str | None:
        """The token, None when there is none."""
        ...

    def store(self, token: str) -> None:
        """Durable when it returns."""
        ...

    def forget(self) -> None:
        """Gone when it returns, also if there was none."""
        ...

    def describe(self) -> str:
        """Where that is, in words for the person."""
        ...

    def ask_again(self) -> None:
        """A person says "try again": whoever declined something may be asked once more."""
        return

    def peek(self) -> str | None:
        """As `load`, but asks nobody anything: raises `KeyringNotReady` where only a person could tell."""
        return self.load()

    def is_given(self) -> bool:
        """Whether it comes from outside, where nobody can sign in or out: it counts as long as it is there."""
        return False

    def is_left(self) -> bool:
        """Whether a person has signed out, and nobody in again since."""
        return False


def choose_token_source(
    home: Path, environ: Mapping[str, str], keyring: KeyringTokens | None = None
) -> TokenSource:
    """The environment first, then the file if there is one (it was chosen explicitly), then the keyring."""
    token = environ.get(VARIABLE, "").strip()
    if token:
        return EnvironmentTokens(token, home)
    files = FileTokens(home)
    return files if os.path.lexists(files.path) else keyring or KeyringTokens(home)


class ChosenTokens(TokenSource):
    """Whichever source is chosen at the moment it is asked: a daemon goes on when somebody signs in, in another terminal
    and perhaps to another place."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self._home = home
        self._environ = environ
        self._keyring = KeyringTokens(home, limit_s=DAEMON_KEYRING_LIMIT_S)
        self._place: type[TokenSource] | None = None

    def load(self) -> str | None:
        chosen = self._chosen()
        token = chosen.load()
        self._place = type(chosen)
        return token

    def peek(self) -> str | None:
        """A keyring that cannot tell has not what came from another place."""
        chosen = self._chosen()
        try:
            return chosen.peek()
        except KeyringNotReady:
            if self._place in (None, type(chosen)):
                raise
            return None

    def is_given(self) -> bool:
        return self._chosen().is_given()

    def store(self, token: str) -> None:
        """Never into a home that was removed: it would be made anew."""
        if not self._home.is_dir():
            raise SignInNeeded(f"The folder {self._home} is gone.", "Start hotfolder again, and sign in.")
        self._chosen().store(token)

    def forget(self) -> None:
        self._chosen().forget()

    def describe(self) -> str:
        return self._chosen().describe()

    def ask_again(self) -> None:
        self._keyring.ask_again()

    def _chosen(self) -> TokenSource:
        return choose_token_source(self._home, self._environ, self._keyring)


class MemoryTokens(TokenSource):
    """For a token that is to be tried before it is stored, and for tests."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token

    def load(self) -> str | None:
        return self._token

    def store(self, token: str) -> None:
        self._token = token

    def forget(self) -> None:
        self._token = None

    def describe(self) -> str:
        return "memory"


class FileTokens(TokenSource):
    """`<home>/refresh-token`, for the user alone."""

    def __init__(self, home: Path) -> None:
        self.path = home / "refresh-token"

    def load(self) -> str | None:
        with _file_trouble(self.path):
            return (read_private(self.path) or "").strip() or None

    def store(self, token: str) -> None:
        with _file_trouble(self.path):
            write_private(self.path, token + "\n")

    def forget(self) -> None:
        with _file_trouble(self.path):
            remove_private(self.path)

    def describe(self) -> str:
        return f"the file {self.path}"


class EnvironmentTokens(TokenSource):
    """`AUTORETOUCH_REFRESH_TOKEN`, and in a file what the service made of it.

    A rotated token cannot go back into the environment, and the next start would fail without it. So it is kept
    in `<home>/rotated-token` together with the SHA-256 of the variable's token, and holds until that changes.
    """

    def __init__(self, token: str, home: Path) -> None:
        self._token = token
        self._ancestor = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        self.path = home / "rotated-token"

    def load(self) -> str | None:
        with _file_trouble(self.path):
            ancestor, _, rotated = (read_private(self.path) or "").partition("\n")
        return rotated.strip() if ancestor == self._ancestor and rotated.strip() else self._token

    def store(self, token: str) -> None:
        with _file_trouble(self.path):
            write_private(self.path, f"{self._ancestor}\n{token}\n")

    def forget(self) -> None:
        """The variable itself is the person's to unset."""
        with _file_trouble(self.path):
            remove_private(self.path)

    def describe(self) -> str:
        return f"the environment variable {VARIABLE}"

    def is_given(self) -> bool:
        return True


@contextmanager
def _file_trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except FileTooOpen:
        advice = f"Others may have read it: sign in anew with `hotfolder login`, or run `chmod 600 '{path}'`."
        raise SignInNeeded(f"The token file {path} can be read by others.", advice) from None
    except (OSError, UnicodeError) as error:
        reason = plain_reason(error) if isinstance(error, OSError) else "it is damaged"
        raise SignInNeeded(
            f"The token file {path} cannot be used: {reason}.",
            f"Sign in with `hotfolder login`, or set {VARIABLE}.",
        ) from None


async def load_token(source: TokenSource, limit_s: float = STORE_LIMIT_S) -> str | None:
    """`source.load()`, off the loop and within `limit_s`."""
    return await _in_time(source.load, source, limit_s)


async def peek_token(source: TokenSource, limit_s: float = STORE_LIMIT_S) -> str | None:
    """`source.peek()`, off the loop and within `limit_s`."""
    return await _in_time(source.peek, source, limit_s)


async def store_token(source: TokenSource, token: str, limit_s: float = STORE_LIMIT_S) -> None:
    """`source.store(token)`, off the loop and within `limit_s`."""
    await _in_time(lambda: source.store(token), source, limit_s)


async def _in_time(function: Callable[[], R], source: TokenSource, limit_s: float) -> R:
    try:
        return await asyncio.wait_for(asyncio.wrap_future(in_own_thread(function)), limit_s)
    except TimeoutError:
        title = f"No answer from {source.describe()} within {limit_s:g} seconds."
        raise SignInNeeded(title, "Try again; a running hotfolder does so by itself.") from None
