"""The sign-in: from the stored refresh token to an access token that lives in memory only (keeps I8)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hotfolder.adapters.autoretouch.auth_server import AuthServer, clear_error, is_token, json_object
from hotfolder.adapters.autoretouch.faults import away, error_of_answer, sign_in_needed
from hotfolder.adapters.autoretouch.http import Answer, Http
from hotfolder.adapters.token_store import TokenSource, load_token, store_token
from hotfolder.core.timing import backoff_s
from hotfolder.errors import HotfolderError, SignInNeeded

LIFETIME_S = 24 * 3600.0
"""An access token's lifetime where `expires_in` does not say it [D]."""

MARGIN_S = 60.0
"""How long before its end an access token is replaced; a fifth of its lifetime if that is shorter."""

LAST_WAIT_S = 10.0
"""How long closing waits for a refresh under way."""

FIRST_DOUBT_S = 10.0
LONGEST_DOUBT_S = 600.0
"""A refused refresh token is asked about again all the same, ever less often: the refusal may have been a mistake."""


@dataclass(frozen=True, slots=True)
class _Access:
    value: str = field(repr=False)
    stale_at: float


@dataclass(frozen=True, slots=True)
class _Grant:
    """What the auth server gave for the refresh token `used`. `refresh`: the next one, if it rotates them."""

    used: str = field(repr=False)
    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    lifetime_s: float


@dataclass(frozen=True, slots=True)
class _Refusal:
    """The auth server refused this refresh token, so many times; `until` then nobody needs to ask again."""

    token: str = field(repr=False)
    times: int
    until: float


class Refused(Exception):
    """The auth server does not take this refresh token. Never leaves this module."""


class AccessTokens:
    """Gives access tokens; however many calls wait, one refresh is under way.

    The refresh is a task of its own: a caller that is cancelled must not take along a rotated refresh token
    that is just coming in, for the old one is dead by then.
    """

    def __init__(
        self, http: Http, auth_url: str, tokens: TokenSource, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = AuthServer(http, auth_url)
        self._tokens = tokens
        self._monotonic = monotonic
        self._access: _Access | None = None
        self._unstored: _Grant | None = None
        self._refusal: _Refusal | None = None
        self._refresh: asyncio.Task[str] | None = None

    async def current(self) -> str:
        """An access token that should be good for a while."""
        if self._access and self._monotonic() < self._access.stale_at:
            return self._access.value
        return await self.renewed()

    async def after_refusal(self, refused: str) -> str:
        """Another access token than the one a 401 refused."""
        if self._access and self._access.value != refused:
            return self._access.value
        return await self.renewed()

    async def renewed(self) -> str:
        """A new access token, from the refresh under way or one begun now."""
        if self._refresh is None:
            self._refresh = asyncio.create_task(self._renew(), name="refresh the access token")
            self._refresh.add_done_callback(self._refresh_ended)
        return await asyncio.shield(self._refresh)

    def _refresh_ended(self, task: asyncio.Task[str]) -> None:
        self._refresh = None
        if not task.cancelled():
            task.exception()  # every waiter may be gone; that is no "never retrieved"

    async def aclose(self) -> None:
        """Waits a while for a refresh under way, as its rotated token has to be stored."""
        if self._refresh is not None:
            await asyncio.wait([self._refresh], timeout=LAST_WAIT_S)

    def forget_refusal(self) -> None:
        """A person says "try again": also a token that was refused is asked about, and a keyring that was declined."""
        self._refusal = None
        self._tokens.ask_again()

    async def revoke(self, refresh_token: str) -> None:
        """[C] The refresh token is dead afterwards; whoever stores it has to forget it."""
        answer = await self._server.post_json("/oauth/revoke", token=refresh_token)
        if not answer.is_success:
            raise error_of_answer(answer, refusal=SignInNeeded)

    async def _renew(self) -> str:
        self._access = None
        token = await self._refresh_token()
        try:
            grant = await self._grant(token)
        except Refused:
            grant = await self._grant_anew(refused=token)
        # A rotated token is stored before anything is used: the old one may be dead from now on. Crash here: the
        # new token is lost and `hotfolder login` repairs it; the window is as short as it can be.
        self._unstored = grant
        await self._store_rotated()
        margin_s = min(MARGIN_S, grant.lifetime_s / 5)
        self._access = _Access(grant.access, self._monotonic() + grant.lifetime_s - margin_s)
        return grant.access

    async def _refresh_token(self) -> str:
        await self._store_rotated()
        token = await load_token(self._tokens)
        if not token:
            raise sign_in_needed("hotfolder is not signed in to AutoRetouch.")
        return token

    async def _store_rotated(self) -> None:
        """Kept in memory until the store has taken it, as it is the only good one. Only the token it
        comes from is replaced: whoever signed in or out meanwhile has the last word."""
        grant = self._unstored
        if grant and grant.refresh and await load_token(self._tokens) == grant.used:
            await store_token(self._tokens, grant.refresh)
        self._unstored = None

    async def _grant_anew(self, refused: str) -> _Grant:
        """Somebody may have signed in anew meanwhile, in another terminal."""
        token = await load_token(self._tokens)
        if not token or token == refused:
            raise sign_in_needed()
        try:
            return await self._grant(token)
        except Refused:
            raise sign_in_needed() from None

    async def _grant(self, refresh_token: str) -> _Grant:
        """Raises `Refused`; without asking where the server said so a while ago."""
        known = self._refusal if self._refusal and self._refusal.token == refresh_token else None
        if known and self._monotonic() < known.until:
            raise Refused
        try:
            grant = await self._redeem(refresh_token)
        except Refused:
            times = known.times if known else 0
            wait_s = backoff_s(times, 1.0, first_s=FIRST_DOUBT_S, longest_s=LONGEST_DOUBT_S)
            self._refusal = _Refusal(refresh_token, times + 1, self._monotonic() + wait_s)
            raise
        self._refusal = None
        return grant

    async def _redeem(self, refresh_token: str) -> _Grant:
        grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = await self._server.post_form("/oauth/token", **grant)
        if answer.is_success:
            return _grant_in(answer, refresh_token)
        raise _refusal(answer)


def _refusal(answer: Answer) -> HotfolderError | Refused:
    """Only a clear OAuth error means that the person has to sign in."""
    if clear_error(answer):
        return Refused()
    if answer.status == 429:
        return error_of_answer(answer)
    return away(f"The sign-in of AutoRetouch has a problem (code {answer.status})", answer)


def _grant_in(answer: Answer, used: str) -> _Grant:
    body = json_object(answer)
    access, refresh, lifetime = body.get("access_token"), body.get("refresh_token"), body.get("expires_in")
    if not is_token(access):
        raise away("The sign-in of AutoRetouch answered nonsense", answer)
    return _Grant(
        used=used,
        access=str(access),
        refresh=refresh if isinstance(refresh, str) and refresh.strip() and refresh != used else None,
        lifetime_s=_lifetime_s(lifetime),
    )


def _lifetime_s(value: object) -> float:
    """A lifetime of nothing would mean a refresh before every request: a 401 tells the truth in time."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < 10**9:
        return float(value)
    return LIFETIME_S
