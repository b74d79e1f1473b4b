"""What counts as an image, what is passed over, and in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.ignore import IgnoreRules, Kind, classify
from hotfolder.core.naming import PART_PREFIX, part_name


@pytest.mark.parametrize(
    "extension", ["jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "webp", "JPG", "TiFf"]
)
def test_an_image_the_service_takes_is_an_image_in_any_case(extension: str) -> None:
    assert classify(f"Boots 224/Schuh ä.{extension}").kind is Kind.IMAGE


CANNOT_BE_TAKEN = """
    cr2 CR3 nef arw raf orf rw2 dng pef srw 3fr iiq psd psb heic heif avif gif bmp svg eps pdf ai indd jp2 exr
"""


@pytest.mark.parametrize("name", [f"a.{extension}" for extension in CANNOT_BE_TAKEN.split()])
def test_an_image_the_service_cannot_take_gets_a_reason_and_an_advice(name: str) -> None:
    verdict = classify(name)
    assert verdict.kind is Kind.NOT_RETOUCHABLE
    assert verdict.group == name[2:].upper()
    assert verdict.group in verdict.reason
    assert "JPEG" in verdict.advice


@pytest.mark.parametrize(
    "path",
    [
        ".DS_Store",
        "._a.jpg",
        ".a.jpg.Xy12Zz",
        ".cache/a.jpg",
        "sub/.hidden/deep/a.jpg",
        "Thumbs.db",
        "THUMBS.DB",
        "desktop.ini",
        "Icon\r",
        "a.jpg.tmp",
        "a.jpg.part",
        "a.partial",
        "~$a.jpg",
        "a.jpg~",
        "a.jpg.crdownload",
        "a.jpg.download",
        "a.jpg.filepart",
        "a.jpg.sb-1a2b3c4d-AbCdEf",
        "a.jpg.sb-1a2b3c4d-AbCdEf/a.jpg",
        "a.xmp",
        "a.jpg.cos",
        "a.dop",
        "a.pp3",
        "a.lrtemplate",
        "CaptureOne/Cache/a.jpg",
        "shoot/CaptureOne/a.jpg",
        "@eaDir/a.jpg",
        "$RECYCLE.BIN/a.jpg",
        ".Trashes/501/a.jpg",
        "Catalog Previews.lrdata/a.jpg",
        "System Volume Information/a.jpg",
        "__MACOSX/a.jpg",
        "@Recently-Snapshot/2026-11-27/a.jpg",
        "shoot/~snapshot/hourly.0/a.jpg",
        "@GMT-2026.11.27-10.00.00/a.jpg",
        "shoot/@GMT_2026-11-27_10-00-00/a.jpg",
        "#snapshot/a.jpg",
        ".snapshots/1/snapshot/a.jpg",
        ".zfs/snapshot/a.jpg",
        "@tmp/a.jpg",
        "IMG.jpg.download/IMG.jpg",
        "IMG.jpg.part/IMG.jpg",
        "shoot.crdownload/a.jpg",
        "(A Document Being Saved By Preview)/a.jpg",
        "(A Document Being Saved By Photoshop 2)/a.jpg",
        "(A Document Being Saved By Preview)",
        part_name("0192"),
        f"sub/{PART_PREFIX}x.jpg",
    ],
)
def test_what_programs_and_systems_leave_behind_is_ignored_with_a_reason(path: str) -> None:
    verdict = classify(path)
    assert verdict.kind is Kind.IGNORED
    assert verdict.reason


@pytest.mark.parametrize(
    "name",
    [
        "boot (conflicted copy).jpg",
        "boot (Anna's conflicted copy 2026-11-27).jpg",
        "boot (Annas MacBook's conflicted copy 2026-11-27 (1)).jpg",
        "boot (STUDIO-PC conflicted copy 2026-11-27).jpg",
        "boot (conflicted copy 2026-11-27 101112).jpg",
        "boot (In Konflikt stehende Kopie von Anna 2026-11-27).jpg",
        "boot (Copie en conflit de Anna 2026-11-27).jpg",
        "boot (Case Conflict 1).jpg",
        "boot (Selective Sync Conflict).jpg",
        "boot_conflict-20261127-101112.jpg",
        "boot.sync-conflict-20261127-101112-ABCDEFG.jpg",
        "boot.sync-conflict-20261127-101112.TIF",
        "boot (SFConflict anna@example.com 2026-11-27-10-11-12).jpg",
        "boot [conflicted].jpg",
        "boot[Conflict].jpg",
        "boot (conflict 2).jpg",
        "boot_conf(1).jpg",
        "boot_DiskStation_Nov-27-101112-2026_Conflict.jpg",
        "boot.Conflict.jpg",
        "boot-DESKTOP-AB12CD3.jpg",
        "boot-LAPTOP-9Q8R7S6T.jpg",
        "boot-STUDIO-PC.jpg",
        "boot-DESKTOP-AB12CD3-2.jpg",
    ],
)
def test_a_conflict_copy_of_a_sync_program_is_told_and_not_sent(name: str) -> None:
    verdict = classify(f"Boots 224/{name}")
    assert (verdict.kind, verdict.group) == (Kind.NOT_RETOUCHABLE, "Sync conflict")
    assert "own name" in verdict.advice


@pytest.mark.parametrize(
    "name",
    [
        "boot 2.jpg",
        "boot (2).jpg",
        "boot (1).jpg",
        "boot copy.jpg",
        "conflict.jpg",
        "conflict diamond.jpg",
        "ring (conflict free).jpg",
        "conflict-free ring.jpg",
        "desk-PC.jpg",
        "case-LAPTOP.jpg",
        "boot-RED-42.jpg",
        "sleeve-MacBook.jpg",
    ],
)
def test_a_name_that_a_photographer_may_give_is_no_conflict_copy(name: str) -> None:
    assert classify(name).kind is Kind.IMAGE


@pytest.mark.parametrize("name", ["notes.txt", "list.csv", "film.mp4", "jpg", "README", "a.jpg.zip", "jpg."])
def test_anything_else_is_other(name: str) -> None:
    assert classify(name).kind is Kind.OTHER


@pytest.mark.parametrize(
    "name",
    [
        "a.tmp.jpg",
        "a~b.jpg",
        "captureone.jpg",
        "desktop.ini.png",
        "a..jpg",
        "download/a.jpg",
        "Boots.bak/a.jpg",
        "snapshot/a.jpg",
    ],
)
def test_a_name_that_only_resembles_an_ignored_one_is_an_image(name: str) -> None:
    assert classify(name).kind is Kind.IMAGE


def test_a_name_that_is_not_unicode_is_said_to_need_renaming() -> None:
    verdict = classify("sub/sch\udcfch.jpg")
    assert verdict.kind is Kind.NOT_RETOUCHABLE
    assert "Rename" in verdict.advice


def test_a_name_that_is_not_unicode_is_no_matter_for_what_is_ignored_anyway() -> None:
    assert classify(".sch\udcfch.jpg").kind is Kind.IGNORED
    assert classify("sch\udcfch.txt").kind is Kind.OTHER


def test_own_patterns_are_added_to_the_built_in_ones() -> None:
    rules = IgnoreRules(["selects/", "*_preview.*", "!wanted_preview.jpg"])
    assert rules.verdict("selects/a.jpg").kind is Kind.IGNORED
    assert rules.verdict("b/selects", is_dir=True).kind is Kind.IGNORED
    assert rules.verdict("a_preview.jpg").kind is Kind.IGNORED
    assert rules.verdict("wanted_preview.jpg").kind is Kind.IMAGE
    assert rules.verdict("selects.jpg").kind is Kind.IMAGE
    assert rules.verdict(".hidden.jpg").kind is Kind.IGNORED


def test_own_patterns_do_not_bring_back_what_is_built_in() -> None:
    assert IgnoreRules(["!*.tmp", "!.*"]).verdict(".a.jpg").kind is Kind.IGNORED


def test_a_pattern_for_folders_leaves_files_of_that_name_alone() -> None:
    assert IgnoreRules(["out.jpg/"]).verdict("out.jpg").kind is Kind.IMAGE
    assert IgnoreRules(["out.jpg/"]).verdict("out.jpg", is_dir=True).kind is Kind.IGNORED


def test_nothing_below_an_ignored_folder_comes_back() -> None:
    rules = IgnoreRules(["*", "!*.jpg"])
    assert rules.verdict("a.jpg").kind is Kind.IMAGE
    assert rules.verdict("sub/a.jpg").kind is Kind.IGNORED


def test_a_pattern_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ValueError, match=r"not a pattern: '!'"):
        IgnoreRules(["*.bak", "!"])


_parts = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12)
_patterns = st.lists(st.sampled_from(["*.jpg", "a*/", "sub", "!b.jpg", "**/x", "*", "!*/"]), max_size=4)


@given(st.lists(_parts, min_size=1, max_size=4), _patterns)
def test_event_and_scan_get_the_same_answer(parts: list[str], patterns: list[str]) -> None:
    rules = IgnoreRules(patterns)
    walked = next(
        (
            verdict
            for depth in range(1, len(parts))
            if (verdict := rules.verdict_below("/".join(parts[:depth]), is_dir=True)).kind is Kind.IGNORED
        ),
        None,
    )
    path = "/".join(parts)
    assert rules.verdict(path) == (walked or rules.verdict_below(path))


@given(_parts)
def test_any_name_at_all_gets_a_verdict(name: str) -> None:
    verdict = classify(name)
    assert (verdict.kind is Kind.IMAGE) == (not verdict.reason)
