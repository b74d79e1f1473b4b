"""An HTTP server on this computer's loopback, in the running loop, for as long as it is open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """Leaves the signals to the program."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Loopback:
    """One app on a port that the system chooses. `grace_s`: how long running answers may take at the end."""

    def __init__(self, app: ASGIApp, name: str, grace_s: int) -> None:
        self._name = name
        self._server = _Server(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=grace_s,
            )
        )
        self._listener: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self) -> int:
        """The port. Raises `OSError`."""
        self._listener = socket.create_server((HOST, 0))
        self._task = asyncio.create_task(self._server.serve([self._listener]), name=self._name)
        return int(self._listener.getsockname()[1])

    async def close(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._listener is not None:
            self._listener.close()  # a server that is told to end before it has begun leaves it open
