"""The sign-in through the browser: OAuth 2.0 device authorization grant (RFC 8628) [D].

hotfolder gets a code, the person confirms it in the browser, and hotfolder asks meanwhile, no more often than it may.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from hotfolder.adapters.autoretouch.auth_server import (
    AuthServer,
    clear_error,
    is_token,
    json_object,
    oauth_error,
)
from hotfolder.adapters.autoretouch.connecting import Timeouts
from hotfolder.adapters.autoretouch.faults import one_line, retry_after_s, unclear
from hotfolder.adapters.autoretouch.http import Answer, Http
from hotfolder.adapters.autoretouch.routes import base_url
from hotfolder.adapters.autoretouch.transfer import TransferThreads
from hotfolder.errors import ServiceAway, SignInExpired, SignInNeeded, SignInRefused, TemporaryError

SCOPE = "offline_access"
AUDIENCE = "https://api.autoretouch.com"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

INTERVAL_S = 5.0
"""Between two questions where the answer does not say it, and what `slow_down` adds (RFC 8628, 3.2 and 3.5)."""

SHORTEST_INTERVAL_S = 1.0
LONGEST_INTERVAL_S = 60.0
LONGEST_LIFE_S = 24 * 3600.0

_NOTHING_CHANGED = "Nothing was changed."
_PASTE = "Run `hotfolder login --paste` and paste a refresh token from the API page of the web app instead."


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person needs to confirm. `expires_in_s` counts from when it was given."""

    user_code: str
    verification_uri: str
    verification_uri_complete: str
    """With the code in it; the plain address where the service gives none."""
    expires_in_s: float
    interval_s: float
    device_code: str = field(repr=False)


