"""A WebP's size, and whether its end is there (RFC 9649)."""

from __future__ import annotations

from hotfolder.adapters.image_bytes import ZEROS, ImageBytes, Structure

_FIRST_AT = 12
_MOST_CHUNKS = 20_000
_PIXELS = (b"VP8 ", b"VP8L", b"ANMF")
_SUSPICIOUS_BYTES = 64
"""Compressed data does not end in so many zeros as a rule, and never in 4 KB of them."""


def read_webp(data: ImageBytes) -> Structure | None:
    """None where the header is not whole."""
    size = _size(data.at(_FIRST_AT, 18))
    if size is None or not all(size):
        return None
    end = int.from_bytes(data.at(4, 4), "little") + 8
    pixels = _pixel_chunks(data, end) or []
    is_whole = bool(pixels) and not any(_ends_in_zeros(data, chunk, len(ZEROS)) for chunk in pixels)
    is_doubtful = any(_ends_in_zeros(data, chunk, _SUSPICIOUS_BYTES) for chunk in pixels)
    return Structure(*size, is_whole, is_doubtful)


def _ends_in_zeros(data: ImageBytes, chunk: tuple[int, int], most: int) -> bool:
    at, count = chunk
    return count > most and data.ends_in_zeros(at + count, count, most)


def _size(head: bytes) -> tuple[int, int] | None:
    """Width and height of the first chunk, from its head and the ten bytes behind it."""
    kind, body = head[:4], head[8:]
    if kind == b"VP8X" and len(body) == 10:
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(body) == 10 and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def _pixel_chunks(data: ImageBytes, end: int) -> list[tuple[int, int]] | None:
    """Offset and length of the chunks with pixels; None where a chunk is not there. `end`: of the container. The byte
    that pads the last chunk is left out by some programs."""
    if end > data.size_bytes + 1:
        return None
    found, at = [], _FIRST_AT
    for _ in range(_MOST_CHUNKS):
        if at + 8 > end:
            break
        head = data.at(at, 8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] == bytes(4) or at + 8 + length > min(end, data.size_bytes):
            return None
        if head[:4] in _PIXELS:
            found.append((at + 8, length))
        at += 8 + length + length % 2
    return found
