"""Which program is written down: one that is there at the next login, and after an upgrade."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from hotfolder.adapters.login_items.program import Running, program_is_there, stable_program
from hotfolder.errors import HotfolderError


def program_at(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def running(
    argv0: Path | str,
    executable: Path | str,
    *,
    in_venv: bool = False,
    frozen: bool = False,
    platform: str = "linux",
    environ: Mapping[str, str] | None = None,
) -> Running:
    return Running(str(argv0), str(executable), in_venv, frozen, platform, environ or {})


def test_pipx_has_a_link_to_a_venv_and_the_venv_is_written_down(tmp_path: Path) -> None:
    bin_folder = tmp_path / ".local/share/pipx/venvs/hotfolder/bin"
    script, python = program_at(bin_folder / "hotfolder"), bin_folder / "python"
    python.symlink_to(program_at(tmp_path / "usr/bin/python3"))
    link = tmp_path / ".local/bin/hotfolder"
    link.parent.mkdir(parents=True)
    link.symlink_to(script)
    assert stable_program(running(link, python, in_venv=True)) == (str(script),)


def test_a_package_s_link_is_its_public_face(tmp_path: Path) -> None:
    behind = program_at(tmp_path / "usr/lib/hotfolder/start")
    link = tmp_path / "usr/bin/hotfolder"
    link.parent.mkdir(parents=True)
    link.symlink_to(behind)
    assert stable_program(running(link, program_at(tmp_path / "opt/python3"))) == (str(link),)


def test_a_user_s_own_installation_is_not_taken_for_the_system_s(tmp_path: Path) -> None:
    own, python = program_at(tmp_path / ".local/bin/hotfolder"), program_at(tmp_path / "usr/bin/python3")
    program_at(tmp_path / "usr/bin/hotfolder")
    assert stable_program(running(own, python)) == (str(own),)


def test_a_module_is_started_as_a_module(tmp_path: Path) -> None:
    python = program_at(tmp_path / "venv/bin/python")
    program_at(tmp_path / "venv/bin/hotfolder")
    argv0 = tmp_path / "site-packages/hotfolder/__main__.py"
    assert stable_program(running(argv0, python, in_venv=True)) == (str(python), "-P", "-m", "hotfolder")


def test_called_by_another_program_the_venv_s_own_script_is_found(tmp_path: Path) -> None:
    python = program_at(tmp_path / "venv/bin/python")
    called = running("/x/pytest/__main__.py", python, in_venv=True)
    assert stable_program(called) == (str(python), "-P", "-m", "hotfolder")
    script = program_at(tmp_path / "venv/bin/hotfolder")
    assert stable_program(called) == (str(script),)


def test_a_relative_call_is_written_down_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = program_at(tmp_path / "bin/hotfolder")
    monkeypatch.chdir(tmp_path)
    assert stable_program(running("bin/hotfolder", "/nowhere/python3")) == (str(script),)


@pytest.mark.parametrize("scripts", ["venv", "venv/Scripts"])
def test_windows_starts_the_windowed_script(tmp_path: Path, scripts: str) -> None:
    """A venv has its Python beside the scripts, an installed Python above them."""
    python = program_at(tmp_path / "venv/python.exe")
    called = running(tmp_path / scripts / "hotfolder", python, platform="win32")
    assert stable_program(called) == (str(python), "-P", "-m", "hotfolder")
    windowed_python = program_at(tmp_path / "venv/pythonw.exe")
    assert stable_program(called) == (str(windowed_python), "-P", "-m", "hotfolder")
    script = program_at(tmp_path / scripts / "hotfolderw.exe")
    assert stable_program(called) == (str(script),)


def test_a_frozen_program_is_itself(tmp_path: Path) -> None:
    app = program_at(tmp_path / "Applications/hotfolder.app/Contents/MacOS/hotfolder")
    program_at(app.with_name("hotfolderw.exe"))
    assert stable_program(running(app, app, frozen=True, platform="darwin")) == (str(app),)
    assert stable_program(running(app, app, frozen=True, platform="win32")) == (
        str(app.with_name("hotfolderw.exe")),
    )


def test_an_appimage_is_written_down_and_not_its_mount() -> None:
    mounted = "/tmp/.mount_hotfolXYZ/usr/bin/hotfolder"
    variables = {"APPIMAGE": "/home/ann/hotfolder.AppImage", "APPDIR": "/tmp/.mount_hotfolXYZ"}
    assert stable_program(running(mounted, mounted, frozen=True, environ=variables)) == (
        "/home/ann/hotfolder.AppImage",
    )
    terminal = {"APPIMAGE": "/home/ann/terminal.AppImage", "APPDIR": "/tmp/.mount_termXYZ"}
    own = "/opt/hotfolder/hotfolder"
    assert stable_program(running(own, own, frozen=True, environ=terminal)) == (own,)


@pytest.mark.parametrize(
    "place",
    [
        "/home/ann/.cache/uv/archive-v0/abc/bin/hotfolder",
        "/private/var/folders/x/T/AppTranslocation/1-2/d/hotfolder.app/Contents/MacOS/hotfolder",
        "/tmp/.mount_hotfolXYZ/hotfolder",
    ],
)
def test_what_will_be_gone_at_the_next_login_is_refused(place: str) -> None:
    with pytest.raises(HotfolderError, match="temporary place"):
        stable_program(running(place, place, frozen=True))


def test_a_program_is_there_if_it_may_be_run(tmp_path: Path) -> None:
    assert program_is_there((str(program_at(tmp_path / "a")),))
    assert not program_is_there((str(tmp_path / "b"),))
    assert not program_is_there((str(tmp_path),))
    (tmp_path / "c").touch(0o644)
    if os.name == "posix":
        assert not program_is_there((str(tmp_path / "c"),))


def test_this_process_has_a_program_that_is_there() -> None:
    assert program_is_there(stable_program(Running.now()))
