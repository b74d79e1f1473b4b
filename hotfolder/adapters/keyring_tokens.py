"""The refresh token in the OS keyring, one entry per home (I8). keyring is at home here.

A keyring may not be up yet, may ask the person to unlock it and block meanwhile, and may be declined. So every call has a
thread of its own and a limit, and a person is asked once: while that question is open, or was declined a while ago, only
a keyring that somebody unlocked meanwhile is asked again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hotfolder.adapters.own_thread import in_own_thread
from hotfolder.errors import KeyringNotReady, SignInNeeded

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

R = TypeVar("R")

SERVICE_NAME = "hotfolder"

LONGEST_TOKEN = 1280
"""Characters that Windows' credential manager can hold (2560 bytes of UTF-16); the limit everywhere."""

KEYRING_LIMIT_S = 60.0
"""How long a command waits for a keyring, a person unlocking it included."""

NOTICE_AFTER_S = 3.0
"""A call that takes longer than this waits for a person, who wants to be told."""

ASKED_LIMIT_S = 1.0
"""How long a call waits for the one before it, which waits for a person."""

PEEK_EVERY_S = 10.0
"""How often a keyring is looked at only to see whether somebody has signed out."""

DECLINED_S = 600.0
"""A person who declined to unlock the keyring is left in peace for so long."""

VARIABLE = "AUTORETOUCH_REFRESH_TOKEN"

OTHER_WAYS = (
    f"Without a keyring, set {VARIABLE}, or sign in with `hotfolder login --store file`: "
    "that keeps the token in a file that only you can read."
)
UNLOCK = f"Unlock it and try again; a running hotfolder goes on by itself. {OTHER_WAYS}"

_NOT_KEYRINGS = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


class KeyringTokens:
    """One entry of the OS keyring per home: macOS asks the person once per entry and program.

    `limit_s`: how long a call may take. `on_wait` is called, in the caller's thread, when one takes noticeably long.
    """

    def __init__(
        self,
        home: Path,
        backend: KeyringBackend | None = None,
        *,
        limit_s: float = KEYRING_LIMIT_S,
        on_wait: Callable[[], None] | None = None,
    ) -> None:
        place = os.path.normcase(os.path.realpath(home))
        digest = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()
        self._username = f"refresh-token-{digest[:16]}"
        self._given = backend
        self._limit_s = limit_s
        self._on_wait = on_wait
        self._asked: Future[Any] | None = None
        self._declined_until = 0.0
        self._peeked_at = -PEEK_EVERY_S

    def load(self) -> str | None:
        return self._in_time(lambda backend: backend.get_password(SERVICE_NAME, self._username) or None)

    def peek(self) -> str | None:
        """As `load`, but never asks a person and seldom the keyring: raises `KeyringNotReady` where only they could tell,
        and within `PEEK_EVERY_S` of the last look."""
        if time.monotonic() < self._peeked_at + PEEK_EVERY_S:
            raise KeyringNotReady("The system's keyring was looked at a moment ago.", UNLOCK)
        self._peeked_at = time.monotonic()
        if not _soon(partial(_asks_nobody, self._given)):
            raise KeyringNotReady("The system's keyring would ask the person.", UNLOCK)
        return self.load()

    def is_given(self) -> bool:
        return False

    def is_left(self) -> bool:
        return False

    def store(self, token: str) -> None:
        """Read back, as some keyrings cut off what they cannot hold."""
        if len(token) > LONGEST_TOKEN:
            raise SignInNeeded(
                f"The token is longer than a keyring can hold ({LONGEST_TOKEN} letters).", OTHER_WAYS
            )
        if self._in_time(partial(self._write, token)) != token:
            raise SignInNeeded("The keyring did not keep the token.", OTHER_WAYS)

    def _write(self, token: str, backend: KeyringBackend) -> str | None:
        backend.set_password(SERVICE_NAME, self._username, token)
        return backend.get_password(SERVICE_NAME, self._username)

    def forget(self) -> None:
        self._in_time(self._delete)

    def _delete(self, backend: KeyringBackend) -> None:
        if backend.get_password(SERVICE_NAME, self._username) is not None:
            backend.delete_password(SERVICE_NAME, self._username)

    def describe(self) -> str:
        return "the system's keyring"

    def ask_again(self) -> None:
        """A person says "try again": who declined may be asked once more."""
        self._declined_until = 0.0

    def is_there(self) -> bool:
        """Whether there is a keyring that keeps a token safe, locked or not. Asks nobody, writes nothing."""
        return _soon(partial(_is_there, self._given))

    # --- asking a person once ---------------------------------------------------------------------

    def _in_time(self, call: Callable[[KeyringBackend], R]) -> R:
        self._leave_in_peace()
        self._asked = outcome = in_own_thread(partial(self._settled, call))
        if self._on_wait is not None and wait([outcome], min(NOTICE_AFTER_S, self._limit_s)).not_done:
            self._on_wait()
        try:
            return outcome.result(self._limit_s)
        except TimeoutError:
            raise self._silence() from None

    def _settled(self, call: Callable[[KeyringBackend], R]) -> R:
        with _keyring_trouble(self._note_declined):
            return call(_backend(self._given))

    def _note_declined(self) -> None:
        self._declined_until = time.monotonic() + DECLINED_S

    def _leave_in_peace(self) -> None:
        """Raises `KeyringNotReady` where the person was asked and the keyring is still locked."""
        is_open = self._asked is not None and bool(wait([self._asked], ASKED_LIMIT_S).not_done)
        was_declined = time.monotonic() < self._declined_until
        if (is_open or was_declined) and not _soon(partial(_is_unlocked, self._given)):
            raise _locked() if was_declined else self._silence()

    def _silence(self) -> KeyringNotReady:
        return KeyringNotReady(
            f"The system's keyring did not answer within {self._limit_s:g} seconds.", UNLOCK
        )


