"""What is started at login, and the entries that say so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.login_item import (
    LoginCommand,
    desktop_entry,
    is_switched_on,
    systemd_unit,
    value_of,
    with_command,
)

COMMAND = LoginCommand(("/usr/bin/hotfolder",))
paths = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).map(lambda text: f"/{text}")


@given(st.lists(paths, min_size=1, max_size=4), st.none() | paths, st.booleans())
def test_a_command_is_known_again(program: list[str], home: str | None, tray: bool) -> None:
    command = LoginCommand(tuple(program), home, tray)
    assert LoginCommand.read(command.argv) == command


@pytest.mark.parametrize(
    "argv", [(), ("run",), ("/usr/bin/hotfolder",), ("/usr/bin/hotfolder", "run", "--once"), ("", "run")]
)
def test_somebodys_own_command_is_none_of_ours(argv: tuple[str, ...]) -> None:
    assert LoginCommand.read(argv) is None


@pytest.mark.parametrize(
    ("line", "is_on"),
    [("", True), ("Hidden=true", False), ("Hidden=false", True), ("X-GNOME-Autostart-enabled=false", False)],
)
def test_desktops_switch_an_entry_off_in_two_ways(line: str, is_on: bool) -> None:
    assert is_switched_on(f"{desktop_entry(COMMAND.argv)}{line}\n") == is_on


def test_another_command_leaves_everything_else_in_an_entry() -> None:
    entry = (
        "# mine\n"
        + desktop_entry(COMMAND.argv)
        + "Hidden=true\nX-GNOME-Autostart-Delay=10\n[Other]\nExec=/other\n"
    )
    renewed = with_command(entry, ("/new \\1 place/hotfolder", "run"))
    assert value_of(renewed, "Desktop Entry", "Exec") == '"/new \\\\\\\\1 place/hotfolder" run'
    assert value_of(renewed, "Desktop Entry", "TryExec") == "/new \\\\1 place/hotfolder"
    changed = set(entry.splitlines()) ^ set(renewed.splitlines())
    assert {line.partition("=")[0] for line in changed} == {"Exec", "TryExec"}


def test_a_broken_file_has_no_values() -> None:
    assert value_of("no group\n", "Desktop Entry", "Exec") is None
    assert value_of(desktop_entry(COMMAND.argv), "Desktop Entry", "Missing") is None


def test_with_a_tray_the_unit_belongs_to_the_desktop_and_without_to_nobody() -> None:
    with_tray, without = systemd_unit(COMMAND), systemd_unit(LoginCommand(COMMAND.program, tray=False))
    assert (
        value_of(with_tray, "Unit", "PartOf")
        == value_of(with_tray, "Unit", "After")
        == "graphical-session.target"
    )
    assert value_of(with_tray, "Install", "WantedBy") == "graphical-session.target"
    assert "graphical" not in without
    assert value_of(without, "Install", "WantedBy") == "default.target"
    assert value_of(without, "Service", "ExecStart") == "/usr/bin/hotfolder run --no-tray"
