"""The icon of last resort, in a real panel of old: seen with our eyes, clicked with our hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from PIL import Image, ImageChops
from Xlib import X
from Xlib.display import Display
from Xlib.error import BadWindow

from hotfolder.core.glance import Mood
from hotfolder.tray.icons import draw_icon
from tests.tray.desktop import PANEL_PX, Desktop, wait_for
from tests.tray.glances import glance
from tests.tray.puppet import Puppet

Puppets = Callable[..., Puppet]

ROOM = (0, 0, 2 * PANEL_PX, PANEL_PX)


def seen_icon(desktop: Desktop, mood: Mood, share: float | None = None) -> tuple[int, int] | None:
    """Where the picture stands in the panel, drawn at any size and on any background; its middle."""
    room = desktop.look(ROOM)
    for size in range(PANEL_PX, 15, -1):
        icon = draw_icon(mood, size, share)
        solid = icon.getchannel("A").point(lambda alpha: 255 if alpha == 255 else 0)
        for left in range(12):
            for top in range(PANEL_PX - size + 1):
                part = room.crop((left, top, left + size, top + size))
                off = ImageChops.difference(part, icon.convert("RGB"))
                if Image.composite(off, Image.new("RGB", off.size), solid).getbbox() is None:
                    return left + size // 2, top + size // 2
    return None


def wait_for_icon(desktop: Desktop, mood: Mood, share: float | None = None) -> tuple[int, int]:
    return wait_for(f"the icon {mood}", lambda: seen_icon(desktop, mood, share))


def start(desktop: Desktop, puppets: Puppets) -> Puppet:
    desktop.start_panel()
    return puppets(PYSTRAY_BACKEND="xorg", PYTHONWARNINGS="error")


def test_each_mood_stands_in_the_panel_pixel_by_pixel(desktop: Desktop, puppets: Puppets) -> None:
    puppet = start(desktop, puppets)
    for mood in Mood:
        puppet.show(glance(mood, share=0.5))
        wait_for_icon(desktop, mood, 0.5)


def test_the_panel_shines_through_around_the_icon(desktop: Desktop, puppets: Puppets) -> None:
    puppet = start(desktop, puppets)
    puppet.show(glance(Mood.NEEDS_YOU))
    x, y = wait_for_icon(desktop, Mood.NEEDS_YOU)
    left_of_the_triangle = desktop.look().getpixel((x - 10, y - 9))
    assert isinstance(left_of_the_triangle, tuple)
    assert min(left_of_the_triangle) > 200, "trayer is light grey"


def test_a_click_pauses_and_another_resumes(desktop: Desktop, puppets: Puppets) -> None:
    puppet = start(desktop, puppets)
    puppet.show(glance(Mood.WORKING, share=0.5))
    desktop.click(*wait_for_icon(desktop, Mood.WORKING, 0.5))
    assert puppet.heard("action") == ["pause", ""]
    puppet.show(glance(Mood.PAUSED))
    place = wait_for_icon(desktop, Mood.PAUSED)
    desktop.click(*place, 3)
    desktop.click(*place, 1)
    assert puppet.heard("action") == ["resume", ""]
    assert puppet.has_told() == [], "the right button does nothing"


def names(desktop: Desktop) -> list[str]:
    """Of all windows that can be seen and clicked, however deep."""
    with closing(Display(desktop.display)) as display:
        utf8, name = display.intern_atom("UTF8_STRING"), display.intern_atom("_NET_WM_NAME")
        found, todo = [], [display.screen().root]
        while todo:
            window = todo.pop()
            try:
                todo += window.query_tree().children
                text = window.get_full_property(name, utf8)
                can_be_seen = window.get_attributes().map_state == X.IsViewable
            except BadWindow:
                continue
            found += [text.value.decode()] if text and can_be_seen else []
        return found


def test_the_tooltip_says_how_it_stands_and_what_a_click_does(desktop: Desktop, puppets: Puppets) -> None:
    puppet = start(desktop, puppets)
    puppet.show(glance(line="3 uploading · 1 …"))
    wait_for("the name", lambda: "3 uploading · 1 … · Click: Pause all" in names(desktop))
    puppet.show(glance(Mood.PAUSED, "paused"))
    wait_for("the name", lambda: "paused · Click: Resume all" in names(desktop))


def test_the_icon_comes_back_with_a_panel_that_crashed(desktop: Desktop, puppets: Puppets) -> None:
    puppet = start(desktop, puppets)
    puppet.show(glance(Mood.IDLE))
    wait_for_icon(desktop, Mood.IDLE)
    empty = Image.new("RGB", desktop.size, "#3a4a5c").tobytes()
    for mood in (Mood.PAUSED, Mood.OFFLINE):
        desktop.stop_panel()
        wait_for("an empty screen", lambda: desktop.look().tobytes() == empty)
        wait_for("no window of ours", lambda: not [name for name in names(desktop) if "Click" in name])
        puppet.show(glance(mood))
        desktop.start_panel()
        place = wait_for_icon(desktop, mood)
    desktop.click(*place)
    assert puppet.heard("action") == ["pause", ""]


def test_stop_takes_the_icon_away(desktop: Desktop, puppets: Puppets) -> None:
    puppet = start(desktop, puppets)
    puppet.show(glance(Mood.IDLE))
    wait_for_icon(desktop, Mood.IDLE)
    puppet.stop()
    puppet.heard("over")
    assert puppet.heard("end") == 0
    wait_for("no icon", lambda: seen_icon(desktop, Mood.IDLE) is None)


def test_a_signal_ends_it(desktop: Desktop, puppets: Puppets) -> None:
    puppet = start(desktop, puppets)
    puppet.show(glance(Mood.IDLE))
    wait_for_icon(desktop, Mood.IDLE)
    puppet.process.terminate()
    assert puppet.heard("signal") == "SIGTERM"
    puppet.heard("over")


def test_it_ends_with_the_screen(desktop: Desktop, puppets: Puppets) -> None:
    puppet = start(desktop, puppets)
    puppet.show(glance(Mood.IDLE))
    wait_for_icon(desktop, Mood.IDLE)
    desktop.end_screen()
    puppet.heard("over")
    assert puppet.heard("end") == 0


def test_of_many_ends_none_is_lost(desktop: Desktop, puppets: Puppets) -> None:
    """python-xlib forgot the end now and then when two threads used it."""
    desktop.start_panel()
    for number in range(8):
        puppet = puppets(PYSTRAY_BACKEND="xorg")
        for mood in (Mood.IDLE, Mood.PAUSED):
            puppet.show(glance(mood, f"{number}"))
        puppet.heard("ready")
        puppet.stop()
        puppet.heard("over")
