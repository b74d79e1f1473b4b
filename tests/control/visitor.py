"""Somebody's browser, as far as HTTP goes: keeps the cookie, and can be made to send anything."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

LIMIT_S = 60.0


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Visitor:
    """`address`: what was to be opened."""

    address: str
    cookie: str = ""
    replies: list[Reply] = field(default_factory=list)

    @property
    def base(self) -> str:
        return urlsplit(self.address).path

    def open(self) -> Reply:
        """The page itself, by its one-time address."""
        parts = urlsplit(self.address)
        reply = self.send("GET", f"{parts.path}?{parts.query}")
        if "set-cookie" in reply.headers:
            self.cookie = reply.headers["set-cookie"].partition(";")[0]
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        return self.send("GET", self.base + path, None, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Reply:
        given = {"content_type": "application/json", **headers}
        return self.send("POST", self.base + path, json.dumps(body or {}).encode(), **given)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        given = {"Cookie": self.cookie} if self.cookie else {}
        given |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=LIMIT_S)
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            reply = Reply(answer.status, found, answer.read().decode())
        finally:
            connection.close()
        self.replies.append(reply)
        return reply
