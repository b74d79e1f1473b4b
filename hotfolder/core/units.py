"""Durations, sizes and rates as people write them in the config: `2s`, `2MB`, `2MB/s`.

Sizes are decimal (1 kB = 1000 bytes), as on the box of a drive and in a provider's contract. Whatever is
written wrongly raises `UnusableError`, which says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

DURATION_EXAMPLE = "Write for example 2s, 30m or 24h."
SIZE_EXAMPLE = "Write for example 500kB, 2MB or 1GB."
RATE_EXAMPLE = "Write for example 500kB/s or 2MB/s."

LONGEST_S = 36_500 * 86_400
LARGEST_BYTES = 10**18

_SECONDS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86_400),
}
_BYTES = {"B": Decimal(1), "kB": Decimal(10**3), "MB": Decimal(10**6), "GB": Decimal(10**9)}
_MEASURE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?) ?([A-Za-z]+)")


class UnusableError(ValueError):
    """A written value that cannot be used: `message` says what is wrong, `advice` what to write instead."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message} {advice}")
        self.message = message
        self.advice = advice


class UnitMissingError(UnusableError):
    """A bare number where a unit is needed."""


def parse_duration(text: str) -> float:
    """`500ms`, `2s`, `30m`, `24h`, `180d` in seconds; at most 100 years."""
    seconds = _parse(text, _SECONDS, "duration", DURATION_EXAMPLE)
    if seconds > LONGEST_S:
        raise UnusableError(f"{text!r} is longer than 100 years.", "Write at most 36500d.")
    return float(seconds)


def format_duration(seconds: float) -> str:
    """The shortest way to write it, exact to the nanosecond: 1800 -> `30m`."""
    return _format(Decimal(str(round(seconds, 9))), _SECONDS, smallest="ms", zero="0s")


def parse_size(text: str) -> int:
    """`2MB` in bytes; `B`, `kB`, `MB` and `GB` are known."""
    return _whole_bytes(text, text, "size", SIZE_EXAMPLE)


def format_size(size_bytes: int) -> str:
    """The shortest exact way to write it: 2000000 -> `2MB`."""
    return _format(Decimal(size_bytes), _BYTES, smallest="B", zero="0B")


def parse_rate(text: str) -> int:
    """`2MB/s` in bytes per second."""
    size, slash, per = text.strip().rpartition("/")
    if not slash or per != "s":
        raise _not_a(text, "rate", RATE_EXAMPLE)
    return _whole_bytes(text, size, "rate", RATE_EXAMPLE)


def format_rate(bytes_per_s: int) -> str:
    """The shortest exact way to write it: 2000000 -> `2MB/s`."""
    return f"{format_size(bytes_per_s)}/s"


def _whole_bytes(written: str, size: str, kind: str, example: str) -> int:
    amount = _parse(size, _BYTES, kind, example, written)
    if amount > LARGEST_BYTES:
        raise UnusableError(f"{written!r} is too large.", example)
    return round(amount)


def _parse(
    text: str, units: Mapping[str, Decimal], kind: str, example: str, written: str | None = None
) -> Decimal:
    written = text if written is None else written
    text = text.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise UnitMissingError(f"{written!r} has no unit.", example)
    match = _MEASURE.fullmatch(text)
    if match is None or match[2] not in units:
        raise _not_a(written, kind, example)
    return Decimal(match[1]) * units[match[2]]


def _not_a(text: str, kind: str, example: str) -> UnusableError:
    shown = text if len(text) <= 60 else text[:59] + "…"
    return UnusableError(f"{shown!r} is not a {kind}.", example)


def _format(amount: Decimal, units: Mapping[str, Decimal], *, smallest: str, zero: str) -> str:
    if amount == 0:
        return zero
    fitting = [unit for unit, worth in units.items() if amount % worth == 0] or [smallest]
    unit = max(fitting, key=lambda name: units[name])
    return f"{(amount / units[unit]).normalize():f}{unit}"
