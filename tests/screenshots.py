"""The pictures of the README, taken from the real program: `make screenshots`.

hotfolder works on a sandbox of its own, on an invisible screen; nothing here is drawn by hand.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageChops

from hotfolder.core.glance import Mood
from hotfolder.sandbox import Sandbox
from hotfolder.tray.icons import draw_icon
from tests.cli.person import Person
from tests.control.webdriver import Browser, browser
from tests.journeys.studio import Studio, wait_until
from tests.tray.desktop import PANEL_PX, Desktop

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
BACKGROUND = "#46525f"
MARGIN_PX = 24
ICON_PX = 32


def take_tray_menu(place: Path) -> None:
    """A working afternoon: a batch is delivered, another one is being retouched, one image needs the photographer."""
    with Sandbox() as sandbox, Desktop(place / "desktop", background=BACKGROUND) as desktop:
        sandbox.world.switches.execution_s = 0.05
        studio = Studio(place / "Packshots", sandbox)
        studio.environment |= {
            **desktop.environment,
            "HOME": str(place),
            "XDG_CONFIG_HOME": str(place / "etc"),
        }
        studio.configure(name="Packshots", workflow="Packshot")
        desktop.start_panel()
        studio.start()
        try:
            for index in range(14):
                studio.drop(f"Boots 224/{index}.jpg", seed=index)
            wait_until(lambda: len(studio.result_paths()) == 14, 60)
            sandbox.world.switches.execution_s = 600
            for index in range(12):
                studio.drop(f"Sandals/{index}.jpg", seed=100 + index)
            (studio.inside / "Sandals" / "sandal 7.jpg").write_bytes(b"an export that broke off" * 40)
            wait_until(lambda: sum(i["state"] == "processing" for i in studio.images()) == 12, 60)
            wait_until(lambda: any(i["state"] == "failed" for i in studio.images()), 60)
            time.sleep(3)  # the icon follows once a second
            desktop.click(PANEL_PX // 2, PANEL_PX // 2)
            time.sleep(1)
            desktop.key("Down", "Down", "Right")
            desktop.still()
            cropped(desktop.look(), BACKGROUND).save(PICTURES / "tray-menu.png")
        finally:
            studio.kill()


def cropped(picture: Image.Image, background: str) -> Image.Image:
    """What is not background, with a margin."""
    box = ImageChops.difference(picture, Image.new("RGB", picture.size, background)).getbbox()
    assert box is not None, "there is nothing in the picture"
    right, lower = min(box[2] + MARGIN_PX, picture.width), min(box[3] + MARGIN_PX, picture.height)
    return picture.crop((0, 0, right, lower))


def take_first_run(place: Path) -> None:
    """hotfolder as it starts without a config; the person is signed in and chooses the folders."""
    with Sandbox() as sandbox, Desktop(place / "desktop") as desktop:
        person = Person(place / "photographer", sandbox)
        person.save(*(f"../Pictures/Boots/boot {n}.jpg" for n in range(24)))
        opened = place / "opened.txt"
        script = place / "browser"
        script.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
        script.chmod(0o755)
        mine = {**desktop.environment, "BROWSER": str(script), "HOME": str(person.place)}
        program = subprocess.Popen(
            [sys.executable, "-m", "hotfolder", "run", "--desktop"], env=person.environment(**mine)
        )
        try:
            wait_until(opened.exists, 60)
            (place / "chromium").mkdir()
            with browser(place / "chromium") as window:
                fill_in(window, opened.read_text().strip())
                window.screenshot(PICTURES / "first-run.png")
        finally:
            program.terminate()
            program.wait(60)


def fill_in(window: Browser, address: str) -> None:
    window.emulate(width=900, height=1060)
    window.open(address)
    window.click_text("label.choice", "Packshot")
    window.click("#workflow-form button")
    window.type("#in_folder", "~/Pictures/Boots")
    window.type("#out_folder", "~/Pictures/Boots retouched")
    window.sees("24 images")
    window.click("[value=skip]")


def draw_icons() -> None:
    for mood in Mood:
        draw_icon(mood, ICON_PX, 0.6 if mood is Mood.WORKING else None).save(PICTURES / f"{mood.value}.png")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    draw_icons()
    for take in (take_tray_menu, take_first_run):
        with tempfile.TemporaryDirectory(prefix="hotfolder-") as place:
            take(Path(place))
    for picture in sorted(PICTURES.glob("*.png")):
        sys.stdout.write(f"{picture}\n")


if __name__ == "__main__":
    main()
