"""The real icon with its menu in a real panel of old, by both ways of GTK: what is seen, and what a mouse and keys do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import ImageChops

from hotfolder.core.glance import Mood
from tests.tray.desktop import PANEL_PX, Desktop, wait_for
from tests.tray.glances import folder, glance
from tests.tray.puppet import Puppet

Puppets = Callable[..., Puppet]
ICON = (PANEL_PX // 2, PANEL_PX // 2)
PANEL = (0, 0, PANEL_PX + 4, PANEL_PX)

ways = pytest.mark.parametrize("way", ["appindicator", "gtk"])


def start(desktop: Desktop, puppets: Puppets, way: str, mood: Mood = Mood.IDLE) -> Puppet:
    desktop.start_panel()
    puppet = puppets(PYSTRAY_BACKEND=way)
    puppet.show(glance(mood))
    puppet.heard("ready")
    wait_for("the icon", lambda: icon_is_seen(desktop))
    return puppet


def icon_is_seen(desktop: Desktop) -> bool:
    return len(desktop.look(PANEL).getcolors(10_000) or []) > 4


def menu_height(desktop: Desktop) -> int:
    """Pixels of the menu, which is as white as nothing else; 0: none is open."""
    seen = desktop.look()
    box = (
        ImageChops.invert(seen.convert("L"))
        .point(lambda v: 255 if v < 8 else 0)
        .crop((0, PANEL_PX, 200, 600))
        .getbbox()
    )
    return box[3] - box[1] if box else 0


def open_menu(desktop: Desktop, button: int = 3) -> int:
    desktop.click(*ICON, button)
    return wait_for("the menu", lambda: menu_height(desktop) > 100 and menu_height(desktop))


@ways
def test_the_picture_in_the_panel_changes_with_the_mood(desktop: Desktop, puppets: Puppets, way: str) -> None:
    puppet = start(desktop, puppets, way)
    seen = {desktop.still(PANEL).tobytes()}
    for mood in (Mood.WORKING, Mood.NEEDS_YOU, Mood.PAUSED, Mood.OFFLINE):
        puppet.show(glance(mood))
        wait_for(f"another picture for {mood}", lambda: desktop.look(PANEL).tobytes() not in seen)
        seen.add(desktop.still(PANEL).tobytes())
    assert len(seen) == 5


@ways
@pytest.mark.parametrize("button", [1, 3])
def test_either_button_opens_the_menu_and_keys_choose_in_it(
    desktop: Desktop, puppets: Puppets, way: str, button: int
) -> None:
    puppet = start(desktop, puppets, way)
    open_menu(desktop, button)
    desktop.key("Up", "Return")
    assert puppet.heard("action") == ["quit", ""]
    wait_for("the menu's end", lambda: menu_height(desktop) == 0)
    open_menu(desktop, button)
    desktop.key("Down", "Right", "Down", "Return")
    assert puppet.heard("action") == ["pause", "Boots_224"]


@ways
def test_an_open_menu_stays_open_while_its_texts_change(desktop: Desktop, puppets: Puppets, way: str) -> None:
    puppet = start(desktop, puppets, way)
    height = open_menu(desktop)
    before = desktop.still()
    puppet.show(glance(Mood.IDLE, "2 uploading · 13 in retouching"))
    wait_for("the new text", lambda: desktop.look().tobytes() != before.tobytes())
    assert menu_height(desktop) == height
    desktop.key("Up", "Return")
    assert puppet.heard("action") == ["quit", ""]


@ways
def test_a_menu_that_is_open_while_its_lines_change_does_what_it_shows(
    desktop: Desktop, puppets: Puppets, way: str
) -> None:
    puppet = start(desktop, puppets, way)
    open_menu(desktop)
    before = desktop.still(PANEL).tobytes()
    more = [folder(f"F{n}", "watching") for n in range(5)]
    puppet.show(glance(Mood.WORKING, "another", *more))
    wait_for("the other picture", lambda: desktop.look(PANEL).tobytes() != before)
    desktop.key("Up", "Return")
    assert puppet.heard("action") == ["quit", ""]
    wait_for("the menu's end", lambda: menu_height(desktop) == 0)
    desktop.click(*ICON)
    wait_for("the longer menu", lambda: menu_height(desktop) > 200)


@ways
def test_stop_takes_the_icon_away(desktop: Desktop, puppets: Puppets, way: str) -> None:
    puppet = start(desktop, puppets, way)
    puppet.stop()
    puppet.heard("over")
    assert puppet.heard("end") == 0
    wait_for("no icon", lambda: not icon_is_seen(desktop))


@ways
def test_the_icon_comes_back_with_a_panel_that_crashed(desktop: Desktop, puppets: Puppets, way: str) -> None:
    puppet = start(desktop, puppets, way)
    desktop.stop_panel()
    wait_for("no icon", lambda: not icon_is_seen(desktop))
    desktop.start_panel()
    wait_for("the icon", lambda: icon_is_seen(desktop))
    puppet.show(glance(Mood.PAUSED))
    open_menu(desktop)
    desktop.key("Up", "Return")
    assert puppet.heard("action") == ["quit", ""]


def test_the_program_ends_when_the_screen_does(desktop: Desktop, puppets: Puppets) -> None:
    """GTK ends it at once, without a goodbye: nothing in hotfolder relies on one."""
    puppet = start(desktop, puppets, "appindicator")
    desktop.end_screen()
    assert puppet.process.wait(60) is not None
