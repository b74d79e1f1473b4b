"""Where hotfolder lives, and that it lives there alone."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotfolder.adapters.home import LOG_BYTES, Home, find_home, is_running, log_to_file, sole_daemon
from hotfolder.errors import AnotherDaemon, ExitCode


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home(tmp_path / "home")


def test_a_chosen_home_holds_everything(home: Home, tmp_path: Path) -> None:
    places = [
        home.config,
        home.ledger,
        home.lock,
        home.control,
        home.spool,
        home.log_file,
        home.data,
        home.logs,
    ]
    assert all(place.is_relative_to(tmp_path / "home") for place in places)
    assert home.config.name == "config.yaml"
    assert len(set(places)) == len(places)


def test_a_home_may_be_written_with_a_tilde_or_relative(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert find_home(Path("~/studio")).data == tmp_path / "studio"
    assert find_home(Path("studio")).data == tmp_path / "studio"


@pytest.mark.skipif(sys.platform != "linux", reason="the places of Linux")
def test_without_a_chosen_home_the_platforms_places_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    found = find_home(None)
    assert found.config == tmp_path / "config" / "hotfolder" / "config.yaml"
    assert found.ledger.is_relative_to(tmp_path / "state" / "hotfolder")


def test_looking_for_a_home_makes_nothing(home: Home, tmp_path: Path) -> None:
    assert not is_running(home)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_what_is_made_is_for_this_user_only(home: Home) -> None:
    home.make()
    home.make()
    assert home.data.stat().st_mode & 0o777 == 0o700
    assert home.logs.is_dir()


def test_a_second_daemon_is_refused_with_its_own_exit_code(home: Home) -> None:
    with sole_daemon(home):
        assert is_running(home)
        with pytest.raises(AnotherDaemon) as caught, sole_daemon(home):
            pass
        assert is_running(home), "the refused one has not taken the lock away"
    assert caught.value.exit_code is ExitCode.ANOTHER_DAEMON
    assert str(home.data) in caught.value.title
    assert not is_running(home)


def test_a_daemon_in_another_process_counts_and_its_death_frees_the_home(home: Home) -> None:
    """The lock is the system's: even a killed process leaves none behind."""
    program = (
        "import sys; from pathlib import Path; from hotfolder.adapters.home import find_home, sole_daemon\n"
        f"with sole_daemon(find_home(Path({str(home.data)!r}))):\n"
        "    print('holds it', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "holds it\n"
        assert is_running(home)
        with pytest.raises(AnotherDaemon), sole_daemon(home):
            pass
        other.kill()
        other.wait(20)
    assert home.lock.exists()
    assert not is_running(home)
    with sole_daemon(home):
        pass


def test_two_homes_have_a_daemon_each(home: Home, tmp_path: Path) -> None:
    with sole_daemon(home), sole_daemon(find_home(tmp_path / "other")):
        assert is_running(home)


def test_a_daemon_that_ends_by_an_exception_frees_the_home(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), sole_daemon(home):
        raise ZeroDivisionError
    assert not is_running(home)


@pytest.fixture
def log_handler(home: Home) -> Iterator[logging.Handler]:
    handler = log_to_file(home)
    yield handler
    logging.getLogger().removeHandler(handler)
    logging.getLogger("hotfolder").setLevel(logging.NOTSET)
    handler.close()


def test_our_own_words_are_logged_and_the_libraries_chatter_is_not(
    home: Home, log_handler: logging.Handler
) -> None:
    logging.getLogger("hotfolder.somewhere").info("a.jpg is delivered as ä.png")
    logging.getLogger("httpx").info("GET https://example.com/?token=secret")
    logging.getLogger("httpx").warning("something odd")
    text = home.log_file.read_text("utf-8")
    assert "INFO    hotfolder.somewhere: a.jpg is delivered as ä.png" in text
    assert "something odd" in text
    assert "secret" not in text


def test_a_long_log_is_rolled_over(home: Home, log_handler: logging.Handler) -> None:
    line = "x" * 1024 * 1024
    for _ in range(LOG_BYTES // len(line) + 1):
        logging.getLogger("hotfolder").info(line)
    assert [p.name for p in sorted(home.logs.iterdir())] == ["hotfolder.log", "hotfolder.log.1"]
