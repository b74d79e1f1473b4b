"""Somebody at a terminal: types hotfolder's commands as real processes, in a home of their own."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keyring
import keyring.backends.fail
from PIL import Image

from hotfolder.cli import main
from hotfolder.sandbox import REFRESH_TOKEN, Sandbox

LIMIT_S = 30.0
NO_DESKTOP = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "DBUS_SESSION_BUS_ADDRESS": ""}
"""Nothing of a test may appear on the screen of the person who runs it."""


@dataclass
class Person:
    place: Path
    sandbox: Sandbox
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.inbox, self.home):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def inbox(self) -> Path:
        return self.place / "in"

    @property
    def outbox(self) -> Path:
        return self.place / "out"

    @property
    def home(self) -> Path:
        return self.place / "home"

    @property
    def log(self) -> str:
        return (self.home / "logs" / "hotfolder.log").read_text("utf-8")

    def write_config(self, workflow: str = "Fast", more: str = "", more_of_folder: str = "") -> None:
        """A config that is right, and impatient."""
        (self.home / "config.yaml").write_text(
            f"""\
folders:
  - name: Packshots
    in: {json.dumps(str(self.inbox))}
    out: {json.dumps(str(self.outbox))}
    workflow: {workflow}
    settle: 100ms
{more_of_folder}service: {{poll: 100ms, listing_lag: 500ms}}
{more}""",
            "utf-8",
        )

    def save(self, *paths: str) -> None:
        """Good images, each with pixels of its own."""
        for path in paths:
            full = self.inbox / path
            full.parent.mkdir(parents=True, exist_ok=True)
            color = tuple(hashlib.sha256(path.encode()).digest()[:3])
            Image.new("RGB", (48, 32), color).save(full)

    def save_broken(self, path: str) -> None:
        full = self.inbox / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(b"%PDF-1.7 this is no image, and will not become one" * 20)

    def environment(self, **variables: str) -> dict[str, str]:
        """Signed in by the environment; a keyring that is there for nobody; no colours."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AUTORETOUCH", "HOTFOLDER"))}
        ours = {
            "AUTORETOUCH_API_URL": self.sandbox.url,
            "AUTORETOUCH_AUTH_URL": self.sandbox.url,
            "AUTORETOUCH_REFRESH_TOKEN": REFRESH_TOKEN,
            "HOTFOLDER_HOME": str(self.home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONUTF8": "1",
            "PYTHONWARNINGS": "error",
            **NO_DESKTOP,
        }
        return {k: v for k, v in {**clean, **ours, **self.variables, **variables}.items() if v}

    def types(
        self, *command: str, typed: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> Answer:
        """A command, entered through the same door as every process, but in this one: that is much quicker."""
        out, err = io.StringIO(), io.StringIO()
        with (
            _environment(self.environment(**(env or {})), cwd or self.place, typed),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main(command)
            except SystemExit as end:
                code = int(end.code or 0)
        assert "Traceback" not in out.getvalue() + err.getvalue(), err.getvalue()
        return Answer(code, out.getvalue(), err.getvalue())

    def starts(self, *command: str, env: Mapping[str, str] | None = None) -> Answer:
        """A command as a process of its own, waited for."""
        done = subprocess.run(
            [sys.executable, "-m", "hotfolder", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LIMIT_S,
            cwd=self.place,
            env=self.environment(**(env or {})),
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def running(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """A daemon in another terminal, ready to be asked; ended like Ctrl-C if it has not been."""
        with (self.place / "terminal.txt").open("w", encoding="utf-8") as terminal:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "hotfolder", "run", *options],
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                text=True,
                env=self.environment(),
            )
            try:
                wait_until(lambda: (self.home / "control.json").exists() or daemon.poll() is not None)
                yield daemon
            finally:
                if daemon.poll() is None:
                    daemon.send_signal(signal.SIGINT)
                daemon.wait(LIMIT_S)

    @property
    def terminal(self) -> str:
        return (self.place / "terminal.txt").read_text("utf-8")


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@contextmanager
def _environment(variables: Mapping[str, str], cwd: Path, typed: str) -> Iterator[None]:
    """These variables, this folder, this on stdin, and no keyring, as long as the block lasts."""
    variables_before, keyring_before = dict(os.environ), keyring.get_keyring()
    os.environ.clear()
    os.environ.update(variables)
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    stdin_before, sys.stdin = sys.stdin, io.StringIO(typed)
    try:
        with contextlib.chdir(cwd):
            yield
    finally:
        sys.stdin = stdin_before
        keyring.set_keyring(keyring_before)
        os.environ.clear()
        os.environ.update(variables_before)


def wait_until(is_so: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    end = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.02)
