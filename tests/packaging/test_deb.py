"""The Debian package: built with Debian's tools, installed for real, at work with Debian's Python, gone without a trace."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotfolder import __version__
from hotfolder.sandbox import REFRESH_TOKEN, Sandbox
from tests.cli.person import wait_until
from tests.packaging.tools import (
    ROOT,
    a_screen,
    builders_environment,
    built_once,
    clean_environment,
    passes_the_demo,
    run,
)

pytestmark = pytest.mark.timeout(900)

TOOLS = {
    "dpkg-buildpackage": "dpkg-dev",
    "dh": "debhelper",
    "lintian": "lintian",
    "desktop-file-validate": "desktop-file-utils",
}
DEBIANS_PYTHON = Path("/usr/bin/python3.11")
MAY_TOUCH = ("/usr/bin/hotfolder", "/usr/lib/hotfolder", "/usr/share/")
"""All that the package may write to."""


@pytest.fixture(scope="session")
def deb(shelf: Path, wheel: Path) -> Path:
    """Built as a release is, but pressed together less."""
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            pytest.skip(f"needs the system package {package}")
    if not DEBIANS_PYTHON.exists():
        pytest.skip("needs the system package python3.11, which Debian 12 has")

    def build(folder: Path) -> None:
        quickly = builders_environment() | {"DPKG_DEB_COMPRESSOR_LEVEL": "0"}
        run(ROOT / "packaging" / "build-deb", folder, wheel, env=quickly)

    (only,) = built_once(shelf / "deb", build).glob("*.deb")
    return only


@pytest.fixture(scope="session")
def contents(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in the package, laid out in a folder."""
    folder = tmp_path_factory.mktemp("deb") / "contents"
    run("dpkg-deb", "--extract", deb, folder)
    return folder


def field(deb: Path, name: str) -> str:
    return run("dpkg-deb", "--field", deb, name).strip()


def test_it_has_the_programs_name_and_version(deb: Path) -> None:
    assert (field(deb, "Package"), field(deb, "Version")) == ("hotfolder", __version__)


def test_it_asks_for_what_the_tray_needs_and_for_the_python_it_was_made_for(deb: Path) -> None:
    needs = {need.strip() for need in field(deb, "Depends").split(",")}
    assert needs > {
        "python3 (>= 3.11)",
        "python3 (<< 3.12)",
        "python3-gi",
        "gir1.2-gtk-3.0",
        "gir1.2-ayatanaappindicator3-0.1",
    }
    assert "gnome-keyring" in field(deb, "Recommends")


def test_debians_own_checker_finds_nothing(deb: Path) -> None:
    run("lintian", "--fail-on", "error,warning,info", "--allow-root", deb)


def test_it_writes_only_to_its_own_places(contents: Path) -> None:
    """No entry at login for everybody, nothing in /etc, and nothing in anybody's home."""
    files = ["/" + path.relative_to(contents).as_posix() for path in contents.rglob("*") if path.is_file()]
    assert [name for name in files if not name.startswith(MAY_TOUCH)] == []
    of_the_system = [name for name in files if not name.startswith("/usr/lib/hotfolder/")]
    assert [name for name in of_the_system if "autostart" in name or "systemd" in name] == []


def test_its_scripts_touch_nothing_but_its_own_folder(deb: Path, tmp_path: Path) -> None:
    run("dpkg-deb", "--control", deb, tmp_path / "control")
    scripts = {path.name for path in (tmp_path / "control").iterdir()} - {"control", "md5sums"}
    assert scripts == {"postinst", "prerm", "postrm"}
    lines = [line for name in scripts for line in (tmp_path / "control" / name).read_text().splitlines()]
    commands = {
        line.strip() for line in lines if line.strip() and not line.strip().startswith(("#", "set -e"))
    }
    tools = (
        "rm",
        "mv",
        "cp",
        "py3",
        "install",
        "mkdir",
        "ln",
        "touch",
        "chmod",
        "chown",
        "dpkg",
        "deb-",
        "update-",
    )
    changing = {one for one in commands if one.startswith(tools) or re.search(r">(?!/dev/null)", one)}
    compiling = {"py3compile -p hotfolder /usr/lib/hotfolder", "py3clean -p hotfolder"}
    assert changing == compiling | {"rm -rf /usr/lib/hotfolder"}


