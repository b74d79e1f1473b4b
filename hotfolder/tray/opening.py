"""Opening folders and texts in the person's own programs. To be called in a thread: it may take some seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from hotfolder.adapters.other_programs import environment_for_others
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import HotfolderError

_WAIT_S = 5.0
"""An opener that still runs then has opened it, and stays as long as what it opened."""


class CannotOpen(HotfolderError):
    """This desktop has no program for it."""


def open_path(path: Path | str) -> None:
    """A folder in the file manager, a file in its program. Raises CannotOpen."""
    _open(_absolute(path), "Open it in the file manager yourself.")


def open_in_editor(path: Path | str) -> None:
    """A text file in the person's editor, whatever its ending. Raises CannotOpen."""
    target = _absolute(path)
    advice = "Open it in a text editor yourself."
    if sys.platform == "darwin":
        _first_that_works([["open", "-t", target]], target, advice)
    elif sys.platform == "win32":
        _first_that_works([["notepad.exe", target]], target, advice)
    else:
        _first_that_works([*_text_editors(target), *_openers(target)], target, advice)


def _absolute(path: Path | str) -> str:
    """So that no name looks like an option. Raises CannotOpen: it is not there."""
    whole = Path(path).absolute()
    if not whole.exists():
        raise CannotOpen(f"{whole} is not there.", "If it is on a drive, connect the drive.")
    return str(whole)


def _open(target: str, advice: str) -> None:
    if sys.platform == "win32":
        try:
            os.startfile(target)
        except OSError as error:
            raise CannotOpen(f"{target} could not be opened: {plain_reason(error)}.", advice) from error
    elif sys.platform == "darwin":
        _first_that_works([["open", target]], target, advice)
    else:
        _first_that_works(_openers(target), target, advice)


def _openers(target: str) -> list[list[str]]:
    return [["xdg-open", target], ["gio", "open", target]]


def _text_editors(target: str) -> list[list[str]]:
    """The person's program for plain texts: by its own kind, a config might be opened in a browser."""
    entry = _answer(["xdg-mime", "query", "default", "text/plain"])
    homes = [
        os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share"),
        *(os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"),
    ]
    files = [Path(home) / "applications" / entry for home in homes] if entry else []
    return [["gio", "launch", str(file), target] for file in files if file.is_file()][:1]


def _answer(command: Sequence[str]) -> str:
    """What a command says, or nothing."""
    try:
        done = subprocess.run(
            command, env=environment_for_others(os.environ), capture_output=True, timeout=_WAIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip()


def _first_that_works(commands: Sequence[Sequence[str]], target: str, advice: str) -> None:
    if not any(_started(command) for command in commands):
        raise CannotOpen(f"{target} could not be opened: no program for it was found.", advice)


def _started(command: Sequence[str]) -> bool:
    """Started apart from us: it outlives us, and says nothing in our terminal."""
    environment = environment_for_others(os.environ)
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        return False
    try:
        process = subprocess.Popen(
            [program, *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return process.wait(_WAIT_S) == 0
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name="opener", daemon=True).start()
        return True
