"""What the readers of the four formats share: the bytes of a file, piece by piece, and what they find in them.

The formats' own structure decides, not what a library happens to decode: the service judges the rest. Nothing is ever
decoded, and no header, however hostile, makes a reader loop over single bytes or read more than once through the
file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

PIECE_BYTES = 1 << 20

ZEROS = bytes(4096)
"""A page of zeros: the look of a preallocated file that is not filled yet. It may be real: white packshots pack to such."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What an image file's structure tells. `is_doubtful`: it may be whole, and looks as if a part was still to come."""

    width: int
    height: int
    is_whole: bool
    is_doubtful: bool = False


class ImageBytes:
    """A file's bytes by offset. Never a memory map: a file that is cut meanwhile would end the process."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self.size_bytes = size_bytes

    def at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes; fewer, or none, behind the end. May raise OSError."""
        if not 0 <= offset < self.size_bytes or count <= 0:
            return b""
        self._file.seek(offset)
        return self._file.read(min(count, self.size_bytes - offset))

    def ends_in_zeros(self, end: int, count: int, most: int = len(ZEROS)) -> bool:
        """Whether the last bytes of the `count` bytes before `end` are zeros, at most `most` of them."""
        looked_at = min(count, most)
        return looked_at > 0 and not any(self.at(end - looked_at, looked_at))
