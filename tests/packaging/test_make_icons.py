"""The icon files: every format can be opened again, at each size, and shows the same picture."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from PIL.IcoImagePlugin import IcoImageFile

from hotfolder.core.glance import Mood
from hotfolder.tray.icons import draw_app_icon

ROOT = Path(__file__).parents[2]
SVG = "hicolor/scalable/apps/hotfolder.svg"


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("icons")
    subprocess.run([sys.executable, ROOT / "packaging" / "make_icons.py", folder], check=True)
    return folder


@pytest.mark.parametrize("size", [16, 22, 24, 32, 48, 64, 128, 256, 512])
def test_the_icon_theme_has_every_size(icons: Path, size: int) -> None:
    with Image.open(icons / "hicolor" / f"{size}x{size}" / "apps" / "hotfolder.png") as picture:
        assert picture.format == "PNG"
        assert picture.size == (size, size)
        assert alike(picture, draw_app_icon(size))


def test_the_windows_icon_holds_each_size_drawn_for_itself(icons: Path) -> None:
    with Image.open(icons / "hotfolder.ico") as picture:
        assert isinstance(picture, IcoImageFile)
        for side in (16, 24, 32, 48, 64, 128, 256):
            assert alike(picture.ico.getimage((side, side)), draw_app_icon(side)), side


def test_the_macos_icon_reaches_from_small_to_retina(icons: Path) -> None:
    with Image.open(icons / "hotfolder.icns") as picture:
        assert picture.format == "ICNS"
        sides = {size[0] * size[2] for size in picture.info["sizes"]}
        assert {32, 64, 128, 256, 512, 1024} <= sides
        picture.load()
        assert picture.size == (1024, 1024)
        assert alike(picture, draw_app_icon(1024))


def test_the_scalable_icon_is_an_svg_of_plain_shapes(icons: Path) -> None:
    root = ET.parse(icons / SVG).getroot()
    assert root.attrib["viewBox"] == "0 0 256 256"
    assert {child.tag.rpartition("}")[2] for child in root} == {"rect", "polygon"}


def test_the_scalable_icon_looks_like_the_others(icons: Path, tmp_path: Path) -> None:
    if shutil.which("rsvg-convert") is None:
        pytest.skip("needs the system package librsvg2-bin")
    rendered = tmp_path / "icon.png"
    subprocess.run(["rsvg-convert", "-w", "256", icons / SVG, "-o", rendered], check=True)
    with Image.open(rendered) as picture:
        assert difference(picture, draw_app_icon(256)) < 1


@pytest.mark.parametrize("mood", Mood)
def test_documents_get_a_picture_of_every_mood(icons: Path, mood: Mood) -> None:
    with Image.open(icons / "moods" / f"{mood}-64.png") as picture:
        assert picture.size == (64, 64)


def alike(one: Image.Image, other: Image.Image) -> bool:
    return difference(one, other) == 0


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of a channel, 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGBA"), other)).mean)


def test_there_is_one_logo_and_the_page_of_the_first_run_shows_it(icons: Path) -> None:
    shown = ROOT / "hotfolder" / "control" / "pages" / "icon.svg"
    assert shown.read_text(encoding="utf-8") == (icons / SVG).read_text(encoding="utf-8")
