"""Is this file a whole image that AutoRetouch takes? And: what is its hash?

Header through Pillow, end of the file through `image_tail`; nothing is ever decoded, so a decompression bomb
is refused by its size alone. The content decides, not the extension. Takes about 0.2 ms a file (measured with
6000 × 4000). Everything blocks: call it with asyncio.to_thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from hotfolder.adapters.image_tail import Block, looks_whole, tiff_blocks
from hotfolder.adapters.scanner import stamp_from
from hotfolder.core.settling import FileStamp
from hotfolder.errors import SourceChanged, SourceVanished, UnreadableImage

MAX_SIDE_PX = 10_000
"""AutoRetouch's limit for width and height (autoretouch-api.md, Upload)."""

SCALED_DOWN_ABOVE_PX = 4_096
"""Above this the service scales down (autoretouch-api.md, Upload)."""

CHUNK_BYTES = 1 << 20

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
_CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # a JPEG with a preview or a second view behind it, as Sony and Fuji write
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
}
_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"8BPS", "a Photoshop document"),
    (0, b"GIF8", "a GIF"),
    (0, b"BM", "a BMP"),
    (0, b"%PDF", "a PDF"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"<svg", "an SVG"),
    (0, b"<?xml", "an XML or SVG file"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (4, b"ftyphei", "a HEIC image"),
    (4, b"ftypmif1", "a HEIC image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftypcrx", "a Canon RAW file"),
    (4, b"ftyp", "a video"),
)
_TAGS_CUT = re.compile("truncated|larger than file|only got", re.IGNORECASE)
"""What Pillow's TIFF reader only warns of when the tags go on behind the end of the file."""

_pillow = threading.Lock()
"""warnings.catch_warnings changes the process's filters, so only one thread may be inside at a time."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the service is told, and what the person may want to know."""

    content_type: str
    width: int
    height: int
    size_bytes: int

    @property
    def scaled_down(self) -> bool:
        return max(self.width, self.height) > SCALED_DOWN_ABOVE_PX


def check_image(path: Path) -> ImageFacts:
    """Raises UnreadableImage (`maybe_incomplete` if waiting may help) or SourceVanished."""
    with _open(path) as file:
        try:
            return _facts(file)
        except OSError as error:
            raise _unreadable(error) from error


def hash_file(path: Path) -> tuple[str, FileStamp]:
    """SHA-256 in hex, and the stamp the file had before, during and after.

    Raises SourceChanged when it was written or exchanged meanwhile, SourceVanished when it is gone.
    """
    digest = hashlib.sha256()
    with _open(path) as file:
        before = stamp_from(os.fstat(file.fileno()))
        try:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
        except OSError as error:
            raise _unreadable(error) from error
        read_bytes = file.tell()
        after = stamp_from(os.fstat(file.fileno()))
    if not before == after == _stamp_now(path) or read_bytes != before.size_bytes:
        raise SourceChanged("The file was changed while it was read.")
    return digest.hexdigest(), before


def _open(path: Path) -> BinaryIO:
    """Opens a regular file and nothing else: a pipe would block, a link may lead anywhere."""
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceVanished("The file is gone.") from error
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceVanished("There is no regular file of this name any more.")
    return os.fdopen(descriptor, "rb")


def _stamp_now(path: Path) -> FileStamp | None:
    try:
        return stamp_from(path.lstat())
    except FileNotFoundError as error:
        raise SourceVanished("The file is gone.") from error
    except OSError:
        return None


def _facts(file: BinaryIO) -> ImageFacts:
    size_bytes = os.fstat(file.fileno()).st_size
    if size_bytes == 0:
        raise UnreadableImage("The file is empty.", "Export it again.", maybe_incomplete=True)
    image_format, width, height, blocks = _header(file)
    if max(width, height) > MAX_SIDE_PX:
        raise _too_large(f"{width:,} × {height:,} pixels")
    if not looks_whole(image_format, file, size_bytes, blocks):
        raise UnreadableImage("The image is cut off.", "Export or copy it again.", maybe_incomplete=True)
    return ImageFacts(_CONTENT_TYPES[image_format], width, height, size_bytes)


def _header(file: BinaryIO) -> tuple[str, int, int, list[Block]]:
    """Pillow's format, width and height in pixels, and a TIFF's blocks."""
    try:
        with _pillow, warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with Image.open(file, formats=_FORMATS) as image:
                cut = any(_TAGS_CUT.search(str(warning.message)) for warning in warned)
                return str(image.format), *image.size, [] if cut else tiff_blocks(image)
    except Image.DecompressionBombError as error:
        raise _too_large("far more pixels than can be sent") from error
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, MemoryError) as error:
        raise _not_an_image(file) from error


def _not_an_image(file: BinaryIO) -> UnreadableImage:
    file.seek(0)
    head = file.read(32)
    for offset, signature, what in _FOREIGN:
        if head[offset:].startswith(signature):
            return UnreadableImage(
                f"The file is {what}, whatever its name says.", "Export it as JPEG, PNG, TIFF or WebP."
            )
    return UnreadableImage("This cannot be read as an image.", "Export it again.", maybe_incomplete=True)


def _too_large(how_large: str) -> UnreadableImage:
    limit = f"{MAX_SIDE_PX:,} × {MAX_SIDE_PX:,}"
    return UnreadableImage(
        f"The image is too large: {how_large}.", f"Export it with at most {limit} pixels into this folder."
    )


def _unreadable(error: Exception) -> UnreadableImage:
    """Rights and locks may still change: a copy sets them at its end, Windows locks while writing."""
    if isinstance(error, PermissionError):
        return UnreadableImage(
            "hotfolder may not read this file.",
            "Give it read rights, or close the program that holds it open.",
            maybe_incomplete=True,
        )
    reason = getattr(error, "strerror", None) or str(error)
    return UnreadableImage(f"The file cannot be read: {reason}.", "Check the drive.", maybe_incomplete=True)
