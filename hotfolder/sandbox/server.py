"""The sandbox as a running server."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from hotfolder.sandbox.account import ORGANIZATION_ID, ORGANIZATION_NAME, REFRESH_TOKEN
from hotfolder.sandbox.app import ENDPOINTS, build_app
from hotfolder.sandbox.faults import Faults
from hotfolder.sandbox.webhooks import Messenger
from hotfolder.sandbox.world import World

START_LIMIT_S = 20
END_LIMIT_S = 2


class Connection(H11Protocol):
    """A connection that the app can drop: its transport travels in the request's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does so only for sockets that name their protocol; without it each answer waits 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Tells when it is ready, and ends at once when told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._told_to_end: asyncio.Event | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self._told_to_end = asyncio.Event()
        await self.on_tick(0)  # the Date header, from the first answer on
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        assert self._told_to_end is not None
        counter = 0
        while not await self.on_tick(counter):
            counter += 10
            try:
                await asyncio.wait_for(self._told_to_end.wait(), 0.5)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """All connections were dropped already: only the handlers are waited for."""
        for listener in sockets or []:
            listener.close()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=END_LIMIT_S)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal ends it in peace: not raised again, so that the caller can tidy up."""
        self.end()

    def end(self) -> None:
        """Stop; connections are reset, as when a machine loses its network. From any thread."""
        self.should_exit = True
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._drop_everything)

    def _drop_everything(self) -> None:
        assert self._told_to_end is not None
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        self._told_to_end.set()


class Sandbox:
    """A faithful AutoRetouch of its own, on a port of this machine.

        with Sandbox() as sandbox:
            sandbox.url        # both the API's and the auth server's address
            sandbox.world      # what it knows, and what happens to it
            sandbox.faults     # what goes wrong

    `stop()` and `start()` again: the same port and the same world, connections refused in between.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        clock: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        self.host = host
        self.port = port
        self.world = World(clock, seed)
        self.faults = Faults(ENDPOINTS, seed)
        self._app = build_app(self.world, self.faults)
        self._messenger = Messenger(self.world)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address of the API and of the auth server; known once it was started."""
        return f"http://{self.host}:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def start(self) -> None:
        """Answer from now on; returns when it does."""
        if self._thread is not None:
            return
        listener = self._listen()
        server = self._build_server()
        thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
        thread.start()
        if not server.ready.wait(START_LIMIT_S):
            raise RuntimeError("the sandbox did not start")
        self._server, self._thread = server, thread
        self._messenger.start()

    def stop(self) -> None:
        """Be away: open connections are reset, new ones are refused. The world stays as it is."""
        if self._server is None or self._thread is None:
            return
        self._messenger.stop()
        self._server.end()
        self._thread.join()
        self._server = self._thread = None

    def close(self) -> None:
        """Stop for good, and tidy up."""
        self.stop()
        self.faults.clear()
        self.world.close()

    def serve_forever(self, on_ready: Callable[[str], None] | None = None) -> None:
        """Run in this thread until a signal ends it (`hotfolder sandbox`); then everything is tidied up.

        `on_ready` is given the banner as soon as the address is known and listened to.
        """
        listener = self._listen()
        self._messenger.start()
        if on_ready is not None:
            on_ready(self.banner())
        try:
            self._build_server().run([listener])
        finally:
            self._messenger.stop()
            self.close()

    def banner(self) -> str:
        """What a person needs to know to use it."""
        prices = "\n".join(
            f"  {workflow.name:<14}{workflow.price:>4} credits   {workflow.id}"
            for workflow in self.world.workflows.values()
        )
        return (
            f"The AutoRetouch sandbox is at {self.url}\n\n"
            f"  AUTORETOUCH_API_URL={self.url}\n"
            f"  AUTORETOUCH_AUTH_URL={self.url}\n"
            f"  AUTORETOUCH_REFRESH_TOKEN={REFRESH_TOKEN}\n\n"
            f"Organization {ORGANIZATION_NAME!r} ({ORGANIZATION_ID}) has {self.world.balance()} credits.\n"
            f"Workflows:\n{prices}\n\n"
            f"What it knows: {self.url}/sandbox/state"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listen(self) -> socket.socket:
        """A listening socket; a free port becomes the sandbox's own for as long as it lives."""
        listener = socket.create_server((self.host, self.port), backlog=512)
        self.port = listener.getsockname()[1]
        return listener

    def _build_server(self) -> _Server:
        config = uvicorn.Config(
            self._app,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            date_header=False,  # the gate dates each answer
            timeout_keep_alive=30,
            h11_max_incomplete_event_size=256 * 1024,
        )
        return _Server(config)
