"""The pictures of hotfolder, drawn by code: the five moods of the tray, and the program's own icon.

Each mood has a shape of its own, so that it is told apart without colour: a plain folder, a filling ring, an exclamation
mark, two bars, a struck-through hollow folder. Bright areas stand out from a dark bar, their dark outline from a light
one. Every edge that can lie on a pixel does, at every size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import copysign, cos, pi, sin

from PIL import Image, ImageDraw

from hotfolder.core.glance import Mood

Colour = tuple[int, int, int]
Point = tuple[float, float]

PLATE: Colour = (34, 46, 66)
INK: Colour = (20, 28, 40)
LIGHT: Colour = (244, 247, 250)
TRACK: Colour = (100, 116, 138)
BLUE: Colour = (94, 196, 250)
DEEP_BLUE: Colour = (36, 138, 208)
GREEN: Colour = (120, 245, 170)
AMBER: Colour = (255, 190, 40)
GREY: Colour = (206, 214, 222)

SMALLEST_PX = 8
FINE_PX = 128
"""Up to here a picture is drawn eight times as large as it will be, above it four times."""

SPARKLE_POINTS = 128


class Sheet:
    """A square picture in the making, drawn enlarged. Its measures are pixels of the finished picture."""

    def __init__(self, size_px: int) -> None:
        if size_px < SMALLEST_PX:
            raise ValueError(f"an icon of {size_px} pixels shows nothing; {SMALLEST_PX} is the least")
        self.size = size_px
        self._times = 8 if size_px <= FINE_PX else 4
        self.edge = max(int(self.part(1)), 1)
        self._image = Image.new("RGBA", (size_px * self._times, size_px * self._times))
        self._draw = ImageDraw.Draw(self._image)

    def part(self, sixteenths: float) -> float:
        """A part of the side, wherever it falls."""
        return sixteenths * self.size / 16

    def whole(self, sixteenths: float) -> int:
        """A part of the side in whole pixels, one at least."""
        return max(int(self.part(sixteenths) + 0.5), 1)

    def middle(self, sixteenths: float) -> int:
        """A width in whole pixels that can stand in the very middle: odd where the side is odd."""
        rest = self.size % 2
        return max(2 * int((self.part(sixteenths) - rest) / 2 + 0.25) + rest, 2 - rest)

    def block(
        self, left: float, top: float, right: float, bottom: float, colour: Colour, radius: float = 0
    ) -> None:
        if right <= left or bottom <= top:
            return
        t = self._times
        rounding = min(radius, (right - left) / 2, (bottom - top) / 2) * t
        self._draw.rounded_rectangle((left * t, top * t, right * t - 1, bottom * t - 1), rounding, colour)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        self._draw.ellipse(self._around(centre, radius), colour)

    def slice(self, centre: Point, radius: float, share: float, colour: Colour) -> None:
        """A part of a disc, clockwise from the top."""
        if share >= 1:
            self.disc(centre, radius, colour)
        elif share > 0:
            self._draw.pieslice(self._around(centre, radius), -90, -90 + 360 * share, colour)

    def shape(self, points: list[Point], colour: Colour) -> None:
        self._draw.polygon([(x * self._times, y * self._times) for x, y in points], colour)

    def rounded_shape(self, corners: list[Point], radius: float, colour: Colour) -> None:
        """A polygon, grown by `radius` on every side and round at its corners."""
        self.shape(corners, colour)
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            self.stroke(start, end, 2 * radius, colour)

    def stroke(self, start: Point, end: Point, width: float, colour: Colour) -> None:
        """A line with round ends."""
        (x1, y1), (x2, y2) = start, end
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        across_x, across_y = (y1 - y2) / length * width / 2, (x2 - x1) / length * width / 2
        self.shape(
            [
                (x1 + across_x, y1 + across_y),
                (x2 + across_x, y2 + across_y),
                (x2 - across_x, y2 - across_y),
                (x1 - across_x, y1 - across_y),
            ],
            colour,
        )
        self.disc(start, width / 2, colour)
        self.disc(end, width / 2, colour)

    def finished(self) -> Image.Image:
        return self._image.reduce(self._times)

    def _around(self, centre: Point, radius: float) -> tuple[float, float, float, float]:
        t = self._times
        x, y = centre
        return ((x - radius) * t, (y - radius) * t, (x + radius) * t - 1, (y + radius) * t - 1)


def draw_icon(mood: str, size_px: int, share: float | None = None) -> Image.Image:
    """The tray's picture of a mood, RGBA. `share`: how much of the present work is done, 0 to 1; only `working` shows it."""
    sheet = Sheet(size_px)
    if mood == Mood.WORKING:
        _working(sheet, share or 0.0)
    else:
        _MOODS[mood](sheet)
    return sheet.finished()


def draw_app_icon(size_px: int) -> Image.Image:
    """The program's own icon, RGBA: for the menu of programs, the window, the installer and the notifications."""
    sheet = Sheet(size_px)
    paint_app_icon(sheet)
    return sheet.finished()


