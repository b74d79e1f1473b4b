"""The icons of the tray: each mood known by its shape, at every size, in every bar, in colour and without it."""

from __future__ import annotations

from itertools import combinations

import pytest
from PIL import Image, ImageChops

from hotfolder.core.glance import Mood
from hotfolder.tray.icons import draw_app_icon, draw_icon

SIZES = [16, 18, 20, 21, 22, 24, 32, 44, 48, 64]
MOODS = list(Mood)
BARS = [(0, 0, 0), (30, 30, 32), (240, 240, 240), (255, 255, 255)]
SHARES = [step / 20 for step in range(21)]

MACHADO = {
    "deuteranopia": (
        0.367322,
        0.860646,
        -0.227968,
        0.280085,
        0.672501,
        0.047413,
        -0.01182,
        0.04294,
        0.968881,
    ),
    "protanopia": (
        0.152286,
        1.052583,
        -0.204868,
        0.114503,
        0.786281,
        0.099216,
        -0.003882,
        -0.048116,
        1.051998,
    ),
    "tritanopia": (1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039),
}
"""How the colour-blind see, as a matrix on linear RGB: Machado, Oliveira, Fernandes, 2009."""

Pixel = tuple[float, float, float]


def on_bar(icon: Image.Image, bar: tuple[int, int, int]) -> Image.Image:
    shown = Image.new("RGB", icon.size, bar)
    shown.paste(icon, (0, 0), icon)
    return shown


def linear(value: float) -> float:
    value /= 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def luminance(pixel: Pixel) -> float:
    """Relative luminance as WCAG 2 defines it."""
    red, green, blue = map(linear, pixel)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    """The contrast ratio of two luminances, 1 to 21."""
    high, low = max(one, other), min(one, other)
    return (high + 0.05) / (low + 0.05)


def luminances(picture: Image.Image) -> list[float]:
    known: dict[Pixel, float] = {}
    data = picture.convert("RGB").tobytes()
    pixels = zip(data[0::3], data[1::3], data[2::3], strict=True)
    return [known[p] if p in known else known.setdefault(p, luminance(p)) for p in pixels]


def as_seen_with(picture: Image.Image, matrix: tuple[float, ...]) -> list[float]:
    """The luminances that a colour-blind person sees; nothing that hangs on hue alone is left."""
    data = picture.convert("RGB").tobytes()
    seen = []
    for pixel in zip(data[0::3], data[1::3], data[2::3], strict=True):
        red, green, blue = map(linear, pixel)
        mixed = [m * red + n * green + o * blue for m, n, o in zip(*[iter(matrix)] * 3, strict=True)]
        r, g, b = (min(max(part, 0.0), 1.0) for part in mixed)
        seen.append(0.2126 * r + 0.7152 * g + 0.0722 * b)
    return seen


def share_that_differs(one: list[float], other: list[float], ratio: float = 3.0) -> float:
    """The part of the picture whose pixels contrast with the other picture's at least by `ratio`."""
    return sum(contrast(a, b) >= ratio for a, b in zip(one, other, strict=True)) / len(one)


def all_pictures(size: int) -> list[tuple[Mood, Image.Image]]:
    """Every mood, and `working` at its beginning, in between and at its end."""
    fixed = [(mood, draw_icon(mood, size)) for mood in MOODS if mood is not Mood.WORKING]
    return fixed + [(Mood.WORKING, draw_icon(Mood.WORKING, size, share)) for share in (0.0, 0.5, 1.0)]


