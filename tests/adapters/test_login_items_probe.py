"""The proof that what would be started at login exists and starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hotfolder import __version__
from hotfolder.adapters.login_items.probe import clean_environment, judge, prove
from hotfolder.core.login_item import Kind, LoginCommand, LoginEntry


def entry(*program: str, enabled: bool = True) -> LoginEntry:
    return LoginEntry(Kind.AUTOSTART, "/place", LoginCommand(program).argv, enabled)


def script(folder: Path, body: str) -> str:
    path = folder / "hotfolder"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_this_very_program_starts() -> None:
    proof = judge([entry(sys.executable, "-P", "-m", "hotfolder")], os.environ)
    assert (proof.starts, proof.problem) == (True, "")


def test_it_is_asked_elsewhere_and_with_nothing_of_this_terminal(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = script(tmp_path, f'(echo "$@"; pwd; env | grep -v "^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=") > {told}')
    environ = {
        "HOME": "/h",
        "VIRTUAL_ENV": "/v",
        "PYTHONPATH": "/p",
        "PATH": "/v/bin",
        "AUTORETOUCH_API_URL": "x",
    }
    assert prove(entry(program), environ).starts
    assert sorted(told.read_text().split()) == sorted(["--version", "/", "HOME=/h", "PATH=/usr/bin:/bin"])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("echo 'hotfolder 0.0.1'", f"It would start hotfolder 0.0.1, and this is hotfolder {__version__}."),
        ("exit 7", "ended with exit code 7"),
        ("exec sleep 600", "did not answer within 1 seconds"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(tmp_path: Path, body: str, problem: str) -> None:
    proof = prove(entry(script(tmp_path, body)), os.environ, limit_s=1 if "sleep" in body else 60)
    assert not proof.starts
    assert problem in proof.problem
    assert "hotfolder service install" in proof.advice


def test_a_windowed_program_has_nothing_to_say_it_with(tmp_path: Path) -> None:
    assert prove(entry(script(tmp_path, "exit 0")), os.environ).starts


def test_a_program_that_is_gone_cannot_be_started(tmp_path: Path) -> None:
    assert "not there any more" in prove(entry(str(tmp_path / "gone")), os.environ).problem
    (tmp_path / "no-program").write_bytes(b"\x00" * 40)
    (tmp_path / "no-program").chmod(0o755)
    assert "could not be started" in prove(entry(str(tmp_path / "no-program")), os.environ).problem


def test_no_entry_one_switched_off_one_changed_by_hand_and_two_are_problems(tmp_path: Path) -> None:
    good = script(tmp_path, "exit 0")
    assert "not started at login" in judge([], os.environ).problem
    off = judge([entry(good, enabled=False)], os.environ)
    assert (off.starts, "switched off" in off.problem) == (True, True)
    by_hand = LoginEntry(Kind.AUTOSTART, "/place", (good, "--foo"), True)
    assert "changed by hand" in judge([by_hand], os.environ).problem
    assert "two entries" in judge([entry(good), entry(good)], os.environ).problem


def test_windows_gets_what_its_programs_cannot_do_without() -> None:
    environ = {"USERPROFILE": r"C:\Users\Ann", "SYSTEMROOT": r"C:\Windows", "PATH": "x", "VIRTUAL_ENV": "v"}
    assert clean_environment(environ) == {
        "USERPROFILE": r"C:\Users\Ann",
        "SYSTEMROOT": r"C:\Windows",
        "PATH": r"C:\Windows\System32",
    }
