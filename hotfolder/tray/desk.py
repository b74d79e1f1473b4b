"""The desk behind the tray, in the daemon's loop: gathers what the icon shows, and does what was clicked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hotfolder import __version__
from hotfolder.adapters import login_items
from hotfolder.adapters.autoretouch import DeviceSignIn
from hotfolder.adapters.browser import open_address
from hotfolder.adapters.home import Home
from hotfolder.adapters.ledger import SEEN
from hotfolder.adapters.ledger_not_sent import NOT_SENT_SEEN, not_sent_unseen
from hotfolder.adapters.ledger_tallies import delivered_since, failed_unseen
from hotfolder.adapters.token_store import TokenSource, store_token
from hotfolder.core.first_run import WEB_APP
from hotfolder.core.glance import MOST_PROBLEMS, NOT_SENT, Action, Deed, Facts, Glance
from hotfolder.core.glancing import glance_of
from hotfolder.core.present_work import PresentWork
from hotfolder.errors import HotfolderError
from hotfolder.steward import Steward
from hotfolder.tray.opening import open_in_editor, open_path

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the state is looked at."""

LOOK_AT_LOGIN_S = 15.0
"""How often the entry at login is looked at: on macOS that starts a program."""


class Desk:
    """Made in the loop; `act` is for the loop's thread. `show` None: nobody looks, but what is clicked is done all the
    same."""

    def __init__(
        self,
        steward: Steward,
        home: Home,
        tokens: TokenSource,
        show: Callable[[Glance], None] | None,
        *,
        open_url: Callable[[str], object] = open_address,
    ) -> None:
        self._steward = steward
        self._home = home
        self._tokens = tokens
        self._show = show
        self._open_url = open_url
        self._work: dict[str, PresentWork] = {}
        self._quit = asyncio.Event()
        self._soon = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._signing_in: asyncio.Task[None] | None = None
        self._code: str | None = None
        self._said = ""
        self._starts_at_login: bool | None = None
        self._login_looked_at = -LOOK_AT_LOGIN_S

    async def run(self) -> None:
        """Until "Quit" was clicked."""
        if self._show is None:
            await self._quit.wait()
            return
        try:
            while not self._quit.is_set():
                self._soon.clear()
                await self._look(self._show)
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._soon.wait()
                except TimeoutError:
                    continue
            self._show(glance_of(replace(await self._facts(), is_ending=True)))
        finally:
            for task in self._tasks:
                task.cancel()

    async def _look(self, show: Callable[[Glance], None]) -> None:
        try:
            show(glance_of(await self._facts()))
        except RuntimeError:  # the ledger is closed: the end has come
            return
        except HotfolderError as error:
            log.debug("The tray shows what it showed: %s", error)

    async def _look_at_login(self) -> None:
        """Other ways than the menu lead there, too."""
        if time.monotonic() - self._login_looked_at >= LOOK_AT_LOGIN_S:
            self._starts_at_login = await asyncio.to_thread(_starts_at_login)
            self._login_looked_at = time.monotonic()

    async def _facts(self) -> Facts:
        await self._look_at_login()
        steward = self._steward
        status = await steward.status()
        for folder in status.folders:
            self._work.setdefault(folder.name, PresentWork()).note(folder.counts)
        failed = sum(folder.counts.get("failed", 0) for folder in status.folders)
        midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        not_sent = any(folder.not_sent for folder in status.folders)
        problems, unseen, not_sent_unseen_now, delivered_today = await steward.call_ledger(
            lambda ledger: (
                ledger.latest_failed(MOST_PROBLEMS) if failed else [],
                failed_unseen(ledger) if failed else 0,
                not_sent_unseen(ledger, steward.places) if not_sent else 0,
                delivered_since(ledger, midnight.timestamp()),
            )
        )
        return Facts(
            status=status,
            places=steward.places,
            version=__version__,
            problems=problems,
            failed=failed,
            unseen=unseen,
            not_sent_unseen=not_sent_unseen_now,
            delivered_today=delivered_today,
            done=sum(work.done for work in self._work.values()),
            credits=steward.credits,
            starts_at_login=self._starts_at_login,
            sign_in_code=self._code,
            said=self._said,
        )

    # --- what was clicked -------------------------------------------------------------------------

    def act(self, action: Action) -> None:
        """Begin to do it, and show at once what came of it."""
        task = asyncio.create_task(self._do(action), name=f"tray: {action.deed}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, action: Action) -> None:
        self._said = ""
        try:
            await self._deeds[action.deed](action.subject)
        except HotfolderError as error:
            self._said = str(error)
            log.warning("%s", error)
        except Exception as bug:
            self._said = f"An unexpected problem in hotfolder ({type(bug).__name__}); the log tells more."
            log.exception("%s could not be done", action.deed)
        self._soon.set()

    @property
    def _deeds(self) -> Mapping[Deed, Callable[[str], Awaitable[Any]]]:
        steward = self._steward
        return {
            Deed.OPEN_PATH: lambda place: asyncio.to_thread(open_path, Path(place)),
            Deed.PAUSE: lambda folder: steward.pause(folder or None),
            Deed.RESUME: lambda folder: steward.resume(folder or None),
            Deed.RETRY: lambda image: steward.retry([image]),
            Deed.RETRY_ALL: lambda _: steward.retry(None),
            Deed.DISMISS: lambda image: steward.dismiss([image]),
            Deed.SEEN: self._note_seen,
            Deed.LOOK_AGAIN: lambda _: steward.retry(()),
            Deed.SIGN_IN: self._sign_in,
            Deed.TOP_UP: lambda _: asyncio.to_thread(self._open_url, WEB_APP),
            Deed.START_AT_LOGIN: self._change_start_at_login,
            Deed.SETTINGS: lambda _: asyncio.to_thread(open_in_editor, self._home.config),
            Deed.OPEN_LOG: lambda _: asyncio.to_thread(open_path, self._home.log_file),
            Deed.QUIT: self._end,
        }

    async def _end(self, _: str) -> None:
        self._quit.set()

    async def _note_seen(self, what: str) -> None:
        key = NOT_SENT_SEEN if what == NOT_SENT else SEEN
        await self._steward.call_ledger(lambda ledger: ledger.note_problems_seen(time.time(), key))

    async def _change_start_at_login(self, _: str) -> None:
        if self._starts_at_login:
            await asyncio.to_thread(login_items.uninstall)
        else:
            await asyncio.to_thread(login_items.install, self._home)
        self._login_looked_at = -LOOK_AT_LOGIN_S

    async def _sign_in(self, _: str) -> None:
        """Through the browser; a second click begins anew with another code."""
        if self._signing_in is not None:
            self._signing_in.cancel()
        self._signing_in = asyncio.current_task()
        service = self._steward.config.service
        try:
            async with DeviceSignIn(service.auth_url, service.proxy) as sign_in:
                code = await sign_in.begin()
                self._code = code.user_code
                self._soon.set()
                await asyncio.to_thread(self._open_url, code.verification_uri_complete)
                await store_token(self._tokens, await sign_in.wait(code))
                log.info("Signed in through the browser")
        finally:
            if self._signing_in is asyncio.current_task():
                self._signing_in, self._code = None, None
        await self._steward.signed_in()


def _starts_at_login() -> bool | None:
    try:
        return login_items.is_installed()
    except HotfolderError:
        return None
