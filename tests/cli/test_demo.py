"""`demo` and `sandbox`, with no account, no keyring and no display."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.cli.person import Person


def test_the_demo_delivers_fourteen_images_and_explains_two(tmp_path: Path, person: Person) -> None:
    answer = person.starts("demo", env={"TMPDIR": str(tmp_path), "AUTORETOUCH_REFRESH_TOKEN": ""})
    assert (answer.code, answer.err) == (0, "")
    assert "14 images went in and came out retouched, in 3 batches" in answer.out
    assert "14 executions" in answer.out
    assert "damaged.jpg: The image is cut off" in answer.out
    assert "CR2 is a RAW format" in answer.out
    (place,) = tmp_path.glob("hotfolder-demo-*")
    assert str(place / "out") in answer.out
    assert len([file for file in (place / "out").rglob("*") if file.is_file()]) == 14


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_sandbox_tells_how_to_use_it_and_ends_by_ctrl_c(person: Person) -> None:
    command = [sys.executable, "-m", "hotfolder", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=person.environment()) as running:
        assert running.stdout is not None
        first = running.stdout.readline()
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+", first)
        with urllib.request.urlopen(f"{url}/sandbox/state", timeout=10) as answer:
            assert answer.status == 200
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
    assert f"AUTORETOUCH_API_URL={url}" in rest
    assert running.returncode == 0


def test_a_taken_port_is_said(person: Person, sandbox: Sandbox) -> None:
    answer = person.types("sandbox", "--port", str(sandbox.port))
    assert answer.code == 1
    assert f"cannot listen on port {sandbox.port}" in answer.err