def test_it_brings_no_tests_no_caches_and_no_place_of_the_builder(contents: Path) -> None:
    library = contents / "usr" / "lib" / "hotfolder"
    unwanted = {"__pycache__", "tests", "direct_url.json", "RECORD", "bin"}
    assert [path for path in library.rglob("*") if path.name in unwanted or path.suffix == ".pyc"] == []
    executable = [
        p
        for p in library.rglob("*")
        if p.is_file() and p.stat().st_mode & stat.S_IXUSR and ".so" not in p.name
    ]
    assert executable == []


def test_every_compiled_part_is_for_debians_python(contents: Path) -> None:
    compiled = {path.name for path in (contents / "usr" / "lib" / "hotfolder").rglob("*.cpython-*.so")}
    assert compiled
    assert [name for name in compiled if ".cpython-311-" not in name] == []


def test_the_licenses_of_the_libraries_come_along(contents: Path) -> None:
    """And so do their names and versions, by which keyring finds its backends."""
    library = contents / "usr" / "lib" / "hotfolder"
    about = {path.name for path in library.glob("*.dist-info")}
    for name in ("pystray", "keyring", "python_xlib", "pillow"):
        assert any(folder.startswith(f"{name}-") for folder in about), name
    assert all((library / folder / "METADATA").is_file() for folder in about)


def test_the_menu_of_programs_gets_an_entry_with_an_icon(contents: Path) -> None:
    share = contents / "usr" / "share"
    run("desktop-file-validate", share / "applications" / "hotfolder.desktop")
    icons = {
        path.relative_to(share / "icons" / "hicolor").as_posix()
        for path in (share / "icons").rglob("hotfolder.*")
    }
    assert {"16x16/apps/hotfolder.png", "256x256/apps/hotfolder.png", "scalable/apps/hotfolder.svg"} <= icons


def test_there_is_a_manual_page_for_the_first_commands(contents: Path) -> None:
    packed = contents / "usr" / "share" / "man" / "man1" / "hotfolder.1.gz"
    text = gzip.decompress(packed.read_bytes()).decode()
    for command in ("demo", "init", "run", "status", "check", "service install"):
        assert command in text


# --- installed for real -----------------------------------------------------------------------------


def test_it_installs_works_and_leaves_nothing_behind(deb: Path, tmp_path: Path) -> None:
    """One test, so that two processes never install at the same time."""
    may_be_installed_here()
    before = traces()
    with installed(deb):
        program = Path("/usr/bin/hotfolder")
        env = clean_environment(tmp_path / "home")
        assert run(program, "--version", env=env, cwd=tmp_path) == f"hotfolder {__version__}\n"
        is_not_led_astray(program, env, tmp_path)
        shows_its_icon_by_appindicator(env, tmp_path)
        passes_the_demo(program, env, tmp_path)
        with at_work(program, env, tmp_path) as daemons:
            removed_while_they_run(deb, daemons)
    assert traces() - before == set()


