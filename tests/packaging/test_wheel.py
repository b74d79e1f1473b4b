"""The wheel and the sdist: whole, with nothing else in them, and at work in an environment that has only them."""

from __future__ import annotations

import configparser
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from hotfolder import __version__
from tests.packaging.tools import ROOT, built_once, clean_environment, passes_the_demo, run

pytestmark = pytest.mark.timeout(900)

SDIST_HOLDS = {
    *("hotfolder", "tests", "docs", "packaging"),
    *(
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "config.example.yaml",
        "constraints.txt",
    ),
    *(".gitignore", "PKG-INFO"),
}


@pytest.fixture(scope="session")
def venv(shelf: Path, wheel: Path) -> Path:
    """A new environment with the wheel and what it asks for, at the tested versions; nothing of the sources."""

    def build(folder: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        run(
            *pip(folder),
            "install",
            "--quiet",
            "--no-compile",
            "--constraint",
            ROOT / "constraints.txt",
            wheel,
        )

    return built_once(shelf / "venv", build)


def pip(venv: Path) -> tuple[str | Path, ...]:
    """This environment's pip, at work on another one."""
    return (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", venv / "bin" / "python")


def test_they_are_fit_for_the_package_index(wheel: Path, sdist: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "hotfolder").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    about = f"hotfolder-{__version__}.dist-info"
    notes = {
        f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }
    with zipfile.ZipFile(wheel) as archive:
        assert set(archive.namelist()) == sources | notes


def test_the_wheel_has_a_command_for_terminals_and_one_without_a_window(wheel: Path) -> None:
    points = configparser.ConfigParser()
    with zipfile.ZipFile(wheel) as archive:
        points.read_string(archive.read(f"hotfolder-{__version__}.dist-info/entry_points.txt").decode())
    assert dict(points["console_scripts"]) == {"hotfolder": "hotfolder.cli:main"}
    assert dict(points["gui_scripts"]) == {"hotfolderw": "hotfolder.cli:main"}


def test_the_sdist_builds_the_same_wheel_as_the_sources(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, ROOT)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_sdist_holds_what_a_builder_needs_and_nothing_made(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = [Path(name).relative_to(f"hotfolder-{__version__}") for name in archive.getnames()]
    assert {name.parts[0] for name in names} == SDIST_HOLDS
    made = {"__pycache__", "build", "dist"}
    assert not [name for name in names if made & set(name.parts) or name.suffix in {".pyc", ".deb", ".whl"}]
    for needed in ("packaging/debian/rules", "packaging/hotfolder.spec", "packaging/windows/hotfolder.iss"):
        assert Path(needed) in names


def test_the_installed_command_knows_its_version(venv: Path, tmp_path: Path) -> None:
    env = clean_environment(tmp_path / "home")
    assert run(venv / "bin" / "hotfolder", "--version", env=env, cwd=tmp_path) == f"hotfolder {__version__}\n"
    assert (
        run(venv / "bin" / "hotfolderw", "--version", env=env, cwd=tmp_path) == f"hotfolder {__version__}\n"
    )


def test_what_is_installed_with_it_agrees(venv: Path) -> None:
    run(*pip(venv), "check")


def test_the_installed_program_passes_its_demo(venv: Path, tmp_path: Path) -> None:
    passes_the_demo(venv / "bin" / "hotfolder", clean_environment(tmp_path / "home"), tmp_path)
