"""Folders, texts and pages open in the person's own programs; where there is none, that is said."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters.other_programs import environment_for_others
from hotfolder.tray import opening
from hotfolder.tray.opening import CannotOpen, open_in_editor, open_path
from tests.tray.desktop import wait_for

NOTES = """#!{python}
import json, os, sys, time
told = {{"arguments": sys.argv[1:], "variables": dict(os.environ), "session": os.getsid(0) == os.getpid()}}
with open({place!r} + ".new", "w") as file:
    json.dump(told, file)
os.replace({place!r} + ".new", {place!r})
time.sleep({sleeps})
sys.exit({code})
"""


class Programs:
    """A PATH of our own."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.bin = place / "bin"
        self.bin.mkdir()
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setenv("HOME", str(place))
        monkeypatch.setenv("XDG_DATA_HOME", str(place / "share"))

    def add(self, name: str, *, code: int = 0, sleeps: float = 0) -> None:
        program = self.bin / name
        place = str(self.place / f"{name}.json")
        program.write_text(NOTES.format(python=sys.executable, place=place, sleeps=sleeps, code=code))
        program.chmod(0o755)

    def told(self, name: str) -> Any:
        place = self.place / f"{name}.json"
        wait_for(f"a call of {name}", place.exists)
        return json.loads(place.read_text())

    def was_called(self, name: str) -> bool:
        return (self.place / f"{name}.json").exists()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path, monkeypatch)


def test_a_folder_is_opened_by_its_whole_name(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.add("xdg-open")
    folder = programs.place / "-h & _x_ ü"
    folder.mkdir()
    monkeypatch.chdir(programs.place)
    open_path(Path("-h & _x_ ü"))
    assert programs.told("xdg-open")["arguments"] == [str(folder)]


def test_a_folder_that_is_away_is_named_with_the_next_step(programs: Programs) -> None:
    programs.add("xdg-open")
    with pytest.raises(CannotOpen) as wrong:
        open_path(programs.place / "away")
    assert str(wrong.value) == f"{programs.place}/away is not there. If it is on a drive, connect the drive."
    assert not programs.was_called("xdg-open")


def test_without_a_program_it_is_said_what_to_do(programs: Programs) -> None:
    with pytest.raises(CannotOpen) as wrong:
        open_path(programs.place)
    assert "no program for it was found" in wrong.value.title
    assert wrong.value.advice == "Open it in the file manager yourself."


def test_a_program_that_fails_is_followed_by_the_next(programs: Programs) -> None:
    programs.add("xdg-open", code=3)
    programs.add("gio")
    open_path(programs.place)
    assert programs.told("gio")["arguments"] == ["open", str(programs.place)]
    programs.add("gio", code=2)
    with pytest.raises(CannotOpen):
        open_path(programs.place)


def test_a_program_that_stays_open_is_not_waited_for(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_WAIT_S", 0.5)
    programs.add("xdg-open", sleeps=3)
    before = time.monotonic()
    open_path(programs.place)
    assert time.monotonic() - before < 2.5
    assert programs.told("xdg-open")["session"], "it outlives us"


def test_the_secret_stays_with_us(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps I8."""
    monkeypatch.setenv("AUTORETOUCH_REFRESH_TOKEN", "very-secret")
    programs.add("xdg-open")
    open_path(programs.place)
    assert "very-secret" not in json.dumps(programs.told("xdg-open"))


def test_the_libraries_of_a_frozen_app_stay_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = {"LD_LIBRARY_PATH": "/app/_internal", "LD_LIBRARY_PATH_ORIG": "/opt/lib", "PATH": "/bin"}
    assert environment_for_others(bundled) == bundled
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert environment_for_others(bundled) == {"LD_LIBRARY_PATH": "/opt/lib", "PATH": "/bin"}
    assert environment_for_others({"LD_LIBRARY_PATH": "/app/_internal"}) == {}


def add_editor(programs: Programs, name: str = "Editor") -> None:
    programs.add("editor")
    entries = programs.place / "share" / "applications"
    entries.mkdir(parents=True)
    (entries / f"{name}.desktop").write_text(
        f"[Desktop Entry]\nType=Application\nName={name}\nExec={programs.bin}/editor %f\nMimeType=text/plain;\n"
    )
    (entries / "mimeapps.list").write_text(f"[Default Applications]\ntext/plain={name}.desktop\n")


def test_a_config_opens_in_the_editor_for_plain_texts(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real tools of the desktop: by its own kind, a config might open in a browser."""
    if shutil.which("xdg-mime", path="/usr/bin") is None or shutil.which("gio", path="/usr/bin") is None:
        pytest.skip("needs the packages xdg-utils and libglib2.0-bin")
    monkeypatch.setenv("PATH", f"{programs.bin}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "X-Generic")
    programs.add("xdg-open", code=4)
    add_editor(programs)
    config = programs.place / "config.yaml"
    config.write_text("folders: []\n")
    open_in_editor(config)
    assert programs.told("editor")["arguments"] == [str(config)]
    assert not programs.was_called("xdg-open")


def test_without_an_editor_for_plain_texts_the_config_opens_by_its_own_kind(programs: Programs) -> None:
    programs.add("xdg-open")
    config = programs.place / "config.yaml"
    config.write_text("")
    open_in_editor(str(config))
    assert programs.told("xdg-open")["arguments"] == [str(config)]


def test_nothing_of_it_writes_into_our_terminal(
    programs: Programs, capfd: pytest.CaptureFixture[str]
) -> None:
    noisy = programs.bin / "xdg-open"
    noisy.write_text("#!/bin/sh\necho out\necho err >&2\n")
    noisy.chmod(0o755)
    open_path(programs.place)
    assert capfd.readouterr() == ("", "")
    assert os.environ["PATH"] == str(programs.bin)
