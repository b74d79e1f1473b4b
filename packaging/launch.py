"""What the frozen program starts with."""

from __future__ import annotations

import sys


def chosen(given: list[str], executable: str, on_terminal: bool) -> list[str]:
    """Opened by a click, without any words, it goes to work; on a terminal it says what it can do."""
    is_app = ".app/Contents/MacOS/" in executable
    is_windowed = executable.lower().endswith("hotfolderw.exe")
    opened = (is_app or is_windowed) and not on_terminal
    return given or (["run", "--desktop"] if opened else [])


if __name__ == "__main__":
    from hotfolder.cli import main

    main(chosen(sys.argv[1:], sys.executable, sys.stdin is not None and sys.stdin.isatty()))
