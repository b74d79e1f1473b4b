"""The gate every call goes through: it is logged, and the faults do here what they do.

Works on bare ASGI, below the web framework, since a dropped connection is no response.
"""

from __future__ import annotations

import asyncio
import json
import math
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from time import time
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotfolder.sandbox.calls import Call
from hotfolder.sandbox.errors import api_error, oauth_error
from hotfolder.sandbox.faults import ActiveFault, Fault, Faults
from hotfolder.sandbox.world import World

AUTH_ENDPOINTS = frozenset({"device_code", "token", "revoke"})
HANG_POLL_S = 0.02


class Gone(Exception):
    """There is no connection any more to answer on."""


@dataclass
class Answer:
    """A whole response, held back until the faults have seen it."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def collect(self, message: Message) -> None:
        """Stands in for `send`."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")

    def replace_body(self, body: bytes) -> None:
        self.body = body
        MutableHeaders(raw=self.headers)["content-length"] = str(len(body))

    async def deliver(self, send: Send, *, cut: bool = False) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        body = self.body[: len(self.body) // 2] if cut else self.body
        await send({"type": "http.response.body", "body": body, "more_body": cut})


class Gate:
    """One endpoint's door."""

    def __init__(self, endpoint: str, template: str, handler: ASGIApp, world: World, faults: Faults) -> None:
        self._endpoint = endpoint
        self._template = template
        self._handler = handler
        self._world = world
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send = self._dated(send)
        receive, body = await _peek_json(scope, receive)
        call = self._open_call(scope, body)
        scope["state"]["call"] = call
        visit = Visit(call, scope, receive, send, self._now)
        try:
            await self._let_through(visit)
        except Gone:
            await visit.wait_until_disconnected()

    def _now(self) -> float:
        """By the clock that the answers tell."""
        return time() + self._world.switches.date_offset_s

    def _dated(self, send: Send) -> Send:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self._now(), usegmt=True)
                message = {**message, "headers": [*message["headers"], (b"date", date.encode())]}
            await send(message)

        return send_dated

    def _open_call(self, scope: Scope, body: dict[str, Any]) -> Call:
        parameters = scope["path_params"]
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        image = body.get("image")
        call = Call(
            self._endpoint, scope["method"], self._template, scope["path"], query, self._world.clock()
        )
        call.subject = parameters.get("id") or parameters.get("hash") or query.get("contentHash", "")
        call.image_name = (
            str(image.get("name", "")) if isinstance(image, dict) else parameters.get("name", "")
        )
        if not call.image_name and (execution := self._world.find_execution(call.subject)):
            call.image_name = execution.input_name
        self._world.log_call(call)
        return call

    async def _let_through(self, visit: Visit) -> None:
        outage = self._world.switches.outage
        if outage == "reset":
            visit.reset()
        if outage == "unavailable":
            return await visit.answer(_status_answer(Fault("any", "status"), visit))
        struck = self._faults.strike(visit.call)
        visit.call.faults = [active.fault.effect for active in struck]
        for active in struck:
            if not active.fault.acts_after and await _disturb(visit, active):
                return None
        after = [active for active in struck if active.fault.acts_after]
        if not after:
            return await self._handler(visit.scope, visit.receive, visit.send)
        answer = Answer()
        visit.was_read = True
        await self._handler(visit.scope, visit.receive, answer.collect)
        for active in after:
            if active.fault.effect == "cut":
                visit.cut = True
            elif _spoil(answer, active.fault):
                continue
            elif await _disturb(visit, active):
                return None
        return await visit.deliver(answer)