@pytest.mark.parametrize("size", [8, 9, 12, *SIZES, 128, 256, 512])
def test_every_picture_has_exactly_the_size_asked_for(size: int) -> None:
    for picture in [*(draw_icon(mood, size, 0.4) for mood in MOODS), draw_app_icon(size)]:
        assert (picture.mode, picture.size) == ("RGBA", (size, size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bar", BARS)
def test_any_two_moods_differ_clearly_without_colour(size: int, bar: tuple[int, int, int]) -> None:
    """A tenth of the picture at least, by a contrast of 3:1."""
    grey = [(mood, luminances(on_bar(icon, bar))) for mood, icon in all_pictures(size)]
    for (mood, one), (other_mood, other) in combinations(grey, 2):
        if mood != other_mood:
            assert share_that_differs(one, other) >= 0.1, (mood, other_mood)


@pytest.mark.parametrize("kind", MACHADO)
@pytest.mark.parametrize("bar", [(30, 30, 32), (240, 240, 240)])
def test_any_two_moods_differ_clearly_for_the_colour_blind(kind: str, bar: tuple[int, int, int]) -> None:
    seen = [(mood, as_seen_with(on_bar(icon, bar), MACHADO[kind])) for mood, icon in all_pictures(22)]
    for (mood, one), (other_mood, other) in combinations(seen, 2):
        if mood != other_mood:
            assert share_that_differs(one, other) >= 0.1, (mood, other_mood)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bar", BARS)
def test_every_mood_stands_out_from_the_bar(size: int, bar: tuple[int, int, int]) -> None:
    """At least an eighth of the square contrasts with the bar by 3:1, on a black one and on a white one alike."""
    ground = [luminance(bar)] * (size * size)
    for mood, icon in all_pictures(size):
        assert share_that_differs(luminances(on_bar(icon, bar)), ground) >= 0.125, mood


@pytest.mark.parametrize("size", SIZES)
def test_every_mood_keeps_its_outline_on_a_bright_bar(size: int) -> None:
    """In every row of its middle, the picture begins with something dark."""
    bright = luminance((240, 240, 240))
    for mood, icon in all_pictures(size):
        seen = luminances(on_bar(icon, (240, 240, 240)))
        for y in range(size // 3, size * 2 // 3):
            row = seen[y * size : (y + 1) * size]
            first = next(x for x, light in enumerate(row) if light < 0.8 * bright)
            assert max(contrast(light, bright) for light in row[first : first + 2]) >= 3, (mood, y)


@pytest.mark.parametrize("size", SIZES)
def test_more_done_is_more_filled(size: int) -> None:
    """Monotone, and a quarter of the work is visible even at 16 pixels."""
    empty = luminances(draw_icon("working", size, 0.0))
    filled = [
        share_that_differs(luminances(draw_icon("working", size, share)), empty, 1.8) for share in SHARES
    ]
    assert filled == sorted(filled)
    assert filled[0] == 0
    for quarter in (5, 10, 15, 20):
        assert filled[quarter] - filled[quarter - 5] >= 0.05


def test_the_done_part_stands_out_from_the_rest_of_the_ring() -> None:
    """At the very top and a little to each side: just begun, to the right is done, to the left is not."""
    ring = draw_icon("working", 64, 0.25).convert("RGB")
    done, waiting = ring.getpixel((40, 8)), ring.getpixel((24, 8))
    assert isinstance(done, tuple)
    assert isinstance(waiting, tuple)
    assert (
        contrast(luminance((done[0], done[1], done[2])), luminance((waiting[0], waiting[1], waiting[2]))) >= 3
    )


def test_a_share_outside_its_range_is_shown_as_none_or_all() -> None:
    assert same(draw_icon("working", 22, 7.0), draw_icon("working", 22, 1.0))
    assert same(draw_icon("working", 22, -1.0), draw_icon("working", 22, 0.0))
    assert same(draw_icon("working", 22, None), draw_icon("working", 22, 0.0))


@pytest.mark.parametrize("mood", MOODS)
def test_the_same_picture_is_drawn_every_time(mood: Mood) -> None:
    assert same(draw_icon(mood, 22, 0.3), draw_icon(mood, 22, 0.3))


@pytest.mark.parametrize("size", [16, 22, 24, 32, 48])
@pytest.mark.parametrize("mood", ["idle", "paused"])
def test_straight_edges_lie_on_pixels(mood: Mood, size: int) -> None:
    """Along the middle row of a folder no pixel is half one thing and half another."""
    icon = draw_icon(mood, size)
    row = {icon.getpixel((x, size * 3 // 5)) for x in range(size)}
    assert len(row) == 2  # the outline or sign, and the folder


def test_what_is_no_mood_is_refused() -> None:
    with pytest.raises(KeyError):
        draw_icon("happy", 22)


def test_a_picture_too_small_to_show_anything_is_refused() -> None:
    with pytest.raises(ValueError, match="7 pixels"):
        draw_icon("idle", 7)


@pytest.mark.parametrize("bar", BARS)
def test_the_programs_own_icon_is_seen_on_every_ground(bar: tuple[int, int, int]) -> None:
    for size in (16, 32, 48):
        seen = luminances(on_bar(draw_app_icon(size), bar))
        assert share_that_differs(seen, [luminance(bar)] * len(seen)) >= 0.2


def same(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox(alpha_only=False) is None
