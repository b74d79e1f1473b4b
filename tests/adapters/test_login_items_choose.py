"""One entry, of the right kind, for the right program; brought up to date when hotfolder moves."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from hotfolder.adapters.home import Home, find_home
from hotfolder.adapters.login_items import entries, install, is_installed, refresh_login_item, uninstall
from hotfolder.adapters.login_items.choose import chosen_home, login_items
from hotfolder.adapters.login_items.item import LoginItem
from hotfolder.adapters.login_items.linux_autostart import Autostart
from hotfolder.adapters.login_items.linux_systemd import SystemdUnit
from hotfolder.adapters.login_items.macos_launch_agent import LaunchAgent
from hotfolder.adapters.login_items.program import Running
from hotfolder.core.login_item import Kind, LoginCommand, LoginEntry
from hotfolder.errors import ConfigError, HotfolderError


def installed_at(folder: Path) -> Running:
    """A hotfolder that was installed into this folder, and started from there."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "hotfolder"
    script.touch(0o755)
    return Running(str(script), "/usr/bin/python3", False, False, "linux", {})


@pytest.fixture
def items(tmp_path: Path) -> Sequence[LoginItem]:
    environ = {"HOME": str(tmp_path / "person"), "DISPLAY": ":0"}
    return (Autostart(environ), SystemdUnit(environ, lambda _: (0, ""), tmp_path))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home(tmp_path / "home")


@pytest.fixture
def old(tmp_path: Path) -> Running:
    return installed_at(tmp_path / "old")


@pytest.fixture
def new(tmp_path: Path) -> Running:
    return installed_at(tmp_path / "new")


def only_entry(items: Sequence[LoginItem]) -> LoginEntry:
    (entry,) = entries(items)
    return entry


def test_each_system_has_its_own_kind() -> None:
    environ = {"HOME": "/h"}
    assert [type(item) for item in login_items(environ, "linux")] == [Autostart, SystemdUnit]
    assert [type(item) for item in login_items(environ, "darwin")] == [LaunchAgent]
    assert [type(item) for item in login_items(environ, "freebsd14")] == [Autostart]


def test_the_home_that_was_chosen_is_in_the_command_and_the_usual_one_is_not(
    items: Sequence[LoginItem], home: Home, old: Running
) -> None:
    installed = install(home, items=items, running=old)
    assert installed.entry.argv == (old.argv0, "--home", str(home.data), "run", "--desktop")
    assert install(find_home(None), items=items, running=old).entry.argv == (old.argv0, "run", "--desktop")
    assert (chosen_home(home), chosen_home(find_home(None))) == (str(home.data), None)


def test_there_is_one_entry_whatever_is_installed(
    items: Sequence[LoginItem], home: Home, old: Running
) -> None:
    for kind in (Kind.AUTOSTART, Kind.SYSTEMD, Kind.SYSTEMD, Kind.AUTOSTART):
        assert install(home, kind, items=items, running=old).entry == only_entry(items)
        assert only_entry(items).kind is kind
    assert is_installed(items)
    assert (uninstall(items), uninstall(items), is_installed(items)) == (True, False, False)


def test_the_tick_keeps_the_kind_that_is_there(items: Sequence[LoginItem], home: Home, old: Running) -> None:
    assert install(home, items=items, running=old).entry.kind is Kind.AUTOSTART
    install(home, Kind.SYSTEMD, items=items, running=old)
    assert install(home, items=items, running=old).entry.kind is Kind.SYSTEMD


def test_systemd_is_refused_where_there_is_none(items: Sequence[LoginItem], home: Home, old: Running) -> None:
    with pytest.raises(ConfigError, match="Leave out --systemd"):
        install(home, Kind.SYSTEMD, items=items[:1], running=old)
    assert entries(items) == []


def test_a_name_that_no_entry_can_hold_is_refused(
    items: Sequence[LoginItem], tmp_path: Path, old: Running
) -> None:
    with pytest.raises(HotfolderError, match="plain name"):
        install(find_home(tmp_path / "two\nlines"), items=items, running=old)
    assert entries(items) == []


# --- brought up to date -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.AUTOSTART, Kind.SYSTEMD])
def test_after_an_upgrade_the_entry_starts_the_new_program(
    items: Sequence[LoginItem],
    home: Home,
    old: Running,
    new: Running,
    kind: Kind,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install(home, kind, tray=False, items=items, running=old)
    with caplog.at_level(logging.INFO):
        assert refresh_login_item(home, items, new)
    assert only_entry(items).command == LoginCommand((new.argv0,), str(home.data), tray=False)
    assert new.argv0 in caplog.text
    assert not refresh_login_item(home, items, new)


def test_no_entry_is_made_by_itself(items: Sequence[LoginItem], home: Home, new: Running) -> None:
    assert not refresh_login_item(home, items, new)
    assert entries(items) == []


@pytest.mark.parametrize("kind", [Kind.AUTOSTART, Kind.SYSTEMD])
def test_what_was_switched_off_stays_off(
    items: Sequence[LoginItem], home: Home, old: Running, new: Running, kind: Kind
) -> None:
    entry = install(home, kind, items=items, running=old).entry
    if kind is Kind.AUTOSTART:
        with Path(entry.place).open("a") as file:
            file.write("Hidden=true\n")
    else:
        (link,) = Path(entry.place).parent.glob("*.wants/*")
        link.unlink()
    assert refresh_login_item(home, items, new)
    assert (only_entry(items).argv[0], only_entry(items).enabled) == (new.argv0, False)


def test_another_home_s_entry_is_left_alone(
    items: Sequence[LoginItem], home: Home, tmp_path: Path, old: Running, new: Running
) -> None:
    install(home, items=items, running=old)
    assert not refresh_login_item(find_home(tmp_path / "other"), items, new)
    assert not refresh_login_item(find_home(None), items, new)
    assert only_entry(items).argv[0] == old.argv0


def test_a_command_of_somebody_s_own_is_left_alone(
    items: Sequence[LoginItem], home: Home, old: Running, new: Running
) -> None:
    place = Path(install(home, items=items, running=old).entry.place)
    text = place.read_text().replace(" run --desktop\n", " run --with-my-option\n")
    place.write_text(text)
    assert not refresh_login_item(home, items, new)
    assert place.read_text() == text


def test_a_module_tried_out_takes_no_place_but_that_of_a_program_that_is_gone(
    items: Sequence[LoginItem], home: Home, old: Running
) -> None:
    install(home, items=items, running=old)
    tried_out = dataclasses.replace(old, argv0="/src/hotfolder/__main__.py", executable=sys.executable)
    assert not refresh_login_item(home, items, tried_out)
    Path(old.argv0).unlink()
    assert refresh_login_item(home, items, tried_out)
    assert only_entry(items).argv[0] == sys.executable


def test_a_temporary_program_takes_nobody_s_place(
    items: Sequence[LoginItem], home: Home, tmp_path: Path, old: Running, caplog: pytest.LogCaptureFixture
) -> None:
    install(home, items=items, running=old)
    assert not refresh_login_item(home, items, installed_at(tmp_path / ".cache" / "uv"))
    assert only_entry(items).argv[0] == old.argv0
    assert "temporary place" in caplog.text


def test_an_entry_that_cannot_be_read_stops_nothing(
    items: Sequence[LoginItem], home: Home, new: Running, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(items[0], Autostart)
    items[0].path.mkdir(parents=True)
    assert not refresh_login_item(home, items, new)
    assert "could not be brought up to date" in caplog.text
