"""A picture and the calls about it, and a server that answers byte for byte what it is told."""

from __future__ import annotations

import asyncio
import hashlib
import io
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from PIL import Image

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.ports import ExecutionRequest, Target, Upload
from hotfolder.sandbox import FAST_ID, ORGANIZATION_ID


@dataclass(frozen=True)
class Picture:
    """A small JPEG and the calls about it."""

    name: str
    data: bytes

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def upload(self) -> Upload:
        return Upload(
            organization_id=ORGANIZATION_ID,
            name=self.name,
            content_type="image/jpeg",
            size_bytes=len(self.data),
            source=io.BytesIO(self.data),
        )

    def request(self, workflow_id: str = FAST_ID, version: str | None = None) -> ExecutionRequest:
        return ExecutionRequest(
            target=Target(ORGANIZATION_ID, workflow_id, "Fast", version, 1),
            name=self.name,
            content_hash=self.hash,
            content_type="image/jpeg",
            labels={"hotfolder_image_id": "image-1"},
        )


def make_picture(name: str, colour: int = 0) -> Picture:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (colour, 90, 40)).save(buffer, "JPEG")
    return Picture(name, buffer.getvalue())


@dataclass(frozen=True)
class Heard:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Say = Callable[[Heard], bytes | None]


@dataclass
class Parrot:
    """An HTTP server that says, byte for byte, what `say` returns, and hangs up; None: only hangs up.
    It gives everybody an access token."""

    say: Say
    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    token_answer: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard = await _hear(reader)
            if heard.path == "/oauth/token":
                granted = reply('{"access_token": "parrot-access", "expires_in": 86400}')
                answer: bytes | None = self.token_answer or granted
            else:
                self.heard.append(heard)
                answer = self.say(heard)
            writer.write(answer or b"")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


async def _hear(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(method, path, headers, body)


def reply(body: str | bytes, status: int = 200, *headers: str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(data)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + data


@asynccontextmanager
async def parrot_service(
    say: Say, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[AutoRetouch, Parrot]]:
    """The adapter on a parrot of its own."""
    parrot = Parrot(say)
    server = await asyncio.start_server(parrot.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    parrot.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, AutoRetouch(parrot.url, parrot.url, MemoryTokens("any")) as service:
        yield service, parrot
