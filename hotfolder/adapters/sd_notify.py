"""What systemd is told of a service of Type=notify: ready, still well, ending (sd_notify(3), sd_watchdog_enabled(3)).

Outside systemd everything here does nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)

PINGS_PER_LIMIT = 3
"""So that one late ping is not a hang."""


class Systemd:
    """The manager that started this process, if one did. Its variables are taken out of the environment: no browser
    or editor that is opened from here shall speak for the daemon."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ, process_id: int | None = None) -> None:
        self._address = _address(environ.pop("NOTIFY_SOCKET", ""))
        watchdog_us = environ.pop("WATCHDOG_USEC", "")
        watched = environ.pop("WATCHDOG_PID", "")
        is_watched = watched in ("", str(os.getpid() if process_id is None else process_id))
        self.watchdog_s = int(watchdog_us) / 1e6 if is_watched and watchdog_us.isdecimal() else 0.0

    def ready(self) -> None:
        """The daemon is at work: what waits for it may go on."""
        self._tell("READY=1")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl --user status`."""
        self._tell(f"STATUS={' '.join(text.split())}")

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Ready as the block begins, well as long as its loop turns, ending as it ends."""
        pings = asyncio.create_task(self.keep_watchdog(), name="systemd's watchdog")
        self.ready()
        try:
            yield
        finally:
            self.stopping()
            pings.cancel()
            await asyncio.wait([pings])

    async def keep_watchdog(self) -> None:
        """Pings from the loop that calls it, until cancelled: a loop that hangs sends none, and is restarted."""
        while self._address and self.watchdog_s:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / PINGS_PER_LIMIT)

    def _tell(self, message: str) -> None:
        """Never waits: a manager that is busy gets the next ping."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto(message.encode("utf-8", "replace"), self._address)
        except OSError as error:
            log.debug("systemd could not be told %s: %s", message, error)


def _address(variable: str) -> str:
    """A path, or an abstract name (`@` stands for its leading zero byte); anything else is not for us."""
    if variable.startswith("@") and len(variable) > 1:
        return "\0" + variable[1:]
    return variable if variable.startswith("/") else ""
