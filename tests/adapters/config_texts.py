"""What the tests of the config file share: a small right config, and what is told about a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hotfolder.adapters.config_file import ConfigErrors, Mistake, load_config

Write = Callable[[str], Path]
MINIMAL = """\
folders:
  - name: Packshots
    in: /p/in
    out: /p/out
    workflow: w1
"""


def writer(folder: Path) -> Write:
    """Writes texts to a config.yaml in the folder."""

    def write(text: str) -> Path:
        path = folder / "config.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return path

    return write


def mistakes_of(path: Path, home: Path | None = None) -> list[Mistake]:
    """All mistakes of the file, of which there must be some."""
    with pytest.raises(ConfigErrors) as caught:
        load_config(path, home)
    assert caught.value.mistakes
    return caught.value.mistakes


def told(path: Path, home: Path | None = None) -> list[str]:
    """The lines a person sees."""
    return [str(mistake) for mistake in mistakes_of(path, home)]


def two_folders(one_in: str, one_out: str, other_in: str, other_out: str) -> str:
    """A config with two hot folders, in lines 2 and 3."""
    return (
        f"folders:\n- {{name: A, in: '{one_in}', out: '{one_out}', workflow: w}}\n"
        f"- {{name: B, in: '{other_in}', out: '{other_out}', workflow: w}}\n"
    )
