"""The autostart entry: valid, started by a real desktop's library, and switched off by the person only."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from hotfolder.adapters.login_items.linux_autostart import NO_DESKTOP, Autostart
from hotfolder.core.command_lines import read_systemd_exec
from hotfolder.core.login_item import LoginCommand, value_of
from hotfolder.errors import HotfolderError
from tests.adapters.login_tools import HOSTILE, need, telltale, told_arguments
from tests.cli.person import wait_until

COMMAND = LoginCommand(("/usr/bin/env",), home="/home/ann/hot folder", tray=False)


@pytest.fixture
def autostart(tmp_path: Path) -> Autostart:
    return Autostart({"HOME": str(tmp_path), "DISPLAY": ":0"})


def test_it_stands_where_desktops_look(tmp_path: Path) -> None:
    assert Autostart({"HOME": "/h"}).path == Path("/h/.config/autostart/hotfolder.desktop")
    assert Autostart({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}).path == Path("/c/autostart/hotfolder.desktop")
    assert Autostart({"HOME": "/h", "XDG_CONFIG_HOME": "c"}).path.parent == Path("/h/.config/autostart")


def test_what_was_installed_is_read_back_and_removed(autostart: Autostart) -> None:
    assert autostart.read() is None
    assert autostart.install(COMMAND) is None
    entry = autostart.read()
    assert entry is not None
    assert (entry.command, entry.enabled, entry.place) == (COMMAND, True, str(autostart.path))
    assert stat.S_IMODE(autostart.path.stat().st_mode) == 0o644
    assert [file.name for file in autostart.path.parent.iterdir()] == ["hotfolder.desktop"]
    assert (autostart.uninstall(), autostart.uninstall(), autostart.read()) == (True, False, None)


@pytest.mark.parametrize("folder", ["plain", HOSTILE, "50%", "a=b", "a b"])
def test_a_desktop_accepts_the_entry_and_starts_exactly_the_command(
    tmp_path: Path, autostart: Autostart, folder: str
) -> None:
    validator, gio = need("desktop-file-validate", "desktop-file-utils"), need("gio", "libglib2.0-bin")
    told = tmp_path / "told"
    program = telltale(tmp_path / folder, told)
    command = LoginCommand((str(program),), home=str(tmp_path / folder))
    autostart.install(command)
    verdict = subprocess.run([validator, autostart.path], capture_output=True, text=True, check=False)
    assert (verdict.returncode, verdict.stdout + verdict.stderr) == (0, "")
    subprocess.run([gio, "launch", autostart.path], check=True, capture_output=True, cwd="/")
    wait_until(told.exists)
    assert told_arguments(told) == command.argv[1:]


@pytest.mark.parametrize("folder", ["plain", "a b", "it's 100%", "a=b", "(ä)"])
def test_systemd_reads_the_entry_as_desktops_do(tmp_path: Path, autostart: Autostart, folder: str) -> None:
    """Plasma leaves autostart to it. It keeps the backslash of `\\$`, against the specification: no such names here."""
    generator = need("/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator", "systemd")
    program = telltale(tmp_path / folder, tmp_path / "told")
    command = LoginCommand((str(program),), home=str(tmp_path / folder))
    autostart.install(command)
    environment = {"XDG_CONFIG_HOME": str(autostart.path.parents[1]), "XDG_CONFIG_DIRS": str(tmp_path)}
    units = tmp_path / "units"
    units.mkdir()
    subprocess.run([generator, units, units, units], env=environment, check=True, capture_output=True)
    exec_start = value_of(
        (units / "app-hotfolder@autostart.service").read_text("utf-8"), "Service", "ExecStart"
    )
    assert read_systemd_exec(exec_start or "") == command.argv


def test_the_person_s_own_changes_and_their_off_stay_when_it_is_renewed(autostart: Autostart) -> None:
    autostart.install(COMMAND)
    text = autostart.path.read_text("utf-8")
    autostart.path.write_text(f"{text}X-GNOME-Autostart-Delay=10\nHidden=true\n", "utf-8")
    renewed = COMMAND.with_program(("/opt/new place/hotfolder",))
    autostart.renew(renewed)
    entry = autostart.read()
    assert entry is not None
    assert (entry.command, entry.enabled) == (renewed, False)
    assert "X-GNOME-Autostart-Delay=10" in autostart.path.read_text("utf-8")
    autostart.install(COMMAND)
    entry = autostart.read()
    assert entry is not None
    assert entry.enabled


def test_nothing_is_made_where_nothing_is_to_be_renewed(autostart: Autostart) -> None:
    autostart.renew(COMMAND)
    assert autostart.read() is None


@pytest.mark.parametrize("text", ["", "no desktop entry\n", '[Desktop Entry]\nExec="/a\n', "\xff"])
def test_an_entry_that_nobody_can_read_is_there_without_a_command(autostart: Autostart, text: str) -> None:
    autostart.path.parent.mkdir(parents=True)
    autostart.path.write_bytes(text.encode("latin-1"))
    entry = autostart.read()
    assert entry is not None
    assert (entry.argv, entry.command) == ((), None)


def test_where_no_desktop_runs_the_way_without_one_is_told(tmp_path: Path) -> None:
    assert Autostart({"HOME": str(tmp_path)}).install(COMMAND) == NO_DESKTOP


def test_a_folder_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file, no folder")
    with pytest.raises(HotfolderError, match=r"could not write .*hotfolder\.desktop.*Make sure"):
        Autostart({"HOME": str(tmp_path)}).install(COMMAND)
