"""hotfolder is started by a click, with no config or a wrong one: the icon says so and leads on, and then it works."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.adapters.notification_service import Manners, notification_service
from tests.cli.person import Person
from tests.tray.desktop import Desktop, wait_for
from tests.tray.watcher import Icon, Panel, eventually


@pytest.fixture
def person(tmp_path: Path, desktop: Desktop) -> Iterator[Person]:
    """Somebody at this desktop, whose browser only writes down what it is to open."""
    with Sandbox() as sandbox:
        sandbox.world.switches.execution_s = 0.05
        script = tmp_path / "browser"
        script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened.txt\n')
        script.chmod(0o755)
        variables = {**desktop.environment, "BROWSER": str(script), "HOME": str(tmp_path / "person")}
        yield Person(tmp_path / "person", sandbox, variables)


def opened(tmp_path: Path) -> list[str]:
    place = tmp_path / "opened.txt"
    return place.read_text().splitlines() if place.exists() else []


def clicks_the_icon_of_the_program(person: Person) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hotfolder", "run", "--desktop"],
        env=person.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def has_line(icon: Icon, text: str) -> None:
    async def look() -> bool:
        return any(text in line.text for line in await icon.menu())

    await eventually(f"the line {text!r}", look)


async def ends_by_quit(icon: Icon, program: subprocess.Popen[bytes]) -> None:
    await icon.click("Quit")
    assert await asyncio.to_thread(program.wait, 60) == 0


async def test_without_a_config_the_icon_leads_to_the_guide_and_then_it_works(
    desktop: Desktop, person: Person, tmp_path: Path
) -> None:
    async with Panel(desktop.bus) as panel:
        program = clicks_the_icon_of_the_program(person)
        icon = await panel.icon()
        await has_line(icon, "Not set up yet")
        await asyncio.to_thread(wait_for, "the page", lambda: len(opened(tmp_path)) == 1)
        await icon.click("Set hotfolder up …")
        await asyncio.to_thread(wait_for, "the page again", lambda: len(opened(tmp_path)) == 2)
        assert len(set(opened(tmp_path))) == 2, "each address opens the page once"
        person.write_config()  # by whatever way it comes
        await has_line(icon, "Packshots: idle")
        person.save("boot.jpg")
        await asyncio.to_thread(wait_for, "the result", lambda: list(person.outbox.glob("boot.*")))
        await has_line(icon, "Packshots: idle")
        await ends_by_quit(icon, program)


async def test_with_a_wrong_config_the_icon_says_what_to_mend_and_starts_when_it_is(
    desktop: Desktop, person: Person
) -> None:
    person.write_config(more="nonsense: 1\n")
    async with Panel(desktop.bus) as panel:
        program = clicks_the_icon_of_the_program(person)
        icon = await panel.icon()
        await has_line(icon, "config.yaml is wrong; nothing is started")
        await has_line(icon, "nonsense")
        assert person.types("status", "--json").code == 2
        person.write_config()
        await has_line(icon, "Packshots: idle")
        await ends_by_quit(icon, program)


async def test_the_first_run_can_be_quit(desktop: Desktop, person: Person) -> None:
    async with Panel(desktop.bus) as panel:
        program = clicks_the_icon_of_the_program(person)
        icon = await panel.icon()
        await has_line(icon, "Not set up yet")
        await ends_by_quit(icon, program)


def test_in_a_terminal_a_missing_config_is_an_error_as_ever(desktop: Desktop, person: Person) -> None:
    answer = person.starts("run")
    assert (answer.code, "`hotfolder init`" in answer.err) == (2, True)


# --- a second click -------------------------------------------------------------------------------


async def test_a_second_click_shows_what_runs_and_makes_no_second_icon(
    desktop: Desktop, person: Person
) -> None:
    person.write_config()
    (person.inbox / "a.CR2").write_bytes(b"raw")
    manners = Manners()
    async with Panel(desktop.bus) as panel, notification_service(desktop.bus, manners):
        program = clicks_the_icon_of_the_program(person)
        icon = await panel.icon()
        await has_line(icon, "1 file is not sent")
        second = clicks_the_icon_of_the_program(person)
        assert await asyncio.to_thread(second.wait, 60) == 0
        (told,) = [shown for shown in manners.shown if shown.title == "hotfolder is running"]
        assert "Nothing to do" in told.text or "not sent" in told.text
        assert "icon" in told.text
        assert len(panel.icons) == 1, "one icon"
        assert (await asyncio.to_thread(person.starts, "run")).code == 4
        await ends_by_quit(icon, program)


async def test_a_second_click_during_the_first_run_opens_its_page_again(
    desktop: Desktop, person: Person, tmp_path: Path
) -> None:
    async with Panel(desktop.bus) as panel:
        program = clicks_the_icon_of_the_program(person)
        icon = await panel.icon()
        await has_line(icon, "Not set up yet")
        await asyncio.to_thread(wait_for, "the page", lambda: len(opened(tmp_path)) == 1)
        second = clicks_the_icon_of_the_program(person)
        assert await asyncio.to_thread(second.wait, 60) == 0
        await asyncio.to_thread(wait_for, "the page again", lambda: len(opened(tmp_path)) == 2)
        first, again = (address.partition("?")[0].rpartition("/")[0] for address in opened(tmp_path))
        assert first.split("/")[2] == again.split("/")[2], "the same guide"
        assert len(panel.icons) == 1, "one icon"
        await ends_by_quit(icon, program)
