"""Building and trying packages: one build for all tests of a run, and programs started as on another person's machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).parents[2]
LIMIT_S = 600


def run(*argv: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """What it printed; a failure shows all of that."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=builders_environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def builders_environment() -> dict[str, str]:
    """This one's, without what would lead another Python astray."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}


def clean_environment(home: Path, path: str = "/usr/bin:/bin") -> dict[str, str]:
    """A person's who has just logged in: no venv, no variables of a terminal, temporary files below `home`."""
    home.mkdir(parents=True, exist_ok=True)
    return {"PATH": path, "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}


def passes_the_demo(program: Path, env: Mapping[str, str], cwd: Path) -> None:
    """Every image of the demo is delivered or explained, by this very program."""
    said = run(program, "demo", env=env, cwd=cwd)
    assert "came out retouched" in said
    assert "Not sent, and so not paid" in said


def built_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """Whichever process of the test run comes first builds into the folder; the others wait for it."""
    done = folder.with_name(f"{folder.name}.done")
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            done.touch()
    return folder


@contextmanager
def a_screen() -> Iterator[str]:
    """A screen of one's own, as the value of DISPLAY."""
    reading, writing = os.pipe()
    xvfb = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        xvfb.terminate()
        xvfb.wait()
