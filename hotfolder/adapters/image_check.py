"""Is this file a whole image that AutoRetouch takes? And: what is its hash?

By the structure of the four formats alone (`image_jpeg`, `image_png`, `image_webp`, `image_tiff`): nothing is ever
decoded, so a decompression bomb is refused by its size alone, and no library's gaps decide what can be sent. A header
that is whole, of one of the four formats and of a size that is taken goes to the service, which judges the rest. The
content decides, not the extension. Everything blocks: call it with asyncio.to_thread.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hotfolder.adapters.image_bytes import ImageBytes, Structure
from hotfolder.adapters.image_jpeg import read_jpeg
from hotfolder.adapters.image_png import read_png
from hotfolder.adapters.image_tiff import read_tiff
from hotfolder.adapters.image_webp import read_webp
from hotfolder.adapters.scanner import stamp_from
from hotfolder.adapters.writers import has_hole
from hotfolder.core.plain_words import plain_reason
from hotfolder.core.settling import FileStamp
from hotfolder.errors import SourceChanged, SourceVanished, UnreadableImage

MAX_SIDE_PX = 10_000
"""AutoRetouch's limit for width and height (autoretouch-api.md, Upload)."""

SCALED_DOWN_ABOVE_PX = 4_096
"""Above this the service scales down (autoretouch-api.md, Upload)."""

CHUNK_BYTES = 1 << 20

RECENT_S = 60.0
"""Only a file that was touched so lately can still be in the making."""

_FORMATS: tuple[tuple[bytes, int, bytes, str, Callable[[ImageBytes], Structure | None]], ...] = (
    (b"\xff\xd8\xff", 0, b"", "image/jpeg", read_jpeg),
    (b"\x89PNG\r\n\x1a\n", 0, b"", "image/png", read_png),
    (b"RIFF", 8, b"WEBP", "image/webp", read_webp),
    (b"II*\0", 0, b"", "image/tiff", read_tiff),
    (b"MM\0*", 0, b"", "image/tiff", read_tiff),
    (b"II+\0", 0, b"", "image/tiff", read_tiff),
    (b"MM\0+", 0, b"", "image/tiff", read_tiff),
)
"""How a file of the format begins, what stands where in it besides, its content type, and who reads it."""

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
    (8, b"CR\x02", "a Canon RAW file"),
    (4, b"ftyp", "a video"),
)


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the service is told, and what the person may want to know."""

    content_type: str
    width: int
    height: int
    size_bytes: int
    is_doubtful: bool = False
    """It looks as if a part was still to come, and may be whole all the same: worth a wait, no reason to refuse it."""

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
    """SHA-256 in hex, and the stamp the file has after it was read. Its size and time were the same before and
    meanwhile; whoever knows the stamp from before compares the rest.

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
        meanwhile = stamp_from(os.fstat(file.fileno()))
    after = _stamp_now(path)
    if after is None or not before == meanwhile == after or read_bytes != before.size_bytes:
        raise SourceChanged("The file was changed while it was read.")
    return digest.hexdigest(), after


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
    found = os.fstat(file.fileno())
    if found.st_size == 0:
        raise UnreadableImage("The file is empty.", "Export it again.", maybe_incomplete=True)
    content_type, structure = _structure(file, found.st_size)
    if max(structure.width, structure.height) > MAX_SIDE_PX:
        raise _too_large(f"{structure.width:,} × {structure.height:,} pixels")
    if not structure.is_whole:
        raise UnreadableImage("The image is cut off.", "Export or copy it again.", maybe_incomplete=True)
    is_recent = abs(time.time() - found.st_ctime) < RECENT_S
    is_doubtful = is_recent and (structure.is_doubtful or has_hole(file))
    return ImageFacts(content_type, structure.width, structure.height, found.st_size, is_doubtful)


def _structure(file: BinaryIO, size_bytes: int) -> tuple[str, Structure]:
    """The content type, and what the image's structure tells."""
    data = ImageBytes(file, size_bytes)
    head = data.at(0, 32)
    is_foreign = any(head[offset:].startswith(mark) for offset, mark, _ in _FOREIGN)
    for magic, offset, mark, content_type, read in _FORMATS:
        if not is_foreign and head.startswith(magic) and head[offset:].startswith(mark):
            structure = read(data)
            if structure is not None:
                return content_type, structure
    raise _not_an_image(head)


def _not_an_image(head: bytes) -> UnreadableImage:
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
    return UnreadableImage(
        f"The file cannot be read: {plain_reason(error)}.", "Check the drive.", maybe_incomplete=True
    )
