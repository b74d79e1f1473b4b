"""Errors in the two formats of the contract."""

from __future__ import annotations

from http import HTTPStatus
from time import time

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from hotfolder.sandbox.executions import iso_time
from hotfolder.sandbox.signin import OAuthError

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class ApiError(Exception):
    """An error of the API, answered as `{timestamp, status, error, message, path}` [D]."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def api_error(status: int, message: str, path: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The API's error body [D]."""
    content = {
        "timestamp": iso_time(time()),
        "status": status,
        "error": _PHRASES.get(status, "Error"),
        "message": message,
        "path": path,
    }
    return JSONResponse(content, status, headers)


def oauth_error(
    status: int, error: str, description: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """The auth server's error body [D]."""
    return JSONResponse({"error": error, "error_description": description}, status, headers)


async def on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return api_error(error.status, error.message, request.url.path)


async def on_oauth_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, OAuthError)
    return oauth_error(error.status, error.error, error.description)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return api_error(error.status_code, error.detail, request.url.path)


async def on_client_gone(_: Request, error: Exception) -> Response:
    """Nobody is there to read it."""
    assert isinstance(error, ClientDisconnect)
    return Response(status_code=400)
