"""Which batch an image joins, and what the batch is called."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.batching import (
    Batch,
    BatchPer,
    BatchRules,
    base_name,
    created_at_label,
    labels_of,
    takes_another,
)

NOW = 1_800_000_000.0
DAY = "2026-11-24"


def batch(**changes: object) -> Batch:
    facts: dict[str, object] = {
        "id": "batch-1",
        "folder": "Packshots",
        "base_name": "Boots 224",
        "number": 1,
        "created_at": "2026-11-24T09:09:01.960Z",
        "last_joined_at": NOW,
        "images": 3,
    }
    return Batch(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("per", "subfolder", "name"),
    [
        (BatchPer.SUBFOLDER, "Boots 224", "Boots 224"),
        (BatchPer.SUBFOLDER, "Spring/Boots 224", "Spring/Boots 224"),
        (BatchPer.SUBFOLDER, "", f"Packshots {DAY}"),
        (BatchPer.DAY, "Boots 224", f"Packshots {DAY}"),
        (BatchPer.DAY, "", f"Packshots {DAY}"),
        (BatchPer.NONE, "Boots 224", None),
        (BatchPer.SUBFOLDER, "Mu\u0308ller/Spring", "M\u00fcller/Spring"),
        (BatchPer.SUBFOLDER, "M\u00fcller/Spring", "M\u00fcller/Spring"),
    ],
)
def test_a_batch_is_named_after_its_subfolder_or_the_hot_folder_and_the_day(
    per: BatchPer, subfolder: str, name: str | None
) -> None:
    assert base_name(BatchRules(per=per), "Packshots", subfolder, DAY) == name


def test_images_of_another_day_form_another_batch() -> None:
    days = {base_name(BatchRules(), "Packshots", "", day) for day in (DAY, "2026-11-25")}
    assert len(days) == 2


def test_the_first_batch_has_no_number_and_later_ones_have() -> None:
    assert [batch(number=n).name for n in (1, 2, 3)] == ["Boots 224", "Boots 224 (2)", "Boots 224 (3)"]


def test_a_number_in_the_subfolders_own_name_is_kept() -> None:
    assert batch(base_name="Boots (2)", number=2).name == "Boots (2) (2)"


def test_a_batch_closes_when_it_was_quiet_for_close_after() -> None:
    rules = BatchRules(close_after_s=1800.0)
    assert takes_another(batch(), rules, NOW + 1799.9)
    assert not takes_another(batch(), rules, NOW + 1800.0)


def test_a_late_file_keeps_its_batch_open_for_another_while() -> None:
    later = batch().joined_by_one(NOW + 1700.0)
    assert later.images == 4
    assert takes_another(later, BatchRules(), NOW + 3400.0)


def test_a_full_batch_takes_no_more() -> None:
    assert takes_another(batch(images=49), BatchRules(max_images=50), NOW)
    assert not takes_another(batch(images=50), BatchRules(max_images=50), NOW)


def test_without_a_limit_a_batch_takes_any_number() -> None:
    assert takes_another(batch(images=100_000), BatchRules(), NOW)


def test_a_clock_that_was_set_back_keeps_the_batch_open() -> None:
    assert takes_another(batch(), BatchRules(), NOW - 86_400.0)


def test_a_batch_that_closes_at_once_takes_none() -> None:
    assert not takes_another(batch(), BatchRules(close_after_s=0.0), NOW)


def test_what_made_a_batch_never_changes_when_images_join_it() -> None:
    first, later = batch(), batch().joined_by_one(NOW + 5)
    assert (first.id, first.created_at, first.name) == (later.id, later.created_at, later.name)


def test_the_three_labels_go_together() -> None:
    assert labels_of(batch(number=2)) == {
        "autoretouch_batch_id": "batch-1",
        "autoretouch_batch_name": "Boots 224 (2)",
        "autoretouch_batch_createdAt": "2026-11-24T09:09:01.960Z",
    }


def test_an_image_without_a_batch_has_none_of_them() -> None:
    assert labels_of(None) == {}


def test_the_time_of_a_batch_is_written_as_the_service_wants_it() -> None:
    assert created_at_label(1_707_383_341.96) == "2024-02-08T09:09:01.960Z"


@given(st.floats(0, 4e9))
def test_any_time_is_written_with_milliseconds_and_as_utc(now: float) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created_at_label(now))
