"""The systemd unit: valid, started, restarted and switched on by a real systemd."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hotfolder.adapters.login_items.linux_systemd import NOBODY_THERE, RELOAD, SystemdUnit
from hotfolder.core.login_item import LoginCommand
from tests.adapters.login_tools import HOSTILE, need, telltale, told_arguments
from tests.adapters.user_manager import UserManager, user_manager
from tests.cli.person import wait_until

COMMAND = LoginCommand(("/usr/bin/env",), home="/home/ann/hot folder")


@dataclass
class Systemctl:
    """Remembers what it was asked, and answers with `code`."""

    code: int = 0
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str]) -> tuple[int, str]:
        self.asked.append(tuple(argv))
        return self.code, ""


@pytest.fixture
def systemctl() -> Systemctl:
    return Systemctl()


@pytest.fixture
def unit(tmp_path: Path, systemctl: Systemctl) -> SystemdUnit:
    return SystemdUnit({"HOME": str(tmp_path)}, systemctl, tmp_path / "linger")


def links(unit: SystemdUnit) -> dict[str, Path]:
    folder = unit.path.parent
    return {link.parent.name: link.readlink() for link in folder.glob("*.wants/*")}


def test_it_is_switched_on_where_the_tray_can_be(unit: SystemdUnit, systemctl: Systemctl) -> None:
    assert unit.install(COMMAND) is None
    assert links(unit) == {"graphical-session.target.wants": unit.path}
    assert systemctl.asked == [RELOAD]


def test_without_a_tray_it_starts_without_a_desktop_and_lingering_is_told(
    unit: SystemdUnit, tmp_path: Path
) -> None:
    unit.install(COMMAND)
    headless = LoginCommand(COMMAND.program, tray=False)
    left_to_do = unit.install(headless)
    assert links(unit) == {"default.target.wants": unit.path}
    assert left_to_do is not None
    assert "loginctl enable-linger" in left_to_do
    (tmp_path / "linger").mkdir()
    for name in (os.environ.get("USER", "root"), os.environ.get("LOGNAME", "root"), "root"):
        (tmp_path / "linger" / name).touch()
    assert unit.install(headless) is None


def test_what_was_installed_is_read_back_and_removed(unit: SystemdUnit, systemctl: Systemctl) -> None:
    assert unit.read() is None
    unit.install(COMMAND)
    entry = unit.read()
    assert entry is not None
    assert (entry.command, entry.enabled, entry.place) == (COMMAND, True, str(unit.path))
    systemctl.asked.clear()
    assert (unit.uninstall(), unit.uninstall(), unit.read()) == (True, False, None)
    assert systemctl.asked == [RELOAD]
    assert links(unit) == {}


def test_a_renewed_unit_stays_as_it_was_switched(unit: SystemdUnit) -> None:
    unit.install(COMMAND)
    (unit.path.parent / "graphical-session.target.wants" / "hotfolder.service").unlink()
    renewed = COMMAND.with_program(("/opt/new place/hotfolder",))
    unit.renew(renewed)
    entry = unit.read()
    assert entry is not None
    assert (entry.command, entry.enabled) == (renewed, False)


def test_without_a_manager_it_is_written_all_the_same(unit: SystemdUnit, systemctl: Systemctl) -> None:
    systemctl.code = 127
    assert unit.install(COMMAND) == NOBODY_THERE
    assert links(unit) != {}


@pytest.mark.parametrize("text", ["", "no unit\n", '[Service]\nExecStart="/a\n'])
def test_a_unit_that_nobody_can_read_is_there_without_a_command(unit: SystemdUnit, text: str) -> None:
    unit.path.parent.mkdir(parents=True)
    unit.path.write_text(text)
    entry = unit.read()
    assert entry is not None
    assert entry.command is None


@pytest.mark.parametrize("tray", [True, False])
@pytest.mark.parametrize("folder", ["plain", HOSTILE])
def test_systemd_finds_nothing_to_say_about_the_unit(
    tmp_path: Path, unit: SystemdUnit, folder: str, tray: bool
) -> None:
    analyze = need("systemd-analyze", "systemd")
    program = telltale(tmp_path / folder, tmp_path / "told")
    unit.install(LoginCommand((str(program),), home=str(tmp_path / folder), tray=tray))
    verdict = subprocess.run(
        [analyze, "--user", "verify", "--man=no", unit.path],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in (verdict.stdout + verdict.stderr).splitlines() if "hotfolder" in line]
    assert (verdict.returncode, said) == (0, [])


# --- a real user manager ----------------------------------------------------------------------------

SERVICE = """\
import asyncio, os, sys, time
from hotfolder.adapters.sd_notify import Systemd
async def main():
    systemd = Systemd()
    assert not any(name.startswith(("NOTIFY", "WATCHDOG")) for name in os.environ)
    async with systemd.watching():
        systemd.status("all is\\nwell")
        open({starts!r}, "a").write(f"{{os.getpid()}}\\n")
        while not os.path.exists({hang!r}):
            await asyncio.sleep(0.02)
        os.unlink({hang!r})
        time.sleep(3600)
asyncio.run(main())
"""


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[UserManager]:
    with user_manager(tmp_path / "person") as running:
        yield running


def test_a_real_systemd_starts_exactly_the_command(tmp_path: Path, manager: UserManager) -> None:
    told = tmp_path / "told"
    program = telltale(tmp_path / HOSTILE, told)
    command = LoginCommand((str(program),), home=str(tmp_path / HOSTILE), tray=False)
    SystemdUnit(manager.environment, lambda argv: (manager.call(*argv).returncode, "")).install(command)
    assert manager.value("UnitFileState") == "enabled"
    manager.call("systemctl", "--user", "--no-block", "start", "hotfolder.service")
    wait_until(told.exists)
    assert told_arguments(told) == command.argv[1:]


def test_a_hung_loop_is_killed_and_started_again_by_a_real_systemd(
    tmp_path: Path, manager: UserManager
) -> None:
    starts, hang, service = tmp_path / "starts", tmp_path / "hang", tmp_path / "service.py"
    service.write_text(SERVICE.format(starts=str(starts), hang=str(hang)), "utf-8")
    unit = SystemdUnit(manager.environment, lambda argv: (manager.call(*argv).returncode, ""))
    unit.install(LoginCommand((sys.executable, str(service)), tray=False))
    impatient = unit.path.with_name("hotfolder.service.d") / "test.conf"
    impatient.parent.mkdir()
    impatient.write_text("[Service]\nWatchdogSec=2\nRestartSec=0\n")
    manager.call("systemctl", "--user", "daemon-reload")
    assert manager.call("systemctl", "--user", "start", "hotfolder.service").returncode == 0  # READY=1 came
    assert (manager.value("ActiveState"), manager.value("StatusText")) == ("active", "all is well")
    hang.touch()
    wait_until(lambda: len(starts.read_text().splitlines()) == 2)
    wait_until(lambda: manager.value("ActiveState") == "active")
    assert manager.value("NRestarts") == "1"
    assert manager.call("systemctl", "--user", "stop", "hotfolder.service").returncode == 0
