"""A small sheet to draw products on: smooth outlines, in any units, with clean edges."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageColor, ImageDraw

Point = tuple[float, float]
Color = tuple[int, int, int]

SIZE = (900, 1200)
OVERSAMPLING = 2


def shade(color: str, factor: float) -> Color:
    """The colour darker (below 1) or lighter (above 1)."""
    red, green, blue = ImageColor.getrgb(color)[:3]
    return (min(255, int(red * factor)), min(255, int(green * factor)), min(255, int(blue * factor)))


def smooth(points: Sequence[Point], rounds: int = 3) -> list[Point]:
    """Cut the corners of a closed outline again and again (Chaikin), until it is a curve."""
    outline = list(points)
    for _ in range(rounds):
        following = outline[1:] + outline[:1]
        outline = [
            (a[0] * near + b[0] * (1 - near), a[1] * near + b[1] * (1 - near))
            for a, b in zip(outline, following, strict=True)
            for near in (0.75, 0.25)
        ]
    return outline


class Studio:
    """What is drawn, and where: a picture and its mask, in units of 900 × 1200."""

    def __init__(self) -> None:
        size = (SIZE[0] * OVERSAMPLING, SIZE[1] * OVERSAMPLING)
        self._picture = Image.new("RGB", size, (90, 88, 82))
        self._mask = Image.new("L", size)
        self._brush = ImageDraw.Draw(self._picture)
        self._stencil = ImageDraw.Draw(self._mask)

    def shape(self, points: Sequence[Point], color: Color, *, curved: bool = True) -> None:
        """A filled outline."""
        outline = _scaled(smooth(points) if curved else points)
        self._brush.polygon(outline, fill=color)
        self._stencil.polygon(outline, fill=255)

    def line(self, points: Sequence[Point], color: Color, width: float) -> None:
        outline, pixels = _scaled(points), max(1, round(width * OVERSAMPLING))
        self._brush.line(outline, fill=color, width=pixels, joint="curve")
        self._stencil.line(outline, fill=255, width=pixels, joint="curve")

    def stitches(self, start: Point, end: Point, color: Color, count: int) -> None:
        """A dashed seam."""
        step = ((end[0] - start[0]) / count, (end[1] - start[1]) / count)
        for number in range(count):
            a = (start[0] + step[0] * number, start[1] + step[1] * number)
            self.line([a, (a[0] + step[0] * 0.55, a[1] + step[1] * 0.55)], color, 2.2)

    def dot(self, center: Point, radius: float, color: Color) -> None:
        box = [
            edge * OVERSAMPLING
            for edge in (center[0] - radius, center[1] - radius, center[0] + radius, center[1] + radius)
        ]
        self._brush.ellipse(box, fill=color)
        self._stencil.ellipse(box, fill=255)

    def arch(self, box: tuple[float, float, float, float], color: Color, width: float) -> None:
        """The upper half of an ellipse, as a band: a handle."""
        pixels = max(1, round(width * OVERSAMPLING))
        edges = [edge * OVERSAMPLING for edge in box]
        self._brush.arc(edges, 180, 360, fill=color, width=pixels)
        self._stencil.arc(edges, 180, 360, fill=255, width=pixels)

    def develop(self) -> tuple[Image.Image, Image.Image]:
        """The picture and its mask, in their final size."""
        return self._picture.reduce(OVERSAMPLING), self._mask.reduce(OVERSAMPLING)


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points]