@contextmanager
def at_work(program: Path, env: dict[str, str], place: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two persons' hotfolders, each in a home of its own, and a stranger who only speaks of it."""
    with Sandbox() as sandbox:
        urls = {"AUTORETOUCH_API_URL": sandbox.url, "AUTORETOUCH_AUTH_URL": sandbox.url}
        signed_in = env | urls | {"AUTORETOUCH_REFRESH_TOKEN": REFRESH_TOKEN}
        started = [subprocess.Popen(["/usr/bin/tail", "-f", program], stdout=subprocess.DEVNULL)]
        try:
            for name in ("one", "two"):
                home = place / name
                (home / "in").mkdir(parents=True)
                folder = {"name": name, "in": str(home / "in"), "out": str(home / "out"), "workflow": "Fast"}
                (home / "config.yaml").write_text(json.dumps({"folders": [folder]}))
                command = [str(program), "--home", str(home), "run", "--no-tray"]
                started.append(subprocess.Popen(command, env=signed_in, cwd=place))
                wait_until(lambda home=home: (home / "control.json").exists())  # type: ignore[misc]
            yield started
        finally:
            for process in started:
                process.kill()
                process.wait()


def removed_while_they_run(deb: Path, daemons: list[subprocess.Popen[bytes]]) -> None:
    """An upgrade lets them work on; a removal ends them in order before it begins."""
    stranger, *ours = daemons
    run("dpkg", "--force-unsafe-io", "--install", deb)
    assert [daemon.poll() for daemon in ours] == [None, None]
    run("dpkg", "--remove", "hotfolder")
    assert [daemon.wait(1) for daemon in ours] == [0, 0]
    assert stranger.poll() is None


def may_be_installed_here() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to install the system package hotfolder")
    if shutil.which("Xvfb") is None:
        pytest.skip("needs the system package xvfb")
    if subprocess.run(["dpkg", "--status", "hotfolder"], capture_output=True, check=False).returncode == 0:
        pytest.skip("the system package hotfolder is installed here already, and a test must not replace it")


@contextmanager
def installed(deb: Path) -> Iterator[None]:
    """Removed again whatever happens, with everything that belongs to it."""
    env = builders_environment() | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        unsynced = [
            "-o",
            "DPkg::Options::=--force-unsafe-io",
        ]  # faster, and only a crash of the system would tell
        run("apt-get", "install", "--yes", "--no-install-recommends", *unsynced, deb, env=env)
        yield
    finally:
        run("dpkg", "--purge", "hotfolder", env=env)


def is_not_led_astray(program: Path, env: dict[str, str], tmp_path: Path) -> None:
    """Modules of the same name, of libraries and of Python itself, lie where a person's Python finds them first."""
    user_site = tmp_path / "home" / ".local" / "lib" / "python3.11" / "site-packages"
    for place in (tmp_path / "work", tmp_path / "path", user_site):
        place.mkdir(parents=True)
        for module in ("typer", "yaml", "hotfolder", "dataclasses"):
            (place / f"{module}.py").write_text("raise SystemExit('led astray')\n")
    led = env | {"PYTHONPATH": str(tmp_path / "path")}
    assert run(program, "--version", env=led, cwd=tmp_path / "work") == f"hotfolder {__version__}\n"


def shows_its_icon_by_appindicator(env: dict[str, str], cwd: Path) -> None:
    """With the program's own Python and paths, on a screen: Debian's PyGObject, and our face on top of it."""
    asked = """
import sys
sys.path.insert(0, "/usr/lib/hotfolder")
from hotfolder.tray.systems import face_of
print(face_of("appindicator").__module__, sys.modules["gi"].__file__)
"""
    with a_screen() as display:
        said = run("/usr/bin/python3", "-I", "-c", asked, env=env | {"DISPLAY": display}, cwd=cwd)
    assert (
        said.splitlines()[-1] == "hotfolder.tray.appindicator /usr/lib/python3/dist-packages/gi/__init__.py"
    )


def traces() -> set[str]:
    """Every file and folder of the system that bears the program's name."""
    found = {str(path) for path in Path("/var/lib/dpkg/info").glob("hotfolder*")}
    for top in ("/usr", "/etc", "/opt", "/var/lib"):
        for folder, folders, files in os.walk(top):
            found |= {f"{folder}/{name}" for name in (*folders, *files) if "hotfolder" in name}
            found |= {folder} if "/hotfolder" in folder else set()
    return found
