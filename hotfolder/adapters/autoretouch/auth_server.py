"""The auth server's endpoints: how they are asked, and how their answers are read (RFC 6749).

An answer's `error_description` is not repeated, it may quote a token (keeps I8).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from hotfolder.adapters.autoretouch.faults import error_of_trouble
from hotfolder.adapters.autoretouch.http import Answer, Call, Http, Trouble

CLIENT_ID = "V8EkfbxtBi93cAySTVWAecEum4d6pt4J"
"""Static and public, the same for everyone [D G C]."""

_PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down", "too_many_requests"})


@dataclass(frozen=True, slots=True)
class AuthServer:
    """Each call carries the client's id. Raises `ServiceAway` when no whole answer came."""

    http: Http
    url: str

    async def post_form(self, path: str, **fields: str) -> Answer:
        body = urlencode({**fields, "client_id": CLIENT_ID}, errors="replace").encode()
        return await self._post(path, "application/x-www-form-urlencoded", body)

    async def post_json(self, path: str, **fields: str) -> Answer:
        return await self._post(
            path, "application/json", json.dumps({"client_id": CLIENT_ID, **fields}).encode()
        )

    async def _post(self, path: str, content_type: str, body: bytes) -> Answer:
        call = Call(method="POST", url=self.url + path, headers={"Content-Type": content_type}, body=body)
        try:
            return await self.http.fetch(call)
        except Trouble as trouble:
            raise error_of_trouble(trouble) from None


def oauth_error(answer: Answer) -> str:
    """The code of an OAuth error, "" where there is none: a gate in between (a hotel's network, say) also answers 403."""
    error = json_object(answer).get("error")
    is_code = isinstance(error, str) and len(error) < 100 and error.isprintable()
    return error if is_code and isinstance(error, str) else ""


def clear_error(answer: Answer) -> str:
    """The code of an OAuth error that trying again does not mend, "" where there is none."""
    error = oauth_error(answer)
    return error if answer.status in (400, 401, 403) and error not in _PASSING else ""


def is_token(value: object) -> bool:
    """Whether it can stand in a header."""
    return isinstance(value, str) and bool(value) and all("!" <= character <= "~" for character in value)


def json_object(answer: Answer) -> dict[str, object]:
    """The body, empty where it is no JSON object."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
