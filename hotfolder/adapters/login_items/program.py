"""What starts this hotfolder again, in another session and after an upgrade.

- In a venv, by pipx or by `uv tool`: the script beside the venv's own Python. It is what runs now; a link to it in
  `~/.local/bin` may go, or become another's.
- `/usr/bin/hotfolder` of a package, or `pip install --user`: the script, by the path it was called with. A package's
  link is its public face, and stays when what is behind it moves.
- `python -m hotfolder`: that Python, with `-P`, so that no file in the folder where it is started stands in for a module.
- A frozen program: the program itself. For an AppImage the image, since what runs is only a mount of it.

Windows' entries start the windowed program (`hotfolderw.exe`, `pythonw.exe`): no console window at login.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotfolder.errors import HotfolderError

SCRIPTS = frozenset({"hotfolder", "hotfolderw"})
_THROWAWAY = frozenset({".cache", "AppTranslocation"})
"""`uvx` and `pipx run` clear their caches; macOS runs what was not moved to Applications from a copy."""


@dataclass(frozen=True, slots=True)
class Running:
    """How this process was started."""

    argv0: str
    executable: str
    in_venv: bool
    frozen: bool
    platform: str
    environ: Mapping[str, str]

    @classmethod
    def now(cls) -> Running:
        return cls(
            sys.argv[0],
            sys.executable,
            sys.prefix != sys.base_prefix,
            bool(getattr(sys, "frozen", False)),
            sys.platform,
            os.environ,
        )

    @property
    def is_module(self) -> bool:
        """`python -m hotfolder`."""
        return not self.frozen and Path(self.argv0).parts[-2:] == ("hotfolder", "__main__.py")


def stable_program(running: Running) -> tuple[str, ...]:
    """The words that start hotfolder. Raises `HotfolderError` where the program will not be there any more at the next
    login."""
    program = _program(running)
    place = Path(program[0])
    if _THROWAWAY & set(place.parts) or any(part.startswith(".mount_") for part in place.parts):
        raise HotfolderError(
            f"hotfolder runs from a temporary place ({place}), which will not be there at the next login.",
            "Install it (on macOS: move it to Applications), start it from there, and try again.",
        )
    return program


def program_is_there(program: Sequence[str]) -> bool:
    place = Path(program[0])
    return place.is_file() and os.access(place, os.X_OK)


def _program(running: Running) -> tuple[str, ...]:
    executable = Path(running.executable).absolute()
    if running.frozen:
        return (str(_frozen(running, executable)),)
    if not running.is_module:
        for script in _scripts(running, executable):
            if program_is_there((str(script),)):
                return (str(script),)
    python = executable.with_name("pythonw.exe")
    if running.platform != "win32" or not python.is_file():
        python = executable
    return (str(python), "-P", "-m", "hotfolder")


def _frozen(running: Running, executable: Path) -> Path:
    image, mounted = running.environ.get("APPIMAGE"), running.environ.get("APPDIR")
    if image and mounted and executable.is_relative_to(mounted):  # else they are another program's
        return Path(image)
    windowed = executable.with_name("hotfolderw.exe")
    return windowed if running.platform == "win32" and windowed.is_file() else executable


def _scripts(running: Running, executable: Path) -> Iterator[Path]:
    """Where the script may be, the best first."""
    is_windows = running.platform == "win32"
    name = "hotfolderw.exe" if is_windows else "hotfolder"
    own = executable.with_name(name)
    if running.in_venv:
        yield own
    called = Path(running.argv0).absolute()
    if called.stem in SCRIPTS:
        yield called.with_name(name) if is_windows else called
    yield own
    if is_windows:
        yield executable.parent / "Scripts" / name
