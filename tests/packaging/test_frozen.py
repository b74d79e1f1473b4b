"""The frozen program: one folder with a Python of its own, at work where there is no other."""

from __future__ import annotations

import ast
import plistlib
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from hotfolder import __version__
from tests.packaging.tools import ROOT, a_screen, built_once, clean_environment, passes_the_demo, run

pytestmark = pytest.mark.timeout(900)

NO_PYTHON = "/nonexistent"


@pytest.fixture(scope="session")
def frozen(shelf: Path) -> Path:
    """The program in its folder, moved away from where it was built."""

    def build(folder: Path) -> None:
        places = ["--distpath", str(folder), "--workpath", str(shelf / "pyinstaller"), "--log-level", "WARN"]
        spec = str(ROOT / "packaging" / "hotfolder.spec")
        run(sys.executable, "-m", "PyInstaller", "--noconfirm", *places, spec)

    return built_once(shelf / "frozen", build) / "hotfolder" / "hotfolder"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return clean_environment(tmp_path / "home", path=NO_PYTHON)


def test_it_knows_its_version(frozen: Path, env: dict[str, str], tmp_path: Path) -> None:
    assert run(frozen, "--version", env=env, cwd=tmp_path) == f"hotfolder {__version__}\n"


def test_it_passes_its_demo_on_a_screen(frozen: Path, env: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("Xvfb") is None:
        pytest.skip("needs the system package xvfb")
    with a_screen() as display:
        passes_the_demo(frozen, env | {"DISPLAY": display}, tmp_path)


def test_it_says_what_is_missing_where_there_is_no_keyring(
    frozen: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """keyring finds its backends by their entry points, and those came along."""
    (tmp_path / "home" / "in").mkdir()
    config = tmp_path / "home" / "config.yaml"
    config.write_text("folders: [{name: a, in: ~/in, out: ~/out, workflow: w}]\n", encoding="utf-8")
    with pytest.raises(AssertionError) as said:
        run(frozen, "--home", config.parent, "check", env=env, cwd=tmp_path)
    assert "ended with 3" in str(said.value)
    assert "keyring" in str(said.value)
    assert "bug" not in str(said.value)


def test_it_brings_every_module_and_page_of_ours(frozen: Path) -> None:
    """Those that are loaded only when needed as well."""
    sources = [path for path in (ROOT / "hotfolder").rglob("*") if "__pycache__" not in path.parts]
    ours = {module_name(path) for path in sources if path.suffix == ".py"}
    assert ours - modules_in(frozen) == set()
    pages = [path for path in sources if path.is_file() and path.suffix != ".py"]
    inside = frozen.parent / "_internal"
    assert [page for page in pages if not (inside / page.relative_to(ROOT)).is_file()] == []


def test_the_lgpl_libraries_lie_open_and_can_be_replaced(frozen: Path) -> None:
    inside = frozen.parent / "_internal"
    for module in ("pystray/_appindicator.py", "pystray/_xorg.py", "pystray/_dummy.py", "Xlib/display.py"):
        assert (inside / module).is_file()
    assert not {name for name in modules_in(frozen) if name.partition(".")[0] in {"pystray", "Xlib"}}


def test_it_brings_what_notifies_and_keeps_a_sign_in(frozen: Path) -> None:
    chosen_at_run_time = {
        *("keyring.backends.SecretService", "keyring.backends.fail", "watchdog.observers.inotify"),
        *("desktop_notifier.backends.dbus", "uvicorn.protocols.http.h11_impl", "sqlalchemy.dialects.sqlite"),
    }
    assert chosen_at_run_time - modules_in(frozen) == set()
    assert {"pytest", "setuptools", "mypy"} & modules_in(frozen) == set()


def test_its_license_comes_along(frozen: Path) -> None:
    assert (
        (frozen.parent / "_internal" / "LICENSE")
        .read_text(encoding="utf-8")
        .lstrip()
        .startswith("Apache License")
    )


# --- what it tells the systems that are not here ----------------------------------------------------


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "packaging" / "frozen_facts.py"))


def test_macos_is_told_that_it_lives_in_the_menu_bar_and_why_it_reads_folders(facts: dict[str, Any]) -> None:
    told = plistlib.loads(plistlib.dumps(facts["INFO_PLIST"]))
    assert told["LSUIElement"] is True
    assert told["LSBackgroundOnly"] is False
    reasons = {key: text for key, text in told.items() if key.endswith("UsageDescription")}
    asked_for = ("Desktop", "Documents", "Downloads")
    assert {f"NS{place}FolderUsageDescription" for place in asked_for} < set(reasons)
    assert {"NSRemovableVolumesUsageDescription", "NSNetworkVolumesUsageDescription"} < set(reasons)
    assert all(text.endswith(".") and "hotfolder" in text for text in reasons.values())


@pytest.mark.parametrize(
    ("given", "executable", "on_terminal", "words"),
    [
        ([], "/Applications/hotfolder.app/Contents/MacOS/hotfolder", False, ["run", "--desktop"]),
        ([], "/Applications/hotfolder.app/Contents/MacOS/hotfolder", True, []),
        (["status"], "/Applications/hotfolder.app/Contents/MacOS/hotfolder", False, ["status"]),
        ([], r"C:\Programs\hotfolder\hotfolderw.exe", False, ["run", "--desktop"]),
        ([], r"C:\Programs\hotfolder\hotfolder.exe", True, []),
        ([], "/opt/hotfolder/hotfolder", False, []),
    ],
)
def test_opened_by_a_click_it_goes_to_work(
    given: list[str], executable: str, on_terminal: bool, words: list[str]
) -> None:
    launch = runpy.run_path(str(ROOT / "packaging" / "launch.py"))
    assert launch["chosen"](given, executable, on_terminal) == words


@pytest.mark.parametrize(("version", "numbers"), [("0.1.0", (0, 1, 0, 0)), ("2.10.3", (2, 10, 3, 0))])
def test_windows_is_told_the_version(facts: dict[str, Any], version: str, numbers: tuple[int, ...]) -> None:
    """The text is an expression of the classes that PyInstaller offers, and of nothing else."""
    text = facts["version_resource"](version)
    call = ast.parse(text, mode="eval").body
    names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
    offered = {"VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "StringStruct"}
    assert names == offered | {"VarFileInfo", "VarStruct"}
    assert f"filevers={numbers}, prodvers={numbers}" in text
    assert f"StringStruct('ProductVersion', '{version}')" in text


def modules_in(program: Path) -> set[str]:
    """The names of the Python modules in a frozen program."""
    from PyInstaller.archive.readers import CArchiveReader  # type: ignore[import-untyped]

    return set(CArchiveReader(str(program)).open_embedded_archive("PYZ.pyz").toc)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
