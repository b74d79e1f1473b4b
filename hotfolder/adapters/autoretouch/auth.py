"""The sign-in: from the stored refresh token to an access token that lives in memory only (keeps I8).

An access token works on for up to a day after its refresh token is gone. So whoever spends asks for a *confirmed* one,
and whoever signs out, or finds the stored sign-in gone, has it dropped at once (keeps I14).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from hotfolder.adapters.autoretouch.auth_server import AuthServer
from hotfolder.adapters.autoretouch.faults import error_of_answer, sign_in_needed
from hotfolder.adapters.autoretouch.grants import Grant, Grants, Refused
from hotfolder.adapters.autoretouch.http import Http
from hotfolder.adapters.token_store import LOOK_LIMIT_S, TokenSource, load_token, peek_token, store_token
from hotfolder.errors import HotfolderError, KeyringNotReady, ServiceAway, SignInNeeded, TemporaryError

MARGIN_S = 60.0
"""How long before its end an access token is replaced; a fifth of its lifetime if that is shorter."""

LAST_WAIT_S = 10.0
"""How long closing, and signing out, waits for a refresh under way."""

CONFIRMED_S = 30.0
"""So long a refresh proves that the sign-in still holds: one call to the auth server in this time, while money is spent."""

DOUBTFUL_S = 600.0
"""So long after the last proof money is spent all the same, where the auth server (or the keyring) has a problem."""


@dataclass(frozen=True, slots=True)
class _Access:
    """`refresh`: the refresh token that is kept for it. It is in memory because a keyring may be locked, and must not ask
    the person again and again, while the sign-in is confirmed."""

    value: str = field(repr=False)
    stale_at: float
    refresh: str = field(repr=False)
    rotates: bool
    proved_at: float


@dataclass(frozen=True, slots=True)
class _Doubt:
    """The sign-in could not be confirmed at that (monotonic) second, for this reason."""

    error: TemporaryError | KeyringNotReady
    at: float


class AccessTokens:
    """Gives access tokens; however many calls wait, one refresh is under way.

    The refresh is a task of its own: a caller that is cancelled must not take along a rotated refresh token
    that is just coming in, for the old one is dead by then.
    """

    def __init__(
        self, http: Http, auth_url: str, tokens: TokenSource, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = AuthServer(http, auth_url)
        self._grants = Grants(self._server, monotonic)
        self._tokens = tokens
        self._monotonic = monotonic
        self._access: _Access | None = None
        self._doubt: _Doubt | None = None
        self._unstored: Grant | None = None
        self._refresh: asyncio.Task[str] | None = None
        self._is_leaving = False
        self._drops = 0
        self._why_dropped: HotfolderError = signed_out()

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
        return await self._one_refresh(self._renew)

    async def confirmed(self) -> str:
        """An access token for what spends: the sign-in held half a minute ago at the most (keeps I14). Where the auth server
        has a problem the last proof counts for ten minutes; raises `TemporaryError` then, and `SignInNeeded`."""
        access, now = self._access, self._monotonic()
        if access is None or now >= access.stale_at:
            return await self.renewed()
        if now - access.proved_at < CONFIRMED_S:
            return access.value
        if self._doubt is None or now - self._doubt.at >= CONFIRMED_S:
            await self._confirm_now()
        if self._access is None:
            return await self.renewed()
        if self._doubt is not None and now - self._access.proved_at >= DOUBTFUL_S:
            raise self._doubt.error
        return self._access.value

    async def _confirm_now(self) -> None:
        """Ask whether the sign-in holds. Raises `SignInNeeded` where it does not; what cannot be told is a doubt."""
        try:
            await self._one_refresh(self._confirm)
        except (TemporaryError, KeyringNotReady) as error:
            self._doubt = _Doubt(error, self._monotonic())

    async def _one_refresh(self, work: Callable[[], Coroutine[Any, Any, str]]) -> str:
        if self._refresh is None:
            self._refresh = asyncio.create_task(work(), name="refresh the access token")
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
        self._grants.forget_refusal()
        self._doubt = None
        self._tokens.ask_again()

    async def revoke(self, refresh_token: str) -> None:
        """[C] The refresh token is dead afterwards; whoever stores it has to forget it."""
        answer = await self._server.post_json("/oauth/revoke", token=refresh_token)
        if not answer.is_success:
            raise error_of_answer(answer, refusal=SignInNeeded)

    # --- signed out -------------------------------------------------------------------------------

    def begin_sign_out(self) -> None:
        """From here on no access token is given, and no call that spends goes out any more (keeps I14)."""
        self._is_leaving = True
        self._drop(signed_out())

    async def sign_out(self, forget: Callable[[], None]) -> None:
        """Drop the access token, let a rotated refresh token be stored that is just coming in (it is the one to revoke), and
        then `forget`: whatever the store says from then on is a new sign-in."""
        self.begin_sign_out()
        if self._refresh is not None:
            await asyncio.wait([self._refresh], timeout=LAST_WAIT_S)
        self._drop(signed_out())
        forget()
        self._is_leaving = False
        with contextlib.suppress(SignInNeeded):
            await peek_token(self._tokens, LOOK_LIMIT_S)  # what is there now is what was left

    async def look_at_store(self) -> None:
        """Drop the access token whose sign-in is no longer the stored one (keeps I14); asks nobody. Raises `SignInNeeded`
        where none is stored any more."""
        access = self._access
        if access is None or self._refresh is not None:
            return
        try:
            stored = await peek_token(self._tokens, LOOK_LIMIT_S)
        except KeyringNotReady:  # only a person could tell
            return
        except SignInNeeded as unusable:
            self._drop(unusable)
            raise
        if access is not self._access or self._refresh is not None or stored == access.refresh:
            return
        if stored is None:
            self._drop(sign_in_needed("hotfolder is not signed in to AutoRetouch any more."))
            raise self._why_dropped
        self._drop(ServiceAway("The sign-in has changed.", "It goes on with the new one."))

    def _drop(self, why: HotfolderError) -> None:
        self._access = self._doubt = None
        self._drops += 1
        self._why_dropped = why

    def only_while_it_holds(self) -> Callable[[], None]:
        """To be called before the first byte of a call that spends leaves: raises where the sign-in was dropped since."""
        drops = self._drops

        def check() -> None:
            if drops != self._drops or self._is_leaving:
                raise self._why_dropped

        return check

    # --- refreshing -------------------------------------------------------------------------------

    async def _renew(self) -> str:
        self._access = None
        return await self._redeem(await self._refresh_token())

    async def _confirm(self) -> str:
        """A new access token, without asking the person anything; the old one stays where that does not come off."""
        access = self._access
        if access is None:
            return await self._renew()
        try:
            return await self._redeem(await self._kept_token(access))
        except (TemporaryError, KeyringNotReady):
            raise
        except SignInNeeded as refused:
            self._drop(refused)
            raise

    async def _kept_token(self, access: _Access) -> str:
        """The stored refresh token; where only a person could tell, the one this access token came from. One that rotates
        is left alone then, as the next one could not be stored."""
        try:
            stored = await peek_token(self._tokens, LOOK_LIMIT_S)
        except KeyringNotReady:
            if access.rotates:
                raise
            return access.refresh
        if not stored:
            raise sign_in_needed("hotfolder is not signed in to AutoRetouch any more.")
        return stored

    async def _redeem(self, token: str) -> str:
        drops = self._drops
        try:
            grant = await self._grants.grant(token)
        except Refused:
            grant = await self._grant_anew(refused=token)
        # A rotated token is stored before anything is used: the old one may be dead from now on. Crash here: the
        # new token is lost and `hotfolder login` repairs it; the window is as short as it can be.
        self._unstored = grant
        await self._store_rotated()
        if drops != self._drops:  # signed out meanwhile
            raise self._why_dropped
        self._access = self._access_of(grant)
        self._doubt = None
        return grant.access

    def _access_of(self, grant: Grant) -> _Access:
        now, margin_s = self._monotonic(), min(MARGIN_S, grant.lifetime_s / 5)
        return _Access(
            value=grant.access,
            stale_at=now + grant.lifetime_s - margin_s,
            refresh=grant.refresh or grant.used,
            rotates=grant.refresh is not None,
            proved_at=now,
        )

    async def _refresh_token(self) -> str:
        if self._is_leaving:
            raise signed_out()
        await self._store_rotated()
        token = await load_token(self._tokens)
        if not token:
            raise signed_out() if self._tokens.is_left() else not_signed_in()
        return token

    async def _store_rotated(self) -> None:
        """Kept in memory until the store has taken it, as it is the only good one. Only the token it
        comes from is replaced: whoever signed in or out meanwhile has the last word."""
        grant = self._unstored
        if grant and grant.refresh and await load_token(self._tokens) == grant.used:
            await store_token(self._tokens, grant.refresh)
        self._unstored = None

    async def _grant_anew(self, refused: str) -> Grant:
        """Somebody may have signed in anew meanwhile, in another terminal."""
        token = await load_token(self._tokens)
        if not token or token == refused:
            raise sign_in_needed()
        try:
            return await self._grants.grant(token)
        except Refused:
            raise sign_in_needed() from None


def not_signed_in() -> SignInNeeded:
    return sign_in_needed("hotfolder is not signed in to AutoRetouch.")


def signed_out() -> SignInNeeded:
    """What a person who signed out is told as long as nobody signs in again."""
    advice = "Sign in again from the menu, or with `hotfolder login`; the queue is kept."
    return SignInNeeded("You signed out of AutoRetouch.", advice)
