"""`login`, `logout`, `workflows`, `balance`."""

from __future__ import annotations

import os
import stat

import pytest

from hotfolder.sandbox import ORGANIZATION_NAME, PACKSHOT_ID, REFRESH_TOKEN, START_CREDITS, Sandbox
from tests.cli.person import Person


@pytest.fixture
def stranger(person: Person) -> Person:
    """Not signed in, and without a config."""
    person.variables["AUTORETOUCH_REFRESH_TOKEN"] = ""
    (person.home / "config.yaml").unlink()
    return person


def test_a_piped_token_is_checked_and_kept_in_a_private_file(stranger: Person) -> None:
    answer = stranger.types("login", "--paste", "--store", "file", typed=f"{REFRESH_TOKEN}\n")
    assert answer.code == 0
    assert answer.out.startswith("Signed in.")
    assert "keyring is safer" in answer.err
    assert REFRESH_TOKEN not in answer.out + answer.err
    kept = stranger.home / "refresh-token"
    assert kept.read_text().strip() == REFRESH_TOKEN
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stranger.types("balance").out == f"{ORGANIZATION_NAME}: {START_CREDITS:,} credits\n"


def test_the_token_that_the_service_gives_back_is_the_one_kept(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.world.switches.rotate_refresh_tokens = True
    assert stranger.types("login", "--paste", "--store", "file", typed=REFRESH_TOKEN).code == 0
    assert (stranger.home / "refresh-token").read_text().strip() in sandbox.world.sign_in.refresh_tokens
    assert REFRESH_TOKEN not in (stranger.home / "refresh-token").read_text()


def test_a_token_that_is_refused_is_not_kept(stranger: Person) -> None:
    answer = stranger.types("login", "--paste", "--store", "file", typed="worth-nothing\n")
    assert answer.code == 3
    assert "worth-nothing" not in answer.out + answer.err
    assert not (stranger.home / "refresh-token").exists()


@pytest.mark.parametrize("typed", ["", "\n", "  \n"])
def test_no_token_is_a_mistake(stranger: Person, typed: str) -> None:
    answer = stranger.types("login", "--paste", "--store", "file", typed=typed)
    assert (answer.code, answer.err.startswith("No refresh token came in")) == (2, True)


def test_a_token_cannot_be_checked_while_the_service_is_away(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.stop()
    answer = stranger.types("login", "--paste", "--store", "file", typed=REFRESH_TOKEN)
    assert answer.code == 1
    assert not (stranger.home / "refresh-token").exists()


def test_without_a_keyring_the_file_is_offered(stranger: Person) -> None:
    answer = stranger.types("login", "--paste", typed=REFRESH_TOKEN)
    assert answer.code == 3
    assert "--store file" in answer.err


def test_the_variable_takes_precedence_and_that_is_said(person: Person) -> None:
    answer = person.types("login", "--paste", "--store", "file", typed=REFRESH_TOKEN)
    assert answer.code == 0
    assert "AUTORETOUCH_REFRESH_TOKEN is set and takes precedence" in answer.err


def test_logout_revokes_and_forgets(stranger: Person, sandbox: Sandbox) -> None:
    assert stranger.types("login", "--paste", "--store", "file", typed=REFRESH_TOKEN).code == 0
    answer = stranger.types("logout")
    assert (answer.code, answer.out.startswith("Signed out."), answer.err) == (0, True, "")
    assert not (stranger.home / "refresh-token").exists()
    assert REFRESH_TOKEN not in sandbox.world.sign_in.refresh_tokens
    assert stranger.types("balance").code == 3


def test_logout_forgets_while_the_service_is_away(stranger: Person, sandbox: Sandbox) -> None:
    assert stranger.types("login", "--paste", "--store", "file", typed=REFRESH_TOKEN).code == 0
    sandbox.stop()
    answer = stranger.types("logout")
    assert answer.code == 0
    assert "could not be revoked" in answer.err
    assert not (stranger.home / "refresh-token").exists()


def test_workflows_are_listed_with_their_prices(person: Person) -> None:
    assert "Packshot " in person.types("workflows").out
    listed = person.types("workflows", "--json").json
    assert {w["id"]: w["credits"] for w in listed}[PACKSHOT_ID] == 10


def test_the_balance_is_plain_json(person: Person) -> None:
    (entry,) = person.types("balance", "--json").json
    assert (entry["organization"], entry["credits"]) == (ORGANIZATION_NAME, START_CREDITS)
