"""A TIFF's size, and whether all of its pages are there (TIFF 6.0, section 2; BigTIFF as libtiff describes it).

Whatever it holds, Lab, CMYK with alpha, floating point, is the service's business. Whole means: every tag, strip and
tile of every page lies in the file, and no compressed one begins with zeros, which is how a file looks that was
preallocated and is not filled yet. An uncompressed strip of zeros is black, or not written yet: that is doubtful.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hotfolder.adapters.image_bytes import ImageBytes, Structure

_MOST_PAGES = 200
_MOST_TAGS = 4096
_MOST_BLOCKS = 500_000
"""Strips and tiles, of all pages together."""
_MOST_LOOKS = 20_000
"""Strips and tiles whose first bytes are looked at."""
_FIRST_BYTES = 16

_WIDTH, _HEIGHT, _COMPRESSION, _SUBPAGES = 256, 257, 259, 330
_STRIPS, _TILES, _OLD_JPEG = (273, 279), (324, 325), (513, 514)
_WANTED = frozenset({_WIDTH, _HEIGHT, _COMPRESSION, _SUBPAGES, *_STRIPS, *_TILES, *_OLD_JPEG})

_UNCOMPRESSED = 1
_PACKBITS = 32773
_NEVER_ZEROS = frozenset(
    {5, 7, 8, 32946, _PACKBITS, 32909, 33003, 33005, 34712, 34887, 34925, 50000, 50001, 50002, 52546}
)
"""LZW, JPEG, deflate (both numbers), PackBits, PixarLog, JPEG 2000, LERC, LZMA, Zstandard, WebP, JPEG XL: none begins
with zeros."""

_TYPES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Of the field types, those that numbers and offsets come in."""

_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of one value of each field type."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the numbers of this file are written."""

    order: str
    is_big: bool

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ8s" if self.is_big else "HHI4s"))

    def number(self, raw: bytes) -> int:
        return int.from_bytes(raw, "little" if self.order == "<" else "big")


@dataclass(slots=True)
class _Page:
    tags: dict[int, Sequence[int]]
    next_at: int

    def first(self, tag: int, default: int = 0) -> int:
        return next(iter(self.tags.get(tag, ())), default)


@dataclass(slots=True)
class _Finding:
    is_whole: bool = True
    is_doubtful: bool = False
    blocks: int = 0
    looks: int = 0
    seen: set[int] = field(default_factory=set)


def read_tiff(data: ImageBytes) -> Structure | None:
    """None where the header is not whole."""
    layout, first_at = _start(data)
    if layout is None:
        return None
    finding = _Finding()
    reader = _Reader(data, layout, finding)
    page = reader.page(first_at)
    if page is None or not (page.first(_WIDTH) and page.first(_HEIGHT)):
        return None
    reader.judge(page, is_first=True)
    reader.follow(page)
    return Structure(page.first(_WIDTH), page.first(_HEIGHT), finding.is_whole, finding.is_doubtful)


def _start(data: ImageBytes) -> tuple[_Layout | None, int]:
    head = data.at(0, 16)
    order = "<" if head[:2] == b"II" else ">"
    is_big = head[2:4] in (b"+\0", b"\0+")
    layout = _Layout(order, is_big)
    return (layout, layout.number(head[8:16] if is_big else head[4:8])) if len(head) >= 8 else (None, 0)


