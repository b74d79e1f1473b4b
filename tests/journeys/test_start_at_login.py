"""What `service install` writes really starts a working daemon, as a login would: no venv, elsewhere, a short PATH."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotfolder.core.command_lines import read_desktop_exec, read_systemd_exec
from hotfolder.core.login_item import value_of
from hotfolder.sandbox import REFRESH_TOKEN, Sandbox
from tests.adapters.user_manager import user_manager
from tests.journeys.studio import LIMIT_S, Studio, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux' entries")

SCRIPT = Path(sys.executable).with_name("hotfolder")
HOSTILE = 'Ann\'s 100% "best" ${HOME} `work` (ä)'


class Person(Studio):
    """Signed in with a token in a file; their terminal knows nothing of the sandbox, only their config does."""

    def __init__(self, root: Path, sandbox: Sandbox, hotfolder: Sequence[str], home: str = "home") -> None:
        super().__init__(root, sandbox)
        self.hotfolder = list(hotfolder)
        self.home = root / home
        self.configure(service={"api_url": sandbox.url, "auth_url": sandbox.url})
        self.account = root / "person"
        self.account.mkdir()
        self.environment = {"HOME": str(self.account), "PATH": "/usr/bin:/bin"}

    def command(self, *arguments: str) -> list[str]:
        return [*self.hotfolder, "--home", str(self.home), *arguments]

    def types(self, *arguments: str, typed: str = "") -> str:
        done = subprocess.run(
            self.command(*arguments),
            input=typed,
            env={**self.environment, "DISPLAY": ":0"},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sign_in(self) -> None:
        self.types("login", "--paste", "--store", "file", typed=REFRESH_TOKEN)

    @property
    def desktop_entry(self) -> Path:
        return self.account / ".config" / "autostart" / "hotfolder.desktop"

    @property
    def unit(self) -> Path:
        return self.account / ".config" / "systemd" / "user" / "hotfolder.service"

    @contextmanager
    def logged_in(self, argv: Sequence[str], **variables: str) -> Iterator[subprocess.Popen[bytes]]:
        """The command as a login starts it; ended in order when the block is."""
        with (self.root / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                argv,
                env={**self.environment, **variables},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        yield self._process
        assert self.stop() == 0, self.tail()


@pytest.fixture
def person(tmp_path: Path, sandbox: Sandbox) -> Iterator[Person]:
    one = Person(tmp_path / "studio", sandbox, [str(SCRIPT)])
    yield one
    one.kill()


def stranger_venv(place: Path) -> Path:
    """A venv of its own that holds what this one holds; its Python."""
    venv.create(place, with_pip=False, symlinks=True)
    (packages,) = place.glob("lib/python*/site-packages")
    here = [path for path in sys.path if path and Path(path).is_dir()]
    (packages / "everything.pth").write_text("\n".join(here), "utf-8")
    return place / "bin" / "python"


def test_the_generated_command_starts_a_daemon_that_delivers(person: Person) -> None:
    person.sign_in()
    person.types("service", "install")
    argv = read_desktop_exec(value_of(person.desktop_entry.read_text("utf-8"), "Desktop Entry", "Exec") or "")
    assert argv == (str(SCRIPT), "--home", str(person.home), "run", "--desktop")
    person.drop("Boots/a.jpg", seed=1)
    with person.logged_in(argv):
        person.drop("b.jpg", seed=2)
        person.wait_for_results(2)
    person.assert_once_and_whole()


def test_a_desktop_itself_starts_it_however_its_folders_are_called(tmp_path: Path, sandbox: Sandbox) -> None:
    """GLib reads and starts the entry here, as GNOME does; the venv and the home have names that are hard to quote."""
    gio = shutil.which("gio")
    if gio is None:
        pytest.skip("needs gio (Debian package libglib2.0-bin)")
    python = stranger_venv(tmp_path / HOSTILE)
    person = Person(tmp_path / "studio", sandbox, [str(python), "-P", "-m", "hotfolder"], home=HOSTILE)
    person.sign_in()
    person.types("service", "install", "--no-tray")
    person.types("service", "status")
    person.drop("a.jpg")
    with person.logged_in([gio, "launch", str(person.desktop_entry)]) as launcher:
        launcher.wait(LIMIT_S)
        try:
            person.wait_for_results(1)
        finally:
            for process_id in processes_of(person.home):
                os.kill(process_id, signal.SIGTERM)
            wait_until(lambda: not processes_of(person.home), LIMIT_S)
    person.assert_once_and_whole()


def processes_of(home: Path) -> list[int]:
    """The daemons of this home."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(home) in words and b"run" in words:
            found.append(int(command.parent.name))
    return found


