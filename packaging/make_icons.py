"""Draw hotfolder's icons into a folder, in every format that a system wants: `make_icons.py build/icons`.

hicolor/<size>x<size>/apps/hotfolder.png   Linux, 16 to 512 pixels
hicolor/scalable/apps/hotfolder.svg        Linux, any size
hotfolder.ico                              Windows, seven sizes in one file
hotfolder.icns                             macOS, up to 1024 pixels
moods/<mood>-<size>.png                    the pictures of the tray, for documents
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from hotfolder.core.glance import Mood
from hotfolder.tray.icons import Colour, Point, Sheet, draw_app_icon, draw_icon, paint_app_icon

HICOLOR = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ICO = (16, 24, 32, 48, 64, 128, 256)
ICNS = (16, 32, 64, 128, 256, 512, 1024)
SVG_SIDE = 256


class Drawing(Sheet):
    """The same strokes, kept as SVG elements."""

    def __init__(self, side: int) -> None:
        super().__init__(side)
        self._elements: list[str] = []

    def block(
        self, left: float, top: float, right: float, bottom: float, colour: Colour, radius: float = 0
    ) -> None:
        size = f'width="{right - left:g}" height="{bottom - top:g}" rx="{radius:g}"'
        self._elements.append(f'<rect x="{left:g}" y="{top:g}" {size} fill="{_hex(colour)}"/>')

    def shape(self, points: list[Point], colour: Colour) -> None:
        corners = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
        self._elements.append(f'<polygon points="{corners}" fill="{_hex(colour)}"/>')

    def text(self) -> str:
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.size} {self.size}">'
        return "\n".join([head, *self._elements, "</svg>", ""])


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def make_icons(folder: Path) -> None:
    """Write all of them below the folder, over what is there."""
    hicolor = folder / "hicolor"
    for size in HICOLOR:
        _save(draw_app_icon(size), hicolor / f"{size}x{size}" / "apps" / "hotfolder.png")
    drawing = Drawing(SVG_SIDE)
    paint_app_icon(drawing)
    svg = hicolor / "scalable" / "apps" / "hotfolder.svg"
    svg.parent.mkdir(parents=True, exist_ok=True)
    svg.write_text(drawing.text(), encoding="utf-8")
    _save_together(ICO, folder / "hotfolder.ico")
    _save_together(ICNS, folder / "hotfolder.icns")
    for mood in Mood:
        _save(draw_icon(mood, 64, share=0.6), folder / "moods" / f"{mood}-64.png")


def _save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)


def _save_together(sizes: tuple[int, ...], path: Path) -> None:
    """One file with a picture drawn for each size, none scaled from another."""
    *smaller, largest = (draw_app_icon(size) for size in sizes)
    largest.save(path, sizes=[(size, size) for size in sizes], append_images=smaller)


if __name__ == "__main__":
    make_icons(Path(sys.argv[1] if len(sys.argv) > 1 else "build/icons"))
