"""The real Secret Service, unlocked, locked, not up yet: what is kept is kept, and nothing freezes."""

from __future__ import annotations

import asyncio
import gc
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend

from hotfolder.adapters.keyring_tokens import KeyringTokens
from hotfolder.adapters.token_store import load_token
from hotfolder.errors import KeyringNotReady
from hotfolder.sandbox import REFRESH_TOKEN, Sandbox
from tests.adapters.secret_service import SecretService
from tests.adapters.test_keyring_tokens import answered_late
from tests.cli.person import LIMIT_S, Person, wait_until
from tests.cli.test_login import browser

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is at home on Linux")

PATIENCE_S = 90.0


@pytest.fixture
def service() -> Iterator[SecretService]:
    place = Path(tempfile.mkdtemp(prefix="hf-"))
    running = SecretService(place)
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def on_bus(service: SecretService, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    """For keyring calls of the test's own process, where other tests have keyrings of their own."""
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
    none: KeyringBackend = keyring.backends.fail.Keyring()  # type: ignore[no-untyped-call]
    keyring.set_keyring(none)
    yield service
    keyring.set_keyring(none)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.world.switches.execution_s = 0.02
        running.world.switches.device_interval_s = 1
        yield running


@pytest.fixture
def person(tmp_path: Path, sandbox: Sandbox, service: SecretService) -> Person:
    """Has a config that is right, and a session with that Secret Service."""
    somebody = Person(tmp_path, sandbox, {**service.environment, "AUTORETOUCH_REFRESH_TOKEN": ""})
    somebody.write_config()
    return somebody


def sign_in(person: Person, service: SecretService) -> None:
    """In an earlier session, which has ended."""
    service.start_bus()
    service.start_keyring(unlocked=True)
    answer = person.starts("login", env=browser(person, "confirm"))
    assert (answer.code, "kept in the system's keyring" in answer.out) == (0, True), answer.err
    assert len(service.entries()) == 1
    service.stop()
    (service.runtime / "bus").unlink(missing_ok=True)


def holds(person: Person) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = person.starts("status", "--json").json["held"]
    return held


def until_it_waits_for_the_keyring(person: Person) -> dict[str, Any]:
    wait_until(lambda: any(hold["kind"] == "keyring" for hold in holds(person)), PATIENCE_S)
    (hold,) = holds(person)
    assert hold["reason"].startswith("Waiting for the keyring. ")
    assert "AUTORETOUCH_REFRESH_TOKEN" in hold["advice"]
    assert "hotfolder login --store file" in hold["advice"]
    return hold


def until_delivered(person: Person) -> None:
    wait_until(lambda: list(person.outbox.rglob("a.*")), PATIENCE_S)
    wait_until(lambda: not holds(person))


# --- unlocked -------------------------------------------------------------------------------------


def test_each_home_has_one_entry_that_is_read_back_and_forgotten(
    on_bus: SecretService, tmp_path: Path
) -> None:
    on_bus.start_bus()
    on_bus.start_keyring(unlocked=True)
    one, two = KeyringTokens(tmp_path / "one"), KeyringTokens(tmp_path / "two")
    assert one.is_there()
    assert one.load() is None
    for token in ("first", "second", "third"):
        one.store(f"{token} of one")
        two.store(f"{token} of two")
    assert (one.load(), two.load()) == ("third of one", "third of two")
    assert len(on_bus.entries()) == 2
    one.forget()
    one.forget()
    assert (one.load(), two.load()) == (None, "third of two")
    assert len(on_bus.entries()) == 1


def test_a_person_signs_in_by_browser_works_and_signs_out(
    person: Person, service: SecretService, sandbox: Sandbox
) -> None:
    sign_in(person, service)
    service.start_bus()
    service.start_keyring(unlocked=True)
    person.save("a.jpg")
    once = person.starts("run", "--once")
    assert (once.code, "Done: 1 image delivered." in once.out) == (0, True), once.err
    assert not (person.home / "refresh-token").exists()
    assert person.starts("login", env=browser(person, "confirm")).code == 0
    assert len(service.entries()) == 1, "signed in anew, in the same entry"
    out = person.starts("logout")
    assert (out.code, out.err) == (0, "")
    assert service.entries() == []
    assert len(sandbox.world.sign_in.refresh_tokens - {REFRESH_TOKEN}) == 1, "the one that was replaced"
    assert person.starts("balance").code == 3


def test_a_keyring_entry_that_is_removed_is_a_sign_out(
    person: Person, service: SecretService, sandbox: Sandbox
) -> None:
    """The daemon's access token would work on."""
    sign_in(person, service)
    service.start_bus()
    service.start_keyring(unlocked=True)
    person.save("a.jpg")
    with person.running():
        until_delivered(person)
        service.remove_entries()
        wait_until(lambda: holds(person), PATIENCE_S)
        person.save("b.jpg")
        wait_until(lambda: len(person.types("images", "--json").json) == 2)
        assert "not signed in" in holds(person)[0]["reason"]
        assert len(sandbox.world.executions) == 1


# --- locked ---------------------------------------------------------------------------------------


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # keyring leaves its connection open
async def test_a_prompt_that_nobody_answers_freezes_nothing_and_is_not_shown_twice(
    on_bus: SecretService, tmp_path: Path
) -> None:
    await asyncio.to_thread(on_bus.start_bus)
    await asyncio.to_thread(lambda: on_bus.start_keyring(unlocked=True))
    await asyncio.to_thread(on_bus.start_prompter)
    source = KeyringTokens(tmp_path, limit_s=1.0)
    await asyncio.to_thread(source.store, "kept")
    await asyncio.to_thread(on_bus.lock)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    turning = asyncio.create_task(turn())
    for _ in range(2):
        with pytest.raises(KeyringNotReady, match="did not answer within 1 seconds"):
            await load_token(source)
    turning.cancel()
    assert turns > 20, "the loop went on turning"
    asked = on_bus.stop_prompter()
    assert asked == 1
    await asyncio.to_thread(on_bus.unlock)
    assert await asyncio.to_thread(answered_late, source) == "kept"
    del source
    gc.collect()


def test_a_command_says_that_it_waits_and_ctrl_c_ends_it(person: Person, service: SecretService) -> None:
    sign_in(person, service)
    service.start_bus()
    service.start_keyring(unlocked=False)
    service.start_prompter()
    process = subprocess.Popen(
        [sys.executable, "-m", "hotfolder", "balance"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=person.environment(),
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "Waiting for the keyring: unlock it where it asks you to.\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, out, err) == (130, "", "")


def test_a_daemon_beside_a_locked_keyring_goes_on_by_itself_when_it_is_unlocked(
    person: Person, service: SecretService
) -> None:
    sign_in(person, service)
    service.start_bus()
    service.start_keyring(unlocked=False)
    person.save("a.jpg")
    with person.running():
        until_it_waits_for_the_keyring(person)
        service.unlock()
        until_delivered(person)


# --- not up yet -----------------------------------------------------------------------------------


def test_a_daemon_that_starts_before_the_keyring_goes_on_by_itself_when_it_is_up(
    person: Person, service: SecretService
) -> None:
    sign_in(person, service)
    service.start_bus()
    person.save("a.jpg")
    with person.running():
        hold = until_it_waits_for_the_keyring(person)
        assert "There is no keyring" in hold["reason"]
        service.start_keyring(unlocked=True)
        until_delivered(person)


def test_a_daemon_that_starts_before_the_session_goes_on_by_itself_when_it_is_up(
    person: Person, service: SecretService
) -> None:
    sign_in(person, service)
    person.save("a.jpg")
    with person.running():
        until_it_waits_for_the_keyring(person)
        service.start_bus()
        service.start_keyring(unlocked=True)
        until_delivered(person)
