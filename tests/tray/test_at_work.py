"""The whole of it: hotfolder at work on the sandbox, its icon in a real panel, and its menu clicked as a person does."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from hotfolder.sandbox import Sandbox
from tests.adapters.notification_service import Manners, Shown, notification_service
from tests.journeys.studio import Studio
from tests.tray.desktop import PANEL_PX, Desktop, wait_for
from tests.tray.watcher import Icon, Panel, eventually

TRAY_AREA = (0, 0, PANEL_PX, PANEL_PX)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.world.switches.execution_s = 0.05
        yield running


@pytest.fixture
def studio(tmp_path: Path, sandbox: Sandbox, desktop: Desktop) -> Iterator[Studio]:
    """In this desktop, with a home folder of its own, on the workflow that goes through QA."""
    one = Studio(tmp_path / "studio", sandbox)
    one.environment |= {
        **desktop.environment,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "etc"),
    }
    one.configure(workflow="Through QA")
    try:
        yield one
    finally:
        one.kill()


async def line_is(icon: Icon, *words: str) -> str:
    """The first line of the menu, once it has these words in it."""

    async def look() -> str | None:
        line = (await icon.menu())[0].text
        return line if all(word in line for word in words) else None

    return await eventually(f"a line with {words}", look)


async def texts(icon: Icon) -> list[str]:
    return [line.text for line in await icon.menu()]


async def has_text(icon: Icon, text: str) -> None:
    async def look() -> bool:
        return any(text in one for one in await texts(icon))

    await eventually(f"a line {text!r} in the menu", look)


async def another_picture(icon: Icon, than: list[bytes]) -> bytes:
    async def look() -> bytes | None:
        picture = (await icon.look()).picture()
        return picture if picture not in than else None

    return await eventually("another picture", look)


async def is_so(studio: Studio, what: str, path: str, state: str) -> None:
    async def look() -> bool:
        return any(image["path"] == path and image["state"] == state for image in studio.images())

    await eventually(what, look)


async def test_icon_and_menu_tell_the_truth_and_do_what_they_say(
    desktop: Desktop, studio: Studio, sandbox: Sandbox
) -> None:
    """idle → working → needs you → paused → quit, through the real D-Bus menu."""
    switches = sandbox.world.switches
    switches.hold_qa = True
    switches.rejected_names = ("refused*",)
    async with Panel(desktop.bus) as panel:
        daemon = studio.start()
        icon = await panel.icon()
        await line_is(icon, "Nothing to do")
        idle = (await icon.look()).picture()

        studio.drop("boot.jpg", seed=1)
        await line_is(icon, "1 with QA")
        working = await another_picture(icon, [idle])

        studio.drop("refused.jpg", seed=2)
        await line_is(icon, "1 with QA", "1 failed")
        needs_you = await another_picture(icon, [idle, working])
        switches.rejected_names = ()
        await icon.click("Problems (1)", "*refused.jpg", "Try again")
        await line_is(icon, "2 with QA")
        assert not any(text.startswith("Problems") for text in await texts(icon))

        await icon.click("Pause all")
        await line_is(icon, "paused")
        paused = await another_picture(icon, [idle, working, needs_you])
        assert studio.status()["paused"] is True
        switches.hold_qa = False
        for execution in list(sandbox.world.executions):
            sandbox.world.release(execution.id)
        studio.drop("later.jpg", seed=3)
        await is_so(studio, "noticed while paused", "later.jpg", "queued")
        await asyncio.to_thread(studio.wait_for_results, 2)  # what is paid comes home
        await line_is(icon, "paused", "1 waiting", "2 delivered today")
        await has_text(icon, "Quit (1 unfinished image goes on at the next start)")

        await icon.click("Resume all")
        await line_is(icon, "3 delivered today")
        await asyncio.to_thread(studio.wait_for_results, 3)

        await icon.click("Studio: idle", "Pause")
        await has_text(icon, "Studio: paused")
        await icon.click("Studio: paused", "Resume")
        await has_text(icon, "Studio: idle")

        await icon.click("Quit")
        assert await asyncio.to_thread(daemon.wait, 60) == 0
        assert len({idle, working, needs_you, paused}) == 4
    studio.assert_once_and_whole()


async def test_a_broken_config_is_shown_and_the_tick_starts_it_at_login(
    desktop: Desktop, studio: Studio
) -> None:
    async with Panel(desktop.bus) as panel:
        daemon = studio.start()
        icon = await panel.icon()
        config = studio.home / "config.yaml"
        right = config.read_text("utf-8")
        config.write_text(right.replace("settle:", "setle:"), "utf-8")
        await has_text(icon, "config.yaml is wrong; the old settings hold")
        config.write_text(right, "utf-8")

        async def is_mended() -> bool:
            return not any("config.yaml is wrong" in text for text in await texts(icon))

        await eventually("the end of the alarm", is_mended)

        async def is_ticked() -> bool | None:
            return next(line for line in await icon.menu() if line.text == "Start at login").is_ticked

        assert await is_ticked() is False
        await icon.click("Start at login")
        await eventually("the tick", is_ticked)
        entry = Path(studio.environment["XDG_CONFIG_HOME"]) / "autostart" / "hotfolder.desktop"
        assert str(studio.home) in entry.read_text("utf-8")
        await icon.click("Start at login")
        await asyncio.to_thread(wait_for, "the entry's end", lambda: not entry.exists())
        assert (await asyncio.to_thread(studio.call, "service", "install")).returncode == 0
        await eventually("the tick, though another way led there", is_ticked)
        daemon.terminate()
        assert await asyncio.to_thread(daemon.wait, 60) == 0


async def test_a_click_signs_in_through_the_browser(
    desktop: Desktop, studio: Studio, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The token was revoked; "Sign in …" opens the browser, the person confirms, and everything goes on."""
    opened = tmp_path / "opened.txt"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n')
    browser.chmod(0o755)
    sandbox.world.switches.device_interval_s = 1
    sandbox.world.sign_in.revoke_everything()
    studio.environment["BROWSER"] = str(browser)
    async with Panel(desktop.bus) as panel:
        studio.start()
        icon = await panel.icon()
        studio.drop("boot.jpg", seed=1)

        async def held() -> str | None:
            return next(
                (line.text for line in await icon.menu() if any(x.text == "Sign in …" for x in line.lines)),
                None,
            )

        await icon.click(await eventually("the way to sign in", held), "Sign in …")

        async def code() -> str | None:
            told = [line.text for item in await icon.menu() for line in item.lines]
            found = [text for text in told if text.startswith("Confirm the code ")]
            return found[0].split()[3] if found else None

        shown = await eventually("the code to compare", code)
        await asyncio.to_thread(wait_for, "the browser", lambda: opened.exists() and opened.read_text())
        assert shown in opened.read_text()
        sandbox.world.sign_in.answer_device(shown, "confirmed")
        await asyncio.to_thread(studio.wait_for_results, 1)
        await line_is(icon, "1 delivered today")


