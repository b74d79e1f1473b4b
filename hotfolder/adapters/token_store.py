"""Where the refresh token lives: an environment variable, a 0600 file or the OS keyring (I8). keyring is at home here.

Nothing here logs, shows or raises a token. Every trouble is a `SignInNeeded` with an advice, since that is
what holds the account and tells the person. Reading never writes.

A keyring may ask the person to unlock it and block meanwhile: call sources through `load_token` and
`store_token`, or in a thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from hotfolder.adapters.private_file import FileTooOpen, read_private, remove_private, write_private
from hotfolder.errors import SignInNeeded

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

R = TypeVar("R")

VARIABLE = "AUTORETOUCH_REFRESH_TOKEN"
SERVICE_NAME = "hotfolder"

LONGEST_TOKEN = 1280
"""Characters that Windows' credential manager can hold (2560 bytes of UTF-16); the limit everywhere."""

KEYRING_LIMIT_S = 30.0
"""How long a keyring may take, a person unlocking it included."""

_FILE_ADVICE = (
    "Sign in with `hotfolder login --paste --store file` to keep the token in a file that only you can read."
)
_NOT_KEYRINGS = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


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


def choose_token_source(home: Path, environ: Mapping[str, str]) -> TokenSource:
    """The environment first, then the file if there is one (it was chosen explicitly), then the keyring."""
    token = environ.get(VARIABLE, "").strip()
    if token:
        return EnvironmentTokens(token, home)
    files = FileTokens(home)
    return files if os.path.lexists(files.path) else KeyringTokens(home)


class ChosenTokens:
    """Whichever source is chosen at the moment it is asked: a daemon goes on when somebody signs in, in another terminal
    and perhaps to another place."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self._choose = partial(choose_token_source, home, environ)

    def load(self) -> str | None:
        return self._choose().load()

    def store(self, token: str) -> None:
        self._choose().store(token)

    def forget(self) -> None:
        self._choose().forget()

    def describe(self) -> str:
        return self._choose().describe()


class MemoryTokens:
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


class FileTokens:
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


class EnvironmentTokens:
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


class KeyringTokens:
    """One entry of the OS keyring per home: macOS asks the person once per entry and program."""

    def __init__(self, home: Path, backend: KeyringBackend | None = None) -> None:
        place = os.path.normcase(os.path.realpath(home))
        digest = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()
        self._username = f"refresh-token-{digest[:16]}"
        self._given = backend

    def load(self) -> str | None:
        with _keyring_trouble():
            return self._backend().get_password(SERVICE_NAME, self._username) or None

    def store(self, token: str) -> None:
        if len(token) > LONGEST_TOKEN:
            raise SignInNeeded(
                f"The token is longer than a keyring can hold ({LONGEST_TOKEN} letters).", _FILE_ADVICE
            )
        with _keyring_trouble():
            backend = self._backend()
            backend.set_password(SERVICE_NAME, self._username, token)
            kept = backend.get_password(SERVICE_NAME, self._username)
        if kept != token:
            raise SignInNeeded("The keyring did not keep the token.", _FILE_ADVICE)

    def forget(self) -> None:
        with _keyring_trouble():
            backend = self._backend()
            if backend.get_password(SERVICE_NAME, self._username) is not None:
                backend.delete_password(SERVICE_NAME, self._username)

    def describe(self) -> str:
        return "the system's keyring"

    def _backend(self) -> KeyringBackend:
        import keyring  # here, as finding its backends takes a while and may open D-Bus

        backend = self._given or keyring.get_keyring()
        if not _is_trustworthy(backend):
            raise SignInNeeded("There is no keyring that keeps a token safe on this computer.", _FILE_ADVICE)
        return backend


def _is_trustworthy(backend: KeyringBackend) -> bool:
    """keyring itself recommends from priority 1 on; below are plain files and things that keep nothing.
    A chain of several stores in its first."""
    first = next(iter(getattr(backend, "backends", ())), backend)
    return first.priority >= 1 and not type(first).__module__.startswith(_NOT_KEYRINGS)


@contextmanager
def _keyring_trouble() -> Iterator[None]:
    try:
        yield
    except SignInNeeded:
        raise
    except Exception as error:  # noqa: BLE001  backends raise what their systems do: D-Bus, Win32, OSError
        # Only the kind is told, as the text is anybody's (keeps I8).
        title = f"The system's keyring could not be used ({type(error).__name__})."
        raise SignInNeeded(title, f"Unlock it and start again. {_FILE_ADVICE}") from None


@contextmanager
def _file_trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except FileTooOpen:
        advice = f"Others may have read it: sign in anew with `hotfolder login --paste`, or run `chmod 600 '{path}'`."
        raise SignInNeeded(f"The token file {path} can be read by others.", advice) from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise SignInNeeded(
            f"The token file {path} cannot be used: {reason}.", "Sign in with `hotfolder login --paste`."
        ) from None


async def load_token(source: TokenSource, limit_s: float = KEYRING_LIMIT_S) -> str | None:
    """`source.load()`, off the loop and within `limit_s`."""
    return await _in_time(source.load, limit_s)


async def store_token(source: TokenSource, token: str, limit_s: float = KEYRING_LIMIT_S) -> None:
    """`source.store(token)`, off the loop and within `limit_s`."""
    await _in_time(lambda: source.store(token), limit_s)


async def _in_time(function: Callable[[], R], limit_s: float) -> R:
    """In a daemon thread of its own: a prompt nobody answers must hold up neither the loop, nor the default
    threads, nor the end of the program."""
    outcome: Future[R] = Future()
    threading.Thread(target=_settle, args=(outcome, function), name="hotfolder-token", daemon=True).start()
    try:
        return await asyncio.wait_for(asyncio.wrap_future(outcome), limit_s)
    except TimeoutError:
        title = f"The system's keyring did not answer within {limit_s:g} seconds."
        raise SignInNeeded(title, f"Unlock it and start again. {_FILE_ADVICE}") from None


def _settle(outcome: Future[R], function: Callable[[], R]) -> None:
    outcome.set_running_or_notify_cancel()
    try:
        outcome.set_result(function())
    except BaseException as error:  # noqa: BLE001  handed over, and raised where it is awaited
        outcome.set_exception(error)
