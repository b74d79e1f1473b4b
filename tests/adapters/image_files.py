"""Image files made by hand, where no library writes them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Sequence

from PIL import Image

SIZE = (64, 48)
BLOCK = 32
_FIRST_BYTES = {
    5: b"\x80\x3f",
    7: b"\xff\xd8\xff\xe0",
    8: b"\x78\x9c",
    32946: b"\x78\x9c",
    50000: b"\x28\xb5\x2f\xfd",
}


def noise(size: tuple[int, int] = SIZE, seed: int = 1) -> Image.Image:
    return Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))


def saved(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or noise()).save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(chunks: bytes) -> bytes:
    """A PNG with these chunks behind its header."""
    plain = saved("PNG")
    return plain[:33] + chunks + plain[33:]


def a_tiff(
    photometric: int,
    *,
    bits: Sequence[int],
    extra: Sequence[int] = (),
    sample_format: int = 1,
    compression: int = 1,
    planar: int = 1,
    tiles: bool = False,
    big: bool = False,
    order: str = "<",
    seed: int = 1,
) -> bytes:
    """A TIFF of 64 × 48 by the rules of TIFF 6.0, directory first. Compressed blocks begin as such do, and hold noise."""
    width, height = SIZE
    planes = len(bits) if planar == 2 else 1
    count = planes * (width // BLOCK * -(-height // BLOCK) if tiles else height // 16)
    pixels = BLOCK * BLOCK if tiles else width * 16
    size = pixels * (sum(bits) // planes) // 8 if compression == 1 else 900
    chance = random.Random(seed)
    blocks = [(_FIRST_BYTES.get(compression, b"\x41") + chance.randbytes(size))[:size] for _ in range(count)]
    keys = (324, 325) if tiles else (273, 279)
    tags: dict[int, tuple[str, Sequence[int]]] = {
        256: ("H", [width]),
        257: ("H", [height]),
        258: ("H", bits),
        259: ("H", [compression]),
        262: ("H", [photometric]),
        277: ("H", [len(bits)]),
        278: ("H", [16]),
        284: ("H", [planar]),
        339: ("H", [sample_format] * len(bits)),
        keys[0]: ("Q" if big else "I", [0] * count),
        keys[1]: ("I", [size] * count),
    }
    if extra:
        tags[338] = ("H", extra)
    if tiles:
        tags |= {322: ("H", [BLOCK]), 323: ("H", [BLOCK])}
    head = _directory(tags, order, big)
    tags[keys[0]] = (tags[keys[0]][0], [len(head) + number * size for number in range(count)])
    return _directory(tags, order, big) + b"".join(blocks)


def _directory(tags: dict[int, tuple[str, Sequence[int]]], order: str, big: bool) -> bytes:
    kinds = {"H": 3, "I": 4, "Q": 16}
    start, inline = (16, 8) if big else (8, 4)
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, start) if big else (42, start)))
    behind = start + (8 + 20 * len(tags) + 8 if big else 2 + 12 * len(tags) + 4)
    entries, values = b"", b""
    for tag, (letter, numbers) in sorted(tags.items()):
        raw = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        where = raw.ljust(inline, b"\0")
        if len(raw) > inline:
            where = struct.pack(order + ("Q" if big else "I"), behind + len(values))
            values += raw + b"\0" * (len(raw) % 2)
        entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, kinds[letter], len(numbers)) + where
    count = struct.pack(order + ("Q" if big else "H"), len(tags))
    return head + count + entries + bytes(8 if big else 4) + values
