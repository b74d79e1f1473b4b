"""Keyrings in memory: a good one, and those that fail in the ways that keyrings fail."""

from __future__ import annotations

import threading

import keyring.errors
from keyring.backend import KeyringBackend
from keyring.backends import fail, null


class MemoryKeyring(KeyringBackend):
    """A keyring in memory."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.entries:
            raise keyring.errors.PasswordDeleteError("no such password")
        del self.entries[service, username]


NULL: KeyringBackend = null.Keyring()  # type: ignore[no-untyped-call]
FAIL: KeyringBackend = fail.Keyring()  # type: ignore[no-untyped-call]


class Forgetful(MemoryKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password[:-1]


class Locked(MemoryKeyring):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        raise self._error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self._error


class Patient(MemoryKeyring):
    """Asks a person to unlock it, and waits until somebody answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        if not self.answered.is_set():
            self.asked += 1
            assert self.answered.wait(60)
        return super().get_password(service, username)


class Plaintext(MemoryKeyring):
    priority = 0.5  # type: ignore[assignment]


class Chain(MemoryKeyring):
    priority = 10

    def __init__(self, *backends: KeyringBackend) -> None:
        super().__init__()
        self.backends = backends
