"""What lives beside the daemon of `hotfolder run`: notifications, the desk of the tray, and the entry at login."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from hotfolder.adapters.home import Home
from hotfolder.adapters.login_items import refresh_login_item
from hotfolder.adapters.notifier import Notifier
from hotfolder.adapters.token_store import TokenSource
from hotfolder.cli.at_work import Beside, Journal
from hotfolder.core.glance import Action, Deed, Glance
from hotfolder.core.image import Image
from hotfolder.pipeline.teller import Teller
from hotfolder.steward import Steward
from hotfolder.tray.desk import Desk

CONFIG_IS_WRONG = "config.yaml is wrong; the old settings hold"


class Foreground(Beside):
    """`show`: the tray's, where there is one. `answer_clicks` is told, in the loop, what does what is clicked there."""

    def __init__(
        self,
        home: Home,
        tokens: TokenSource,
        show: Callable[[Glance], None] | None = None,
        answer_clicks: Callable[[Callable[[Action], None]], None] | None = None,
    ) -> None:
        self._home = home
        self._tokens = tokens
        self._show = show
        self._answer_clicks = answer_clicks
        self._teller: Teller | None = None
        self._telling: asyncio.Task[None] | None = None
        self._enough = asyncio.Event()

    # --- told by the daemon -----------------------------------------------------------------------

    def note_new(self, image: Image) -> None:
        if self._teller is not None:
            self._teller.note_new(image)

    def note_change(self, before: Image, after: Image) -> None:
        if self._teller is not None:
            self._teller.note_change(before, after)

    def note_config_problem(self, problem: str) -> None:
        if self._teller is not None:
            self._teller.tell_problem(CONFIG_IS_WRONG, problem, Action(Deed.SETTINGS))

    def note_config_right(self) -> None:
        if self._teller is not None:
            self._teller.problem_is_over(CONFIG_IS_WRONG)

    def note_not_sent(self, folder: str, groups: Mapping[str, int], new: frozenset[str]) -> None:
        if self._teller is not None:
            self._teller.note_not_sent(folder, groups, new)

    # --- running ----------------------------------------------------------------------------------

    async def run(self, steward: Steward, journal: Journal) -> None:
        """Until "Quit" was clicked."""
        desk = Desk(steward, self._home, self._tokens, self._show)
        notifier = Notifier(desk.act)
        self._teller = Teller(
            level=lambda: steward.config.notifications,
            places=lambda: steward.places,
            holds=lambda: steward.holds,
            call_ledger=steward.call_ledger,
            show=notifier.show,
            withdraw=notifier.withdraw,
        )
        self._telling = asyncio.create_task(self._teller.run(self._enough), name="notifications")
        if self._answer_clicks is not None:
            self._answer_clicks(desk.act)
        try:
            await asyncio.to_thread(refresh_login_item, self._home)
            await desk.run()
        finally:
            await self.say_last_words()
            await notifier.close()

    async def say_last_words(self) -> None:
        self._enough.set()
        if self._telling is not None:
            await asyncio.wait([self._telling])
