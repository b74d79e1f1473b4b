"""How httpx connects: what it trusts, which way it goes, and what it must not do by itself."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import truststore

from hotfolder import __version__
from hotfolder.adapters.autoretouch.proxies import Address, Proxies, is_host, surrounding_proxies
from hotfolder.errors import ConfigError

Transport = httpx.AsyncBaseTransport
"""httpx's seam, for tests that need a connection no server can be made to break."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds without progress (not in all) until connecting, reading or writing is given up."""

    connect_s: float = 10.0
    read_s: float = 120.0
    write_s: float = 60.0


def ways_through(proxy: str | None) -> Proxies:
    """`proxy` for everything if there is one, else the environment's or the system's. Raises `ConfigError`."""
    if proxy is None:
        return surrounding_proxies(_is_usable)
    if not _is_usable(proxy):
        # The proxy's address may hold a password, so it is not repeated (keeps I8).
        raise ConfigError(
            "The proxy's address cannot be used.",
            "Set `service.proxy` to an address such as http://proxy.studio.lan:3128.",
        )
    return Proxies({"http": proxy, "https": proxy})


def _is_usable(proxy: str) -> bool:
    """Whether httpx can be told to go through it. It says no in several ways."""
    try:
        url = httpx.URL(proxy)
        httpx.AsyncHTTPTransport(proxy=httpx.Proxy(url), verify=_trust())
    except (ImportError, ValueError, AttributeError, httpx.InvalidURL):
        return False
    return is_host(url.raw_host.decode("ascii")) and (url.port is None or 0 < url.port < 65536)


def _trust() -> ssl.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def new_client(ways: Proxies | None, timeouts: Timeouts, transport: Transport | None) -> httpx.AsyncClient:
    """One that takes nothing from the environment by itself (httpx raises for what it cannot use there), keeps no cookies,
    and asks for bodies as they are."""
    return httpx.AsyncClient(
        headers={"User-Agent": f"hotfolder/{__version__}", "Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=httpx.Timeout(
            connect=timeouts.connect_s, read=timeouts.read_s, write=timeouts.write_s, pool=None
        ),
        transport=transport or _ByAddress(ways or Proxies({})),
        follow_redirects=False,
        trust_env=False,
    )


class _ByAddress(httpx.AsyncBaseTransport):
    """Each address directly or through its proxy, with connections of its own for each way."""

    def __init__(self, ways: Proxies) -> None:
        self._ways = ways
        self._context = _trust()
        self._transports: dict[str | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        way = self._ways.proxy_for(Address(url.scheme, url.host.lower(), url.port))
        if way not in self._transports:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
            self._transports[way] = httpx.AsyncHTTPTransport(
                verify=self._context, limits=limits, proxy=None if way is None else httpx.Proxy(way)
            )
        return await self._transports[way].handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()


def why_not(error: BaseException) -> str:
    """Why there is no connection, in words that everybody knows: of what lies under httpx's error the first we know."""
    return next((words for cause in _causes(error) if (words := _words_of(cause))), "it cannot be reached")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what lies under it; of several addresses tried, what happened at each."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def _words_of(cause: BaseException) -> str | None:
    match cause:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {cause.verify_message or 'it could not be verified'}"
        case ssl.SSLError():
            return "no secure (SSL) connection came about"
        case socket.gaierror():
            return "its name is not found: is this computer online?"
        case ConnectionRefusedError():
            return "it takes no connections"
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH | errno.ENETDOWN):
            return "no way leads there: is this computer online?"
        case _:
            return None
