"""Is the end of an image file there? Structure only; no pixel is decoded.

A copy that stopped or has not finished is either short, or (preallocated) full of zeros behind what has
arrived. An uncompressed TIFF with a tail of zeros cannot be told from one that ends black; only the quiet
time helps there. Of a JPEG with a second image behind it (MPO, as cameras write) the first has to be whole: programs
that drop the second leave its entry in the header.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from PIL import Image

TAIL_BYTES = 64 * 1024
"""Cameras and editors put little behind the end mark; this much is looked at before the whole file is."""

CHUNK_BYTES = 1 << 20

Block = tuple[int, int]
"""Offset and length in bytes."""

_JPEG_END = b"\xff\xd9"
_PNG_END = b"IEND\xaeB`\x82"
_ZEROS = bytes(4096)
_STRIPS = (273, 279)
_TILES = (324, 325)


def looks_whole(image_format: str, file: BinaryIO, size_bytes: int, blocks: list[Block]) -> bool:
    """Whether a file whose header Pillow could read is complete. `blocks` is for TIFF. May raise OSError."""
    match image_format:
        case "JPEG" | "MPO":
            return _jpeg(file, size_bytes)
        case "PNG":
            return _PNG_END in _read(file, size_bytes - TAIL_BYTES, TAIL_BYTES)
        case "WEBP":
            return _webp(file, size_bytes)
        case _:
            return bool(blocks) and all(
                offset > 0 and count > 0 and offset + count <= size_bytes for offset, count in blocks
            )


def tiff_blocks(image: Image.Image) -> list[Block]:
    """The strips or tiles of a TIFF's first image (BigTIFF as well); none if they make no sense."""
    tags = getattr(image, "tag_v2", {})
    for offsets_tag, counts_tag in (_STRIPS, _TILES):
        if offsets_tag in tags:
            offsets = _numbers(tags[offsets_tag])
            counts = _numbers(tags.get(counts_tag, [1] * len(offsets)))
            return list(zip(offsets, counts, strict=False)) if len(offsets) == len(counts) else []
    return []


def _jpeg(file: BinaryIO, size_bytes: int) -> bool:
    """The end mark has to come after the start of scan: an embedded preview has an end mark of its own."""
    scan_at = _jpeg_scan_at(file)
    if scan_at is None:
        return False
    tail_at = max(scan_at, size_bytes - TAIL_BYTES)
    return _JPEG_END in _read(file, tail_at, TAIL_BYTES) or _contains(file, _JPEG_END, scan_at)


def _jpeg_scan_at(file: BinaryIO) -> int | None:
    """Offset of the first start-of-scan marker (ITU-T T.81, B.1.1)."""
    at = 2
    while True:
        head = _read(file, at, 4)
        if len(head) < 4 or head[0] != 0xFF:
            return None
        if head[1] == 0xDA:
            return at
        if head[1] == 0xFF:
            at += 1
        elif head[1] == 0x01 or 0xD0 <= head[1] <= 0xD8:
            at += 2
        else:
            at += 2 + int.from_bytes(head[2:4], "big")


def _webp(file: BinaryIO, size_bytes: int) -> bool:
    """RIFF's length is without its first 8 bytes. Compressed data never ends in 4 KB of zeros."""
    end = int.from_bytes(_read(file, 4, 4), "little") + 8
    return end <= size_bytes and _read(file, end - len(_ZEROS), len(_ZEROS)) != _ZEROS


def _numbers(value: int | Iterable[int]) -> list[int]:
    return [value] if isinstance(value, int) else list(value)


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(max(0, at))
    return file.read(count)


def _contains(file: BinaryIO, mark: bytes, start_at: int) -> bool:
    file.seek(start_at)
    last = b""
    while chunk := file.read(CHUNK_BYTES):
        if mark in last + chunk:
            return True
        last = chunk[-(len(mark) - 1) :]
    return False
