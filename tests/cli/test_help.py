"""Every command of design §8 that this version has is there, and says what it does."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from hotfolder import __version__
from hotfolder.cli.app import app
from hotfolder.cli.entry import home_first

COMMANDS = (
    *(
        "init",
        "run",
        "demo",
        "sandbox",
        "status",
        "images",
        "batches",
        "retry",
        "dismiss",
        "fetch",
        "pause",
        "resume",
    ),
    "stop",
    *("check", "workflows", "balance", "login", "logout", "estimate"),
)
JSON = ["status", "images", "batches", "fetch", "check", "workflows", "balance", "estimate"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help(command: str) -> None:
    answer = CliRunner().invoke(app, [command, "--help"])
    assert answer.exit_code == 0
    assert f"Usage: hotfolder {command}" in answer.output
    assert ("--json" in answer.output) == (command in JSON)


def test_there_is_no_command_that_nobody_has_built() -> None:
    names = {info.name or getattr(info.callback, "__name__", "") for info in app.registered_commands}
    assert names == set(COMMANDS)


def test_the_version_is_told() -> None:
    answer = CliRunner().invoke(app, ["--version"])
    assert (answer.exit_code, answer.output) == (0, f"hotfolder {__version__}\n")


def test_help_comes_without_loading_the_daemon() -> None:
    code = (
        "import sys; from hotfolder.cli.app import app; app(['--help'], standalone_mode=False);"
        "assert not {'httpx', 'sqlalchemy', 'watchdog', 'pydantic', 'uvicorn', 'PIL'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["status", "--home", "x", "--json"], ["--home=x", "status", "--json"]),
        (["status", "--home=x"], ["--home=x", "status"]),
        (["--home", "x", "status"], ["--home=x", "status"]),
        (["retry", "--", "--home", "x"], ["retry", "--", "--home", "x"]),
        (["status", "--home"], ["--home"]),
    ],
)
def test_the_home_may_stand_anywhere(typed: list[str], meant: list[str]) -> None:
    assert home_first(typed) == meant
