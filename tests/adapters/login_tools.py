"""What the tests of the login items share: a program that tells how it was called, and names that are hard to quote."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

HOSTILE = 'it\'s 100% "mine" ${HOME} `id` x=y \\ (ä)'


def need(command: str, package: str) -> str:
    """The command's path; the test is skipped where its system package is missing."""
    found = shutil.which(command)
    if found is None:
        pytest.skip(f"needs {command} (Debian package {package})")
    return found


def telltale(folder: Path, told: Path) -> Path:
    """A program that writes its arguments into `told`, each ended by a zero byte."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "hotfolder"
    program.write_text(
        f"#!/bin/sh\nprintf '%s\\0' \"$@\" > '{told}.part' && mv '{told}.part' '{told}'\n", "utf-8"
    )
    program.chmod(0o755)
    return program


def told_arguments(told: Path) -> tuple[str, ...]:
    return tuple(told.read_text("utf-8").split("\0")[:-1])
