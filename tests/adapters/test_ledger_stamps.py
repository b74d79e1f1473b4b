"""What a stamp alone tells of a file."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sqlalchemy import insert

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import Ledger, row_of
from hotfolder.adapters.ledger_stamps import Familiarity, known_files, note_marks, was_said
from hotfolder.core.settling import FileStamp
from tests.fakes import NOW, an_image

STAMP = FileStamp(10, 20, 30, 40)
MARKED = an_image(path="a.jpg", size_bytes=10, mtime_ns=20, ctime_ns=30, inode=40)


@pytest.mark.parametrize(
    ("stamp", "familiarity"),
    [
        (STAMP, Familiarity.KNOWN),
        (FileStamp(10, 20), Familiarity.KNOWN),
        (replace(STAMP, ctime_ns=31), Familiarity.ODD),
        (replace(STAMP, inode=41), Familiarity.ODD),
        (replace(STAMP, size_bytes=11), Familiarity.NEW),
        (replace(STAMP, mtime_ns=21), Familiarity.NEW),
    ],
)
def test_only_a_stamp_that_is_alike_in_everything_is_known(
    ledger: Ledger, stamp: FileStamp, familiarity: Familiarity
) -> None:
    ledger.add(MARKED)
    assert known_files(ledger, "Packshots").of("a.jpg", stamp) is familiarity
    assert known_files(ledger, "Packshots", ["a.jpg"]).of("a.jpg", stamp) is familiarity
    assert known_files(ledger, "Packshots", ["b.jpg"]).of("a.jpg", stamp) is Familiarity.NEW
    assert known_files(ledger, "Portraits").of("a.jpg", stamp) is Familiarity.NEW


def test_an_image_of_an_older_ledger_is_known_and_its_marks_are_learnt(ledger: Ledger) -> None:
    ledger.add(replace(MARKED, ctime_ns=None, inode=None))
    assert known_files(ledger, "Packshots").of("a.jpg", STAMP) is Familiarity.UNMARKED
    note_marks(ledger, "Packshots", [("a.jpg", STAMP)])
    known = known_files(ledger, "Packshots")
    assert known.of("a.jpg", STAMP) is Familiarity.KNOWN
    assert known.of("a.jpg", replace(STAMP, ctime_ns=31)) is Familiarity.ODD


def test_of_two_versions_of_the_same_size_and_time_both_are_known(ledger: Ledger) -> None:
    ledger.add(MARKED)
    ledger.add(replace(MARKED, id="image-2", content_hash="cd" * 32, ctime_ns=31))
    known = known_files(ledger, "Packshots")
    assert known.of("a.jpg", STAMP) is Familiarity.KNOWN
    assert known.of("a.jpg", replace(STAMP, ctime_ns=31)) is Familiarity.KNOWN
    assert known.of("a.jpg", replace(STAMP, ctime_ns=32)) is Familiarity.ODD


def test_a_file_passed_over_stays_so_whatever_its_marks(ledger: Ledger) -> None:
    ledger.pass_over("Packshots", [("a.jpg", 10, 20)])
    assert known_files(ledger, "Packshots").of("a.jpg", STAMP) is Familiarity.PASSED_OVER


def test_an_inode_of_any_size_is_kept(ledger: Ledger) -> None:
    """Windows and some network file systems have unsigned 64-bit ones."""
    ledger.add(replace(MARKED, inode=2**64 - 1, ctime_ns=2**70))
    assert ledger.images()[0].inode == 2**64 - 1
    assert ledger.images()[0].ctime_ns == 2**70


def test_a_hundred_thousand_stamps_are_read_in_a_moment(ledger: Ledger) -> None:
    """CPU seconds, with a wide margin."""
    rows = [
        row_of(replace(MARKED, id=f"image-{number}", path=f"{number}.jpg", ctime_ns=number))
        for number in range(100_000)
    ]
    with ledger.reading() as db:
        db.execute(insert(schema.images), rows)
    before = time.process_time()
    known = known_files(ledger, "Packshots")
    assert known.of("99999.jpg", replace(STAMP, ctime_ns=99_999)) is Familiarity.KNOWN
    assert time.process_time() - before < 5.0


def test_what_was_said_once_is_remembered(ledger: Ledger) -> None:
    assert not was_said(ledger, "Packshots", "marks 1")
    ledger.say_once("Packshots", "marks 1", "Told.", NOW)
    assert was_said(ledger, "Packshots", "marks 1")
    assert not was_said(ledger, "Portraits", "marks 1")
