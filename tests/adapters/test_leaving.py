"""Signed out is signed out, whatever the store still holds, until somebody signs in."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotfolder.adapters.leaving import LeavableTokens
from hotfolder.adapters.token_store import (
    VARIABLE,
    ChosenTokens,
    EnvironmentTokens,
    FileTokens,
    MemoryTokens,
)
from hotfolder.errors import KeyringNotReady, SignInNeeded


def left(store: MemoryTokens) -> LeavableTokens:
    """Signed out, and looked at once since."""
    tokens = LeavableTokens(store)
    assert tokens.load() == store.load()
    tokens.leave()
    assert tokens.peek() is None
    return tokens


def test_what_was_left_is_no_longer_given() -> None:
    tokens = left(MemoryTokens("one"))
    assert (tokens.load(), tokens.is_left()) == (None, True)


def test_another_token_is_a_new_sign_in() -> None:
    store = MemoryTokens("one")
    tokens = left(store)
    store.store("two")
    assert (tokens.peek(), tokens.is_left()) == ("two", False)


def test_the_same_token_after_none_is_a_new_sign_in() -> None:
    store = MemoryTokens("one")
    tokens = left(store)
    store.forget()
    assert tokens.load() is None
    store.store("one")
    assert tokens.load() == "one"


def test_the_same_token_is_given_again_when_somebody_says_so() -> None:
    tokens = left(MemoryTokens("one"))
    tokens.enter()
    assert tokens.load() == "one"


def test_a_token_of_the_environment_stays_left_though_it_seems_to_change(tmp_path: Path) -> None:
    """What it had been rotated to is forgotten, and the variable itself comes to light again."""
    store = EnvironmentTokens("variable", tmp_path)
    store.store("rotated")
    tokens = LeavableTokens(store)
    assert tokens.load() == "rotated"
    tokens.leave()
    assert tokens.load() is None
    store.forget()
    assert tokens.load() is None
    assert tokens.load() is None


def test_a_file_that_is_gone_is_no_sign_in_though_the_keyring_cannot_tell(tmp_path: Path) -> None:
    tokens = ChosenTokens(tmp_path, {})
    FileTokens(tmp_path).store("one")
    assert tokens.load() == "one"
    FileTokens(tmp_path).forget()
    assert tokens.peek() is None


@pytest.mark.parametrize("environ", [{}, {VARIABLE: "variable"}])
def test_no_token_is_stored_into_a_home_that_was_removed(tmp_path: Path, environ: dict[str, str]) -> None:
    """It would be made anew by that."""
    tokens = ChosenTokens(tmp_path / "home", environ)
    with pytest.raises(SignInNeeded, match="is gone"):
        tokens.store("rotated")
    assert not (tmp_path / "home").exists()


class LockedTokens(MemoryTokens):
    """A keyring that does not answer; `locked` False: it does."""

    locked = False

    def load(self) -> str | None:
        if self.locked:
            raise KeyringNotReady("The keyring is locked.")
        return super().load()

    peek = load


def test_who_signed_out_need_not_unlock_the_keyring() -> None:
    store = LockedTokens("one")
    tokens = left(store)
    store.locked = True
    assert (tokens.load(), tokens.peek()) == (None, None)
    tokens.enter()
    with pytest.raises(KeyringNotReady):
        tokens.load()
