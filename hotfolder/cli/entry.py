"""The door: every command is entered here, and every error leaves here, as one sentence and the next step.

What is no `HotfolderError` is a bug: exit code 70, and its traceback goes into the log file only (`HOTFOLDER_DEBUG`
shows it too).
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hotfolder.errors import ExitCode, HotfolderError

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code."""
    _prepare_streams()
    given = home_first(sys.argv[1:] if arguments is None else arguments)
    try:
        from hotfolder.cli.app import app

        app(args=given, prog_name="hotfolder")
    except HotfolderError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as bug:  # noqa: BLE001 - the last net: said in a sentence, kept in the log
        _say(_keep_bug(bug, _chosen_home(given)))
        sys.exit(ExitCode.BUG)
    sys.exit(ExitCode.DONE)


def home_first(arguments: Sequence[str]) -> list[str]:
    """`--home DIR` is accepted behind the command's name as well: it is moved to the front."""
    rest: list[str] = []
    home: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return [*home, *rest, "--", *waiting]
        if argument == "--home":
            value = next(waiting, None)
            if value is None:
                return ["--home"]  # typer says that it needs a value
            home = [f"--home={value}"]
        elif argument.startswith("--home="):
            home = [argument]
        else:
            rest.append(argument)
    return home + rest


def _prepare_streams() -> None:
    """No letter that a terminal lacks may end a command; a windowed program has no streams at all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _say(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text.rstrip() + "\n")


def _chosen_home(arguments: Sequence[str]) -> Path | None:
    named = next((a.removeprefix("--home=") for a in arguments if a.startswith("--home=")), None)
    chosen = named or os.environ.get("HOTFOLDER_HOME")
    return Path(chosen) if chosen else None


def _keep_bug(bug: Exception, chosen_home: Path | None) -> str:
    """Write the bug down; what to tell the person."""
    import logging
    import traceback

    if os.environ.get("HOTFOLDER_DEBUG"):
        traceback.print_exception(bug)
    said = f"hotfolder has a bug ({type(bug).__name__}) and had to stop; nothing of yours was touched."
    try:
        from hotfolder.adapters.home import find_home, log_to_file

        home = find_home(chosen_home)
        handler = log_to_file(home)
        logging.getLogger("hotfolder").critical("A bug ended the program", exc_info=bug)
        logging.getLogger().removeHandler(handler)
        handler.close()
    except Exception:  # noqa: BLE001 - a full disk must not hide what happened
        return f"{said} The log file could not be written; set HOTFOLDER_DEBUG=1 and try again to see it."
    return f"{said} Please report it with the end of {home.log_file}."
