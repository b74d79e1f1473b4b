"""httpx at home, with `connecting`: a call goes in, an `Answer` or a `Trouble` comes out.

httpx's exceptions are translated here, in one table, and never travel further. Nothing an exception says is
repeated unless it stems from connecting, since h11 quotes whole headers, tokens included (keeps I8).

A request must never be wrapped in `wait_for` or `asyncio.timeout`: cancelling it leaks a slot of the pool
(httpcore#1093). `Timeouts` is the only clock that ends one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import httpx

from hotfolder.adapters.autoretouch.connecting import Timeouts, Transport, new_client, ways_through, why_not
from hotfolder.adapters.autoretouch.routes import next_hop
from hotfolder.adapters.autoretouch.transfer import TransferThreads
from hotfolder.adapters.autoretouch.unpacking import Damaged, Unpacker, unpacked

MOST_HOPS = 5
"""So many redirects in a row are followed."""

LARGEST_ANSWER_BYTES = 32 * 1024 * 1024
"""A page of 50 executions is some 100 KB; what is larger than this is not an answer to us."""

PIECE_BYTES = 1024 * 1024
"""A download is written in pieces of this size."""

logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `body` is made anew for each attempt, so that a 401 can be followed by a repetition."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Callable[[], AsyncIterator[bytes]] | bytes | None = field(default=None, repr=False)
    may_go: Callable[[], None] | None = field(default=None, repr=False)
    """Asked when a connection is open, before the first byte leaves: what it raises comes through; nothing was sent then."""

    def signed(self, token: str) -> Call:
        """The same call with the access token in its header."""
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {token}"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower-case; `at`: the monotonic second the headers arrived.
    A download's body went to its writer, so `body` is empty then."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Reach(Enum):
    """How far a request got that failed."""

    NOWHERE = "certainly nothing was sent"
    UNKNOWN = "it may have arrived"
    CUT = "its answer began and ended early"


class Trouble(Exception):
    """No whole answer came back. Never leaves this package."""

    def __init__(self, words: str, reach: Reach) -> None:
        super().__init__(words)
        self.words = words
        self.reach = reach


_TROUBLES: Mapping[type[Exception], tuple[Reach, str]] = {
    #   HTTPError
    #   ├── RequestError ─ TransportError
    #   │   ├── TimeoutException
    httpx.ConnectTimeout: (Reach.NOWHERE, "{host} did not take the connection in time"),
    httpx.PoolTimeout: (Reach.NOWHERE, "no connection to {host} was free"),
    httpx.ReadTimeout: (Reach.UNKNOWN, "{host} did not answer in time"),
    httpx.WriteTimeout: (Reach.UNKNOWN, "{host} stopped taking data"),
    #   │   ├── NetworkError
    httpx.ConnectError: (Reach.NOWHERE, "no connection to {host} ({why})"),
    httpx.ReadError: (Reach.UNKNOWN, "the connection to {host} broke"),
    httpx.WriteError: (Reach.UNKNOWN, "the connection to {host} broke"),
    httpx.CloseError: (Reach.UNKNOWN, "the connection to {host} broke"),
    #   │   ├── ProtocolError, ProxyError, UnsupportedProtocol
    httpx.RemoteProtocolError: (Reach.UNKNOWN, "{host} ended the connection without a whole answer"),
    httpx.ProxyError: (Reach.NOWHERE, "the proxy refused the connection ({detail})"),
    httpx.UnsupportedProtocol: (Reach.NOWHERE, "{host} is not a web address"),
    #   │   └── DecodingError, TooManyRedirects, and what httpx may add
    httpx.DecodingError: (Reach.UNKNOWN, "the answer of {host} is damaged"),
    httpx.HTTPError: (Reach.UNKNOWN, "the request to {host} failed"),
    #   InvalidURL, CookieConflict, StreamError
    httpx.InvalidURL: (Reach.NOWHERE, "{host} is not a web address"),
    httpx.CookieConflict: (Reach.UNKNOWN, "the answer of {host} is damaged"),
    httpx.StreamError: (Reach.UNKNOWN, "the request to {host} failed"),
}

FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)


def trouble_of(error: Exception, host: str) -> Trouble:
    """What an exception of httpx means to us: the entry of its nearest ancestor in the table."""
    reach, words = next(_TROUBLES[kind] for kind in type(error).__mro__ if kind in _TROUBLES)
    detail = str(error) or type(error).__name__
    return Trouble(words.format(host=host, detail=detail, why=why_not(error)), reach)


class Http:
    """One pool of connections. The number of calls at once is the caller's to limit."""

    def __init__(
        self,
        proxy: str | None,
        timeouts: Timeouts,
        threads: TransferThreads,
        transport: Transport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        ways = None if transport else ways_through(proxy)
        self._make: Callable[[], httpx.AsyncClient] = lambda: new_client(ways, timeouts, transport)
        self._client = self._make()
        self._retired: list[httpx.AsyncClient] = []
        self._threads = threads
        self._monotonic = monotonic

    async def fetch(self, call: Call) -> Answer:
        """The whole answer; raises `Trouble` when there is none. A 301, 307 or 308 within the same origin says that nothing
        was done here: the same call goes there, its body made anew (`routes.next_hop`)."""
        for _ in range(MOST_HOPS):
            answer = await self._fetch_once(call)
            target = next_hop(call.method, call.url, answer.status, answer.headers.get("location"))
            if target is None:
                return answer
            call = replace(call, url=target)
        raise Trouble(f"{_host(call)} sends hotfolder in circles", Reach.UNKNOWN)

    async def _fetch_once(self, call: Call) -> Answer:
        with self._translated(call):
            async with self._opened(call) as (response, at):
                return _answer(response, await _whole_body(response), at)

    async def download(self, call: Call, write: Callable[[bytes], object]) -> Answer:
        """One request, whose 200's bytes go to `write`, in a thread, piece by piece. Follows nothing."""
        with self._translated(call):
            async with self._opened(call) as (response, at):
                if response.status_code != httpx.codes.OK:
                    return _answer(response, await _whole_body(response), at)
                await self._pour(response, write, _host(call))
                return _answer(response, b"", at)

    async def _pour(self, response: httpx.Response, write: Callable[[bytes], object], host: str) -> None:
        unpacker = Unpacker(response.headers.get("content-encoding", ""))
        try:
            async for piece in _pieces(response, PIECE_BYTES):
                for plain in unpacker.pieces(piece):
                    await self._threads.run(write, plain)
            if rest := unpacker.rest():
                await self._threads.run(write, rest)
        except httpx.RemoteProtocolError:
            raise Trouble(f"{host} ended the download early", Reach.CUT) from None
        except Damaged:
            raise Trouble(f"{host} sent a damaged download", Reach.CUT) from None
        promised = response.headers.get("content-length", "")
        if promised.isdecimal() and int(promised) != response.num_bytes_downloaded:
            raise Trouble(f"{host} ended the download early", Reach.CUT)

    @asynccontextmanager
    async def _opened(self, call: Call) -> AsyncIterator[tuple[httpx.Response, float]]:
        content = call.body() if callable(call.body) else call.body
        request = self._client.build_request(
            call.method, call.url, headers=dict(call.headers), content=content, extensions=_extensions(call)
        )
        response = await self._client.send(request, stream=True)
        try:
            yield response, self._monotonic()
        finally:
            await response.aclose()

    @contextmanager
    def _translated(self, call: Call) -> Iterator[None]:
        try:
            yield
        except FOREIGN as error:
            if isinstance(error, httpx.PoolTimeout):
                self._renew()
            raise trouble_of(error, _host(call)) from None

    def _renew(self) -> None:
        """A pool that is full of ghosts stays so: go on with a new one, and close the old one at the end,
        since calls may still be under way in it."""
        self._retired.append(self._client)
        self._client = self._make()

    async def aclose(self) -> None:
        for client in (self._client, *self._retired):
            await client.aclose()


async def _whole_body(response: httpx.Response) -> bytes:
    """Bounded. A refusal's status says enough, so its body may be cut off; a success's may not."""
    packed = bytearray()
    try:
        async for piece in _pieces(response):
            packed += piece
            if len(packed) > LARGEST_ANSWER_BYTES:
                raise httpx.DecodingError("too large")
        return unpacked(bytes(packed), response.headers.get("content-encoding", ""), LARGEST_ANSWER_BYTES)
    except (Damaged, *FOREIGN):
        if response.is_success:
            raise httpx.DecodingError("damaged") from None
    return bytes(packed)


def _pieces(response: httpx.Response, size: int | None = None) -> AsyncIterator[bytes]:
    """The bytes as they come over the wire; what a test's transport gives whole was read before."""
    return response.aiter_bytes(size) if response.is_stream_consumed else response.aiter_raw(size)


def _answer(response: httpx.Response, body: bytes, at: float) -> Answer:
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body, at)


def _extensions(call: Call) -> dict[str, Any]:
    """httpcore tells of each step of a request, and what is raised there ends it: connecting takes its time, and whether
    the call may still go out is decided after that."""
    may_go = call.may_go
    if may_go is None:
        return {}

    async def trace(event: str, _: object) -> None:
        if event.endswith(".send_request_headers.started"):
            may_go()

    return {"trace": trace}


def _host(call: Call) -> str:
    return urlsplit(call.url).hostname or "the service"
