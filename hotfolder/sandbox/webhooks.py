"""Webhooks: a POST to the URLs given at creation, whenever an execution reaches certain statuses [G].

Best effort, without order or promise, as the contract has it: lost or doubled by a switch.
"""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

from hotfolder.sandbox.executions import Execution
from hotfolder.sandbox.world import World

TOLD = frozenset({"COMPLETED", "FAILED", "IN_QA", "PAYMENT_REQUIRED"})
"""Only WORKFLOW_EXECUTION_COMPLETED is documented [G]; the others are the sandbox's guess."""
LOOK_EVERY_S = 0.05
TIMEOUT_S = 5


class Messenger:
    """A thread that looks at the executions with webhooks and tells what is new."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="sandbox-webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            for execution in self._world.watched_executions():
                self._tell_news(execution)

    def _tell_news(self, execution: Execution) -> None:
        content = self._world.see(execution)
        status = content["status"]
        if status == execution.announced:
            return
        execution.announced = status
        if status in TOLD:
            event = {"event": f"WORKFLOW_EXECUTION_{status}", "content": content}
            for url in execution.webhooks * self._world.switches.webhook_copies:
                self._world.log_webhook(url, event, post_json(url, event))


def post_json(url: str, content: dict[str, Any]) -> int | None:
    """The status that was answered; None if nobody did. Never through a proxy."""
    address = urlsplit(url)
    secure = address.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=TIMEOUT_S)
    try:
        path = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
        connection.request("POST", path, json.dumps(content), {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
