"""Shell completion and the man page: what is packed is what the program says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hotfolder.adapters.home import find_home

ROOT = Path(__file__).parents[2]
MAN_PAGE = ROOT / "packaging" / "debian" / "hotfolder.1"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_packed_completion_is_the_programs_own(shell: str) -> None:
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, "-m", "hotfolder", "--show-completion", shell]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    packed = (ROOT / "packaging" / "completions" / f"hotfolder.{shell}").read_text("utf-8")
    assert packed == done.stdout
    assert "_HOTFOLDER_COMPLETE" in packed
    assert f"packaging/completions/hotfolder.{shell}" in (ROOT / "packaging" / "debian" / "rules").read_text(
        "utf-8"
    )


def test_a_command_is_completed() -> None:
    environment = {
        **os.environ,
        "_HOTFOLDER_COMPLETE": "complete_bash",
        "COMP_WORDS": "hotfolder st",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "hotfolder"], env=environment, capture_output=True, text=True, check=False
    )
    assert {"status", "stop"} <= set(done.stdout.split())


@pytest.mark.skipif(sys.platform != "linux", reason="the man page is for Linux")
def test_the_man_page_names_the_real_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = find_home(None)
    real = {str(path).replace("/home/somebody", "~") for path in (home.config, home.log_file, home.ledger)}
    assert set(re.findall(r"^\.I (~/\S+)", MAN_PAGE.read_text("utf-8"), re.MULTILINE)) == real
