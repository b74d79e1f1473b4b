"""A real systemd user manager, in namespaces of its own: nothing of it is seen or left outside."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.person import LIMIT_S, wait_until

MANAGER = "/lib/systemd/systemd"
_PREPARE = """\
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
dbus-daemon --session --address="$DBUS_SESSION_BUS_ADDRESS" --fork --nopidfile
/lib/systemd/systemd --user >"$MANAGER_LOG" 2>&1 &
for attempt in $(seq 600); do
    case "$(systemctl --user is-system-running 2>/dev/null)" in running|degraded) break;; esac
    sleep 0.1
done
touch "$MANAGER_LOG.ready"
read -r the_end || true
"""


class UserManager:
    """The manager of the person whose HOME is `home`."""

    def __init__(self, home: Path, environment: Mapping[str, str], process: subprocess.Popen[bytes]) -> None:
        self.home = home
        self.environment = dict(environment)
        self._process = process

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command inside, as the person."""
        (child,) = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return subprocess.run(
            ["nsenter", "--mount", "--pid", "--target", child, *command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def value(self, name: str) -> str:
        """A property of hotfolder's unit."""
        return self.call(
            "systemctl", "--user", "show", "--value", "-p", name, "hotfolder.service"
        ).stdout.strip()


@contextmanager
def user_manager(home: Path) -> Iterator[UserManager]:
    """Skipped where systemd is not installed, or where this user may make no namespaces."""
    for command, package in ((MANAGER, "systemd"), ("dbus-daemon", "dbus"), ("nsenter", "util-linux")):
        if shutil.which(command) is None:
            pytest.skip(f"needs {command} (Debian package {package})")
    if subprocess.run(["unshare", "-m", "-p", "-f", "true"], capture_output=True, check=False).returncode:
        pytest.skip("making namespaces is not allowed here")
    home.mkdir(parents=True, exist_ok=True)
    log = home / "manager.log"
    environment = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}",
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/run/user/{os.getuid()}/bus",
        "SYSTEMD_LOG_TARGET": "console",
        "MANAGER_LOG": str(log),
    }
    process = subprocess.Popen(
        ["unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "bash", "-c", _PREPARE],
        stdin=subprocess.PIPE,
        env=environment,
    )
    try:
        wait_until(lambda: log.with_name("manager.log.ready").exists() or process.poll() is not None, 90)
        yield UserManager(home, environment, process)
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
