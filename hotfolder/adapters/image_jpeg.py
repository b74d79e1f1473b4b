"""A JPEG's size, and whether its end is there (ITU-T T.81, annex B).

The segments are walked from the start of the image to its end mark, through every scan: an embedded preview has an
end mark of its own, and anything may stand behind the image. Of a JPEG with a second image behind it (MPO, as cameras
write) the first has to be whole: programs that drop the second leave its entry in the header.
"""

from __future__ import annotations

import re

from hotfolder.adapters.image_bytes import PIECE_BYTES, ZEROS, ImageBytes, Structure

_SIZES = frozenset({*range(0xC0, 0xD0), 0xDE} - {0xC4, 0xC8, 0xCC})
"""Start of frame, of every process; and DHP, its like in a hierarchical image."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length behind them."""
_END, _SCAN, _LINES = 0xD9, 0xDA, 0xDC
_SEGMENTS = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xF0), 0xFE})
_MOST_SEGMENTS = 20_000
_STRAY_BYTES = 64 * 1024
"""So much between two segments is skipped, as every decoder does."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_END_MARK = b"\xff\xd9"


def read_jpeg(data: ImageBytes) -> Structure | None:
    """None where the header is not whole."""
    walk = _Walk(data)
    scan_at = walk.header()
    if scan_at is None:
        return None
    is_whole = walk.scans(scan_at)
    if walk.width == 0 or (walk.height == 0 and is_whole):
        return None
    return Structure(walk.width, walk.height, is_whole, walk.has_zeros)


class _Walk:
    def __init__(self, data: ImageBytes) -> None:
        self._data = data
        self._window = b""
        self._window_at = 0
        self._segments = 0
        self.width = 0
        self.height = 0
        self.has_zeros = False

    def header(self) -> int | None:
        """Offset of the first start of scan behind a frame whose size is known."""
        at = 2
        while (marker := self._next_marker(at)) is not None:
            at, code = marker
            if code == _SCAN:
                return at if self.width else None
            if code == _END:
                return None
            if code in _ALONE:
                at += 2
                continue
            length = self._length(at)
            if length is None:
                return None
            if code in _SIZES and not self.width:
                self._take_size(self._bytes(at + 5, 4))
            at += 2 + length
        return None

    def scans(self, at: int) -> bool:
        """Whether the end mark is reached from the first start of scan."""
        length = self._length(at)
        at += 2 + (length or 0)
        while length is not None and (found := self._marker_in_scan(at)) is not None:
            at, code = found
            if code == _END:
                return True
            if code not in _SEGMENTS:
                at += 2  # damaged, or of a kind nobody knows: the service judges it
                continue
            length = self._length(at)
            if code == _LINES and not self.height:
                self.height = int.from_bytes(self._bytes(at + 4, 2), "big")
            at += 2 + (length or 0)
        return False

    def _take_size(self, size: bytes) -> None:
        if len(size) == 4:
            self.height, self.width = int.from_bytes(size[:2], "big"), int.from_bytes(size[2:], "big")

    def _length(self, at: int) -> int | None:
        """Of the segment at `at`; None where it does not fit into the file."""
        told = self._bytes(at + 2, 2)
        length = int.from_bytes(told, "big")
        return length if len(told) == 2 and length >= 2 and at + 2 + length <= self._data.size_bytes else None

    def _next_marker(self, at: int) -> tuple[int, int] | None:
        """The next marker of the header."""
        self._segments += 1
        if self._segments > _MOST_SEGMENTS:
            return None
        near = self._bytes(at, 2)
        if len(near) == 2 and near[0] == 0xFF and near[1] not in (0x00, 0xFF):
            return at, near[1]
        found = _MARKER.search(self._data.at(at, _STRAY_BYTES))
        return None if found is None else (at + found.start(), found.group()[1])

    def _marker_in_scan(self, at: int) -> tuple[int, int] | None:
        """The next marker among compressed data, in which every 0xFF is followed by 0x00 or is a restart."""
        self._segments += 1
        pattern = re.compile(re.escape(_END_MARK)) if self._segments > _MOST_SEGMENTS else _MARKER
        while at < self._data.size_bytes - 1:
            start = self._load(at)
            found = pattern.search(self._window, start)
            if found is not None:
                return self._window_at + found.start(), found.group()[1]
            at = self._window_at + len(self._window) - 1  # a marker may lie across two pieces
            if len(self._window) < 2:
                return None
        return None

    def _bytes(self, at: int, count: int) -> bytes:
        """A few bytes, out of the window where they lie in it."""
        start = at - self._window_at
        if start >= 0 and start + count <= len(self._window):
            return self._window[start : start + count]
        return self._data.at(at, count)

    def _load(self, at: int) -> int:
        """Where `at` lies in the window; it is moved where it has to be."""
        if not self._window_at <= at < self._window_at + len(self._window) - 1:
            self._window, self._window_at = self._data.at(at, PIECE_BYTES), at
            self.has_zeros = self.has_zeros or ZEROS in self._window
        return at - self._window_at
