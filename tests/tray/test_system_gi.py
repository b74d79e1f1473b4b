"""PyGObject of the system is borrowed where it fits, and only it."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from hotfolder.tray.system_gi import PLACES
from tests.tray.desktop import LIMIT_S, Desktop
from tests.tray.puppet import ROOT

SUFFIX = EXTENSION_SUFFIXES[0]


def asked(code: str, env: dict[str, str] | None = None) -> str:
    """What a fresh Python says."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def borrow(place: Path, then: str = "None", before: str = "") -> str:
    return asked(
        f"import sys; from pathlib import Path; from hotfolder.tray.system_gi import ensure_gi; {before}\n"
        f"print(ensure_gi([Path({str(place)!r})]), {then})"
    )


def make_gi(place: Path, init: str = "mark = 'ours'", compiled: str = f"_gi{SUFFIX}") -> Path:
    (place / "gi").mkdir(parents=True)
    (place / "gi" / "__init__.py").write_text(init)
    (place / "gi" / compiled).write_bytes(b"")
    (place / "other.py").write_text("")
    return place


def test_the_systems_own_gives_gtk_with_indicators_and_nothing_else_of_it(desktop: Desktop) -> None:
    if not any((place / "gi" / f"_gi{SUFFIX}").is_file() for place in PLACES):
        pytest.skip(f"needs the package python3-gi, made for this Python ({SUFFIX})")
    said = asked(
        "import sys; before = list(sys.path)\n"
        "from hotfolder.tray.system_gi import ensure_gi; assert ensure_gi()\n"
        "import gi; gi.require_version('Gtk', '3.0'); gi.require_version('AyatanaAppIndicator3', '0.1')\n"
        "from gi.repository import AyatanaAppIndicator3, Gtk\n"
        "print(Gtk.init_check()[0], AyatanaAppIndicator3.Indicator.__name__, sys.path == before)",
        env=desktop.surroundings(),
    )
    assert said == "True Indicator True"


def test_one_that_fits_is_taken(tmp_path: Path) -> None:
    assert borrow(make_gi(tmp_path), "__import__('gi').mark") == "True ours"


def test_nothing_beside_it_becomes_importable(tmp_path: Path) -> None:
    assert (
        borrow(make_gi(tmp_path), "__import__('importlib').util.find_spec('other')", "import importlib.util")
        == "True None"
    )


@pytest.mark.parametrize(
    "compiled",
    ["_gi.cpython-39-x86_64-linux-gnu.so", "_gi.so", f"_gi_cairo{SUFFIX}"],
    ids=["old", "plain", "part"],
)
def test_one_made_for_another_python_is_left_alone(tmp_path: Path, compiled: str) -> None:
    assert borrow(make_gi(tmp_path, compiled=compiled)) == "False None"


def test_one_that_does_not_work_leaves_no_trace(tmp_path: Path) -> None:
    broken = make_gi(tmp_path, "import gi.part\nraise ImportError('libgirepository is missing')")
    (broken / "gi" / "part.py").write_text("")
    assert borrow(broken, "[name for name in sys.modules if name.startswith('gi')]") == "False []"


def test_a_place_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    assert borrow(tmp_path / "nowhere") == "False None"


def test_a_frozen_app_takes_nothing_of_the_system(tmp_path: Path) -> None:
    assert borrow(make_gi(tmp_path), before="sys.frozen = True") == "False None"


def test_ones_own_comes_first(tmp_path: Path) -> None:
    own = make_gi(tmp_path / "own", "mark = 'own'")
    system = make_gi(tmp_path / "system", "mark = 'system'")
    assert borrow(system, "__import__('gi').mark", f"sys.path.insert(0, {str(own)!r})") == "True own"
