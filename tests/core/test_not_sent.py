"""What is not sent: which of it is listed, and in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.ignore import LINK, NOT_A_FILE, Kind, Verdict, another_folder, classify
from hotfolder.core.not_sent import (
    MOST_GROUPS,
    all_not_sent,
    are_not_sent,
    group_words,
    not_sent_of,
    not_sent_words,
    printable_path,
    unreadable,
)
from hotfolder.core.plain_words import TOO_LONG


@pytest.mark.parametrize(
    ("name", "group"),
    [("a.CR2", "CR2"), ("a.psd", "PSD"), ("a.heic", "HEIC"), ("a.pdf", "PDF"), ("a.docx", "other"),
     ("no extension", "other"), ("sch\udcfch.jpg", "name")],
)  # fmt: skip
def test_a_file_that_may_have_been_meant_is_listed(name: str, group: str) -> None:
    found = not_sent_of(classify(name))
    assert found is not None
    assert found.group == group
    assert found.reason


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "Thumbs.db", "a.jpg.part", "a.xmp", "a.cos", "~$a.docx", "a.jpg", "a.tif.crdownload"],
)
def test_what_nobody_meant_to_send_stays_silent(name: str) -> None:
    assert not_sent_of(classify(name)) is None


@pytest.mark.parametrize("verdict", [LINK, NOT_A_FILE, another_folder("the out folder of 'B'")])
def test_what_is_not_followed_is_listed(verdict: Verdict) -> None:
    found = not_sent_of(verdict)
    assert found is not None
    assert found.group not in ("", "other")


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_an_image_or_silent_or_listed(kind: Kind) -> None:
    listed = not_sent_of(Verdict(kind, "because")) is not None
    assert listed is (kind not in (Kind.IMAGE, Kind.IGNORED))


def test_a_scan_gives_each_path_once_with_its_reason() -> None:
    passed_over = [("a.CR2", classify("a.CR2")), (".x", classify(".x")), ("l", LINK)]
    trouble = [("Locked/", "cannot be read: it is locked"), ("deep/", f"cannot be read: {TOO_LONG}")]
    found = all_not_sent(passed_over, trouble)
    assert {path: entry.group for path, entry in found.items()} == {
        "a.CR2": "CR2",
        "l": "link",
        "Locked/": "folder",
        "deep/": "long",
    }
    assert unreadable("a.jpg", "cannot be looked at: oh").group == "file"


def test_the_words_name_the_largest_kinds_first() -> None:
    words = not_sent_words({"folder": 2, "CR2": 10})
    assert (
        words
        == "12 not sent: 10 CR2 (raw photos, which AutoRetouch cannot take), 2 folders that cannot be read"
    )
    assert not_sent_words({}) == not_sent_words({"CR2": 0}) == ""
    assert (are_not_sent(1), are_not_sent(1200)) == ("1 file is not sent", "1,200 files are not sent")
    assert group_words("PDF", 1) == "1 PDF (design documents, which AutoRetouch cannot take)"


@given(
    st.dictionaries(
        st.sampled_from(["CR2", "PSD", "link", "other", "name", "long", "file"]), st.integers(1, 99)
    )
)
def test_no_file_is_lost_in_the_words(groups: dict[str, int]) -> None:
    words = not_sent_words(groups)
    numbers = sorted(groups.values(), reverse=True)
    assert words.startswith(f"{sum(numbers):,} not sent: ") or not groups
    if len(numbers) > MOST_GROUPS:
        assert words.endswith(f"{sum(numbers[MOST_GROUPS:]):,} of other kinds")


@given(st.text(st.characters(codec=None)))
def test_every_path_can_be_stored_and_shown(path: str) -> None:
    assert bool(printable_path(path).encode("utf-8")) is bool(path)
