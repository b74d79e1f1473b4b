"""Grants: what the auth server gives for a refresh token, or that it does not take it (any more)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hotfolder.adapters.autoretouch.auth_server import AuthServer, clear_error, is_token, json_object
from hotfolder.adapters.autoretouch.faults import away, error_of_answer
from hotfolder.adapters.autoretouch.http import Answer
from hotfolder.core.timing import backoff_s
from hotfolder.errors import HotfolderError

LIFETIME_S = 24 * 3600.0
"""An access token's lifetime where `expires_in` does not say it [D]."""

FIRST_DOUBT_S = 10.0
LONGEST_DOUBT_S = 600.0
"""A refused refresh token is asked about again all the same, ever less often: the refusal may have been a mistake."""


@dataclass(frozen=True, slots=True)
class Grant:
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
    """The auth server does not take this refresh token. Never leaves this package."""


class Grants:
    """Asks the auth server, but not again and again about a token that it has refused."""

    def __init__(self, server: AuthServer, monotonic: Callable[[], float]) -> None:
        self._server = server
        self._monotonic = monotonic
        self._refusal: _Refusal | None = None

    def forget_refusal(self) -> None:
        """From now on a refused token is asked about anew."""
        self._refusal = None

    async def grant(self, refresh_token: str) -> Grant:
        """Raises `Refused`; without asking where the server said so a while ago. Raises `TemporaryError`."""
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

    async def _redeem(self, refresh_token: str) -> Grant:
        grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = await self._server.post_form("/oauth/token", **grant)
        if answer.is_success:
            return _grant_in(answer, refresh_token)
        raise _refusal(answer)


def _refusal(answer: Answer) -> HotfolderError | Refused:
    """Only a clear OAuth error means that the person has to sign in."""
    if clear_error(answer):
        return Refused()
    if answer.status == 429 or 300 <= answer.status < 400:
        return error_of_answer(answer)
    return away(f"The sign-in of AutoRetouch has a problem (code {answer.status})", answer)


def _grant_in(answer: Answer, used: str) -> Grant:
    body = json_object(answer)
    access, refresh, lifetime = body.get("access_token"), body.get("refresh_token"), body.get("expires_in")
    if not is_token(access):
        raise away("The sign-in of AutoRetouch answered nonsense", answer)
    return Grant(
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