class _Reader:
    def __init__(self, data: ImageBytes, layout: _Layout, finding: _Finding) -> None:
        self._data = data
        self._layout = layout
        self._finding = finding

    def page(self, at: int) -> _Page | None:
        """The directory at `at`; None where it is not all there."""
        layout, wide = self._layout, self._layout.is_big
        count_bytes, link_bytes = (8, 8) if wide else (2, 4)
        count = layout.number(self._data.at(at, count_bytes))
        size = layout.entry.size
        raw = self._data.at(at + count_bytes, count * size) if 0 < count <= _MOST_TAGS else b""
        if at <= 0 or not raw or len(raw) < count * size:
            return None
        tags: dict[int, Sequence[int]] = {}
        for tag, kind, number, value in layout.entry.iter_unpack(raw):
            if not self._is_in_file(number * _SIZES.get(kind, 0), value):
                self._finding.is_whole = False
            elif tag in _WANTED and tag not in tags and kind in _TYPES:
                tags[tag] = self._values(kind, number, value)
        link = self._data.at(at + count_bytes + len(raw), link_bytes)
        return _Page(tags, layout.number(link))

    def _is_in_file(self, size: int, value: bytes) -> bool:
        """Whether a tag's value is there: in the directory itself, or where it points."""
        return size <= len(value) or self._layout.number(value) + size <= self._data.size_bytes

    def _values(self, kind: int, count: int, value: bytes) -> Sequence[int]:
        """Of one tag; none where they are not in the file."""
        letter = _TYPES[kind]
        count = min(count, max(0, _MOST_BLOCKS - self._finding.blocks))
        size = struct.calcsize(letter) * count
        raw = value[:size] if size <= len(value) else self._data.at(self._layout.number(value), size)
        return struct.unpack(f"{self._layout.order}{count}{letter}", raw) if len(raw) == size else ()

    def follow(self, first: _Page) -> None:
        """Judge all other pages and those below them. A list that leads in a circle ends where it began."""
        waiting = [first.next_at, *first.tags.get(_SUBPAGES, ())]
        finding = self._finding
        while waiting and finding.is_whole and len(finding.seen) < _MOST_PAGES:
            at = waiting.pop()
            if at == 0 or at in finding.seen:
                continue
            finding.seen.add(at)
            page = self.page(at)
            if page is None:
                finding.is_whole = False
                return
            self.judge(page, is_first=False)
            waiting += [page.next_at, *page.tags.get(_SUBPAGES, ())[:_MOST_PAGES]]

    def judge(self, page: _Page, *, is_first: bool) -> None:
        """Whether the page's strips or tiles are there."""
        finding = self._finding
        keys = next((keys for keys in (_STRIPS, _TILES, _OLD_JPEG) if page.tags.get(keys[0])), None)
        if keys is None:
            finding.is_whole = finding.is_whole and not is_first
            return
        offsets = page.tags[keys[0]]
        counts = page.tags.get(keys[1], [1] * len(offsets))
        finding.blocks += len(offsets)
        ends = map(int.__add__, offsets, counts)
        if (
            len(offsets) != len(counts)
            or not (min(offsets) and min(counts))
            or max(ends) > self._data.size_bytes
        ):
            finding.is_whole = False
            return
        self._look_at_bytes(page.first(_COMPRESSION, _UNCOMPRESSED), offsets, counts)

    def _look_at_bytes(self, compression: int, offsets: Sequence[int], counts: Sequence[int]) -> None:
        finding = self._finding
        if compression == _UNCOMPRESSED:
            at, count = max(zip(offsets, counts, strict=True))
            finding.is_doubtful = finding.is_doubtful or self._data.ends_in_zeros(at + count, count)
            return
        for at, count in self._chosen(offsets, counts):
            if self._begins_with_zeros(at, count):
                never = compression in _NEVER_ZEROS and (compression != _PACKBITS or count >= _FIRST_BYTES)
                finding.is_whole = finding.is_whole and not never
                finding.is_doubtful = True

    def _chosen(self, offsets: Sequence[int], counts: Sequence[int]) -> Iterator[tuple[int, int]]:
        """All of them, or evenly spread ones of very many; the last in any case."""
        left = max(1, _MOST_LOOKS - self._finding.looks)
        step = -(-len(offsets) // left)
        self._finding.looks += len(offsets) // step
        yield from zip(offsets[::-step], counts[::-step], strict=True)

    def _begins_with_zeros(self, at: int, count: int) -> bool:
        return not any(self._data.at(at, min(count, _FIRST_BYTES)))
