"""The refresh token in a keyring: one entry per home, whole, and nobody is asked twice."""

from __future__ import annotations

import time
from pathlib import Path

import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from hotfolder.adapters.keyring_tokens import LONGEST_TOKEN, KeyringTokens
from hotfolder.errors import ExitCode, KeyringNotReady, SignInNeeded
from tests.adapters.keyrings import FAIL, NULL, Chain, Forgetful, Locked, MemoryKeyring, Patient, Plaintext

LIMIT_S = 60.0


def answered_late(source: KeyringTokens) -> str | None:
    """What the keyring says as soon as it says something."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        try:
            return source.load()
        except KeyringNotReady:
            continue
    raise AssertionError("the keyring said nothing in time")


def test_each_home_has_one_entry_of_its_own_in_the_keyring(tmp_path: Path) -> None:
    backend = MemoryKeyring()
    for home in ("a", "b"):
        KeyringTokens(tmp_path / home, backend).store(f"token of {home}")
        KeyringTokens(tmp_path / home, backend).store(f"newer token of {home}")
    assert len(backend.entries) == 2
    assert {service for service, _ in backend.entries} == {"hotfolder"}
    assert KeyringTokens(tmp_path / "b" / ".." / "a", backend).load() == "newer token of a"


def test_a_token_too_long_for_some_keyring_is_refused_on_all(tmp_path: Path) -> None:
    source = KeyringTokens(tmp_path, MemoryKeyring())
    source.store("x" * LONGEST_TOKEN)
    with pytest.raises(SignInNeeded, match="--store file"):
        source.store("x" * (LONGEST_TOKEN + 1))


def test_a_keyring_that_keeps_something_else_is_said(tmp_path: Path) -> None:
    with pytest.raises(SignInNeeded, match="did not keep"):
        KeyringTokens(tmp_path, Forgetful()).store("one")


@pytest.mark.parametrize("backend", [Plaintext(), NULL, FAIL, Chain(Plaintext(), MemoryKeyring())])
def test_what_keeps_no_secret_is_refused(tmp_path: Path, backend: KeyringBackend) -> None:
    source = KeyringTokens(tmp_path, backend)
    for act in (source.load, lambda: source.store("x"), source.forget):
        with pytest.raises(SignInNeeded, match="--store file"):
            act()


def test_a_chain_of_keyrings_with_a_safe_first_is_used(tmp_path: Path) -> None:
    source = KeyringTokens(tmp_path, Chain(MemoryKeyring(), Plaintext()))
    source.store("one")
    assert source.load() == "one"


@pytest.mark.parametrize(
    "error",
    [
        keyring.errors.NoKeyringError("secret"),
        keyring.errors.InitError("secret"),
        keyring.errors.PasswordSetError("secret"),
        RuntimeError("secret"),
        OSError(1783, "secret"),
    ],
)
def test_whatever_a_keyring_raises_means_that_it_is_not_ready(tmp_path: Path, error: Exception) -> None:
    source = KeyringTokens(tmp_path, Locked(error))
    for act in (source.load, lambda: source.store("x"), source.forget):
        with pytest.raises(KeyringNotReady, match=type(error).__name__) as caught:
            act()
        assert "secret" not in str(caught.value)


def test_a_keyring_that_waits_for_a_person_is_not_waited_for_longer_than_the_limit(tmp_path: Path) -> None:
    keyring_ = Patient()
    source = KeyringTokens(tmp_path, keyring_, limit_s=0.1)
    for act in (source.load, lambda: source.store("x"), source.forget):
        with pytest.raises(KeyringNotReady, match=r"did not answer within 0\.1 seconds") as caught:
            act()
        assert "AUTORETOUCH_REFRESH_TOKEN" in caught.value.advice
        assert "--store file" in caught.value.advice
        assert caught.value.exit_code is ExitCode.SIGN_IN
    keyring_.answered.set()


def test_a_person_who_does_not_answer_is_asked_once_and_the_late_answer_counts(tmp_path: Path) -> None:
    keyring_ = Patient()
    source = KeyringTokens(tmp_path, keyring_, limit_s=0.1)
    keyring_.entries["hotfolder", source._username] = "kept"
    for _ in range(3):
        with pytest.raises(KeyringNotReady):
            source.load()
    assert keyring_.asked == 1
    keyring_.answered.set()
    assert answered_late(source) == "kept"


def test_a_person_who_declines_is_left_in_peace_until_they_say_try_again(tmp_path: Path) -> None:
    keyring_ = Locked(keyring.errors.KeyringLocked("secret"))
    source = KeyringTokens(tmp_path, keyring_)
    for _ in range(3):
        with pytest.raises(KeyringNotReady, match="The system's keyring is locked") as caught:
            source.load()
        assert "secret" not in str(caught.value)
    assert keyring_.asked == 1
    source.ask_again()
    with pytest.raises(KeyringNotReady):
        source.load()
    assert keyring_.asked == 2


def test_a_person_who_is_waited_for_is_told_and_one_who_is_not_hears_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    slow = KeyringTokens(tmp_path, Patient(), limit_s=0.1, on_wait=lambda: told.append("slow"))
    with pytest.raises(KeyringNotReady):
        slow.load()
    KeyringTokens(tmp_path, MemoryKeyring(), on_wait=lambda: told.append("quick")).load()
    assert told == ["slow"]


@pytest.mark.parametrize(
    ("backend", "is_there"), [(MemoryKeyring(), True), (Patient(), True), (FAIL, False), (Plaintext(), False)]
)
def test_whether_there_is_a_keyring_is_known_without_asking_anybody(
    tmp_path: Path, backend: KeyringBackend, is_there: bool
) -> None:
    assert KeyringTokens(tmp_path, backend).is_there() is is_there
    assert getattr(backend, "asked", 0) == 0


def test_a_look_whether_somebody_signed_out_never_asks_a_keyring_that_might_ask_the_person(
    tmp_path: Path,
) -> None:
    backend = Locked(keyring.errors.KeyringLocked("locked"))
    source = KeyringTokens(tmp_path, backend)
    for _ in range(3):
        with pytest.raises(KeyringNotReady):
            source.peek()
    assert backend.asked == 0


def test_a_keyring_that_asks_nobody_is_looked_at_and_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows' own is, whose name this one bears."""
    monkeypatch.setattr(MemoryKeyring, "__module__", "keyring.backends.Windows")
    source = KeyringTokens(tmp_path, MemoryKeyring())
    source.store("one")
    assert source.peek() == "one"
    with pytest.raises(KeyringNotReady, match="a moment ago"):
        source.peek()
    assert source.load() == "one"
