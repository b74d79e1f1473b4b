"""Durations, sizes and rates as people write them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.units import (
    UnitMissingError,
    UnusableError,
    format_duration,
    format_rate,
    format_size,
    parse_duration,
    parse_rate,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("2s", 2),
        ("30m", 1800),
        ("24h", 86_400),
        ("180d", 15_552_000),
        ("1.5h", 5400),
        (" 2 s ", 2),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size_bytes"), [("7B", 7), ("1.5kB", 1500), ("2MB", 2_000_000), ("1GB", 10**9)]
)
def test_a_size_is_read_as_bytes(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes
    assert parse_rate(f"{text}/s") == size_bytes


@pytest.mark.parametrize(
    "text", ["soon", "", "2x", "-2s", "2S", "2s3", "٢s", "1e3s", "nan", "12:30", "1h30m"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnusableError) as caught:
        parse_duration(text)
    assert caught.value.message == f"{text!r} is not a duration."
    assert caught.value.advice == "Write for example 2s, 30m or 24h."


@pytest.mark.parametrize("text", ["2", "2.5", "0"])
def test_a_number_without_a_unit_is_refused_as_such(text: str) -> None:
    for parse in (parse_duration, parse_size):
        with pytest.raises(UnitMissingError, match="has no unit"):
            parse(text)


@pytest.mark.parametrize("text", ["2MB", "2Mb/s", "2MB/m", "MB/s", "/s", "fast"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UnusableError, match="is not a rate"):
        parse_rate(text)


def test_a_duration_of_more_than_a_hundred_years_is_refused() -> None:
    with pytest.raises(UnusableError, match="longer than 100 years"):
        parse_duration("36501d")


def test_a_size_beyond_all_disks_is_refused() -> None:
    with pytest.raises(UnusableError, match="too large"):
        parse_size("99999999999GB")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.5, "500ms"), (90, "90s"), (1800, "30m"), (86_400, "1d"), (0.0001, "0.1ms")],
)
def test_a_duration_is_written_with_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(0, 1e9))
def test_a_written_duration_is_read_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-8)


@given(st.integers(0, 10**15))
def test_a_written_size_or_rate_is_read_back_exactly(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == size_bytes
    assert parse_rate(format_rate(size_bytes)) == size_bytes


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_duration, parse_size, parse_rate):
        with suppress(UnusableError):
            assert parse(text) >= 0
