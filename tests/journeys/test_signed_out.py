"""Signed out means: no more spending, whoever signed out, wherever, and whatever the daemon still has in memory (I14)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import hotfolder
from hotfolder.adapters.token_store import FileTokens
from hotfolder.core.holds import HoldKind
from hotfolder.pipeline.sending import CREATES
from hotfolder.sandbox import REFRESH_TOKEN
from tests.journeys.studio import Studio, wait_until
from tests.journeys.workshop import Workshop

NEW_TOKEN = "a-new-refresh-token"
MORE = 5
posix_only = pytest.mark.skipif(
    os.name != "posix", reason="a process is stopped by a signal, an open file removed, on POSIX"
)


@pytest.fixture
def signed_in(studio: Studio) -> Studio:
    """Signed in with `login --store file`, at work, and one image is delivered."""
    studio.environment["AUTORETOUCH_REFRESH_TOKEN"] = ""
    studio.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    FileTokens(studio.home).store(REFRESH_TOKEN)
    at_work(studio)
    return studio


def at_work(studio: Studio) -> None:
    studio.drop("first.jpg", seed=1)
    studio.start()
    studio.wait_for_results(1)


def executions(studio: Studio) -> int:
    return len(studio.sandbox.world.executions)


def drop_more(studio: Studio) -> None:
    for number in range(MORE):
        studio.drop(f"more {number}.jpg", seed=100 + number)


def until_they_wait(studio: Studio) -> None:
    """Noticed and queued, and time enough to send them."""
    wait_until(lambda: len(studio.images()) == 1 + MORE, 60, studio.tail)
    for _ in range(40):
        assert executions(studio) == 1, studio.tail()
        time.sleep(0.05)


def sign_in_again(studio: Studio, token: str = NEW_TOKEN) -> None:
    studio.sandbox.world.sign_in.refresh_tokens.add(token)
    command = studio.command("login", "--paste", "--store", "file")
    done = subprocess.run(
        command,
        input=token + "\n",
        env={**os.environ, **studio.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def reasons(studio: Studio) -> list[str]:
    return [hold["reason"] for hold in studio.status()["held"]]


# --- logout -------------------------------------------------------------------------------------------


def test_after_a_logout_nothing_is_sent_until_somebody_signs_in_again(signed_in: Studio) -> None:
    answer = signed_in.call("logout")
    assert answer.returncode == 0, answer.stderr
    drop_more(signed_in)
    until_they_wait(signed_in)
    assert reasons(signed_in) == ["You signed out of AutoRetouch."]
    sign_in_again(signed_in)
    signed_in.wait_for_results(1 + MORE)
    assert signed_in.stop() == 0
    signed_in.assert_once_and_whole()


def test_a_logout_holds_though_the_token_could_not_be_revoked(signed_in: Studio) -> None:
    signed_in.sandbox.faults.add("revoke", "status", status=503)
    answer = signed_in.call("logout")
    assert "could not be revoked" in answer.stderr
    drop_more(signed_in)
    until_they_wait(signed_in)
    sign_in_again(signed_in, REFRESH_TOKEN)  # the same one is as good as another
    signed_in.wait_for_results(1 + MORE)


@pytest.mark.parametrize("variable", [REFRESH_TOKEN, ""], ids=["in both", "of the daemon alone"])
def test_a_logout_holds_though_the_daemon_has_the_token_in_its_environment(
    studio: Studio, variable: str
) -> None:
    """It is not even revoked: the auth server is away."""
    studio.sandbox.faults.add("revoke", "status", status=503)
    at_work(studio)
    studio.environment["AUTORETOUCH_REFRESH_TOKEN"] = variable
    studio.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    answer = studio.call("logout")
    assert "environment" in answer.stderr
    drop_more(studio)
    until_they_wait(studio)
    assert reasons(studio) == ["You signed out of AutoRetouch."]
    studio.configure(priority=1)  # another daemon of the same process
    wait_until(lambda: "is taken over" in studio.tail(), 60, studio.tail)
    until_they_wait(studio)


def test_what_is_on_the_wire_at_a_logout_is_the_last_that_goes_out(signed_in: Studio) -> None:
    world = signed_in.sandbox.world
    hanging = signed_in.sandbox.faults.add("create", "hang", when="before")
    for number in range(12):
        signed_in.drop(f"more {number}.jpg", seed=100 + number)
    wait_until(lambda: world.count_calls("create") > CREATES, 60, signed_in.tail)
    assert signed_in.call("logout").returncode == 0
    on_the_wire = world.count_calls("create")
    hanging.release()
    wait_until(lambda: executions(signed_in) == on_the_wire, 60, signed_in.tail)
    wait_until(lambda: len(signed_in.images()) == 13, 60, signed_in.tail)
    for _ in range(40):
        assert world.count_calls("create") == on_the_wire, signed_in.tail()
        time.sleep(0.05)
    sign_in_again(signed_in)
    signed_in.wait_for_results(13)
    assert signed_in.stop() == 0
    signed_in.assert_once_and_whole()


@posix_only
def test_a_logout_that_cannot_tell_the_daemon_says_so_and_the_daemon_finds_out(signed_in: Studio) -> None:
    process = signed_in._process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        answer = signed_in.call("logout")
    finally:
        process.send_signal(signal.SIGCONT)
    assert answer.returncode == 1
    assert "hotfolder stop" in answer.stderr
    assert f"the process {process.pid}" in answer.stderr
    assert REFRESH_TOKEN not in signed_in.sandbox.world.sign_in.refresh_tokens
    drop_more(signed_in)
    until_they_wait(signed_in)


# --- without anybody telling it -------------------------------------------------------------------------


def test_a_token_file_that_is_removed_is_a_sign_out(signed_in: Studio) -> None:
    (signed_in.home / "refresh-token").unlink()
    drop_more(signed_in)
    until_they_wait(signed_in)
    assert "not signed in" in reasons(signed_in)[0]
    sign_in_again(signed_in)
    signed_in.wait_for_results(1 + MORE)


def test_a_sign_out_elsewhere_is_noticed_though_there_is_nothing_to_do(signed_in: Studio) -> None:
    (signed_in.home / "refresh-token").unlink()
    wait_until(lambda: bool(reasons(signed_in)), 60, signed_in.tail)


def test_another_sign_in_is_used_from_then_on(signed_in: Studio) -> None:
    """Somebody wrote it into the file, and the one before it is worthless."""
    world = signed_in.sandbox.world
    world.sign_in.refresh_tokens.add(NEW_TOKEN)
    FileTokens(signed_in.home).store(NEW_TOKEN)
    world.sign_in.revoke(REFRESH_TOKEN)
    drop_more(signed_in)
    signed_in.wait_for_results(1 + MORE)


@posix_only
@pytest.mark.parametrize("kept_in", ["a file", "the environment"])
def test_a_home_that_is_removed_ends_the_daemon_and_is_not_made_again(studio: Studio, kept_in: str) -> None:
    if kept_in == "a file":
        studio.environment["AUTORETOUCH_REFRESH_TOKEN"] = ""
        studio.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        FileTokens(studio.home).store(REFRESH_TOKEN)
    studio.sandbox.world.switches.rotate_refresh_tokens = True
    at_work(studio)
    assert studio._process is not None
    shutil.rmtree(studio.home)
    drop_more(studio)
    assert studio._process.wait(60) == 0
    assert executions(studio) == 1
    assert not studio.home.exists()


@posix_only
def test_a_home_that_was_replaced_ends_the_daemon(signed_in: Studio) -> None:
    assert signed_in._process is not None
    signed_in.home.rename(signed_in.root / "old home")
    signed_in.configure()
    (signed_in.home / "ledger.sqlite").touch()
    drop_more(signed_in)
    assert signed_in._process.wait(60) == 0
    assert executions(signed_in) == 1
    assert sorted(path.name for path in signed_in.home.iterdir()) == ["config.yaml", "ledger.sqlite"]


# --- the program is removed -----------------------------------------------------------------------------


@pytest.fixture
def program(studio: Studio, tmp_path: Path) -> Path:
    """The studio runs from a copy of the program, which can be removed."""
    package = tmp_path / "installed" / "hotfolder"
    shutil.copytree(Path(hotfolder.__file__).parent, package)
    studio.environment |= {"PYTHONPATH": str(package.parent), "PYTHONSAFEPATH": "1"}
    at_work(studio)
    return package


def log_of(studio: Studio) -> str:
    return (studio.home / "logs" / "hotfolder.log").read_text("utf-8")


@posix_only
def test_a_program_that_is_removed_spends_nothing_more_and_ends(studio: Studio, program: Path) -> None:
    assert studio._process is not None
    shutil.rmtree(program)
    drop_more(studio)
    assert studio._process.wait(60) == 0, studio.tail()
    assert executions(studio) == 1
    assert "hotfolder was removed from this computer while it ran. hotfolder ends." in log_of(studio)
    assert "Traceback" not in log_of(studio)


@posix_only
def test_a_program_that_is_replaced_works_on(studio: Studio, program: Path) -> None:
    """As an upgrade does it."""
    program.rename(program.with_name("aside"))
    wait_until(lambda: "was removed from this computer" in log_of(studio), 60, studio.tail)
    program.with_name("aside").rename(program)
    drop_more(studio)
    studio.wait_for_results(1 + MORE)
    assert studio.stop() == 0


# --- a sign-in that is revoked ------------------------------------------------------------------------


async def test_a_refresh_token_that_was_revoked_spends_nothing_half_a_minute_later(
    workshop: Workshop,
) -> None:
    """Its access token would work for a day."""
    world = workshop.sandbox.world
    async with workshop.at_work() as daemon:
        workshop.drop("first.jpg", seed=1)
        await workshop.until_delivered(1)
        world.sign_in.revoke(REFRESH_TOKEN)
        await workshop.turn_clock(daemon, 31.0)
        for number in range(MORE):
            workshop.drop(f"{number}.jpg", seed=100 + number)
        await workshop.until_held(HoldKind.SIGN_IN)
        assert len(world.executions) == 1
        world.sign_in.refresh_tokens.add(NEW_TOKEN)
        workshop.tokens.store(NEW_TOKEN)
        await workshop.until_delivered(1 + MORE)
    workshop.assert_once_and_whole()
