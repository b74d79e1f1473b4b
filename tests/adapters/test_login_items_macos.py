"""The launch agent: a property list that launchd would take."""

from __future__ import annotations

import plistlib
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from hotfolder.adapters.login_items.macos_launch_agent import LaunchAgent
from hotfolder.core.login_item import LABEL, LoginCommand
from tests.adapters.login_tools import HOSTILE

COMMAND = LoginCommand(("/Users/ann/.venv/bin/hotfolder",), home=f"/Users/ann/{HOSTILE}")


class Launchctl:
    """Remembers what it was asked; `disabled` is what launchd keeps apart from the file."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.disabled = ""

    def __call__(self, argv: Sequence[str]) -> tuple[int, str]:
        self.asked.append(tuple(argv))
        return 0, f'disabled services = {{\n\t"com.other" => disabled\n{self.disabled}}}\n'


@pytest.fixture
def launchctl() -> Launchctl:
    return Launchctl()


@pytest.fixture
def agent(tmp_path: Path, launchctl: Launchctl) -> LaunchAgent:
    return LaunchAgent({"HOME": str(tmp_path)}, launchctl, user_id=501)


def test_it_is_written_as_launchd_wants_it(tmp_path: Path, agent: LaunchAgent, launchctl: Launchctl) -> None:
    assert agent.install(COMMAND) is None
    path = tmp_path / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    written = plistlib.loads(path.read_bytes())
    log = str(tmp_path / "Library" / "Logs" / "hotfolder" / "at-login.log")
    assert written == {
        "Label": LABEL,
        "ProgramArguments": list(COMMAND.argv),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
        "LimitLoadToSessionType": "Aqua",
        "ProcessType": "Interactive",
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert Path(log).parent.is_dir()
    assert launchctl.asked == [("launchctl", "enable", f"gui/501/{LABEL}")]


def test_what_was_installed_is_read_back_and_removed(agent: LaunchAgent) -> None:
    assert agent.read() is None
    agent.install(COMMAND)
    entry = agent.read()
    assert entry is not None
    assert (entry.command, entry.enabled) == (COMMAND, True)
    assert (agent.uninstall(), agent.uninstall(), agent.read()) == (True, False, None)


def test_an_app_is_shown_by_its_name(agent: LaunchAgent) -> None:
    agent.install(LoginCommand(("/Applications/hotfolder.app/Contents/MacOS/hotfolder",)))
    assert plistlib.loads(agent.path.read_bytes())["AssociatedBundleIdentifiers"] == [LABEL]


@pytest.mark.parametrize("word", ["disabled", "true"])
def test_what_launchd_has_disabled_is_switched_off(
    agent: LaunchAgent, launchctl: Launchctl, word: str
) -> None:
    agent.install(COMMAND)
    launchctl.disabled = f'\t"{LABEL}" => {word}\n'
    entry = agent.read()
    assert entry is not None
    assert not entry.enabled


def test_a_renewed_agent_stays_as_it_was_switched(agent: LaunchAgent, launchctl: Launchctl) -> None:
    agent.install(COMMAND)
    launchctl.asked.clear()
    agent.renew(COMMAND.with_program(("/new",)))
    assert launchctl.asked == []
    entry = agent.read()
    assert entry is not None
    assert entry.argv[0] == "/new"


@pytest.mark.parametrize(
    "data", [b"", b"no plist", b"<plist><dict></dict></plist>", b"<plist><array/></plist>"]
)
def test_an_agent_that_nobody_can_read_is_there_without_a_command(agent: LaunchAgent, data: bytes) -> None:
    agent.path.parent.mkdir(parents=True)
    agent.path.write_bytes(data)
    entry = agent.read()
    assert entry is not None
    assert entry.command is None