def _soon(question: Callable[[], bool]) -> bool:
    """The answer to a question that asks no person; no where a hung system does not give it in time."""
    outcome = in_own_thread(question)
    wait([outcome], 5 * ASKED_LIMIT_S)
    return outcome.done() and outcome.exception() is None and outcome.result()


def _locked() -> KeyringNotReady:
    return KeyringNotReady("The system's keyring is locked.", UNLOCK)


def _is_there(given: KeyringBackend | None) -> bool:
    return _is_trustworthy(_chosen_backend(given))


def _asks_nobody(given: KeyringBackend | None) -> bool:
    """Whether reading asks no person: Windows never does, the Secret Service where it is unlocked. macOS may ask at every
    look (a person who said "Allow" once), and of others nobody knows."""
    kind = type(_backend(given)).__module__
    return kind == "keyring.backends.Windows" or _is_unlocked(given)


def _is_unlocked(given: KeyringBackend | None) -> bool:
    """Without asking the person, which only the Secret Service can tell."""
    backend = _backend(given)
    if type(backend).__module__ != "keyring.backends.SecretService":
        return False
    import secretstorage

    preferred = getattr(backend, "preferred_collection", None)
    with closing(secretstorage.dbus_init()) as bus:
        chosen = (bus, preferred) if preferred else (bus,)
        return not secretstorage.Collection(*chosen).is_locked()


# --- which keyring ------------------------------------------------------------------------------------


def _backend(given: KeyringBackend | None) -> KeyringBackend:
    backend = _chosen_backend(given)
    if not _is_trustworthy(backend):
        raise KeyringNotReady("There is no keyring that keeps a token safe on this computer.", OTHER_WAYS)
    return backend


def _chosen_backend(given: KeyringBackend | None) -> KeyringBackend:
    """keyring chooses once and for good; where it found none it has to look again, since at login it may be up later."""
    if given is not None:
        return given
    import keyring  # here, as finding its backends takes a while and may open D-Bus

    _find_session_bus()
    backend = keyring.get_keyring()
    if not _is_trustworthy(backend):
        with contextlib.suppress(KeyError):  # never looked for: the environment names one
            keyring.backend.get_all_keyring.reset()
        keyring.core.init_backend()
        backend = keyring.get_keyring()
    return backend


def _find_session_bus() -> None:
    """As D-Bus's own libraries look for it where no variable names it: in an ssh session, in a service."""
    bus = Path(os.environ.get("XDG_RUNTIME_DIR", ""), "bus")
    is_named = bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS")) or sys.platform != "linux"
    if not is_named and bus.is_absolute() and bus.exists():
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"


def _is_trustworthy(backend: KeyringBackend) -> bool:
    """keyring itself recommends from priority 1 on; below are plain files and things that keep nothing.
    A chain of several stores in its first."""
    first = next(iter(getattr(backend, "backends", ())), backend)
    return first.priority >= 1 and not type(first).__module__.startswith(_NOT_KEYRINGS)


@contextmanager
def _keyring_trouble(on_decline: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    except SignInNeeded:
        raise
    except Exception as error:  # noqa: BLE001  backends raise what their systems do: D-Bus, Win32, OSError
        from keyring.errors import KeyringLocked

        if isinstance(error, KeyringLocked):
            on_decline()
            raise _locked() from None
        # Only the kind is told, as the text is anybody's (keeps I8).
        title = f"The system's keyring could not be used ({type(error).__name__})."
        raise KeyringNotReady(title, UNLOCK) from None
