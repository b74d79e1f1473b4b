"""The mark of how many purchases were meant: it outlives the ledger, never falls, and is made anew nowhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hotfolder.adapters.high_water import HighWater
from hotfolder.errors import LedgerUnusable


def test_it_rises_never_falls_and_is_kept(tmp_path: Path) -> None:
    mark = HighWater(tmp_path / "intents")
    assert mark.height() == 0
    for number in (1, 7, 3):
        mark.rise(number)
    mark.close()
    assert HighWater(tmp_path / "intents").height() == 7


def test_what_cannot_be_read_counts_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "intents").write_text("nonsense")
    mark = HighWater(tmp_path / "intents")
    assert mark.height() == 0
    mark.rise(4)
    assert HighWater(tmp_path / "intents").height() == 4


def test_in_a_home_that_was_removed_nothing_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    mark = HighWater(tmp_path / "home" / "intents")
    mark.rise(1)
    shutil.rmtree(tmp_path / "home")
    mark.rise(2)
    assert not (tmp_path / "home").exists()


def test_a_mark_that_cannot_be_made_is_the_ledgers_trouble(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="own files"):
        HighWater(tmp_path / "no home" / "intents").height()
