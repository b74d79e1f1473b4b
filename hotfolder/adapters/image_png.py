"""A PNG's size, and whether its end is there (PNG specification, third edition, 5: datastream structure).

The chunks are walked up to IEND; whatever stands behind it, and however large a profile or a text is, is no fault.
The checksums of the pixel data are compared, so that a file that is preallocated and filled only in part is not taken
for whole.
"""

from __future__ import annotations

import re
import struct
import zlib

from hotfolder.adapters.image_bytes import PIECE_BYTES, ImageBytes, Structure

_HEAD_BYTES = 33
_MOST_CHUNKS = 200_000
_LONGEST_BYTES = 2**31 - 1
_TYPE = re.compile(rb"[A-Za-z]{4}")
_END = b"\0\0\0\0IEND\xaeB`\x82"


def read_png(data: ImageBytes) -> Structure | None:
    """None where the header is not whole."""
    head = data.at(0, _HEAD_BYTES)
    if len(head) < _HEAD_BYTES or head[8:16] != b"\0\0\0\rIHDR":
        return None
    width, height = struct.unpack(">II", head[16:24])
    if not (width and height) or zlib.crc32(head[12:29]) != int.from_bytes(head[29:33], "big"):
        return None
    return Structure(width, height, _reaches_its_end(data))


def _reaches_its_end(data: ImageBytes) -> bool:
    at, has_pixels = _HEAD_BYTES, False
    for _ in range(_MOST_CHUNKS):
        head = data.at(at, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or not _TYPE.fullmatch(kind) or length > _LONGEST_BYTES:
            return False
        if kind == b"IEND":
            return has_pixels and at + 12 <= data.size_bytes
        if at + 12 + length > data.size_bytes or (kind == b"IDAT" and not _is_intact(data, at, length)):
            return False
        has_pixels = has_pixels or kind == b"IDAT"
        at += 12 + length
    return _ends_somewhere(data, at)


def _is_intact(data: ImageBytes, at: int, length: int) -> bool:
    """Whether the chunk's checksum is right."""
    checksum, end, at = 0, at + 8 + length, at + 4
    while at < end:
        piece = data.at(at, min(PIECE_BYTES, end - at))
        if not piece:
            return False
        checksum = zlib.crc32(piece, checksum)
        at += len(piece)
    return checksum == int.from_bytes(data.at(end, 4), "big")


def _ends_somewhere(data: ImageBytes, at: int) -> bool:
    """With more chunks than anybody counts: whether there is an end at all."""
    while piece := data.at(at, PIECE_BYTES):
        if _END in piece:
            return True
        at += max(1, len(piece) - len(_END) + 1) if len(piece) == PIECE_BYTES else len(piece)
    return False