class NotifySocket:
    """systemd's end of NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def wait_for(self, message: str) -> None:
        self._socket.settimeout(LIMIT_S)
        while self._socket.recv(4096).decode() != message:
            pass

    def is_silent_for(self, seconds: float) -> bool:
        """After what is on its way has been read."""
        self._socket.settimeout(seconds)
        for _ in range(1000):
            try:
                self._socket.recv(4096)
            except TimeoutError:
                return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[NotifySocket]:
    one = NotifySocket(tmp_path / "notify")
    yield one
    one.close()


def test_the_unit_starts_a_daemon_that_tells_systemd_how_it_is(person: Person, systemd: NotifySocket) -> None:
    person.sign_in()
    person.types("service", "install", "--systemd", "--no-tray")
    unit = person.unit.read_text("utf-8")
    argv = read_systemd_exec(value_of(unit, "Service", "ExecStart") or "")
    with person.logged_in(argv, NOTIFY_SOCKET=str(systemd.path), WATCHDOG_USEC="150000") as daemon:
        systemd.wait_for("READY=1")
        person.drop("a.jpg")
        person.wait_for_results(1)
        systemd.wait_for("WATCHDOG=1")
        daemon.send_signal(signal.SIGSTOP)
        assert systemd.is_silent_for(0.5)
        daemon.send_signal(signal.SIGCONT)
        systemd.wait_for("WATCHDOG=1")
    systemd.wait_for("STOPPING=1")
    person.assert_once_and_whole()


def test_a_real_systemd_runs_it_and_starts_it_again_after_a_crash(person: Person) -> None:
    with user_manager(person.account) as manager:
        person.sign_in()
        person.types("service", "install", "--systemd", "--no-tray")
        at_once = person.unit.with_name("hotfolder.service.d") / "test.conf"
        at_once.parent.mkdir()
        at_once.write_text("[Service]\nRestartSec=0\n")
        manager.call("systemctl", "--user", "daemon-reload")
        assert manager.value("UnitFileState") == "enabled"
        started = manager.call("systemctl", "--user", "start", "hotfolder")
        assert started.returncode == 0, started.stderr
        person.drop("a.jpg", seed=1)
        person.wait_for_results(1)
        manager.call("systemctl", "--user", "kill", "--signal=KILL", "hotfolder")
        person.drop("b.jpg", seed=2)
        person.wait_for_results(2)
        assert manager.value("NRestarts") == "1"
        assert manager.call("systemctl", "--user", "stop", "hotfolder").returncode == 0
        assert manager.value("Result") == "success"
    person.assert_once_and_whole()


def test_a_running_daemon_brings_its_entry_up_to_date(person: Person, tmp_path: Path) -> None:
    """An upgrade that moved hotfolder: started from its new place once, it starts from there at login."""
    person.sign_in()
    python = stranger_venv(tmp_path / "old")
    person.hotfolder = [str(python), "-P", "-m", "hotfolder"]
    person.types("service", "install")
    shutil.rmtree(tmp_path / "old")
    person.hotfolder = [str(SCRIPT)]
    person.drop("a.jpg")
    with person.logged_in(person.command("run")):
        person.wait_for_results(1)
    assert f"Exec={SCRIPT} " in person.desktop_entry.read_text("utf-8")
    assert person.types("service", "status").startswith("✓")
