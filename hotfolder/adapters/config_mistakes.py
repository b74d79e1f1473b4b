"""What is wrong with a config file, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hotfolder.errors import ConfigError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Mistake:
    """One thing to mend. `line` counts from 1; `key` is like `folders[0].settle`, or empty."""

    line: int | None
    key: str
    message: str
    advice: str

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(part for part in (line, self.key) if part)
        return f"{place}: {self.message} {self.advice}".removeprefix(": ").strip()


class ConfigErrors(ConfigError):
    """All mistakes of a file at once, in the order of its lines."""

    def __init__(self, file_name: str, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = sorted(dict.fromkeys(mistakes), key=lambda mistake: (mistake.line or 0, mistake.key))
        count = "1 mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        super().__init__(f"{file_name} has {count}:", "\n".join(f"  {mistake}" for mistake in self.mistakes))

    def __str__(self) -> str:
        return f"{self.title}\n{self.advice}"


def written_key(path: KeyPath) -> str:
    """`("folders", 0, "settle")` as `folders[0].settle`; can always be printed."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".").encode("utf-8", "replace").decode()
