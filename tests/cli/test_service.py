"""`hotfolder service install`, `uninstall`, `status`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.person import Person

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux' entries")


@pytest.fixture(autouse=True)
def login(person: Person) -> None:
    """A person with a desktop, whose entries are their own, and without anything that a login would not have."""
    person.variables |= {
        "HOME": str(person.place / "person"),
        "XDG_CONFIG_HOME": "",
        "DISPLAY": ":0",
        **dict.fromkeys(("AUTORETOUCH_REFRESH_TOKEN", "AUTORETOUCH_API_URL", "AUTORETOUCH_AUTH_URL"), ""),
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"), ""),
    }


@pytest.fixture
def config_folder(person: Person) -> Path:
    return person.place / "person" / ".config"


def test_installed_proved_and_removed(person: Person, config_folder: Path) -> None:
    entry = config_folder / "autostart" / "hotfolder.desktop"
    answer = person.types("service", "install")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"✓ hotfolder will start at each login, by {entry}.\n"
    told = person.types("service", "status")
    assert (told.code, told.out.startswith("✓ hotfolder starts at login")) == (0, True)
    facts = person.types("service", "status", "--json").json
    program, *arguments = facts.pop("command")
    assert Path(program).is_absolute()
    assert arguments[-4:] == ["--home", str(person.home), "run", "--desktop"]
    assert facts == {
        "installed": True,
        "kind": "autostart",
        "path": str(entry),
        "enabled": True,
        "starts": True,
        "problem": None,
    }
    assert person.types("service", "uninstall").out.startswith("hotfolder will no longer start at login.")
    assert not entry.exists()
    assert "nothing to remove" in person.types("service", "uninstall").out


def test_not_installed_is_told_with_what_to_do(person: Person) -> None:
    answer = person.types("service", "status")
    assert answer.code == 1
    assert answer.out.splitlines()[0] == "✗ hotfolder is not started at login."
    assert "`hotfolder service install`" in answer.out
    answer = person.types("service", "status", "--json")
    assert answer.code == 1
    problem = answer.json.pop("problem")
    assert problem.startswith("hotfolder is not started at login.")
    assert answer.json | {"problem": None} == {
        "installed": False,
        "kind": None,
        "path": None,
        "command": None,
        "enabled": False,
        "starts": False,
        "problem": None,
    }


def test_systemd_takes_the_place_of_autostart_and_back(person: Person, config_folder: Path) -> None:
    person.types("service", "install")
    answer = person.types("service", "install", "--systemd", "--no-tray")
    assert answer.code == 0
    assert "systemctl --user start hotfolder" in answer.out
    assert "could not be told from here" in answer.out
    facts = person.types("service", "status", "--json").json
    assert (facts["kind"], facts["enabled"], facts["command"][-2:]) == ("systemd", True, ["run", "--no-tray"])
    assert not (config_folder / "autostart" / "hotfolder.desktop").exists()
    assert person.types("service", "install").code == 0
    assert person.types("service", "status", "--json").json["kind"] == "autostart"
    assert [path for path in config_folder.rglob("*") if path.name == "hotfolder.service"] == []


def test_what_the_login_will_not_have_is_told(person: Person) -> None:
    variables = {
        "AUTORETOUCH_API_URL": "http://api.example",
        "AUTORETOUCH_REFRESH_TOKEN": "a-secret-token",
        "HTTPS_PROXY": "http://proxy.example",
    }
    answer = person.types("service", "install", env=variables)
    assert answer.code == 0
    notes = answer.err.splitlines()
    assert [note.split()[1] for note in notes] == list(variables)
    assert "service.api_url" in notes[0]
    everything = answer.out + answer.err + "".join(p.read_text() for p in person.place.rglob("*.desktop"))
    assert "a-secret-token" not in everything


def test_without_a_desktop_the_way_for_servers_is_told(person: Person) -> None:
    nothing = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "XDG_CURRENT_DESKTOP": ""}
    answer = person.types("service", "install", env=nothing)
    assert (answer.code, "--systemd --no-tray" in answer.out) == (0, True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text + "Hidden=true\n", "switched off"),
        (lambda text: text.replace(" run --desktop\n", " run --once\n"), "changed by hand"),
        (lambda text: text.replace("Exec=", "Exec=/gone/"), "not there any more"),
    ],
)
def test_an_entry_that_would_not_start_it_is_a_problem(
    person: Person, config_folder: Path, change: object, problem: str
) -> None:
    person.types("service", "install")
    entry = config_folder / "autostart" / "hotfolder.desktop"
    assert callable(change)
    entry.write_text(change(entry.read_text()))
    answer = person.types("service", "status")
    assert (answer.code, answer.out[0]) == (1, "✗")
    assert problem in answer.out.splitlines()[0]
    assert person.types("service", "install").code == 0
    assert person.types("service", "status").code == 0


def test_an_entry_that_cannot_be_written_is_one_sentence(person: Person, config_folder: Path) -> None:
    config_folder.parent.mkdir()
    config_folder.write_text("a file, no folder")
    answer = person.types("service", "install")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("hotfolder could not write ")
