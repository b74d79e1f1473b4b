"""The retouching: the product is cut out, set on white with a soft shadow, and made crisper.

Two recipes: `packshot` is for the eye, `fast` for thousands of images (the same picture with a remark in
it: other bytes, no work). Both always give the same bytes for the same image.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import BinaryIO, Literal

from PIL import Image, ImageChops, ImageEnhance, ImageFilter
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

Recipe = Literal["packshot", "fast"]

MAXIMUM_SIDE = 10_000
"""Pixels; larger images are refused [D]."""
WORKING_SIDE = 1600
"""The service scales down above 4,096 [D]; the sandbox sooner, to be quick."""
MASK_SIDE = 320
REMARK = b"retouched in the sandbox"

_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "image/webp": "webp"}

_CONTRAST = [min(255, max(0, round((level - 40) * 1.32 + 40))) for level in range(256)]
"""Lifted from the dark end: a camera's flat light becomes a crisp one."""


class CannotRetouch(Exception):
    """This is no image, or not one the service takes."""


class UnknownToPillow(CannotRetouch):
    """A right image that the service takes and Pillow does not know: CMYK with alpha, Lab of 16 bits, large profiles
    and texts."""


_GAPS = re.compile(
    "unknown pixel mode|unknown photometric mode|unknown data organization|too large|too much memory",
    re.IGNORECASE,
)
"""What Pillow says of those."""


def extension_of(content_type: str) -> str:
    return _EXTENSIONS[content_type]


def sniff_content_type(head: bytes) -> str:
    """The type by the first bytes: JPEG, PNG, TIFF and WebP are taken [D]; a camera's RAW is not."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") and head[8:10] != b"CR":
        return "image/tiff"
    raise CannotRetouch("only JPEG, PNG, TIFF and WebP can be retouched")


def check_image(file: BinaryIO) -> str:
    """The content type of an uploaded image, after a look at its header."""
    file.seek(0)
    content_type = sniff_content_type(file.read(16))
    try:
        image = _open_image(file, content_type)
    except UnknownToPillow:
        return content_type
    with image:
        if max(image.size) > MAXIMUM_SIDE:
            raise CannotRetouch(f"{image.width} × {image.height} pixels are more than 10,000 × 10,000")
    return content_type


def retouch(data: bytes, recipe: Recipe) -> tuple[bytes, str]:
    """The retouched image and its content type."""
    content_type = sniff_content_type(data[:16])
    if recipe == "fast":
        return _with_remark(data, content_type), content_type
    try:
        with _open_image(io.BytesIO(data), content_type) as image:
            image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
            picture = image.convert("RGB")
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise CannotRetouch(str(error)) from error
    picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BILINEAR, reducing_gap=1.5)
    out = io.BytesIO()
    _packshot(picture).save(out, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return out.getvalue(), "image/png"


def _open_image(file: BinaryIO, content_type: str) -> ImageFile:
    """Read the header. Not `Image.open`: its guard against bombs is a warning that the process shares."""
    file.seek(0)
    try:
        match content_type:
            case "image/jpeg":
                return JpegImageFile(file)
            case "image/png":
                return PngImageFile(file)
            case "image/webp":
                return WebPImageFile(file)
            case _:
                return TiffImageFile(file)
    except (OSError, ValueError, SyntaxError, struct.error, KeyError) as error:
        is_gap = isinstance(error, KeyError) or _GAPS.search(str(error))
        gap = UnknownToPillow if is_gap else CannotRetouch
        raise gap(f"the image cannot be read: {error}") from error


def _packshot(picture: Image.Image) -> Image.Image:
    """The product on white, with a soft shadow below it."""
    mask = _product_mask(picture)
    size = picture.size
    shadow = ImageChops.offset(mask, 0, mask.height // 45).filter(ImageFilter.GaussianBlur(mask.height / 40))
    shadow = shadow.point([level * 70 // 255 for level in range(256)]).resize(size, Image.Resampling.BILINEAR)
    canvas = Image.new("RGB", size, "white")
    canvas.paste((52, 56, 74), mask=shadow)
    crisp = ImageEnhance.Color(picture.point(_CONTRAST * 3)).enhance(1.08)
    cut = mask.filter(ImageFilter.GaussianBlur(0.8)).resize(size, Image.Resampling.BICUBIC)
    canvas.paste(crisp, mask=cut)
    return canvas


def _product_mask(picture: Image.Image) -> Image.Image:
    """White where the picture differs from its background, in a small size.

    The background is what the left and the right edge show, drawn across: enough for a studio's backdrop.
    """
    small = picture.copy()
    small.thumbnail((MASK_SIDE, MASK_SIDE), Image.Resampling.BILINEAR, reducing_gap=1.5)
    width, height = small.size
    edges = Image.new("RGB", (2, height))
    edges.paste(small.crop((0, 0, 1, height)), (0, 0))
    edges.paste(small.crop((width - 1, 0, width, height)), (1, 0))
    background = edges.resize((width, height), Image.Resampling.BILINEAR).filter(ImageFilter.BoxBlur(3))
    red, green, blue = ImageChops.difference(small, background).split()
    difference = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    mask = difference.point([255 if level > 26 else 0 for level in range(256)])
    closed = mask.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(7))
    return closed.filter(ImageFilter.MedianFilter(5))


def _with_remark(data: bytes, content_type: str) -> bytes:
    """The same picture with a remark in it, in whatever way its format allows."""
    if content_type == "image/jpeg":
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(REMARK) + 2) + REMARK + data[2:]
    if content_type == "image/png":
        chunk = b"tEXtComment\0" + REMARK
        length, checksum = struct.pack(">I", len(chunk) - 4), struct.pack(">I", zlib.crc32(chunk))
        return data[:33] + length + chunk + checksum + data[33:]
    if content_type == "image/webp":
        chunk = b"note" + struct.pack("<I", len(REMARK)) + REMARK
        return b"RIFF" + struct.pack("<I", len(data) + len(chunk) - 8) + data[8:] + chunk
    return data + REMARK  # a TIFF is addressed by offsets: what stands behind the image is nobody's
