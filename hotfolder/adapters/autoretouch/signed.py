"""Calls that carry the access token: refreshed ahead of its end, and once after a 401."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from hotfolder.adapters.autoretouch.auth import AccessTokens
from hotfolder.adapters.autoretouch.clock import ServiceClock
from hotfolder.adapters.autoretouch.faults import error_of_answer, error_of_trouble, sign_in_needed, unclear
from hotfolder.adapters.autoretouch.http import Answer, Call, Http, Trouble
from hotfolder.adapters.autoretouch.payloads import (
    OrganizationPayload,
    Unreadable,
    WorkflowPayload,
    page_in,
    read_one,
)
from hotfolder.adapters.autoretouch.routes import PAGE, query
from hotfolder.errors import HotfolderError, WorkflowUnavailable

T = TypeVar("T")
M = TypeVar("M", OrganizationPayload, WorkflowPayload)
Send = Callable[[Call], Awaitable[Answer]]

MOST_PAGES = 200


class SignedCalls:
    """The API as one signed-in caller. The token goes to the API's own origin and nowhere else (keeps I8)."""

    def __init__(
        self, api_url: str, http: Http, access: AccessTokens, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.api_url = api_url
        self.clock = ServiceClock(monotonic)
        self.held_back_by: HotfolderError | None = None
        """While there is one, nothing that spends goes out (keeps I14)."""
        self.before_spending: Callable[[], Awaitable[None]] = _nothing
        self._http = http
        self._access = access

    def url(self, path: str, **parameters: str | int | None) -> str:
        return self.api_url + path + query(**parameters)

    async def ask(self, call: Call, *, spends: bool = False) -> Answer:
        """The call's answer, whatever it says; only no answer and a second 401 are errors here."""
        try:
            return await self.send(call, self._http.fetch, spends=spends)
        except Trouble as trouble:
            raise error_of_trouble(trouble, spends=spends) from None

    async def send(self, call: Call, send: Send, *, spends: bool = False) -> Answer:
        """A 401 is a refusal, nothing was done: the token is refreshed once and the call repeated once. What spends goes out
        with a confirmed sign-in only, and not at all where that was dropped while the connection was made (keeps I14)."""
        if spends:
            await self.before_spending()
            await self._access.look_at_store()
        may_go = self._gate() if spends else None
        token = await (self._access.confirmed() if spends else self._access.current())
        answer = await send(_signed(call, token, may_go))
        if answer.status == 401:
            token = await self._access.after_refusal(token)
            answer = await send(_signed(call, token, may_go))
        self.clock.learn(answer)
        if answer.status == 401:
            raise sign_in_needed()
        return answer

    def _gate(self) -> Callable[[], None]:
        """Asked before and while a call that spends gets its token and its connection."""
        still_holds = self._access.only_while_it_holds()

        def may_go() -> None:
            if self.held_back_by is not None:
                raise self.held_back_by
            still_holds()

        may_go()
        return may_go

    async def read(self, url: str, reader: Callable[[bytes], T]) -> T:
        """What `reader` finds in the answer to a GET."""
        answer = await self.ask(Call(method="GET", url=url))
        if not answer.is_success:
            raise error_of_answer(answer, refusal=WorkflowUnavailable)
        return readable(answer, reader)

    async def all_pages(self, path: str, extra: Mapping[str, str], model: type[M]) -> list[M]:
        """Until `total` or an empty page; pages may be shorter than asked. Entries without an id are left out."""
        found: dict[str, M] = {}
        offset = 0
        for _ in range(MOST_PAGES):
            entries, total = await self.read(self.url(path, **extra, limit=PAGE, offset=offset), page_in)
            before = len(found)
            found.update((entry.id, entry) for entry in _usable(entries, model))
            offset += len(entries)
            if not entries or (total is not None and offset >= total) or len(found) == before:
                break
        return list(found.values())


async def _nothing() -> None:
    return


def _signed(call: Call, token: str, may_go: Callable[[], None] | None) -> Call:
    if may_go is not None:
        may_go()
    return replace(call.signed(token), may_go=may_go)


def readable(answer: Answer, reader: Callable[[bytes], T], *, spends: bool = False) -> T:
    """What `reader` finds in the answer's body; unclear when that is nonsense."""
    try:
        return reader(answer.body)
    except Unreadable:
        raise unclear(answer, spends=spends) from None


def _usable(entries: list[Any], model: type[M]) -> list[M]:
    usable = []
    for entry in entries:
        try:
            usable.append(read_one(model, entry))
        except Unreadable:
            continue
    return usable
