"""The ledger's own thread, by which the asyncio loop reaches it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import exc

from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import unusable_now

T = TypeVar("T")


class LedgerThread:
    """The ledger's own thread: whole transactions are handed to it as functions and awaited."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="ledger")

    async def call(self, work: Callable[[Ledger], T]) -> T:
        """Run `work(ledger)` in the ledger's thread. A commit that was begun is finished even when the caller goes."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, work, self._ledger)
        except (exc.IntegrityError, exc.ProgrammingError):
            raise  # a bug of ours, not a trouble of the disk
        except (exc.DatabaseError, sqlite3.DatabaseError) as error:
            raise unusable_now(error) from error

    def close(self) -> None:
        self._executor.shutdown(wait=True)
        self._ledger.close()
