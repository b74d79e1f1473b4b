"""A web page for the person at this computer, and for nobody else.

It listens on the loopback only, below a path that nobody can guess (cookies do not know ports: another program's page
on the loopback would be sent ours otherwise). The address that is opened holds a secret that works once; it is exchanged
for a cookie that no script and no other site's page can use. The Host header must name the loopback (against DNS
rebinding), and whatever changes something must be JSON from the page itself (against forged forms).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.resources import files
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from hotfolder.control.loopback import HOST, Loopback

COOKIE = "hotfolder"
MOST_BYTES = 64 * 1024

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",  # AutoRetouch's page is closed when it is done with
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}


class LocalPage:
    """Serves one page with its files and its API while the block lasts."""

    def __init__(
        self,
        page: str,
        assets: Sequence[str],
        api: Sequence[BaseRoute],
        handlers: Mapping[type[Exception], ExceptionHandler],
    ) -> None:
        """`page` and `assets` are files in `hotfolder/control/pages`; `api` is reached below `api/`."""
        self._page = page
        self._base = secrets.token_urlsafe(16)
        self._cookie = secrets.token_urlsafe(32)
        self._keys: set[str] = set()
        self._port = 0
        routes = [
            Route("/", self._open, methods=["GET"]),
            *(Route(f"/{name}", _asset(name), methods=["GET"]) for name in assets),
            Mount("/api", routes=api, middleware=[Middleware(_OnlyThePage, cookie=self._cookie)]),
        ]
        app = Starlette(
            routes=[Mount(f"/{self._base}", routes=routes)],
            middleware=[
                Middleware(_WithHeaders),
                Middleware(TrustedHostMiddleware, allowed_hosts=[HOST], www_redirect=False),
            ],
            exception_handlers=dict(handlers),
        )
        self._loopback = Loopback(app, "local page", grace_s=2)

    def new_address(self) -> str:
        """To be opened once, within this block; not to be logged."""
        key = secrets.token_urlsafe(32)
        self._keys.add(key)
        return f"http://{HOST}:{self._port}/{self._base}/?key={key}"

    async def __aenter__(self) -> Self:
        self._port = self._loopback.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._loopback.close()

    async def _open(self, request: Request) -> Response:
        """The page, for the one with a fresh key or with the cookie (a reload)."""
        key = request.query_params.get("key", "")
        is_fresh = key in self._keys
        self._keys.discard(key)
        if not is_fresh and not _has_cookie(request, self._cookie):
            return Response(_read("expired.html"), 403, media_type="text/html")
        response = Response(_read(self._page), media_type="text/html")
        response.set_cookie(COOKIE, self._cookie, path=f"/{self._base}/", httponly=True, samesite="strict")
        return response


class _OnlyThePage:
    """Lets through what the page itself asks, and nothing that another page could make a browser send."""

    def __init__(self, app: ASGIApp, cookie: str) -> None:
        self._app = app
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        refusal = self._refusal(request)
        answer = self._app if refusal is None else JSONResponse({"title": refusal}, 403)
        await answer(scope, receive, send)

    def _refusal(self, request: Request) -> str | None:
        headers = request.headers
        if not _has_cookie(request, self._cookie):
            return "This page is not open any more. Start hotfolder again."
        if headers.get("origin", f"http://{headers.get('host')}") != f"http://{headers.get('host')}":
            return "That came from another page."
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return "That came from another page."
        if request.method == "POST":
            return _refusal_of_body(headers)
        return None


def _refusal_of_body(headers: Mapping[str, str]) -> str | None:
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return "That is no JSON."
    length = headers.get("content-length", "")
    return None if length.isdecimal() and int(length) <= MOST_BYTES else "That is too long."


def _has_cookie(request: Request, cookie: str) -> bool:
    return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), cookie.encode())


class _WithHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = [(key.lower().encode(), value.encode()) for key, value in _HEADERS.items()]
                message["headers"] = [*message.get("headers", ()), *ours]
            await send(message)

        await self._app(scope, receive, with_headers)


def _asset(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response(_read(name), media_type=_TYPES[name.rpartition(".")[2]])

    return answer


def _read(name: str) -> bytes:
    return files("hotfolder.control").joinpath("pages", name).read_bytes()
