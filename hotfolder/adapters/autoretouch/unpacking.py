"""Bodies that come packed though nobody asked for it, and plain ones that only say they are packed.

hotfolder asks for `identity`. Where an answer carries `Content-Encoding` all the same, its first bytes decide: what does not
look packed is taken as it is. Whoever reads it checks it as always, a result by its hash.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

PIECE_BYTES = 1024 * 1024
"""What comes out is handed on in pieces of this size, so that a bomb fills no memory."""


class Damaged(Exception):
    """It looked packed and cannot be unpacked. Never leaves this package."""


class Unpacker:
    """Unpacks a body as it comes, if it is packed. `encoding`: the value of `Content-Encoding`."""

    def __init__(self, encoding: str) -> None:
        self._labels = [label.strip().lower() for label in encoding.split(",")]
        self._work: zlib._Decompress | None = None
        self._head: bytes | None = b""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What these bytes are, unpacked. Raises `Damaged`."""
        if self._head is not None:
            data = self._begin(data)
        if self._work is None:
            yield from [data] if data else []
            return
        yield from self._inflate(data)

    def rest(self) -> bytes:
        """What was kept of a body that ended before it could be told. Raises `Damaged` where its end is missing."""
        head, self._head = self._head or b"", None
        if self._work is not None and not self._work.eof:
            raise Damaged
        return head

    def _begin(self, data: bytes) -> bytes:
        """Two bytes tell: they are kept until both are there."""
        head = (self._head or b"") + data
        if len(head) < 2:
            self._head = head
            return b""
        self._head = None
        if looks_packed(head, self._labels):
            self._work = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its head
        return head

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data and self._work is not None:
            if (
                self._work.eof
            ):  # gzip allows several members in a row; anything else behind the end is padding
                if data[:2] != _GZIP:
                    return
                self._work = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
            try:
                piece = self._work.decompress(data, PIECE_BYTES)
            except zlib.error:
                raise Damaged from None
            if piece:
                yield piece
            data = self._work.unconsumed_tail or self._work.unused_data


_GZIP = b"\x1f\x8b"


def looks_packed(head: bytes, labels: list[str]) -> bool:
    """Whether a body of these first bytes is what one of its labels says. No image and no JSON begins like that."""
    if {"gzip", "x-gzip"} & set(labels) and head.startswith(_GZIP):
        return True
    is_zlib = len(head) >= 2 and head[0] & 0x0F == 8 and (head[0] * 256 + head[1]) % 31 == 0
    return "deflate" in labels and is_zlib


def unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """A whole body. Raises `Damaged`, also above `most_bytes`."""
    unpacker = Unpacker(encoding)
    whole = bytearray()
    for piece in unpacker.pieces(body):
        whole += piece
        if len(whole) > most_bytes:
            raise Damaged
    return bytes(whole) + unpacker.rest()
