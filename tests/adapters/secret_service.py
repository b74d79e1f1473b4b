"""A real Secret Service (gnome-keyring) on a bus of its own, with a home of its own; whoever would ask the person for the
password is a prompter of ours that nobody answers, or nobody at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import secretstorage
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import DBusConnection
from secretstorage.util import format_secret, open_session

from tests.cli.person import wait_until

PASSWORD = b"the login password"
LIMIT_S = 30.0

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""
"""A bus that starts no services: what runs on it, the test has started."""

PROMPTER = """
import asyncio
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method
from dbus_fast import BusType

class Prompter(ServiceInterface):
    @dbus_method()
    def BeginPrompting(self, callback: "o"):
        print("asked", flush=True)
    @dbus_method()
    def PerformPrompt(self, callback: "o", kind: "s", properties: "a{sv}", exchange: "s"):
        pass
    @dbus_method()
    def StopPrompting(self, callback: "o"):
        pass

async def main():
    bus = await MessageBus(bus_type=BusType.SESSION).connect()
    bus.export("/org/gnome/keyring/Prompter", Prompter("org.gnome.keyring.internal.Prompter"))
    await bus.request_name("org.gnome.keyring.SystemPrompter")
    print("ready", flush=True)
    await bus.wait_for_disconnect()

asyncio.run(main())
"""


@dataclass
class SecretService:
    """`place`: an empty folder with a short path, since a socket lies in it."""

    place: Path
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for program in ("dbus-daemon", "gnome-keyring-daemon"):
            if shutil.which(program) is None:
                package = {"dbus-daemon": "dbus"}.get(program, "gnome-keyring")
                pytest.skip(f"needs the system package {package}")
        for folder in (self.home, self.runtime):
            folder.mkdir(mode=0o700)

    @property
    def home(self) -> Path:
        return self.place / "home"

    @property
    def runtime(self) -> Path:
        return self.place / "run"

    @property
    def environment(self) -> dict[str, str]:
        """Nobody's display. The bus is named by nothing but its place, as in a service or an ssh session."""
        return {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "XDG_DATA_HOME": "",
            "XDG_CONFIG_HOME": "",
            "XDG_CACHE_HOME": "",
            "DBUS_SESSION_BUS_ADDRESS": "",
            "DISPLAY": "",
            "WAYLAND_DISPLAY": "",
            "PYTHON_KEYRING_BACKEND": "",
        }

    @property
    def address(self) -> str:
        return f"unix:path={self.runtime / 'bus'}"

    # --- coming and going -------------------------------------------------------------------------

    def start_bus(self) -> None:
        config = self.place / "bus.conf"
        config.write_text(BUS.format(path=self.runtime / "bus"), "utf-8")
        self._start("dbus-daemon", "--nofork", f"--config-file={config}")
        wait_until((self.runtime / "bus").exists)

    def start_keyring(self, *, unlocked: bool) -> None:
        """As at login: with the password (unlocked), or by a login that gave none."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        self._start(*command, *(["--unlock"] if unlocked else []), typed=PASSWORD)
        wait_until(self._is_up)

    def start_prompter(self) -> None:
        """A dialog on the screen that nobody answers."""
        process = self._start(sys.executable, "-c", PROMPTER)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

    def stop_prompter(self) -> int:
        """How often it was asked to show itself."""
        process = self._running.pop()
        process.terminate()
        out, _ = process.communicate(timeout=LIMIT_S)
        return out.count(b"asked")

    def stop(self) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.communicate(timeout=LIMIT_S)
        self._running.clear()

    def _start(self, *command: str, typed: bytes = b"") -> subprocess.Popen[bytes]:
        variables = {**os.environ, **self.environment, "DBUS_SESSION_BUS_ADDRESS": self.address}
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: value for key, value in variables.items() if value},
        )
        self._running.append(process)
        assert process.stdin is not None
        process.stdin.write(typed)
        process.stdin.close()
        process.stdin = None
        return process

    def _is_up(self) -> bool:
        with closing(self._connection()) as bus:
            return bool(secretstorage.check_service_availability(bus))

    # --- inside -----------------------------------------------------------------------------------

    def entries(self) -> list[dict[str, str]]:
        """What hotfolder keeps in the unlocked keyring."""
        with closing(self._connection()) as bus:
            items = secretstorage.get_default_collection(bus).search_items({"service": "hotfolder"})
            return [item.get_attributes() for item in items]

    def remove_entries(self) -> None:
        """As a person does, with the desktop's own program."""
        with closing(self._connection()) as bus:
            for item in list(
                secretstorage.get_default_collection(bus).search_items({"service": "hotfolder"})
            ):
                item.delete()

    def lock(self) -> None:
        with closing(self._connection()) as bus:
            secretstorage.Collection(bus).lock()

    def unlock(self) -> None:
        """As a person does, elsewhere: with the password, and without any prompt."""
        keyring = DBusAddress(
            "/org/freedesktop/secrets",
            "org.gnome.keyring",
            "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
        )
        with closing(self._connection()) as bus:
            secret = format_secret(open_session(bus), PASSWORD, "text/plain")
            path = "/org/freedesktop/secrets/aliases/default"
            call = new_method_call(keyring, "UnlockWithMasterPassword", "o(oayays)", (path, secret))
            bus.send_and_get_reply(call)
            assert not secretstorage.Collection(bus).is_locked()

    def _connection(self) -> DBusConnection:
        before = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = self.address
        try:
            return secretstorage.dbus_init()
        finally:
            if before is None:
                del os.environ["DBUS_SESSION_BUS_ADDRESS"]
            else:
                os.environ["DBUS_SESSION_BUS_ADDRESS"] = before
