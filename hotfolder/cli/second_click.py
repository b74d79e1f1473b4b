"""A second click on the program: it shows what runs, and there are never two icons or two guides.

The first `run --desktop` of a home holds a lock from its first moment on. A later one leaves a word for it (a file), which
the first takes up while it asks for something: the guide's page is opened again, or the mistake in the config told again.
Where hotfolder is at work already, the later one says so itself.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from hotfolder.adapters.clicks import was_clicked
from hotfolder.adapters.home import Home
from hotfolder.core.glance import Facts, FolderPlace
from hotfolder.core.glancing import line_of
from hotfolder.errors import HotfolderError

if TYPE_CHECKING:
    from hotfolder.core.config import Config

LOOK_S = 0.2

_PLACES = {
    "darwin": "in the menu bar at the top of the screen",
    "win32": "in the notification area beside the clock, perhaps behind the arrow",
}
_PLACE = "in the panel, beside the clock"


async def answer_clicks(home: Home, answer: Callable[[], object]) -> None:
    """Until cancelled: each later click is answered."""
    while True:
        if await asyncio.to_thread(was_clicked, home):
            await asyncio.to_thread(answer)
        await asyncio.sleep(LOOK_S)


async def tell_what_runs(home: Home, read_config: Callable[[], Config]) -> None:
    """The one line of truth, and where the menu is."""
    from hotfolder.cli.first_start import show_once
    from hotfolder.core.telling_words import Notification

    line = await asyncio.to_thread(_line, home, read_config)
    text = f"{line}. Its menu is behind its icon, {_PLACES.get(sys.platform, _PLACE)}."
    await show_once(Notification("hotfolder is running", text, key="start"))


def _line(home: Home, read_config: Callable[[], Config]) -> str:
    from hotfolder.cli.listings import status_now

    try:
        status = status_now(home)
        folders = read_config().folders
    except HotfolderError:
        return "It watches your hot folders"
    places = {one.name: FolderPlace(os.fspath(one.in_folder), os.fspath(one.out_folder)) for one in folders}
    return line_of(Facts(status=status, places=places, version=""))
