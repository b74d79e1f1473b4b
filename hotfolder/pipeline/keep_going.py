"""Keeps a task of the daemon alive: an unexpected exception is logged, never the end of it (keeps I7)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

AFTER_BUG_S = 1.0


async def keep_going(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it returns; begin it anew, a little later, whenever it raises."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s was interrupted by an unexpected problem and begins anew", name)
            await asyncio.sleep(AFTER_BUG_S)
        else:
            return
