"""Scanning real folders."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from hotfolder.adapters.scanner import folder_identity, scan_folder, stamp_of
from hotfolder.core.ignore import LINK, NOT_A_FILE, IgnoreRules, Kind
from hotfolder.core.settling import FileStamp
from hotfolder.errors import FolderAway, UnreadableImage

RULES = IgnoreRules()


def write(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_images_in_all_subfolders_are_found_with_their_stamps(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", b"12345")
    write(tmp_path / "Boots 224" / "Spring" / "ü ß.TIF", b"123")
    scan = scan_folder(tmp_path, RULES)
    assert set(scan.files) == {"a.jpg", "Boots 224/Spring/ü ß.TIF"}
    assert scan.files["a.jpg"] == FileStamp(5, (tmp_path / "a.jpg").stat().st_mtime_ns)
    assert scan.folders == 3
    assert scan.trouble == []
    assert scan.root_id == folder_identity(tmp_path)


def test_everything_that_is_no_image_is_passed_over_with_a_reason(tmp_path: Path) -> None:
    for name in ("a.cr2", "notes.txt", ".DS_Store", "CaptureOne/Cache/b.jpg", "a.jpg.part"):
        write(tmp_path / name)
    scan = scan_folder(tmp_path, RULES)
    kinds = {path: verdict.kind for path, verdict in scan.passed_over}
    assert scan.files == {}
    assert kinds == {
        "a.cr2": Kind.NOT_RETOUCHABLE,
        "notes.txt": Kind.OTHER,
        ".DS_Store": Kind.IGNORED,
        "CaptureOne/": Kind.IGNORED,
        "a.jpg.part": Kind.IGNORED,
    }
    assert all(verdict.reason for _, verdict in scan.passed_over)


def test_own_patterns_hold_for_files_and_folders(tmp_path: Path) -> None:
    for name in ("rejects/a.jpg", "b_small.jpg", "c.jpg"):
        write(tmp_path / name)
    assert set(scan_folder(tmp_path, IgnoreRules(["rejects/", "*_small.*"])).files) == {"c.jpg"}


def test_links_are_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "in"
    write(outside / "a.jpg")
    write(root / "real.jpg")
    (root / "file.jpg").symlink_to(outside / "a.jpg")
    (root / "folder").symlink_to(outside, target_is_directory=True)
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "dead.jpg").symlink_to(root / "nowhere")
    scan = scan_folder(root, RULES)
    assert set(scan.files) == {"real.jpg"}
    assert sorted(scan.passed_over) == [(name, LINK) for name in ("dead.jpg", "file.jpg", "folder", "loop")]


def test_pipes_and_sockets_are_never_taken_for_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        scan = scan_folder(tmp_path, RULES)
        assert stamp_of(tmp_path, "socket.jpg") is None
    assert scan.files == {}
    assert sorted(scan.passed_over) == [("pipe.jpg", NOT_A_FILE), ("socket.jpg", NOT_A_FILE)]
    assert stamp_of(tmp_path, "pipe.jpg") is None


def test_a_folder_named_like_an_image_is_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "x.jpg" / "a.jpg")
    assert set(scan_folder(tmp_path, RULES).files) == {"x.jpg/a.jpg"}
    assert stamp_of(tmp_path, "x.jpg") is None


def test_a_name_that_is_not_unicode_is_passed_over_with_an_advice(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/sch\xfch.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    [(path, verdict)] = scan_folder(tmp_path, RULES).passed_over
    assert path == "sch\udcfch.jpg"
    assert verdict.kind is Kind.NOT_RETOUCHABLE
    assert "Rename" in verdict.advice


def test_a_root_that_is_a_link_is_looked_through(tmp_path: Path) -> None:
    write(tmp_path / "real" / "a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert set(scan_folder(tmp_path / "link", RULES).files) == {"a.jpg"}
    assert folder_identity(tmp_path / "link") == folder_identity(tmp_path / "real")
    assert stamp_of(tmp_path / "link", "a.jpg") is not None


def test_a_missing_root_is_away_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(FolderAway, match="Waiting for"):
        scan_folder(tmp_path / "missing", RULES)
    with pytest.raises(FolderAway):
        stamp_of(tmp_path / "missing", "a.jpg")


def test_a_root_that_is_a_file_is_away(tmp_path: Path) -> None:
    with pytest.raises(FolderAway, match="not a folder"):
        scan_folder(write(tmp_path / "in"), RULES)


def test_a_root_exchanged_during_the_walk_is_away(tmp_path: Path) -> None:
    root = tmp_path / "in"
    write(root / "a.jpg")

    class Exchanging(IgnoreRules):
        def verdict_below(self, path: str, is_dir: bool = False):  # type: ignore[no-untyped-def]
            root.rename(tmp_path / "old")
            root.mkdir()
            return super().verdict_below(path, is_dir)

    with pytest.raises(FolderAway, match="exchanged"):
        scan_folder(root, Exchanging())


def _forbid(monkeypatch: pytest.MonkeyPatch, function: str, forbidden: Path) -> None:
    """Root may read everything, so missing rights have to be faked."""
    real = getattr(os, function)

    def guarded(path: str | Path, *args: object, **kwargs: object) -> object:
        if Path(path) == forbidden:
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, function, guarded)


def test_an_unreadable_subfolder_is_trouble_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.jpg")
    write(tmp_path / "locked" / "b.jpg")
    _forbid(monkeypatch, "scandir", tmp_path / "locked")
    scan = scan_folder(tmp_path, RULES)
    assert set(scan.files) == {"a.jpg"}
    assert scan.trouble == [("locked/", "cannot be read: this user has no right to it")]
    assert scan.folders == 1


def test_an_unreadable_root_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _forbid(monkeypatch, "scandir", tmp_path)
    with pytest.raises(FolderAway, match="this user has no right to it"):
        scan_folder(tmp_path, RULES)


def test_a_file_that_cannot_be_looked_at_is_trouble_and_not_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.jpg")
    _forbid(monkeypatch, "lstat", tmp_path / "a.jpg")
    assert scan_folder(tmp_path, RULES).trouble == [
        ("a.jpg", "cannot be looked at: this user has no right to it")
    ]
    with pytest.raises(UnreadableImage, match="this user has no right to it"):
        stamp_of(tmp_path, "a.jpg")


def test_files_and_folders_that_vanish_during_the_walk_are_nothing_special(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg")
    write(tmp_path / "sub" / "b.jpg")

    class Vanishing(IgnoreRules):
        def verdict_below(self, path: str, is_dir: bool = False):  # type: ignore[no-untyped-def]
            verdict = super().verdict_below(path, is_dir)
            if is_dir:
                (tmp_path / path / "b.jpg").unlink()
                (tmp_path / path).rmdir()
            else:
                (tmp_path / path).unlink()
            return verdict

    scan = scan_folder(tmp_path, Vanishing())
    assert scan.files == {}
    assert scan.trouble == []


def test_a_stamp_tells_a_change_of_size_or_time(tmp_path: Path) -> None:
    path = write(tmp_path / "sub" / "a.jpg", b"1")
    before = stamp_of(tmp_path, "sub/a.jpg")
    write(path, b"12")
    longer = stamp_of(tmp_path, "sub/a.jpg")
    os.utime(path, ns=(1, 1))
    assert before != longer
    assert stamp_of(tmp_path, "sub/a.jpg") == FileStamp(2, 1)


def test_a_file_that_is_gone_has_no_stamp(tmp_path: Path) -> None:
    write(tmp_path / "file")
    assert stamp_of(tmp_path, "a.jpg") is None
    assert stamp_of(tmp_path, "sub/a.jpg") is None
    assert stamp_of(tmp_path, "file/a.jpg") is None


def test_a_file_behind_a_folder_that_became_a_link_has_no_stamp(tmp_path: Path) -> None:
    root = tmp_path / "in"
    write(root / "sub" / "deep" / "a.jpg")
    assert stamp_of(root, "sub/deep/a.jpg") is not None
    (root / "sub").rename(tmp_path / "elsewhere")
    (root / "sub").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert stamp_of(root, "sub/deep/a.jpg") is None


def test_a_file_that_became_a_link_has_no_stamp(tmp_path: Path) -> None:
    target = write(tmp_path / "outside.jpg")
    root = tmp_path / "in"
    root.mkdir()
    (root / "a.jpg").symlink_to(target)
    assert stamp_of(root, "a.jpg") is None


def test_thirty_thousand_files_are_scanned_fast(tmp_path: Path) -> None:
    for number in range(300):
        folder = tmp_path / f"SKU {number}"
        folder.mkdir()
        for image in range(100):
            os.close(os.open(folder / f"{image}.jpg", os.O_CREAT | os.O_WRONLY))
    started = time.perf_counter()
    scan = scan_folder(tmp_path, RULES)
    took_s = time.perf_counter() - started
    assert len(scan.files) == 30_000
    assert took_s < 5  # measured: 0.3 s
