"""The service's store of images: bytes by their SHA-256, small ones in memory, the others on disk."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

KEPT_IN_MEMORY_BYTES = 64 * 1024
CHUNK_BYTES = 1024 * 1024


@dataclass
class StoredImage:
    """One image the service has; `data` is None when the bytes lie at `path`."""

    content_hash: str
    size: int
    content_type: str
    data: bytes | None = None
    path: Path | None = None
    names: set[str] = field(default_factory=set)
    """The names a *result* may be asked by; empty for an uploaded original."""

    def read(self) -> bytes:
        """The whole image."""
        if self.data is not None:
            return self.data
        assert self.path is not None
        return self.path.read_bytes()


class ImageStore:
    """Images by content hash. Safe for several threads: every step is one dict operation or a new file."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="autoretouch-sandbox-"))
        self._images: dict[str, StoredImage] = {}

    def add(self, data: bytes, content_type: str) -> StoredImage:
        """Keep these bytes."""
        return self.add_file(io.BytesIO(data), content_type)

    def add_file(self, file: BinaryIO, content_type: str) -> StoredImage:
        """Keep a file's bytes; memory stays flat, however large it is."""
        content_hash, size = _measure(file)
        if content_hash in self._images:
            return self._images[content_hash]
        image = StoredImage(content_hash, size, content_type)
        file.seek(0)
        if size <= KEPT_IN_MEMORY_BYTES:
            image.data = file.read()
        else:
            image.path = self._write(file, content_hash)
        return self._images.setdefault(content_hash, image)

    def _write(self, file: BinaryIO, content_hash: str) -> Path:
        """Whole or not at all: another thread may be reading the same image."""
        with tempfile.NamedTemporaryFile(dir=self._directory, delete=False) as part:
            shutil.copyfileobj(file, part, CHUNK_BYTES)
        return Path(part.name).replace(self._directory / content_hash)

    def get(self, content_hash: str) -> StoredImage | None:
        return self._images.get(content_hash)

    def forget(self, content_hash: str) -> None:
        """Lose an image, as a service that tidies up might."""
        self._images.pop(content_hash, None)

    def __len__(self) -> int:
        return len(self._images)

    def close(self) -> None:
        """Remove what lies on disk."""
        shutil.rmtree(self._directory, ignore_errors=True)


def _measure(file: BinaryIO) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size
