"""Files on their way: reading and writing off the loop, and the multipart body of an upload.

A slow disk or a network drive must not hold up the loop, nor the few default threads that look up host names;
so transfers have threads of their own (keeps I7).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from hotfolder.errors import SourceChanged
from hotfolder.ports import Upload

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", int, bytes)

CHUNK_BYTES = 256 * 1024
"""An upload is read in chunks of this size."""

TRANSFER_THREADS = 32


class TransferThreads:
    """The threads in which files are read and written."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(TRANSFER_THREADS, thread_name_prefix="hotfolder-transfer")

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`function`'s result or error, worked out in one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))

    def close(self) -> None:
        """Without waiting: a thread may hang on a drive that is away."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class MultipartUpload:
    """An upload's body: `filesize` and `file` [D]. Each `chunks()` reads the source from its start."""

    def __init__(self, upload: Upload, threads: TransferThreads) -> None:
        self._upload = upload
        self._threads = threads
        self._boundary = secrets.token_hex(16)
        self._head = self._field("filesize", str(upload.size_bytes).encode()) + self._file_head()
        self._tail = f"\r\n--{self._boundary}--\r\n".encode()

    @property
    def headers(self) -> dict[str, str]:
        length = len(self._head) + self._upload.size_bytes + len(self._tail)
        kind = f"multipart/form-data; boundary={self._boundary}"
        return {"Content-Type": kind, "Content-Length": str(length)}

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises `SourceChanged` when the file is not `size_bytes` long or cannot be read any more."""
        yield self._head
        await self._read(self._upload.source.seek, 0)
        left = self._upload.size_bytes
        while left and (chunk := await self._read(self._upload.source.read, min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
        more = await self._read(self._upload.source.read, 1)
        if left or more:
            raise _source_changed(self._upload.name)
        yield self._tail

    async def _read(self, function: Callable[[int], S], argument: int) -> S:
        try:
            return await self._threads.run(function, argument)
        except (OSError, ValueError):  # ValueError: the file was closed
            raise _source_changed(self._upload.name) from None

    def _field(self, name: str, value: bytes) -> bytes:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        return head.encode() + value + b"\r\n"

    def _file_head(self) -> bytes:
        name = encodable(self._upload.name).translate(_QUOTED)
        return (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {self._upload.content_type}\r\n\r\n"
        ).encode()


_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""How browsers write a file name in a form (WHATWG HTML, multipart form data)."""


def encodable(text: str) -> str:
    """`text` without the half characters that Python puts where a file name is no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _source_changed(name: str) -> SourceChanged:
    return SourceChanged(
        f"{encodable(name)} changed or could not be read while it was being sent.",
        "It is looked at again by itself.",
    )
