"""Bodies with more, less, and nonsense in optional places."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotfolder.adapters.autoretouch.payloads import (
    Unreadable,
    balance_in,
    execution_in,
    execution_page_in,
    hash_in,
    id_in,
    page_in,
)
from hotfolder.ports import Execution

NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
OPTIONAL = [
    "createdAt",
    "finishedAt",
    "resultPath",
    "resultContentHash",
    "resultContentType",
    "resultFileName",
    "chargedCredits",
    "message",
    "error",
    "reason",
    "someday",
]


def read(**fields: Any) -> Execution:
    return execution_in(json.dumps({"id": "e", "status": "ACTIVE", **fields}).encode())


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(OPTIONAL), NONSENSE))
def test_nonsense_in_an_optional_field_does_not_hide_the_execution(fields: dict[str, Any]) -> None:
    execution = read(**fields)
    assert (execution.id, execution.status) == ("e", "ACTIVE")
    assert execution.created_at is None or isinstance(execution.created_at, float)
    assert execution.credits is None or isinstance(execution.credits, int)


@settings(deadline=None)
@given(st.binary() | NONSENSE.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_unreadable(body: bytes) -> None:
    for reader in (execution_in, execution_page_in, balance_in, id_in, hash_in, page_in):
        try:
            reader(body)
        except Unreadable:
            continue


def test_null_labels_are_none() -> None:
    assert read(labels=None).labels == {}


def test_labels_are_texts() -> None:
    labels = {"text": "a", "number": 5, "truth": True, "nothing": None, "list": [1]}
    assert read(labels=labels).labels == {"text": "a", "number": "5", "truth": "true", "list": "[1]"}


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("2025-05-28T20:33:16.193Z", 1748464396.193),
        ("2025-05-28T20:33:16Z", 1748464396.0),
        ("2025-05-28T22:33:16.193+02:00", 1748464396.193),
        ("2025-05-28T20:33:16.193", 1748464396.193),
        ("2025-05-28T20:33:16.193123456Z", 1748464396.193123),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1748464396, None),
    ],
)
def test_a_time_is_read_or_none(text: Any, epoch: float | None) -> None:
    assert read(createdAt=text).created_at == (None if epoch is None else pytest.approx(epoch))


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "No face found"},
        {"error": "No face found"},
        {"failureReason": "No face found"},
        {"error": {"code": 7, "message": "No\nface   found"}},
        {"message": "", "errorMessage": "No face found"},
    ],
)
def test_the_reason_is_found_wherever_it_stands(fields: dict[str, Any]) -> None:
    assert read(**fields).reason == "No face found"


def test_a_long_reason_is_cut() -> None:
    assert len(read(message="x" * 10_000).reason) == 300


def test_what_begins_like_a_uuid_must_be_a_whole_one() -> None:
    whole = "64bac1a4-a182-47b6-bf06-819f2de90dc4"
    assert id_in(whole.encode()) == whole
    for length in range(9, 36):
        with pytest.raises(Unreadable):
            id_in(whole[:length].encode())
