"""The one module that knows httpx: a call goes in, an `Answer` or a `Trouble` comes out.

httpx's exceptions are translated here, in one table, and never travel further. Nothing an exception says is
repeated unless it stems from connecting, since h11 quotes whole headers, tokens included (keeps I8).

A request must never be wrapped in `wait_for` or `asyncio.timeout`: cancelling it leaks a slot of the pool
(httpcore#1093). `Timeouts` is the only clock that ends one.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from urllib.parse import urlsplit

import httpx
import truststore

from hotfolder import __version__
from hotfolder.adapters.autoretouch.transfer import TransferThreads
from hotfolder.errors import ConfigError

Transport = httpx.AsyncBaseTransport
"""httpx's seam, for tests that need a connection no server can be made to break."""

LARGEST_ANSWER_BYTES = 32 * 1024 * 1024
"""A page of 50 executions is some 100 KB; what is larger than this is not an answer to us."""

PIECE_BYTES = 1024 * 1024
"""A download is written in pieces of this size."""

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds without progress (not in all) until connecting, reading or writing is given up."""

    connect_s: float = 10.0
    read_s: float = 120.0
    write_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `body` is made anew for each attempt, so that a 401 can be followed by a repetition."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Callable[[], AsyncIterator[bytes]] | bytes | None = field(default=None, repr=False)

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
    httpx.ConnectError: (Reach.NOWHERE, "no connection to {host} ({detail})"),
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
    return Trouble(words.format(host=host, detail=str(error) or type(error).__name__), reach)


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
        self._make: Callable[[], httpx.AsyncClient] = lambda: _new_client(proxy, timeouts, transport)
        self._client = self._make()
        self._retired: list[httpx.AsyncClient] = []
        self._threads = threads
        self._monotonic = monotonic

    async def fetch(self, call: Call) -> Answer:
        """The whole answer; raises `Trouble` when there is none."""
        with self._translated(call):
            async with self._opened(call) as (response, at):
                return _answer(response, await _whole_body(response), at)

    async def download(self, call: Call, write: Callable[[bytes], object]) -> Answer:
        """Like `fetch`, but a 200's bytes go to `write`, in a thread, piece by piece."""
        with self._translated(call):
            async with self._opened(call) as (response, at):
                if response.status_code != httpx.codes.OK:
                    return _answer(response, await _whole_body(response), at)
                await self._pour(response, write, _host(call))
                return _answer(response, b"", at)

    async def _pour(self, response: httpx.Response, write: Callable[[bytes], object], host: str) -> None:
        try:
            async for piece in _pieces(response):
                await self._threads.run(write, piece)
        except httpx.RemoteProtocolError:
            raise Trouble(f"{host} ended the download early", Reach.CUT) from None
        promised = response.headers.get("content-length", "")
        if promised.isdecimal() and int(promised) != response.num_bytes_downloaded:
            raise Trouble(f"{host} ended the download early", Reach.CUT)

    @asynccontextmanager
    async def _opened(self, call: Call) -> AsyncIterator[tuple[httpx.Response, float]]:
        content = call.body() if callable(call.body) else call.body
        request = self._client.build_request(
            call.method, call.url, headers=dict(call.headers), content=content
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


def _new_client(proxy: str | None, timeouts: Timeouts, transport: Transport | None) -> httpx.AsyncClient:
    """`proxy` if there is one, else the environment's or the system's; loopback goes directly in any case."""
    try:
        return httpx.AsyncClient(
            headers={"User-Agent": f"hotfolder/{__version__}"},
            verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            proxy=proxy,
            mounts=None if transport else {f"all://{host}": None for host in _LOOPBACK},
            timeout=httpx.Timeout(
                connect=timeouts.connect_s, read=timeouts.read_s, write=timeouts.write_s, pool=None
            ),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            transport=transport,
            follow_redirects=False,
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        # The proxy's address may hold a password, so it is not repeated (keeps I8).
        raise ConfigError(
            "The proxy's address cannot be used.",
            "Set `service.proxy` or HTTPS_PROXY to an address such as http://proxy.studio.lan:3128.",
        ) from None


async def _whole_body(response: httpx.Response) -> bytes:
    """Bounded. A refusal's status says enough, so its body may be cut off; a success's may not."""
    body = bytearray()
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER_BYTES:
                raise httpx.DecodingError("too large")
    except FOREIGN:
        if response.is_success:
            raise
    return bytes(body)


def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    encoded = response.headers.get("content-encoding", "identity").lower() != "identity"
    return response.aiter_bytes(PIECE_BYTES) if encoded else response.aiter_raw(PIECE_BYTES)


def _answer(response: httpx.Response, body: bytes, at: float) -> Answer:
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body, at)


def _host(call: Call) -> str:
    return urlsplit(call.url).hostname or "the service"
