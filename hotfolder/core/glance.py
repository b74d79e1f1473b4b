"""What a person sees at a glance: the icon, one line, and the menu of the tray, as frozen values.

The tray only draws a `Glance` and hands back the `Action` of what was clicked; `glancing` makes it of the facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hotfolder.core.image import Image
from hotfolder.core.snapshot import Status

LONGEST_LINE = 127
"""Letters that a tooltip of Windows can hold; the limit everywhere."""

LONGEST_ITEM = 80
MOST_PROBLEMS = 10


class Mood(StrEnum):
    """Which of the five icons is shown."""

    IDLE = "idle"
    WORKING = "working"
    NEEDS_YOU = "needs_you"
    PAUSED = "paused"
    OFFLINE = "offline"


class Deed(StrEnum):
    """What a menu item does. `Action.subject` is the hot folder, path or image meant."""

    OPEN_PATH = "open path"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    RETRY_ALL = "retry all"
    DISMISS = "dismiss"
    SEEN = "seen"
    """What failed, or with the subject `NOT_SENT` what is not sent."""
    LOOK_AGAIN = "look again"
    SIGN_IN = "sign in"
    TOP_UP = "top up"
    START_AT_LOGIN = "start at login"
    SET_UP = "set up"
    SETTINGS = "settings"
    OPEN_LOG = "open log"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Action:
    deed: Deed
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu. Without action and items it only tells something. `checked` None: no tick."""

    text: str
    action: Action | None = None
    checked: bool | None = None
    items: tuple[Item, ...] = ()


SEPARATOR = Item("")
NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class Glance:
    """`share`: how much of the present work is done, 0 to 1; None where there is none."""

    mood: Mood
    share: float | None
    line: str
    menu: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A hot folder's folders, as paths of this system."""

    in_folder: str
    out_folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a glance is made of. `problems`: the latest failed images, of `failed` in all; `unseen` of these the person
    has not said to have seen."""

    status: Status
    places: Mapping[str, FolderPlace]
    version: str
    problems: Sequence[Image] = ()
    failed: int = 0
    unseen: int = 0
    not_sent_unseen: int = 0
    """Files in the in folders that are not sent, of which the person has not said to have seen them."""
    delivered_today: int = 0
    done: int = 0
    """Images finished since the last time that nothing was open."""
    credits: int | None = None
    starts_at_login: bool | None = None
    """None: it cannot be told, or not be changed."""
    sign_in_code: str | None = None
    """The code to compare, while a sign-in waits in the browser."""
    said: str = ""
    """What came of the last click, where it went wrong."""
    is_ending: bool = False


def shortened(text: str, longest: int) -> str:
    """At most `longest` letters: the middle gives way, since names differ at their ends."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    tail = (longest - 1) // 3
    return f"{text[: longest - 1 - tail]}…{text[len(text) - tail :]}"
