"""hotfolder as a process that dies at its n-th effect.

Run as a program it loads hotfolder once and then forks a fresh process for each order it reads from its standard
input, so that a hundred deaths do not take a hundred imports. Before the program begins, the child counts its effects: every
commit that changed the ledger, every request before it leaves and after its answer has come, every file operation in
the out folder before and after. At the effect it was told to die at, it sends itself SIGKILL.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.journeys.studio import Studio

ROOT = Path(__file__).parents[2]


class Effects:
    """Counts effects, keeps their names in a file, and dies at the one it was told."""

    def __init__(self, die_at: int, record: Path) -> None:
        self._die_at = die_at
        self._count = 0
        self._lock = threading.Lock()
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def note(self, name: str) -> None:
        with self._lock:
            self._count += 1
            os.write(self._record, f"{name}\n".encode())
            if self._count == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)


def count_commits(effects: Effects) -> None:
    from sqlalchemy.engine.default import DefaultDialect

    commit: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit
    changes: dict[int, int] = {}

    def counted(self: DefaultDialect, connection: Any) -> None:
        driver: sqlite3.Connection = connection.driver_connection
        total = driver.total_changes
        if total == changes.get(id(driver), 0):
            commit(self, connection)
            return
        changes[id(driver)] = total
        effects.note("before commit")
        commit(self, connection)
        effects.note("after commit")

    DefaultDialect.do_commit = counted  # type: ignore[method-assign]


def count_requests(effects: Effects) -> None:
    import httpx

    send = httpx.AsyncHTTPTransport.handle_async_request

    async def counted(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path.split('/')[-1][:12]}"
        effects.note(f"before {name}")
        response = await send(self, request)
        effects.note(f"answered {name}")
        return response

    httpx.AsyncHTTPTransport.handle_async_request = counted  # type: ignore[method-assign]


def count_file_operations(effects: Effects, folder: str) -> None:
    def count(name: str) -> None:
        operation: Callable[..., Any] = getattr(os, name)

        def counted(path: Any, *arguments: Any, **more: Any) -> Any:
            where = str(Path(f"/proc/self/fd/{path}").readlink()) if isinstance(path, int) else str(path)
            if not where.startswith(folder):
                return operation(path, *arguments, **more)
            effects.note(f"before {name}")
            answer = operation(path, *arguments, **more)
            effects.note(f"after {name}")
            return answer

        setattr(os, name, counted)

    for name in ("link", "replace", "rename", "unlink", "fsync", "mkdir"):
        count(name)


def run_child(order: Mapping[str, Any]) -> None:
    """One life of hotfolder; never returns."""
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(order["environment"])
    effects = Effects(order["die_at"], Path(order["record"]))
    count_commits(effects)
    count_requests(effects)
    count_file_operations(effects, order["folder"])
    from hotfolder.cli import main

    code: Any = 70
    try:
        main(order["arguments"])
    except SystemExit as ended:
        code = ended.code
    finally:
        os._exit(int(code or 0))


def serve() -> None:
    import hotfolder.cli.at_work
    import hotfolder.cli.run  # noqa: F401 - loaded once, for all children

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run_child(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


class Crasher:
    """The test's end of it: gives orders and reads exit codes (-9: it died as told)."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.crasher"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: Mapping[str, Any]) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def live(self, studio: Studio, die_at: int) -> int:
        """A life of this studio's `run --once` that ends at its `die_at`-th effect (0: never before its time)."""
        return self.run(
            {
                "arguments": ["--home", str(studio.home), "run", "--once"],
                "environment": studio.environment,
                "output": str(studio.root / "output.txt"),
                "record": str(studio.root / "effects.txt"),
                "folder": str(studio.outside),
                "die_at": die_at,
            }
        )

    def close(self) -> None:
        self._server.communicate()


if __name__ == "__main__":
    serve()
