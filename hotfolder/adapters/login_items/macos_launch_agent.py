"""macOS: a launch agent in `~/Library/LaunchAgents`.

launchd reads that folder at login. The agent is not bootstrapped when it is installed, and not booted out when it is
removed: the first would start a second daemon beside the one that runs, the second would end the person's own.
"""

from __future__ import annotations

import os
import plistlib
import re
from collections.abc import Mapping
from pathlib import Path
from xml.parsers.expat import ExpatError

from hotfolder.adapters.login_items.item import (
    Runner,
    home_folder,
    read_bytes,
    remove,
    run_command,
    write_bytes,
)
from hotfolder.core.login_item import LABEL, Kind, LoginCommand, LoginEntry

RESTART_AFTER_S = 30


class LaunchAgent:
    kind = Kind.LAUNCH_AGENT

    def __init__(
        self, environ: Mapping[str, str], run: Runner = run_command, user_id: int | None = None
    ) -> None:
        library = home_folder(environ) / "Library"
        self.path = library / "LaunchAgents" / f"{LABEL}.plist"
        self._log = library / "Logs" / "hotfolder" / "at-login.log"
        self._run = run
        self._domain = f"gui/{os.getuid() if user_id is None else user_id}"

    def read(self) -> LoginEntry | None:
        data = read_bytes(self.path)
        if data is None:
            return None
        try:
            agent = plistlib.loads(data)
            argv = tuple(map(str, agent["ProgramArguments"]))
            enabled = not agent.get("Disabled", False)
        except (
            plistlib.InvalidFileException,
            ExpatError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
        ):
            argv, enabled = (), True
        return LoginEntry(self.kind, str(self.path), argv, enabled and not self._is_disabled())

    def install(self, command: LoginCommand) -> str | None:
        self.renew(command)
        self._run(("launchctl", "enable", f"{self._domain}/{LABEL}"))  # it may have been disabled once
        return None

    def renew(self, command: LoginCommand) -> None:
        write_bytes(self.path, plistlib.dumps(launch_agent(command, self._log)))
        self._log.parent.mkdir(parents=True, exist_ok=True)

    def uninstall(self) -> bool:
        return remove(self.path)

    def _is_disabled(self) -> bool:
        """launchd keeps that apart from the file."""
        _, printed = self._run(("launchctl", "print-disabled", self._domain))
        return re.search(rf'"{re.escape(LABEL)}"\s*=>\s*(?:disabled|true)\b', printed) is not None


def launch_agent(command: LoginCommand, log: Path) -> dict[str, object]:
    """Started in the desktop's session, restarted when it fails. launchd knows no exit codes after which it had better
    not: a start that a person has to mend is tried again every half minute, which costs next to nothing."""
    agent: dict[str, object] = {
        "Label": LABEL,
        "ProgramArguments": list(command.argv),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": RESTART_AFTER_S,
        "LimitLoadToSessionType": "Aqua",
        "ProcessType": "Interactive",
        "StandardOutPath": str(log),
        "StandardErrorPath": str(log),
    }
    if ".app/Contents/MacOS/" in command.program[0]:
        agent["AssociatedBundleIdentifiers"] = [LABEL]  # the app's name and icon among the login items
    return agent
