"""Every text of the page can be read: the contrast of its colours, as WCAG 2.2 (1.4.3) reckons it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hotfolder

CSS = (Path(hotfolder.__file__).parent / "control" / "pages" / "guide.css").read_text("utf-8")
ENOUGH = 4.5
PAIRS = [
    ("ink", "paper"), ("ink", "ground"), ("soft", "paper"), ("soft", "ground"), ("bad", "paper"), ("bad", "ground"),
    ("bad", "bad-wash"), ("good", "good-wash"), ("main-ink", "main"), ("soft", "wash"),
]  # fmt: skip
"""The text, and what it stands on."""


def schemes() -> list[dict[str, str]]:
    """The colours in the light and, laid over them, in the dark."""
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in CSS.split("@media", 2)[:2]
    )
    return [light, {**light, **dark}]


def luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_the_highest() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
@pytest.mark.parametrize(("text", "behind"), PAIRS)
def test_every_text_can_be_read(scheme: dict[str, str], text: str, behind: str) -> None:
    assert contrast(scheme[text], scheme[behind]) >= ENOUGH


def test_a_placeholder_has_a_colour_of_ours_and_is_not_faded() -> None:
    (rule,) = re.findall(r"::placeholder \{([^}]*)\}", CSS)
    assert "var(--soft)" in rule
    assert "opacity: 1" in rule
