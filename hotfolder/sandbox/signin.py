"""Who may come in: refresh tokens, access tokens and device codes (RFC 8628).

Not locked by itself: the world calls it under its own lock.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from hotfolder.sandbox.account import AUDIENCE, CLIENT_ID, REFRESH_TOKEN, SCOPE, USER_ID
from hotfolder.sandbox.switches import Switches

Answer = Literal["pending", "confirmed", "denied"]


class OAuthError(Exception):
    """An OAuth error as the token endpoint answers it: `{error, error_description}` [D]."""

    def __init__(self, error: str, description: str, status: int = 403) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass
class DeviceCode:
    """One run of the device flow, from the code to the person's answer."""

    device_code: str
    user_code: str
    expires_at: float
    interval_s: float
    answer: Answer = "pending"
    polled_at: float | None = None


class SignIn:
    """The auth server's memory."""

    def __init__(self, clock: Callable[[], float], switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self.refresh_tokens: set[str] = {REFRESH_TOKEN}
        self.access_tokens: dict[str, float] = {}
        """Each access token and the time it ends."""
        self.devices: dict[str, DeviceCode] = {}

    def start_device(self) -> DeviceCode:
        """A new device code, waiting for a person."""
        letters = "BCDFGHJKLMNPQRSTVWXZ"
        user_code = "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(2))
        expires_at = self._clock() + self._switches.device_expires_s
        device = DeviceCode(
            secrets.token_urlsafe(24), user_code, expires_at, self._switches.device_interval_s
        )
        if self._switches.confirm_devices:
            device.answer = "confirmed"
        self.devices[device.device_code] = device
        return device

    def answer_device(self, user_code: str, answer: Answer) -> bool:
        """What the person clicked; False if there is no such code."""
        for device in self.devices.values():
            if device.user_code == user_code:
                device.answer = answer
                return True
        return False

    def redeem_device(self, device_code: str) -> dict[str, Any]:
        """The tokens of a confirmed device; the device code is then used up."""
        device = self.devices.get(device_code)
        if device is None:
            raise OAuthError("invalid_grant", "Unknown or used device code")
        now = self._clock()
        too_soon = device.polled_at is not None and now - device.polled_at < device.interval_s * 0.9
        device.polled_at = now
        if now >= device.expires_at:
            raise OAuthError("expired_token", "The device code has expired")
        if device.answer == "denied":
            raise OAuthError("access_denied", "The person did not allow this device")
        if too_soon:
            device.interval_s += 5
            raise OAuthError("slow_down", "You are polling too quickly", status=429)
        if device.answer == "pending":
            raise OAuthError("authorization_pending", "The person has not confirmed yet")
        del self.devices[device_code]
        return self._tokens(self._new_refresh_token())

    def redeem_refresh_token(self, refresh_token: str) -> dict[str, Any]:
        """A new access token; with rotation a new refresh token too, and the old one is dead at once [?]."""
        if refresh_token not in self.refresh_tokens:
            raise OAuthError("invalid_grant", "Unknown or invalid refresh token")
        if not self._switches.rotate_refresh_tokens:
            return self._tokens(None)
        self.refresh_tokens.discard(refresh_token)
        return self._tokens(self._new_refresh_token())

    def revoke(self, refresh_token: str) -> None:
        """Forget one refresh token; an unknown one is no error (RFC 7009)."""
        self.refresh_tokens.discard(refresh_token)

    def revoke_everything(self) -> None:
        """Every refresh and access token is dead: the person has to sign in again."""
        self.refresh_tokens.clear()
        self.access_tokens.clear()

    def expire_access_tokens(self) -> None:
        """Every access token is dead; the refresh tokens live."""
        self.access_tokens.clear()

    def admits(self, access_token: str) -> bool:
        return self.access_tokens.get(access_token, 0.0) > self._clock()

    def _new_refresh_token(self) -> str:
        token = f"sandbox-refresh-{secrets.token_urlsafe(16)}"
        self.refresh_tokens.add(token)
        return token

    def _tokens(self, refresh_token: str | None) -> dict[str, Any]:
        """The token response. The official client breaks on any further key [C]."""
        lifetime_s = self._switches.access_token_seconds
        now = self._clock()
        access_token = _jwt(
            {"iss": "sandbox", "sub": USER_ID, "azp": CLIENT_ID, "exp": int(now + lifetime_s)}
        )
        self.access_tokens[access_token] = now + lifetime_s
        answer: dict[str, Any] = {
            "access_token": access_token,
            "scope": SCOPE,
            "expires_in": int(lifetime_s),
            "token_type": "Bearer",
        }
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        return answer


def _jwt(claims: dict[str, Any]) -> str:
    claims = {**claims, "aud": AUDIENCE, "jti": secrets.token_hex(8)}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    return ".".join(_base64url(part) for part in (*parts, secrets.token_bytes(32)))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
