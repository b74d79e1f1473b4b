"""The sign-in as the page in the browser follows it: begun there, waited for here, asked about every second."""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum

from hotfolder.adapters.autoretouch.device import DeviceCode, DeviceSignIn
from hotfolder.control.first_steps import FirstSteps
from hotfolder.core.desktop_words import for_desktop
from hotfolder.errors import ConfigError, HotfolderError, SignInNeeded, TemporaryError


class Phase(StrEnum):
    IDLE = "idle"
    STARTING = "starting"
    WAITING = "waiting"
    """For the person to confirm the code."""
    NO_KEYRING = "no_keyring"
    """There is a token, and the person has to say whether a file may keep it."""
    TROUBLE = "trouble"
    DONE = "done"


class PageSignIn:
    """One sign-in at a time; a new one ends the one before. A token is only ever in memory here, on its way to its store."""

    def __init__(self, steps: FirstSteps) -> None:
        self._steps = steps
        self._phase = Phase.IDLE
        self._words = ""
        self._code: DeviceCode | None = None
        self._until = 0.0
        self._token: str | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def facts(self) -> dict[str, object]:
        """What the page shows."""
        code = self._code if self._phase is Phase.WAITING else None
        return {
            "phase": self._phase.value,
            "words": self._words,
            "code": code.user_code if code else None,
            "address": code.verification_uri_complete if code else None,
            "seconds_left": max(0, round(self._until - time.monotonic())) if code else None,
        }

    async def begin(self) -> None:
        """A code is asked for, and confirmation waited for in the background."""
        await self.aclose()
        self._set(Phase.STARTING)
        self._task = asyncio.create_task(self._by_browser(), name="sign-in")

    async def paste(self, token: str) -> None:
        """Checked and kept."""
        await self.aclose()
        self._set(Phase.STARTING)
        try:
            if not token.strip():
                raise ConfigError("Nothing was pasted.")
            await self._keep(await self._steps.checked(token.strip()))
        except HotfolderError as error:
            self._set(Phase.TROUBLE, error.title)

    async def keep_in_file(self) -> None:
        """The person agreed to it."""
        token, self._token = self._token, None
        try:
            if token is None:
                raise ConfigError("There is no sign-in to keep.")
            await self._steps.keep(token, in_file=True)
            self._set(Phase.DONE)
        except HotfolderError as error:
            self._set(Phase.TROUBLE, error.title)

    async def aclose(self) -> None:
        """End what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self._token = None
        self._set(Phase.IDLE)

    async def _by_browser(self) -> None:
        service = self._steps.service
        try:
            async with DeviceSignIn(service.auth_url, service.proxy) as device:
                self._code = await device.begin()
                self._until = time.monotonic() + self._code.expires_in_s
                self._set(Phase.WAITING)
                token = await device.wait(self._code)
            self._set(Phase.STARTING)
            await self._keep(await self._checked(token))
        except HotfolderError as error:
            self._set(Phase.TROUBLE, error.title)

    async def _checked(self, token: str) -> str:
        try:
            return await self._steps.checked(token)
        except TemporaryError:  # it was given just now, and the person need not confirm anew
            return token

    async def _keep(self, token: str) -> None:
        try:
            await self._steps.keep(token, in_file=False)
        except SignInNeeded as no_keyring:
            self._token = token
            self._set(Phase.NO_KEYRING, no_keyring.title)
        else:
            self._set(Phase.DONE)

    def _set(self, phase: Phase, words: str = "") -> None:
        self._phase, self._words = phase, for_desktop(words)