def differ(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is not None


def test_without_a_menu_the_icon_still_tells_and_a_click_pauses_and_resumes(
    desktop: Desktop, studio: Studio, sandbox: Sandbox
) -> None:
    """The xorg way: what a pip install has where the system's PyGObject is missing."""
    sandbox.world.switches.hold_qa = True
    desktop.start_panel()
    studio.environment["PYSTRAY_BACKEND"] = "xorg"
    empty = desktop.still(TRAY_AREA)
    daemon = studio.start()
    seen = [empty]

    def another(what: str) -> Image.Image:
        def look() -> Image.Image | None:
            now = desktop.look(TRAY_AREA)
            return now if all(differ(now, before) for before in seen) else None

        seen.append(wait_for(what, look))
        return seen[-1]

    another("the icon")
    studio.drop("boot.jpg", seed=1)
    another("the picture of work")
    desktop.click(PANEL_PX // 2, PANEL_PX // 2)
    another("the picture of a pause")
    assert studio.status()["paused"] is True
    desktop.click(PANEL_PX // 2, PANEL_PX // 2)
    wait_for("the end of the pause", lambda: not studio.status()["paused"])
    (studio.inside / "broken.jpg").write_bytes(b"this is no image" * 100)
    another("the alarm")
    assert all(differ(one, other) for one, other in itertools.combinations(seen, 2))
    daemon.terminate()
    assert daemon.wait(60) == 0


def test_without_a_screen_it_works_and_says_so_once(studio: Studio) -> None:
    studio.environment |= {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    studio.configure(workflow="Fast")
    studio.drop("boot.jpg", seed=1)
    studio.start()
    studio.wait_for_results(1)
    assert studio.stop() == 0
    log = (studio.home / "logs" / "hotfolder.log").read_text("utf-8")
    assert log.count("No icon in the tray") == 1


async def test_a_finished_batch_is_told_and_a_click_opens_its_folder(
    desktop: Desktop, studio: Studio, tmp_path: Path
) -> None:
    """Without a tray as well: one message for the batch with its broken image, and one click leads to the results."""
    tools, opened = tmp_path / "tools", tmp_path / "opened.txt"
    tools.mkdir()
    (tools / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    (tools / "xdg-open").chmod(0o755)
    studio.environment["PATH"] = f"{tools}:{os.environ['PATH']}"
    studio.configure(workflow="Fast")
    manners = Manners()
    async with notification_service(desktop.bus, manners) as service:
        for index in range(3):
            studio.drop(f"Boots 224/{index}.jpg", seed=index)
        (studio.inside / "Boots 224" / "broken.jpg").write_bytes(b"this is no image" * 100)
        studio.start()

        async def told() -> Shown | None:
            return next(
                (one for one in manners.shown if one.title.startswith("Boots 224: 3 delivered")), None
            )

        message = await eventually("the message", told)
        await asyncio.to_thread(studio.wait_for_results, 3)
        service.click(message.id)
        await asyncio.to_thread(wait_for, "the folder", opened.exists)
        assert opened.read_text().strip() == str(studio.outside / "Boots 224")
        assert len(manners.shown) <= 3, manners.shown


def test_when_the_session_ends_so_does_the_daemon(desktop: Desktop, studio: Studio) -> None:
    """Else an invisible one would hold the home, and the next login would say that another one is running."""
    desktop.start_panel()
    studio.environment["PYSTRAY_BACKEND"] = "xorg"
    empty = desktop.still(TRAY_AREA)
    daemon = studio.start()
    wait_for("the icon", lambda: differ(empty, desktop.look(TRAY_AREA)))
    desktop.end_screen()
    assert daemon.wait(60) == 0
