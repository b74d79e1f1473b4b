"""Who writes a file, and whether all of it was written, as far as the system tells."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hotfolder.adapters.writers import has_hole, has_writer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of writers and holes")


def test_a_program_that_has_a_file_open_for_writing_is_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"half")
    assert not has_writer(path)
    program = "import sys; file = open(sys.argv[1], 'r+b'); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        assert has_writer(path)
        writer.communicate()
    assert not has_writer(path)


def test_who_only_reads_a_file_is_no_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"whole")
    with path.open("rb"):
        assert not has_writer(path)


def test_nobody_can_tell_of_what_is_gone_a_folder_or_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("gone", "pipe", "link", ".", "nul\0"):
        assert not has_writer(tmp_path / name)


def test_a_writer_that_comes_while_we_ask_ends_nobody(tmp_path: Path) -> None:
    """The lease sends a signal when somebody wants to write: never one that ends the process."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"whole")
    program = "import sys\nwhile True:\n    open(sys.argv[1], 'r+b').close()"
    with subprocess.Popen([sys.executable, "-c", program, str(path)]) as writer:
        answers = {has_writer(path) for _ in range(3000)}
        writer.kill()
    assert answers <= {True, False}
    assert signal.getsignal(signal.SIGURG) is signal.SIG_DFL


def test_what_was_reserved_and_never_written_is_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with path.open("wb") as file:
        file.write(b"x" * 4096)
        file.truncate(10_000_000)
    with path.open("rb") as file:
        assert has_hole(file)
    path.write_bytes(b"x" * 10_000)
    with path.open("rb") as file:
        assert not has_hole(file)
