"""Where the refresh token lives: for the person alone, whole, and nowhere else (I8)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hotfolder.adapters.token_store import (
    EnvironmentTokens,
    FileTokens,
    KeyringTokens,
    MemoryTokens,
    TokenSource,
    choose_token_source,
    load_token,
    store_token,
)
from hotfolder.errors import ExitCode, SignInNeeded
from tests.adapters.keyrings import MemoryKeyring

posix_only = pytest.mark.skipif(os.name != "posix", reason="mode bits are POSIX")


@pytest.fixture(params=["memory", "file", "environment", "keyring"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> TokenSource:
    sources: dict[str, TokenSource] = {
        "memory": MemoryTokens(),
        "file": FileTokens(tmp_path),
        "environment": EnvironmentTokens("first", tmp_path),
        "keyring": KeyringTokens(tmp_path, MemoryKeyring()),
    }
    return sources[request.param]


def test_what_was_stored_last_is_loaded(source: TokenSource) -> None:
    for token in ("one", "two", "1//0g-two_three.four~"):
        source.store(token)
        assert source.load() == token


def test_what_was_forgotten_is_gone(source: TokenSource) -> None:
    before = source.load()
    source.store("one")
    source.forget()
    source.forget()
    assert source.load() == before
    assert before in (None, "first")


def test_no_source_shows_its_token(source: TokenSource) -> None:
    source.store("very-secret")
    assert "secret" not in f"{source!r} {source.describe()}"


async def test_a_source_is_read_and_written_off_the_loop(source: TokenSource) -> None:
    await store_token(source, "one")
    assert await load_token(source) == "one"


def test_the_environment_comes_first_then_the_file_then_the_keyring(tmp_path: Path) -> None:
    environ = {"AUTORETOUCH_REFRESH_TOKEN": " from-environment\n"}
    assert isinstance(choose_token_source(tmp_path, {}), KeyringTokens)
    FileTokens(tmp_path).store("from-file")
    assert choose_token_source(tmp_path, {}).load() == "from-file"
    assert choose_token_source(tmp_path, {"AUTORETOUCH_REFRESH_TOKEN": " "}).load() == "from-file"
    assert choose_token_source(tmp_path, environ).load() == "from-environment"


def test_choosing_and_reading_writes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for environ in ({}, {"AUTORETOUCH_REFRESH_TOKEN": "t"}):
        choose_token_source(home, environ)
    FileTokens(home).load()
    EnvironmentTokens("t", home).load()
    assert not home.exists()


def test_a_rotated_token_holds_until_the_variable_changes(tmp_path: Path) -> None:
    EnvironmentTokens("first", tmp_path).store("rotated")
    assert EnvironmentTokens("first", tmp_path).load() == "rotated"
    assert EnvironmentTokens("second", tmp_path).load() == "second"


def test_the_variables_token_itself_is_never_written(tmp_path: Path) -> None:
    EnvironmentTokens("first-secret", tmp_path).store("rotated")
    assert [path.name for path in tmp_path.iterdir()] == ["rotated-token"]
    assert "first-secret" not in (tmp_path / "rotated-token").read_text()


@posix_only
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_files_are_for_their_owner_alone(tmp_path: Path, umask: int) -> None:
    home = tmp_path / "new" / "home"
    before = os.umask(umask)
    try:
        FileTokens(home).store("one")
        EnvironmentTokens("t", home).store("two")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}
    assert home.stat().st_mode & 0o777 == 0o700


@posix_only
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_can_read_or_write_is_refused_with_advice(tmp_path: Path, mode: int) -> None:
    source = FileTokens(tmp_path)
    source.store("very-secret")
    source.path.chmod(mode)
    with pytest.raises(SignInNeeded, match="chmod 600") as caught:
        source.load()
    assert caught.value.exit_code is ExitCode.SIGN_IN
    assert "secret" not in str(caught.value)
    source.store("anew")
    assert source.load() == "anew"


@posix_only
def test_storing_replaces_a_link_and_leaves_its_target_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    source = FileTokens(tmp_path / "home")
    source.path.parent.mkdir()
    source.path.symlink_to(target)
    source.store("one")
    assert target.read_text() == "precious"
    assert not source.path.is_symlink()
    assert source.load() == "one"


def test_a_crash_while_storing_leaves_the_old_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FileTokens(tmp_path)
    source.store("old")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", _no_space)
        with pytest.raises(SignInNeeded, match="the disk is full"):
            source.store("new")
    assert source.load() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["refresh-token"]


def _no_space(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_what_a_crash_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".refresh-token.0123.tmp").write_text("half")
    (tmp_path / ".refresh-token-of-others").write_text("stays")
    FileTokens(tmp_path).store("one")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".refresh-token-of-others", "refresh-token"]


def test_an_empty_file_is_no_token(tmp_path: Path) -> None:
    source = FileTokens(tmp_path)
    source.store("")
    assert source.load() is None


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    source = FileTokens(tmp_path)
    source.store("one")
    source.path.write_bytes(b"\xff\xfe")
    with pytest.raises(SignInNeeded, match="damaged"):
        source.load()


def test_a_folder_in_the_files_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "refresh-token").mkdir(mode=0o700)
    for act in (
        FileTokens(tmp_path).load,
        lambda: FileTokens(tmp_path).store("x"),
        FileTokens(tmp_path).forget,
    ):
        with pytest.raises(SignInNeeded, match="cannot be used"):
            act()


async def test_a_prompt_nobody_answers_does_not_wait_for_ever(tmp_path: Path) -> None:
    answered = threading.Event()

    class Prompting(MemoryTokens):
        def load(self) -> str | None:
            answered.wait()
            return "late"

    began = time.monotonic()
    with pytest.raises(SignInNeeded, match="No answer"):
        await load_token(Prompting(), limit_s=0.1)
    assert time.monotonic() - began < 5
    answered.set()


def test_a_prompt_nobody_answers_does_not_hold_up_the_end_of_the_program() -> None:
    program = """
import asyncio, threading
from hotfolder.adapters.token_store import MemoryTokens, load_token
class Prompting(MemoryTokens):
    def load(self):
        threading.Event().wait()
try:
    asyncio.run(load_token(Prompting(), limit_s=0.1))
except Exception as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "No answer" in run.stdout
    assert run.stderr == ""


def test_keyring_is_not_imported_where_it_is_not_used() -> None:
    program = "import sys, hotfolder.adapters.autoretouch; sys.exit('keyring' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
