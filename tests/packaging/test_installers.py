"""The installers for systems that are not here: what can be said about them without those systems."""

from __future__ import annotations

import configparser
import plistlib
import re
import stat
import sys
from pathlib import Path

import pytest

from hotfolder import __version__
from hotfolder.core.login_item import LABEL
from tests.packaging.tools import ROOT, run

PACKAGING = ROOT / "packaging"
ISS = PACKAGING / "windows" / "hotfolder.iss"
MADE_BEFORE = ("dist/hotfolder/*", "build/icons/hotfolder.ico")
"""What the steps before Inno Setup make: PyInstaller's folder, and the icons."""


def sections() -> dict[str, list[str]]:
    """The lines of each section of the Inno Setup script, without comments and with its own names put in."""
    found: dict[str, list[str]] = {"": []}
    section = ""
    for line in ISS.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\[(\w+)]", line):
            section = heading[1]
            assert section not in found, f"[{section}] stands there twice"
            found[section] = []
        elif line.strip() and not line.startswith((";", "//")):
            found[section].append(line)
    names = {name: value for line in found[""] for name, value in re.findall(r'#define (\w+) "(.*)"', line)}
    return {
        key: [re.sub(r"\{#(\w+)}", lambda n: names[n[1]], line) for line in lines]
        for key, lines in found.items()
    }


def settings() -> dict[str, str]:
    return dict(line.split("=", 1) for line in sections()["Setup"])


def entries(section: str) -> list[dict[str, str]]:
    """The entries of a section, as parameters and their values."""
    pattern = re.compile(r'(\w+): (?:"([^"]*)"|([^;"]+))(?:; |$)')
    found = []
    for line in sections()[section]:
        assert pattern.sub("", line) == "", f"not understood: {line}"
        found.append({name: quoted or plain for name, quoted, plain in pattern.findall(line)})
    return found


def test_the_windows_installer_has_this_version() -> None:
    assert settings()["AppVersion"] == __version__
    assert settings()["OutputBaseFilename"] == f"hotfolder-{__version__}-setup"


def test_it_needs_no_administrator_and_keeps_its_identity() -> None:
    assert settings()["PrivilegesRequired"] == "lowest"
    assert settings()["AppId"] == "{{6B1E3A52-2C0B-4F0E-9B57-0D7C1C4F7A11}"
    assert settings()["DefaultDirName"] == r"{autopf}\hotfolder"


def test_every_file_it_takes_is_there_or_made_by_an_earlier_step() -> None:
    taken = [entry["Source"] for entry in entries("Files")] + [
        settings()["LicenseFile"],
        settings()["SetupIconFile"],
    ]
    for path in (name.replace("\\", "/").removeprefix("../../") for name in taken):
        assert path in MADE_BEFORE or (ROOT / path).is_file(), path


def test_what_it_starts_is_what_pyinstaller_makes() -> None:
    started = {e["Filename"] for part in ("Icons", "Run", "UninstallRun") for e in entries(part)}
    assert started == {r"{app}\hotfolder.exe", r"{app}\hotfolderw.exe", r"{sys}\taskkill.exe"}
    spec = (PACKAGING / "hotfolder.spec").read_text(encoding="utf-8")
    for name in ("hotfolder", "hotfolderw"):
        assert f'program("{name}", ' in spec


def test_every_task_it_asks_about_is_offered() -> None:
    offered = {entry["Name"] for entry in entries("Tasks")}
    asked = {entry["Tasks"].removeprefix("not ") for entry in entries("Run") if "Tasks" in entry}
    assert asked == offered


def test_the_commands_it_gives_exist() -> None:
    """Each in the program of today."""
    told = {
        e["Parameters"]
        for part in ("Icons", "Run", "UninstallRun")
        for e in entries(part)
        if "hotfolder" in e["Filename"]
    }
    told |= set(re.findall(r"hotfolder\.exe'\), '(\w+)'", "\n".join(sections()["Code"])))
    assert told == {"run --desktop", "service install", "service uninstall", "logout", "stop"}
    for words in told:
        run(sys.executable, "-m", "hotfolder", *words.split(), "--help")


def test_an_upgrade_and_a_removal_end_the_running_program() -> None:
    assert settings()["CloseApplications"] == "force"
    first, *others = [entry["Parameters"] for entry in entries("UninstallRun")]
    assert first == "stop", "in order, before anything else is done"
    assert others[-2:] == ["/F /IM hotfolderw.exe", "/F /IM hotfolder.exe"], "what did not answer"


def test_a_removal_takes_the_entry_at_login_away_and_keeps_the_data_unless_told() -> None:
    assert "service uninstall" in [entry["Parameters"] for entry in entries("UninstallRun")]
    code = "\n".join(sections()["Code"])
    assert "not UninstallSilent()" in code
    assert "MB_DEFBUTTON2" in code
    assert "UninstallDelete" not in sections()
    assert code.count("DelTree") == 1
    assert code.index("if not ForgetsAll then") < code.index("DelTree")


def test_macos_entitlements_ask_for_no_more_than_python_needs() -> None:
    told = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    assert told == {"com.apple.security.cs.allow-unsigned-executable-memory": True}


def test_the_app_of_macos_is_named_as_its_launch_agent() -> None:
    spec = (PACKAGING / "hotfolder.spec").read_text(encoding="utf-8")
    assert "bundle_identifier=LABEL" in spec
    assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9-]+)+", LABEL)


@pytest.mark.parametrize("script", ["build-deb", "macos/release.sh", "debian/rules"])
def test_every_script_can_be_run(script: str) -> None:
    assert (PACKAGING / script).stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize(
    "script", ["build-deb", "macos/release.sh", "debian/hotfolder.postinst", "debian/hotfolder.prerm"]
)
def test_every_shell_script_is_well_formed(script: str) -> None:
    run("bash", "-n", PACKAGING / script)


def test_every_file_that_the_steps_name_is_there() -> None:
    """In packaging/README.md and in the scripts."""
    texts = [PACKAGING / "README.md", PACKAGING / "macos" / "release.sh", PACKAGING / "build-deb", ISS]
    named = {
        name
        for text in texts
        for name in re.findall(r"packaging[/\\][\w./\\-]+\w", text.read_text(encoding="utf-8"))
    }
    assert len(named) >= 6
    for name in named:
        assert (ROOT / name.replace("\\", "/")).exists(), name


def test_debians_changelog_begins_with_this_version() -> None:
    first = (PACKAGING / "debian" / "changelog").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"hotfolder ({__version__}) ")


def test_the_entry_in_the_menu_of_programs_starts_the_daemon() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(PACKAGING / "linux" / "hotfolder.desktop", encoding="utf-8")
    assert entry["Desktop Entry"]["Exec"] == "hotfolder run --desktop"
    assert entry["Desktop Entry"]["Icon"] == Path("hotfolder.png").stem
