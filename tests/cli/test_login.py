"""`login` through the browser, as a person does it: a real browser window (a script) meets the sandbox's real page."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from hotfolder.adapters.token_store import EnvironmentTokens
from hotfolder.sandbox import REFRESH_TOKEN, Sandbox
from tests.cli.person import LIMIT_S, Answer, Person, wait_until

posix_only = pytest.mark.skipif(os.name != "posix", reason="a script is a browser on POSIX only")

pytestmark = posix_only

NO_BROWSER = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}


@pytest.fixture
def stranger(person: Person, sandbox: Sandbox) -> Person:
    """Not signed in; the sandbox may be asked every second."""
    person.variables["AUTORETOUCH_REFRESH_TOKEN"] = ""
    sandbox.world.switches.device_interval_s = 1
    return person


def browser(person: Person, click: str) -> dict[str, str]:
    """A browser in which somebody looks at the page and clicks `confirm` or `deny`; it writes down where it was."""
    script = person.place / f"browser-{click}"
    script.write_text(
        textwrap.dedent(f"""\
        #!{sys.executable}
        import sys, httpx
        from pathlib import Path
        from urllib.parse import parse_qs, urlsplit
        address = sys.argv[1]
        Path({str(person.place / "visited.txt")!r}).write_text(address)
        code = parse_qs(urlsplit(address).query)["user_code"][0]
        page = httpx.get(address, trust_env=False)
        assert code in page.text
        form = {{"user_code": code, "answer": {click!r}}}
        httpx.post(address.partition("?")[0], data=form, trust_env=False).raise_for_status()
        """),
        "utf-8",
    )
    script.chmod(0o755)
    return {**NO_BROWSER, "BROWSER": str(script)}


@contextmanager
def signing_in(person: Person, *options: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hotfolder", "login", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=person.environment(**{**NO_BROWSER, **variables}),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def told(process: subprocess.Popen[str], until: str) -> str:
    """What was printed up to the line that holds this."""
    assert process.stdout is not None
    limit = threading.Timer(LIMIT_S, process.kill)
    limit.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if until in line:
            break
    limit.cancel()
    assert any(until in line for line in lines), "".join(lines)
    return "".join(lines)


def the_code(text: str) -> str:
    (code,) = re.findall(r"^ +([A-Z]{4}-[A-Z]{4})$", text, re.MULTILINE)
    return str(code)


def test_a_person_confirms_in_the_browser_and_then_hotfolder_works(
    stranger: Person, sandbox: Sandbox
) -> None:
    answer = stranger.starts("login", "--store", "file", env=browser(stranger, "confirm"))
    assert answer.code == 0, answer.err
    assert (
        stranger.place / "visited.txt"
    ).read_text() == f"{sandbox.url}/device?user_code={the_code(answer.out)}"
    assert "Your browser opens the page now." in answer.out
    assert re.search(r"until \d\d:\d\d:\d\d", answer.out)
    kept = stranger.home / "refresh-token"
    assert f"Signed in. The refresh token is kept in the file {kept}." in answer.out
    assert answer.err.count("a keyring is safer") == 1
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text().strip() in sandbox.world.sign_in.refresh_tokens
    assert kept.read_text().strip() not in answer.out + answer.err

    stranger.save("a.jpg")
    once = stranger.starts("run", "--once")
    assert (once.code, "Done: 1 image delivered." in once.out) == (0, True)
    assert len(list(stranger.outbox.rglob("a.*"))) == 1

    assert stranger.starts("logout").code == 0
    assert sandbox.world.sign_in.refresh_tokens == {REFRESH_TOKEN}
    assert not kept.exists()
    stranger.save("b.jpg")
    assert stranger.starts("balance").code == 3


def test_a_person_refuses_in_the_browser_and_nothing_is_kept(stranger: Person, sandbox: Sandbox) -> None:
    answer = stranger.starts("login", "--store", "file", env=browser(stranger, "deny"))
    assert answer.code == 3
    assert answer.err.startswith("You refused hotfolder in the browser, so nothing was changed.")
    assert "hotfolder login" in answer.err
    assert not (stranger.home / "refresh-token").exists()
    assert sandbox.world.sign_in.refresh_tokens == {REFRESH_TOKEN}


def test_a_code_that_nobody_confirms_in_time_is_told(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.world.switches.device_expires_s = 2
    answer = stranger.starts("login", "--store", "file", env=NO_BROWSER)
    assert (answer.code, "was not confirmed in time. Nothing was changed." in answer.err) == (3, True)
    assert "hotfolder login" in answer.err
    assert not (stranger.home / "refresh-token").exists()


def test_where_no_browser_can_open_any_device_will_do(stranger: Person, sandbox: Sandbox) -> None:
    with signing_in(stranger, "--store", "file") as process:
        text = told(process, "Waiting for you")
        assert "Open this address on any device" in text
        assert f"    {sandbox.url}/device?user_code={the_code(text)}\n" in text
        form = {"user_code": the_code(text), "answer": "confirm"}
        httpx.post(f"{sandbox.url}/device", data=form, trust_env=False).raise_for_status()
        assert "Signed in." in told(process, "Signed in.")
        assert process.wait(LIMIT_S) == 0


def test_ctrl_c_while_it_waits_changes_nothing(stranger: Person, sandbox: Sandbox) -> None:
    with signing_in(stranger, "--store", "file") as process:
        told(process, "Waiting for you")
        wait_until(lambda: sandbox.world.count_calls("token") >= 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert "Stopped. Nothing was changed." in out
    assert err == ""
    assert not (stranger.home / "refresh-token").exists()


def test_a_service_that_fails_in_between_is_ridden_out(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.faults.add("token", "status", status=503, times=1)
    sandbox.faults.add("token", "drop", times=1, skip=1)
    answer = stranger.starts("login", "--store", "file", env=browser(stranger, "confirm"))
    assert (answer.code, answer.out.count("Signed in.")) == (0, 1)


def test_a_confirmed_sign_in_is_kept_though_it_cannot_be_checked_now(
    stranger: Person, sandbox: Sandbox
) -> None:
    """The person need not confirm anew: it was given a moment ago."""
    device_grants = sandbox.faults.add(
        "token", "status", status=503, where=lambda call: not sandbox.world.sign_in.devices
    )
    answer = stranger.starts("login", "--store", "file", env=browser(stranger, "confirm"))
    assert answer.code == 0, answer.err
    assert device_grants.hits == 1
    assert (stranger.home / "refresh-token").read_text().strip() in sandbox.world.sign_in.refresh_tokens


def test_without_a_keyring_that_is_said_before_anybody_is_sent_to_the_browser(
    stranger: Person, sandbox: Sandbox
) -> None:
    answer = stranger.starts("login", env=browser(stranger, "confirm"))
    assert answer.code == 3
    assert "AUTORETOUCH_REFRESH_TOKEN" in answer.err
    assert "hotfolder login --store file" in answer.err
    assert sandbox.world.count_calls("device_code") == 0
    assert not (stranger.place / "visited.txt").exists()
    assert [path.name for path in stranger.home.iterdir()] == ["config.yaml"]


def test_a_service_that_is_away_says_to_try_later(stranger: Person, sandbox: Sandbox) -> None:
    sandbox.stop()
    answer: Answer = stranger.starts("login", "--store", "file", env=NO_BROWSER)
    assert (answer.code, "Nothing was changed. Run `hotfolder login` again" in answer.err) == (1, True)


def test_logout_forgets_everywhere_and_revokes_all_it_finds(stranger: Person, sandbox: Sandbox) -> None:
    """A variable that has been rotated hides the file."""
    assert stranger.types("login", "--paste", "--store", "file", typed=REFRESH_TOKEN).code == 0
    EnvironmentTokens("gone", stranger.home).store("rotated")
    sandbox.world.sign_in.refresh_tokens.add("in-the-variable")
    answer = stranger.types("logout", env={"AUTORETOUCH_REFRESH_TOKEN": "in-the-variable"})
    assert answer.code == 0
    assert "still set in your environment" in answer.err
    assert sandbox.world.sign_in.refresh_tokens == set()
    assert {path.name for path in stranger.home.iterdir()} == {"config.yaml", "logs"}


def test_logout_forgets_what_a_variable_that_is_gone_has_left(stranger: Person) -> None:
    EnvironmentTokens("gone", stranger.home).store("rotated")
    assert stranger.types("login", "--paste", "--store", "file", typed=REFRESH_TOKEN).code == 0
    assert stranger.types("logout").code == 0
    assert not (stranger.home / "rotated-token").exists()


def test_logout_where_nobody_is_signed_in_says_so(stranger: Person) -> None:
    (stranger.home / "refresh-token").touch(mode=0o600)
    assert stranger.types("logout").out == "hotfolder is not signed in.\n"


def test_the_browser_is_opened_for_web_addresses_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hotfolder.adapters.browser import open_address

    monkeypatch.setenv("BROWSER", f"touch {tmp_path / 'opened'} %s")
    assert not open_address("file:///etc/passwd")
    assert not (tmp_path / "opened").exists()
