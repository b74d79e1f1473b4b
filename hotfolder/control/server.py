"""The daemon's ear: a small HTTP API on the loopback, in the daemon's own loop.

Whoever can read the home's control file may ask: it holds the port and a token that is new at every start and
readable by this user only. A web page in the same computer's browser cannot: it knows no token, and the Host header
must name the loopback (against DNS rebinding).
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hotfolder.adapters.home import Home
from hotfolder.adapters.private_file import remove_private, write_private
from hotfolder.control.loopback import HOST, Loopback
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import HotfolderError

log = logging.getLogger(__name__)

LOOPBACK_NAMES = (HOST, "localhost", "[::1]")


Endpoint = Callable[[Request], Awaitable[Response]]


class Controlled(Protocol):
    """What of the daemon can be asked."""

    def settling(self) -> list[dict[str, Any]]: ...

    async def retry(self, ids: Sequence[str] | None) -> int: ...

    async def dismiss(self, ids: Sequence[str] | None) -> int: ...

    async def pause(self, folder: str | None) -> None: ...

    async def resume(self, folder: str | None) -> None: ...

    async def fetch(self, execution_ids: Sequence[str], image_ids: Sequence[str]) -> int: ...

    async def sign_out(self) -> bool: ...

    async def signed_in(self) -> None: ...

    def stop(self) -> None: ...

    @property
    def folders(self) -> list[str]: ...

    @property
    def config_problem(self) -> str | None: ...


class RequireToken:
    """Nobody without the token gets further than here."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"title": "The token is missing or wrong."}, 401)(scope, receive, send)


def build_app(daemon: Controlled, token: str) -> Starlette:
    """The API over one daemon."""

    async def settling(_: Request) -> Response:
        return JSONResponse(daemon.settling())

    def of_images(key: str, do: Callable[[list[str] | None], Awaitable[int]]) -> Endpoint:
        async def answer(request: Request) -> Response:
            try:
                ids = _ids_in(await request.body())
            except ValueError as error:
                return JSONResponse({"title": str(error)}, 400)
            return JSONResponse({key: await do(ids)})

        return answer

    async def fetch(request: Request) -> Response:
        try:
            body = await request.body()
            executions, images = _list_in(body, "executions"), _list_in(body, "images")
        except ValueError as error:
            return JSONResponse({"title": str(error)}, 400)
        return JSONResponse({"fetched": await daemon.fetch(executions, images)})

    async def settings(_: Request) -> Response:
        return JSONResponse({"folders": daemon.folders, "config_problem": daemon.config_problem})

    def of_folder(do: Callable[[str | None], Awaitable[None]]) -> Endpoint:
        async def answer(request: Request) -> Response:
            try:
                folder = _folder_in(await request.body())
            except ValueError as error:
                return JSONResponse({"title": str(error)}, 400)
            await do(folder)
            return JSONResponse({})

        return answer

    async def sign_out(_: Request) -> Response:
        return JSONResponse({"is_given": await daemon.sign_out()})

    async def signed_in(_: Request) -> Response:
        await daemon.signed_in()
        return JSONResponse({})

    async def stop(_: Request) -> Response:
        daemon.stop()
        return JSONResponse({})

    async def tell(_: Request, error: Exception) -> Response:
        assert isinstance(error, HotfolderError)
        return JSONResponse({"title": error.title, "advice": error.advice}, 503)

    return Starlette(
        routes=[
            Route("/api/settling", settling, methods=["GET"]),
            Route("/api/settings", settings, methods=["GET"]),
            Route("/api/retry", of_images("retried", daemon.retry), methods=["POST"]),
            Route("/api/dismiss", of_images("dismissed", daemon.dismiss), methods=["POST"]),
            Route("/api/fetch", fetch, methods=["POST"]),
            Route("/api/pause", of_folder(daemon.pause), methods=["POST"]),
            Route("/api/resume", of_folder(daemon.resume), methods=["POST"]),
            Route("/api/sign-out", sign_out, methods=["POST"]),
            Route("/api/signed-in", signed_in, methods=["POST"]),
            Route("/api/stop", stop, methods=["POST"]),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK_NAMES), www_redirect=False),
            Middleware(RequireToken, token=token),
        ],
        exception_handlers={HotfolderError: tell},
    )


def _ids_in(body: bytes) -> list[str] | None:
    data = json.loads(body)
    ids = data.get("ids", ()) if isinstance(data, dict) else ()
    if ids is None:
        return None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ValueError("The body has to be {'ids': [...]} or {'ids': null}.")
    return ids


def _list_in(body: bytes, key: str) -> list[str]:
    data = json.loads(body)
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"The body has to have a list of texts named {key!r}.")
    return found


def _folder_in(body: bytes) -> str | None:
    data = json.loads(body)
    folder = data.get("folder", 0) if isinstance(data, dict) else 0
    if folder is not None and not isinstance(folder, str):
        raise ValueError("The body has to be {'folder': name} or {'folder': null}.")
    return folder


class ControlServer:
    """Answers while the block lasts. Without it the daemon works just as well, so its trouble is only said."""

    def __init__(self, daemon: Controlled, home: Home, make_token: Callable[[], str] | None = None) -> None:
        self._home = home
        self._token = (make_token or _new_token)()
        self._loopback = Loopback(build_app(daemon, self._token), "control", grace_s=1)

    async def __aenter__(self) -> Self:
        try:
            port = self._loopback.open()
            await asyncio.to_thread(self._announce, port)
        except OSError as error:
            log.warning(
                "Other commands cannot reach this daemon (%s); it works on all the same",
                plain_reason(error),
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(remove_private, self._home.control)
        await self._loopback.close()

    def _announce(self, port: int) -> None:
        facts = {"port": port, "token": self._token, "pid": os.getpid()}
        write_private(self._home.control, json.dumps(facts))


def _new_token() -> str:
    return secrets.token_urlsafe(32)