def paint_app_icon(sheet: Sheet) -> None:
    """A folder with something beautiful coming out of it. Only blocks and shapes, so that it can become an SVG as well."""
    sheet.block(0, 0, sheet.size, sheet.size, PLATE, sheet.part(3.4))
    left, right = sheet.whole(2), sheet.size - sheet.whole(2)
    top, bottom = sheet.whole(4), sheet.size - sheet.whole(2.6)
    radius = sheet.part(1.1)
    shoulder = top + sheet.whole(1.6)
    sheet.block(left, top, left + sheet.whole(4.6), bottom, DEEP_BLUE, radius)
    sheet.block(left, shoulder, right, bottom, DEEP_BLUE, radius)
    sheet.block(left, shoulder + sheet.whole(1.4), right, bottom, BLUE, radius)
    middle = (sheet.part(11.4), sheet.part(5.1))
    sheet.shape(_sparkle(middle, sheet.part(4.6), 2.4), PLATE)
    sheet.shape(_sparkle(middle, sheet.part(3.7), 3.2), AMBER)


def _sparkle(middle: Point, reach: float, hollow: float) -> list[Point]:
    """A star of four points; the greater `hollow`, the thinner they are."""
    x, y = middle

    def bent(along: float) -> float:
        return copysign(abs(along) ** hollow, along) * reach

    angles = (2 * pi * step / SPARKLE_POINTS for step in range(SPARKLE_POINTS))
    return [(x + bent(cos(angle)), y + bent(sin(angle))) for angle in angles]


# --- the moods ------------------------------------------------------------------------------------


def _idle(sheet: Sheet) -> None:
    _folder(sheet, DEEP_BLUE, BLUE)


def _paused(sheet: Sheet) -> None:
    room = _folder(sheet, GREY, GREY)
    gap, width = sheet.middle(2.2), sheet.whole(2.2)
    top, bottom = room.top + sheet.edge, room.bottom - sheet.edge
    for left in ((sheet.size - gap) / 2 - width, (sheet.size + gap) / 2):
        sheet.block(left, top, left + width, bottom, INK, sheet.part(0.5))


def _offline(sheet: Sheet) -> None:
    room = _folder(sheet, LIGHT, LIGHT)
    band = sheet.whole(1.2)
    sheet.block(
        room.left + band, room.top + band, room.right - band, room.bottom - band, INK, sheet.part(0.5)
    )
    low, high = (sheet.part(1.7), sheet.part(14.3)), (sheet.part(14.3), sheet.part(1.7))
    width = sheet.part(1.8)
    sheet.stroke(low, high, width + 2 * sheet.edge, INK)
    sheet.stroke(low, high, width, LIGHT)


def _needs_you(sheet: Sheet) -> None:
    """A warning triangle: the only picture with that outline, seen from the corner of an eye."""
    far = sheet.size
    round_off = sheet.part(1.4)
    top, low = (far / 2, sheet.part(0.3) + round_off), far - sheet.whole(0.5) - round_off
    corners = [top, (far - round_off, low), (round_off, low)]
    sheet.rounded_shape(corners, round_off, INK)
    slanted_edge = sheet.edge * 1.25  # it looks thinner than a straight one
    sheet.rounded_shape(corners, max(round_off - slanted_edge, 0.2), AMBER)
    width = sheet.middle(2.2)
    left, bottom = (far - width) / 2, round(low - sheet.part(0.2))
    dot = sheet.whole(1.9)
    stem_top, stem_bottom = sheet.whole(4.9), bottom - dot - sheet.whole(1)
    sheet.block(left, stem_top, left + width, stem_bottom, INK, sheet.part(0.5))
    sheet.block(left, bottom - dot, left + width, bottom, INK, sheet.part(0.5))


def _working(sheet: Sheet, share: float) -> None:
    middle = (sheet.size / 2, sheet.size / 2)
    outer = sheet.size / 2 - sheet.edge
    sheet.disc(middle, sheet.size / 2, INK)
    sheet.disc(middle, outer, TRACK)
    sheet.slice(middle, outer, share, GREEN)
    sheet.disc(middle, outer - sheet.whole(2.7), INK)
    width, height = sheet.middle(5.6), sheet.middle(4)
    left, top = (sheet.size - width) / 2, (sheet.size - height) / 2
    sheet.block(left, top, left + width, top + height, BLUE, sheet.part(0.4))
    sheet.block(left, top - sheet.whole(0.8), left + width // 2, top + height, BLUE, sheet.part(0.4))


@dataclass(frozen=True, slots=True)
class Room:
    """What is inside a folder's outline, below its tab."""

    left: int
    top: int
    right: int
    bottom: int


def _folder(sheet: Sheet, back: Colour, front: Colour) -> Room:
    """A folder with a dark outline, as wide as the picture."""
    edge, top, bottom = sheet.edge, sheet.whole(1.2), sheet.size - sheet.whole(1.2)
    tab, shoulder = sheet.whole(8), top + sheet.whole(2)
    outer, inner = sheet.part(1.6), sheet.part(0.8)
    sheet.block(0, top, tab, bottom, INK, outer)
    sheet.block(0, shoulder, sheet.size, bottom, INK, outer)
    room = Room(edge, shoulder + edge, sheet.size - edge, bottom - edge)
    sheet.block(edge, top + edge, tab - edge, room.bottom, back, inner)
    sheet.block(room.left, room.top, room.right, room.bottom, back, inner)
    sheet.block(room.left, room.top + sheet.whole(1.6), room.right, room.bottom, front, inner)
    return room


_MOODS: Mapping[str, Callable[[Sheet], None]] = {
    Mood.IDLE: _idle,
    Mood.NEEDS_YOU: _needs_you,
    Mood.PAUSED: _paused,
    Mood.OFFLINE: _offline,
}