class DeviceSignIn:
    """One sign-in through the browser; nothing is kept of it when it ends early."""

    def __init__(
        self,
        auth_url: str,
        proxy: str | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises `ConfigError` for unusable addresses."""
        auth_url = base_url(auth_url, "auth_url")
        self._threads = TransferThreads()
        self._http = Http(proxy, Timeouts(read_s=30.0, write_s=30.0), self._threads)
        self._server = AuthServer(self._http, auth_url)
        self._sleep = sleep
        self._monotonic = monotonic
        self._begun_at: float | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        self._threads.close()

    async def begin(self) -> DeviceCode:
        """A code for the person to confirm. Raises `TemporaryError` or `SignInNeeded`."""
        self._begun_at = self._monotonic()
        try:
            answer = await self._server.post_form("/oauth/device/code", scope=SCOPE, audience=AUDIENCE)
        except TemporaryError as error:
            raise _not_now(error.title) from None
        if answer.is_success:
            return _code_in(json_object(answer))
        if refusal := clear_error(answer):
            raise SignInNeeded(
                f"AutoRetouch does not let hotfolder sign in by browser ({one_line(refusal)}).", _PASTE
            )
        if 300 <= answer.status < 400:
            raise _not_now(unclear(answer).title)
        raise _not_now(f"The sign-in of AutoRetouch has a problem (code {answer.status}).")

    async def wait(self, code: DeviceCode) -> str:
        """The refresh token, once the person has confirmed the code. Service and network may come and go meanwhile.
        Raises `SignInRefused`, `SignInExpired`, or `SignInNeeded` where the answer is of no use."""
        began = self._begun_at if self._begun_at is not None else self._monotonic()
        pace = _Pace(code.interval_s)
        while (left_s := began + code.expires_in_s - self._monotonic()) > 0:
            await self._sleep(min(pace.wait_s, left_s))
            answer = await self._ask(code)
            if answer is not None and (token := _token_in(answer)):
                return token
            pace.note(answer)
        raise SignInExpired(f"The code was not confirmed in time. {_NOTHING_CHANGED}", _AGAIN)

    async def _ask(self, code: DeviceCode) -> Answer | None:
        """None where no answer came."""
        try:
            return await self._server.post_form(
                "/oauth/token", grant_type=DEVICE_GRANT, device_code=code.device_code
            )
        except TemporaryError:
            return None


_AGAIN = "Run `hotfolder login` again, and confirm the code in the browser while it waits."


class _Pace:
    """How often the auth server may be asked: its own wish, and half as often after each fault."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._faults = 0
        self._asked_for_s = 0.0

    @property
    def wait_s(self) -> float:
        backed_off_s = min(self._interval_s * 2.0 ** min(self._faults, 10), LONGEST_INTERVAL_S)
        return max(self._interval_s, backed_off_s, self._asked_for_s)

    def note(self, answer: Answer | None) -> None:
        error = oauth_error(answer) if answer is not None else ""
        if error == "slow_down":
            self._interval_s += INTERVAL_S
        self._faults = 0 if error in ("slow_down", "authorization_pending") else self._faults + 1
        self._asked_for_s = (retry_after_s(answer) if answer is not None else None) or 0.0


def _token_in(answer: Answer) -> str | None:
    """The refresh token; None while there is none yet, or where a gate in between has answered."""
    if answer.is_success:
        return _granted(json_object(answer))
    match clear_error(answer):
        case "" | "authorization_pending":
            return None
        case "access_denied":
            raise SignInRefused(
                "You refused hotfolder in the browser, so nothing was changed.",
                "Run `hotfolder login` again if that was a mistake.",
            )
        case "expired_token":
            raise SignInExpired(f"The code was not confirmed in time. {_NOTHING_CHANGED}", _AGAIN)
        case "invalid_grant":
            raise SignInExpired(f"The code is not valid any more. {_NOTHING_CHANGED}", _AGAIN)
        case error:
            raise SignInNeeded(
                f"AutoRetouch ended the sign-in ({one_line(error)}). {_NOTHING_CHANGED}", _PASTE
            )


def _granted(body: Mapping[str, object]) -> str | None:
    if not body:
        return None
    token = body.get("refresh_token")
    if isinstance(token, str) and is_token(token):
        return token
    raise SignInNeeded(
        f"AutoRetouch gave no refresh token, so the sign-in cannot be kept. {_NOTHING_CHANGED}", _PASTE
    )


def _code_in(body: Mapping[str, object]) -> DeviceCode:
    device_code, user_code = _text(body.get("device_code")), _text(body.get("user_code"))
    address = _web_address(body.get("verification_uri"))
    complete = _web_address(body.get("verification_uri_complete")) or address
    life_s = _seconds(body.get("expires_in"))
    if not (device_code and user_code and address and complete and life_s):
        raise SignInNeeded("AutoRetouch's answer to the sign-in cannot be used.", _PASTE)
    interval_s = _seconds(body.get("interval")) or (SHORTEST_INTERVAL_S if "interval" in body else INTERVAL_S)
    return DeviceCode(
        user_code=user_code,
        verification_uri=address,
        verification_uri_complete=complete,
        expires_in_s=min(life_s, LONGEST_LIFE_S),
        interval_s=min(max(interval_s, SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S),
        device_code=device_code,
    )


def _text(value: object) -> str:
    """Fit to be shown: one line, short."""
    is_fit = isinstance(value, str) and value.strip() and value.isprintable() and len(value) <= 2000
    return value.strip() if is_fit and isinstance(value, str) else ""


def _web_address(value: object) -> str:
    """An address that may be opened: http or https, and nothing that a shell or a terminal could misread."""
    text = _text(value)
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    return text if is_web and is_token(text) else ""


def _seconds(value: object) -> float:
    """0 where it is no number of seconds."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        value = int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and isinstance(value, int | float) and 0 < value < 10**9 else 0.0


def _not_now(title: str) -> ServiceAway:
    return ServiceAway(title, f"{_NOTHING_CHANGED} Run `hotfolder login` again in a few minutes.")