class Visit:
    """One call's connection, and what can be done to it."""

    def __init__(
        self, call: Call, scope: Scope, receive: Receive, send: Send, now: Callable[[], float]
    ) -> None:
        self.call = call
        self.now = now
        self.scope = scope
        self.receive = receive
        self.cut = False
        self.was_read = False
        self._send = send
        self._transport: asyncio.Transport = scope["state"]["transport"]

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.call.status = message["status"]
        await self._send(message)

    async def answer(self, response: Response) -> None:
        """Answer cleanly: the request is read to its end first, or the client might never see it."""
        while not self.was_read:
            self.was_read = not (await self.receive()).get("more_body")
        await response(self.scope, self.receive, self.send)

    async def deliver(self, answer: Answer) -> None:
        await answer.deliver(self.send, cut=self.cut)
        if self.cut:
            self.close()

    def reset(self) -> None:
        """Reset the connection (RST): the other side sees "connection reset by peer"."""
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        raise Gone

    def close(self) -> None:
        """Close the connection in good order (FIN), after what was sent so far."""
        self._transport.close()
        raise Gone

    async def hang_on(self, active: ActiveFault) -> None:
        while active.active:
            if self._transport.is_closing():
                raise Gone
            await asyncio.sleep(HANG_POLL_S)

    async def wait_until_disconnected(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def _disturb(visit: Visit, active: ActiveFault) -> bool:
    """Do what a fault does to the whole call; True if it is answered now."""
    fault = active.fault
    if fault.effect == "delay":
        await asyncio.sleep(fault.seconds)
    elif fault.effect == "hang":
        await visit.hang_on(active)
    elif fault.effect == "drop":
        visit.reset()
    elif fault.effect == "close":
        visit.close()
    else:
        await visit.answer(_status_answer(fault, visit))
        return True
    return False


def _spoil(answer: Answer, fault: Fault) -> bool:
    """Change the answer's body or its type; False if the fault is none of that kind."""
    body = answer.body
    if fault.effect == "truncate":
        answer.replace_body(body[: len(body) // 2])
    elif fault.effect == "corrupt":
        middle = len(body) // 2
        answer.replace_body(
            body[:middle] + bytes(byte ^ 0x01 for byte in body[middle : middle + 1]) + body[middle + 1 :]
        )
    elif fault.effect == "empty":
        answer.replace_body(b"")
    elif fault.effect == "garbage":
        answer.replace_body(b"<html><body><h1>Please sign in to the guest network</h1></body></html>")
    elif fault.effect == "gzip_label":
        MutableHeaders(raw=answer.headers)["content-encoding"] = "gzip"
    elif fault.effect != "content_type":
        return False
    if fault.effect in ("garbage", "content_type"):
        MutableHeaders(raw=answer.headers)["content-type"] = fault.content_type
    return True


def _status_answer(fault: Fault, visit: Visit) -> Response:
    call, headers = visit.call, {}
    if fault.retry_after is not None:
        date = formatdate(math.ceil(visit.now() + fault.retry_after), usegmt=True)
        headers["Retry-After"] = date if fault.retry_after_as_date else str(math.ceil(fault.retry_after))
    if fault.effect == "redirect":
        query = visit.scope["query_string"].decode("latin-1")
        headers["Location"] = fault.location or f"{call.path}?{query}"
        return Response(status_code=fault.status if 300 <= fault.status < 400 else 307, headers=headers)
    message = "The sandbox was asked to fail here"
    if call.endpoint in AUTH_ENDPOINTS:
        return oauth_error(fault.status, fault.error, message, headers)
    return api_error(fault.status, message, call.path, headers)


async def _peek_json(scope: Scope, receive: Receive) -> tuple[Receive, dict[str, Any]]:
    """Read a JSON body ahead, so that faults can be meant for an image; the app reads it again."""
    headers = Headers(scope=scope)
    if scope["method"] != "POST" or not headers.get("content-type", "").startswith("application/json"):
        return receive, {}
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    waiting = iter(messages)

    async def replay() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    try:
        body = json.loads(b"".join(message.get("body", b"") for message in messages))
    except ValueError:
        body = None
    return replay, body if isinstance(body, dict) else {}
