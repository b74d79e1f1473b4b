"""Questions to a person at a terminal: asked again, with the reason, until the answer will do. Ctrl-C and Ctrl-D leave."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from hotfolder.cli.output import say
from hotfolder.errors import ConfigError, HotfolderError

T = TypeVar("T")


def somebody_is_there() -> bool:
    """Whether anything can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks what no option has answered. `talks` False: nobody is there to be asked, or wants to be."""

    talks: bool

    def say(self, text: str = "") -> None:
        """What leads through the questions; without questions it is left out."""
        if self.talks:
            say(text)

    def answer(
        self, question: str, read: Callable[[str], T], *, option: str, given: str | None, default: str = ""
    ) -> T:
        """The answer as `read` understands it; it raises a `HotfolderError` for one that will not do. Enter is the
        default. Where nothing can be asked: `ConfigError` for a bad option, or for a missing one without default."""
        if given is None and not self.talks and not default:
            raise missing_answers([option], self.talks)
        if given is not None or not self.talks:
            try:
                return read(default if given is None else given)
            except HotfolderError as reason:
                if not self.talks:
                    raise ConfigError(f"{option}: {reason.title}", reason.advice) from None
                say(f"    {option}: {reason}")
        return _asked(question, read, default)


def missing_answers(options: list[str], talks: bool) -> ConfigError:
    verb = "is" if len(options) == 1 else "are"
    return ConfigError(
        f"Nobody can be asked here, and {', '.join(options)} {verb} missing.",
        "Give every answer as an option: `hotfolder init --help` tells which there are.",
    )


def ask_yes(question: str, *, default: bool = True) -> bool:
    while True:
        answer = _line(f"{question} [{'Y/n' if default else 'y/N'}]: ").casefold()
        if not answer:
            return default
        if answer in ("y", "yes", "n", "no"):
            return answer.startswith("y")
        say("    Please answer y or n.")


def _asked(question: str, read: Callable[[str], T], default: str) -> T:
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        try:
            return read(_line(shown) or default)
        except HotfolderError as reason:
            say(f"    {reason}")


def _line(shown: str) -> str:
    with suppress(ImportError):
        import readline  # noqa: F401 - input() then knows the arrow keys
    return _read(lambda: input(shown))


def _read(read: Callable[[], str]) -> str:
    try:
        return read().strip()
    except EOFError:
        say()
        raise KeyboardInterrupt from None
