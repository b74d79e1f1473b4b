"""The real icon on panels of today: what a panel reads over D-Bus, and what happens when it clicks."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from hotfolder.core.glance import Action, Deed, Item, Mood
from tests.tray.desktop import Desktop
from tests.tray.glances import folder, glance
from tests.tray.puppet import ROOT, Puppet
from tests.tray.watcher import Icon, Line, Panel, Refused, eventually

Puppets = Callable[..., Puppet]


async def until_outline(icon: Icon, wanted: list[object]) -> None:
    seen: list[object] = []

    async def shown() -> bool:
        seen[:] = await icon.outline()
        return seen == wanted

    try:
        await eventually("the menu", shown)
    except AssertionError:
        assert seen == wanted


async def until_title(icon: Icon, title: str) -> None:
    async def shown() -> bool:
        return (await icon.look()).title == title

    await eventually(f"the title {title!r}", shown)


async def test_the_icon_appears_with_its_title_and_its_menu_just_as_the_glance_says(
    desktop: Desktop, puppets: Puppets
) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets(PYTHONWARNINGS="error")
        puppet.show(glance(starts_at_login=True))
        icon = await panel.icon()
        look = await icon.look()
        assert look.id == "hotfolder"
        assert look.title == "3 uploading · 12 in retouching"
        assert await icon.outline() == [
            "(3 uploading · 12 in retouching)",
            "---",
            ("Boots_224: 3 uploading", ["Open in folder", "Pause"]),
            ("A & B: watching", ["Open in folder", "Pause"]),
            "---",
            "Pause all",
            "---",
            "✓ Start at login",
            "Quit",
        ]
        puppet.heard("ready")


async def test_each_mood_and_each_step_of_the_work_has_a_picture_of_its_own(
    desktop: Desktop, puppets: Puppets
) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        pictures: dict[str, bytes] = {}
        shown = [(mood, 0.0) for mood in Mood] + [(Mood.WORKING, 0.5), (Mood.WORKING, 1.0), (Mood.IDLE, 0.0)]
        for number, (mood, share) in enumerate(shown):
            puppet.show(glance(mood, f"{number}", share=share))
            icon = await panel.icon()
            await until_title(icon, f"{number}")

            async def drawn(icon: Icon = icon, mood: Mood = mood) -> str | None:
                name = (await icon.look()).icon_name
                return name if f"/{mood.value}-" in name else None

            name = await eventually(f"the picture of {mood}", drawn)
            if (mood, share) != (Mood.WORKING, 0.5) or name not in pictures:
                pictures[name] = (await icon.look()).picture()
        assert len(set(pictures.values())) == len(pictures) == len(Mood) + 2


async def test_every_line_does_what_it_says(desktop: Desktop, puppets: Puppets) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance())
        icon = await panel.icon()
        await icon.click("Boots_224*", "Pause")
        assert puppet.heard("action") == ["pause", "Boots_224"]
        await icon.click("A & B*", "Open in folder")
        assert puppet.heard("action") == ["open path", "/A & B/in"]
        await icon.click("Pause all")
        assert puppet.heard("action") == ["pause", ""]
        await icon.click("Quit")
        assert puppet.heard("action") == ["quit", ""]


async def test_a_tick_changes_when_the_deed_is_done_and_not_by_the_click(
    desktop: Desktop, puppets: Puppets
) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance(starts_at_login=False))
        icon = await panel.icon()
        for _ in range(2):
            await icon.click("Start at login")
            assert puppet.heard("action") == ["start at login", ""]
            assert "☐ Start at login" in await icon.outline()
        puppet.show(glance(starts_at_login=True))

        async def ticked() -> bool:
            return "✓ Start at login" in await icon.outline()

        await eventually("the tick", ticked)
        assert [kind for kind, _ in puppet.has_told() if kind == "action"] == []


async def test_other_texts_leave_the_lines_where_they_are_so_that_an_open_menu_stays_open(
    desktop: Desktop, puppets: Puppets
) -> None:
    """A panel closes an open submenu whose line is another one."""
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance(Mood.WORKING, "12 open", folder("Boots", "12 open")))
        icon = await panel.icon()
        before = await icon.menu()
        puppet.show(glance(Mood.WORKING, "11 open", folder("Boots", "11 open"), starts_at_login=True))

        async def renewed() -> list[Line] | None:
            menu = await icon.menu()
            return menu if menu[0].text == "11 open" else None

        after = await eventually("the new texts", renewed)
        assert [line.id for line in after] == [line.id for line in before]
        assert [line.text for line in after] == [
            "11 open",
            "",
            "Boots: 11 open",
            "",
            "Pause all",
            "",
            "Start at login",
            "Quit",
        ]


async def test_a_click_into_a_menu_of_yesterday_does_nothing_else(desktop: Desktop, puppets: Puppets) -> None:
    """The line stands where another one stood when the person aimed."""
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance(more=(Item("Try again", Action(Deed.RETRY, "image-1")),)))
        icon = await panel.icon()
        (aimed_at,) = [line for line in await icon.menu() if line.text == "Try again"]
        puppet.show(glance(more=(Item("Try again", Action(Deed.RETRY, "image-2")),)))

        async def replaced() -> bool:
            return aimed_at.id not in [line.id for line in await icon.menu()]

        await eventually("the other menu", replaced)
        with suppress(Refused):
            await icon.click_line(aimed_at)
        await icon.click("Quit")
        assert puppet.heard("action") == ["quit", ""]


async def test_a_name_shows_letter_by_letter(desktop: Desktop, puppets: Puppets) -> None:
    names = ["_a_", "__init__", "a & b", "&c", "<b>bold</b>", "50 % off", "ä ö ü 靴", "...", "~#'\""]
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance(more=tuple(Item(name, Action(Deed.RETRY, name)) for name in names)))
        icon = await panel.icon()
        assert [line.text for line in (await icon.menu())[1 : len(names) + 1]] == names
        for name in names:
            (line,) = [line for line in await icon.menu() if line.text == name]
            await icon.click_line(line)
            assert puppet.heard("action") == ["retry", name]


async def test_a_menu_grows_and_shrinks(desktop: Desktop, puppets: Puppets) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance(Mood.IDLE, "Nothing to do", folder("A", "watching")))
        icon = await panel.icon()
        folders = [folder(f"F{n}", "watching") for n in range(30)]
        puppet.show(glance(Mood.IDLE, "Nothing to do", *folders))
        rest: list[object] = ["---", "Pause all", "---", "☐ Start at login", "Quit"]
        many: list[object] = [(f"F{n}: watching", ["Open in folder", "Pause"]) for n in range(30)]
        await until_outline(icon, ["(Nothing to do)", "---", *many, *rest])
        puppet.show(glance(Mood.IDLE, "Nothing to do", folder("B", "watching")))
        one: list[object] = [("B: watching", ["Open in folder", "Pause"])]
        await until_outline(icon, ["(Nothing to do)", "---", *one, *rest])


async def test_the_icon_comes_back_with_a_panel_that_was_restarted(
    desktop: Desktop, puppets: Puppets
) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance(line="before"))
        await panel.icon()
    puppet.show(glance(line="after"))
    async with Panel(desktop.bus) as panel:
        icon = await panel.icon()
        await until_title(icon, "after")
        await icon.click("Quit")
        assert puppet.heard("action") == ["quit", ""]


async def test_it_waits_for_a_panel_that_comes_after_it(desktop: Desktop, puppets: Puppets) -> None:
    puppet = puppets()
    puppet.show(glance())
    await asyncio.sleep(1)
    async with Panel(desktop.bus) as panel:
        await panel.icon()
        puppet.heard("ready")


async def test_stop_ends_it_and_leaves_no_files(desktop: Desktop, puppets: Puppets) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance())
        await panel.icon()
        assert list(desktop.runtime.rglob("*.png")) != []
        puppet.stop()
        puppet.heard("over")
        assert puppet.heard("end") == 0
        assert list(desktop.runtime.rglob("*.png")) == []

        async def gone() -> bool:
            return panel.icons == []

        await eventually("the icon's end", gone)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_handlers_set_before_stay_in_force(
    desktop: Desktop, puppets: Puppets, number: signal.Signals
) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance())
        await panel.icon()
        puppet.process.send_signal(number)
        assert puppet.heard("signal") == number.name
        puppet.heard("over")
        assert puppet.heard("end") == 0


async def test_the_end_of_the_bus_is_not_the_end_of_the_program(desktop: Desktop, puppets: Puppets) -> None:
    async with Panel(desktop.bus) as panel:
        puppet = puppets()
        puppet.show(glance())
        await panel.icon()
        desktop.end("dbus-daemon", kill=True)
    await asyncio.sleep(0.5)
    puppet.show(glance(line="another"))
    puppet.memory_kb()
    puppet.stop()
    puppet.heard("over")
    assert puppet.heard("end") == 0


async def test_two_thousand_pictures_and_menus_leave_nothing_behind(desktop: Desktop) -> None:
    async with Panel(desktop.bus):
        storm = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.tray.storm", "2000"),
            cwd=ROOT,
            env=desktop.surroundings(),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await storm.communicate()
    told = json.loads(said)
    assert told["files"] <= 17
    assert told["grown_kb"] < 4_000
    assert storm.returncode == 0
