"""The faces of the systems that this one is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.tray.desktop import LIMIT_S
from tests.tray.puppet import ROOT


@pytest.mark.parametrize("system", ["windows", "macos"])
def test_a_life_of_the_icon(system: str) -> None:
    command = [sys.executable, "-m", "tests.tray.foreign", system]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=2 * LIMIT_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
