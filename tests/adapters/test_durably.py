"""Final names: given once, never taken from another. The errors of foreign systems are faked at the system call."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters.durably import rename_to_free_name, sync_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows renames, and has no links to be refused")

ANY_ERROR = sorted(
    {
        errno.EIO,
        errno.EPERM,
        errno.EACCES,
        errno.ENOSYS,
        errno.EXDEV,
        errno.EMLINK,
        errno.EINVAL,
        45,
        102,
        4711,
    }
)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / ".hotfolder-1.part"
    path.write_bytes(b"ours")
    return path


@pytest.mark.parametrize("number", ANY_ERROR)
def test_whatever_a_link_is_refused_with_a_free_name_is_given_and_a_taken_one_is_not(
    part: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(os, "link", refuse)
    taken, dead_link, free = (part.parent / name for name in ("taken.jpg", "link.jpg", "free.jpg"))
    taken.write_bytes(b"somebody's")
    dead_link.symlink_to(part.parent / "nowhere")
    assert not rename_to_free_name(part, taken)
    assert not rename_to_free_name(part, dead_link)
    assert rename_to_free_name(part, free)
    assert (taken.read_bytes(), free.read_bytes()) == (b"somebody's", b"ours")
    assert not (part.parent / "nowhere").exists()


def test_a_link_that_was_made_though_the_answer_says_exists_is_ours(
    part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def answer_twice(source: Path, target: Path) -> None:
        link(source, target)
        raise FileExistsError(errno.EEXIST, "the first answer was lost")

    monkeypatch.setattr(os, "link", answer_twice)
    assert rename_to_free_name(part, part.parent / "a.jpg")


def test_where_files_have_no_numbers_a_foreign_file_is_never_taken_for_ours(
    part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some FUSE file systems say 0 of every file."""
    taken = part.parent / "taken.jpg"
    taken.write_bytes(b"hers")
    look = Path.lstat

    def without_numbers(path: Path) -> os.stat_result:
        facts = list(look(path))
        facts[1] = 0
        return os.stat_result(facts)

    monkeypatch.setattr(Path, "lstat", without_numbers)
    assert not rename_to_free_name(part, taken)
    assert taken.read_bytes() == b"hers"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, 45])
def test_a_folder_that_cannot_be_synced_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, "cannot")

    monkeypatch.setattr(os, "fsync", refuse)
    sync_folder(tmp_path)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.ETIMEDOUT])
def test_a_folder_whose_sync_fails_is_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, "failed")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="failed"):
        sync_folder(tmp_path)
