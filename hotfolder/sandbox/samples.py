"""Sample pictures for the demo: products on a studio's grey, as they come out of the camera.

Drawn, so that nothing has to be shipped; the same pixels every time.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageOps

from hotfolder.sandbox.drawing import SIZE, Studio
from hotfolder.sandbox.products import draw_bag, draw_boot, draw_shirt

Draw = Callable[[Studio, str], None]

SUBFOLDERS = ("Boots 224", "Shirts/Linen", "Bags")

SAMPLES: tuple[tuple[str, Draw, str], ...] = (
    ("Boots 224/boot-01.jpg", draw_boot, "#9a5b2e"),
    ("Boots 224/boot-02.jpg", draw_boot, "#33302f"),
    ("Boots 224/BOOT-03.JPG", draw_boot, "#6d2430"),
    ("Boots 224/boot-04.png", draw_boot, "#59613a"),
    ("Boots 224/boot-05.tif", draw_boot, "#7a4a2a"),
    ("Shirts/Linen/shirt-01.jpg", draw_shirt, "#33597f"),
    ("Shirts/Linen/shirt-02.jpg", draw_shirt, "#a4503f"),
    ("Shirts/Linen/shirt-03.webp", draw_shirt, "#3f6f5a"),
    ("Shirts/Linen/shirt-04.png", draw_shirt, "#c08a2d"),
    ("Shirts/Linen/shirt-05.jpg", draw_shirt, "#4a3f66"),
    ("Bags/bag-01.jpg", draw_bag, "#8a4b2a"),
    ("Bags/bag-02.webp", draw_bag, "#24495c"),
    ("Bags/bag-03.tif", draw_bag, "#7d2f3c"),
    ("Bags/bag #4 grün.png", draw_bag, "#3f6b3a"),
)

DAMAGED = "Bags/damaged.jpg"
RAW = "Boots 224/IMG_0042.CR2"

_SAVING: dict[str, tuple[str, dict[str, Any]]] = {
    ".jpg": ("JPEG", {"quality": 88}),
    ".png": ("PNG", {"compress_level": 1}),
    ".tif": ("TIFF", {}),
    ".webp": ("WEBP", {"quality": 84, "method": 0}),
}


def write_samples(folder: Path) -> Iterator[Path]:
    """Write the samples below a folder, one after the other, and name each as soon as it stands there.

    Fourteen good images in three subfolders, then two that no service can do anything with: a JPEG that
    was cut off, and a camera's RAW.
    """
    for name, draw, color in SAMPLES:
        yield _write(folder / name, draw_sample(draw, color, name))
    whole = draw_sample(draw_bag, "#444444", "damaged.jpg")
    yield _write(folder / DAMAGED, whole[: len(whole) * 6 // 10])
    yield _write(folder / RAW, b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(range(256)) * 64)


def draw_sample(draw: Draw, color: str, name: str) -> bytes:
    """One picture, in the format its name asks for."""
    studio = Studio()
    draw(studio, color)
    kind, options = _SAVING[Path(name).suffix.lower()]
    out = io.BytesIO()
    photograph(studio).save(out, kind, **options)
    return out.getvalue()


def photograph(studio: Studio) -> Image.Image:
    """The product before the backdrop, in flat and somewhat yellow light."""
    product, mask = studio.develop()
    small = mask.reduce(6)
    shadow = ImageChops.offset(small, 3, 5).filter(ImageFilter.GaussianBlur(7)).point(_levels(0, 90))
    picture = _backdrop().copy()
    picture.paste((96, 92, 84), mask=shadow.resize(SIZE))
    picture.paste(ImageChops.multiply(product, _light()), mask=mask)
    return picture


@cache
def _light() -> Image.Image:
    """A lamp from the upper left."""
    width, height = SIZE
    spot = ImageOps.invert(Image.radial_gradient("L")).resize((width * 2, height * 2))
    corner = (width // 3, height // 4, width // 3 + width, height // 4 + height)
    level = spot.crop(corner).point(_levels(150, 255))
    return Image.merge("RGB", (level, level, level))


@cache
def _backdrop() -> Image.Image:
    """Grey paper, rolled down: lighter towards the floor."""
    return ImageOps.colorize(Image.linear_gradient("L"), (158, 155, 147), (196, 192, 182)).resize(SIZE)


def _levels(darkest: int, lightest: int) -> list[int]:
    return [darkest + level * (lightest - darkest) // 255 for level in range(256)]


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
