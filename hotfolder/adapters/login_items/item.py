"""What every kind of login item can do, and what they share."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from hotfolder.core.login_item import Kind, LoginCommand, LoginEntry
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import HotfolderError

RUNNER_LIMIT_S = 20.0
NOT_RUN = 127

Runner = Callable[[Sequence[str]], tuple[int, str]]
"""Runs one of the system's own commands: its exit code (127 where it could not be run), and what it printed."""


class LoginItem(Protocol):
    """One place where one system looks for what it starts at login. Small blocking file work; raises
    `HotfolderError`."""

    @property
    def kind(self) -> Kind: ...

    def read(self) -> LoginEntry | None:
        """The entry as it stands there, None where there is none."""
        ...

    def install(self, command: LoginCommand) -> str | None:
        """Write it, switched on. What is left to do for the person, if anything."""
        ...

    def renew(self, command: LoginCommand) -> None:
        """Another command in the entry that is there; whether it is switched on stays as it is."""
        ...

    def uninstall(self) -> bool:
        """Gone when it returns; whether it was there. What runs goes on running."""
        ...


def run_command(argv: Sequence[str]) -> tuple[int, str]:
    """The `Runner` of the real system."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=RUNNER_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return NOT_RUN, ""
    return done.returncode, done.stdout.decode("utf-8", "replace")


def config_home(environ: Mapping[str, str]) -> Path:
    """`XDG_CONFIG_HOME`, which counts only where it is absolute, or `~/.config`."""
    chosen = Path(environ.get("XDG_CONFIG_HOME", ""))
    return chosen if chosen.is_absolute() else home_folder(environ) / ".config"


def home_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def read_bytes(path: Path) -> bytes | None:
    """None where there is no file. Raises `HotfolderError`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _cannot("read", path, error) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Whole or not at all, readable by all and writable by its owner only (launchd refuses any other). Raises
    `HotfolderError`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            temporary.chmod(0o644)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _cannot("write", path, error) from error


def remove(path: Path) -> bool:
    """Gone when it returns; whether it was there. Raises `HotfolderError`."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _cannot("remove", path, error) from error
    return True


def _cannot(do: str, path: Path, error: OSError) -> HotfolderError:
    reason = plain_reason(error)
    return HotfolderError(
        f"hotfolder could not {do} {path} ({reason}).",
        "Make sure that this file and its folder belong to you, then try again.",
    )
