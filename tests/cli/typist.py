"""Somebody who really types: a command on a terminal of its own (a pty), answered as its questions appear."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

LIMIT_S = 60.0
AGAIN_S = 5.0
CTRL_C, CTRL_D = "\x03", "\x04"

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>]|\x07|\r")


class Typist:
    """Reads what the terminal shows, without its colours, and types."""

    def __init__(self, terminal: int, process: subprocess.Popen[bytes]) -> None:
        self._terminal = terminal
        self._process = process
        self._read_to = 0
        self.screen = ""

    def sees(self, text: str) -> str:
        """Wait until the text appears behind what was seen before; everything up to it."""
        self._wait(lambda: text in self.screen[self._read_to :], f"{text!r} did not appear")
        end = self.screen.index(text, self._read_to) + len(text)
        passed, self._read_to = self.screen[self._read_to : end], end
        return passed

    def types(self, line: str) -> None:
        os.write(self._terminal, f"{line}\n".encode())

    def presses(self, key: str) -> None:
        os.write(self._terminal, key.encode())

    def answers(self, question: str, line: str = "") -> None:
        self.sees(question)
        self.sees(": ")
        self.types(line)

    def ends(self) -> int:
        """Read on to the end; the exit code."""
        self._wait(lambda: self._process.poll() is not None, "it did not end")
        while self._take(0.05):
            continue
        return int(self._process.returncode)

    def leaves(self) -> int:
        """Ctrl-C, and the exit code. Pressed again where it fell between a prompt and the wait of readline, which does
        not notice it before the next key."""

        def has_left() -> bool:
            self.presses(CTRL_C)
            end = time.monotonic() + AGAIN_S
            while self._process.poll() is None and time.monotonic() < end:
                self._take(0.05)
            return self._process.poll() is not None

        self._wait(has_left, "it did not end")
        return self.ends()

    def _wait(self, is_so: object, trouble: str) -> None:
        assert callable(is_so)
        end = time.monotonic() + LIMIT_S
        while not is_so():
            is_over = self._process.poll() is not None and not self._take(0.05)
            assert not is_over or is_so(), f"{trouble}; it ended, and showed:\n{self.screen}"
            assert time.monotonic() < end, f"{trouble} in time; there is:\n{self.screen}"
            self._take(0.1)

    def _take(self, within_s: float) -> bool:
        if not select.select([self._terminal], [], [], within_s)[0]:
            return False
        with suppress(OSError):  # Linux: the other end is closed
            data = os.read(self._terminal, 65536)
            self.screen += _ESCAPES.sub("", data.decode("utf-8", "replace"))
            return bool(data)
        return False


@contextmanager
def at_a_terminal(
    *command: str, environment: Mapping[str, str], cwd: Path, terminal: str = "dumb"
) -> Iterator[Typist]:
    """`hotfolder <command>` with a terminal as its stdin, stdout and stderr, and as the one that Ctrl-C comes from."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hotfolder", *command],
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=cwd,
        env={**environment, "TERM": terminal, "COLUMNS": "200"},
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(its)
    try:
        yield Typist(ours, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT_S)
        os.close(ours)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
