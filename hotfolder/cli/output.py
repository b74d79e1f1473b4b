"""How things are said: tables and sentences for people, plain JSON for scripts, and nothing else mixed into it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDE = 4000
"""Columns of a "terminal" that is a pipe: nothing is cut off there."""

OK, BAD, NEUTRAL = "✓", "✗", "•"

_STATE_STYLES = {
    "delivered": "green",
    "failed": "red",
    "held": "yellow",
    "waiting": "yellow",
    "paused": "yellow",
    "with QA": "cyan",
    "working": "cyan",
}


def say(text: str = "") -> None:
    """A line for the person, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """A line that must not get into anybody's pipe."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def print_json(value: object) -> None:
    """Plain JSON: the only thing on stdout. ASCII, so that no encoding stands in the way of any name."""
    say(json.dumps(value, indent=2))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; None is an empty cell. As wide as the terminal, and in a pipe as wide as it takes: nothing is cut off."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    rows = [list(row) for row in rows]
    is_terminal = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD if is_terminal else None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        numbers = bool(rows) and all(isinstance(row[index], int | None) for row in rows)
        table.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    if is_terminal:
        Console().print(table)
        return
    pipe = Console(file=io.StringIO(), width=WIDE, color_system=None)
    with pipe.capture() as written:
        pipe.print(table)
    say("\n".join(line.rstrip() for line in written.get().splitlines()))


def cell(value: object) -> Any:
    """One cell as rich's text, without any markup; a state in its colour."""
    from rich.text import Text

    text = "" if value is None else printable(str(value))
    return Text(text, style=_STATE_STYLES.get(text, ""))


def printable(text: str) -> str:
    """Without the control characters that a file's name may hold; half letters become question marks."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return shown.encode("utf-8", "replace").decode("utf-8")


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 image`, `3 images`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def counts_in_words(counts: Mapping[str, int], *, waits: bool = False) -> str:
    """`3 uploading, 12 delivered`, in the order of an image's life. `waits`: nothing travels now."""
    from hotfolder.core.state_words import in_words

    return (
        ", ".join(f"{number:,} {word}" for word, number in in_words(counts, waits=waits).items())
        or "no images"
    )


def local_time(iso: str | None) -> str:
    """An ISO time as a person's clock shows it."""
    if not iso:
        return ""
    from datetime import datetime

    return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M:%S")
