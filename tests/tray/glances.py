"""Glances to be shown in tests."""

from __future__ import annotations

from hotfolder.core.glance import SEPARATOR, Action, Deed, Glance, Item, Mood

PAUSE_ALL = Item("Pause all", Action(Deed.PAUSE))
RESUME_ALL = Item("Resume all", Action(Deed.RESUME))
QUIT = Item("Quit", Action(Deed.QUIT))


def folder(name: str, words: str, *, is_paused: bool = False) -> Item:
    pausing = (
        Item("Resume", Action(Deed.RESUME, name)) if is_paused else Item("Pause", Action(Deed.PAUSE, name))
    )
    return Item(
        f"{name}: {words}", items=(Item("Open in folder", Action(Deed.OPEN_PATH, f"/{name}/in")), pausing)
    )


def glance(
    mood: Mood = Mood.WORKING,
    line: str = "3 uploading · 12 in retouching",
    *folders: Item,
    share: float | None = 0.4,
    starts_at_login: bool = False,
    more: tuple[Item, ...] = (),
) -> Glance:
    tick = Item("Start at login", Action(Deed.START_AT_LOGIN), checked=starts_at_login)
    return Glance(
        mood,
        share if mood is Mood.WORKING else None,
        line,
        (
            *(Item(line), *more, SEPARATOR),
            *(folders or (folder("Boots_224", "3 uploading"), folder("A & B", "watching"))),
            *(SEPARATOR, RESUME_ALL if mood is Mood.PAUSED else PAUSE_ALL),
            *(SEPARATOR, tick, QUIT),
        ),
    )
