"""The real icon, drawn as often as it goes, without the pace: does it keep what it no longer needs? Prints JSON.

Run in a desktop: `python -m tests.tray.storm ROUNDS`.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from hotfolder.core.glance import Action, Deed, Item, Mood
from hotfolder.tray.pace import STEPS, Changes, Picture
from hotfolder.tray.systems import this_system
from hotfolder.tray.tray import Face

WARM_UP = 300
PART = 50


def pictures() -> Iterator[Picture]:
    while True:
        for mood in Mood:
            yield from (Picture(mood, step) for step in range(STEPS + 1 if mood is Mood.WORKING else 1))


def changes(count: int) -> Iterator[Changes]:
    """Every picture, and menus that have to be built anew each time."""
    for number, picture in zip(range(count), pictures(), strict=False):
        menu = tuple(Item(f"{number}/{i}", Action(Deed.RETRY, f"{number}/{i}")) for i in range(5))
        yield Changes(picture, f"{number} images", (Item("Problems", items=menu), *menu))


def memory_kb() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def draw_all(face: Face, count: int) -> None:
    from gi.repository import GLib

    for number, change in enumerate(changes(count)):
        face.draw(change)
        if number % PART == 0:
            drawn = threading.Event()
            GLib.idle_add(drawn.set, priority=GLib.PRIORITY_LOW)
            drawn.wait()


def main(rounds: int) -> None:
    make = this_system().look()
    assert make is not None

    def setup(face: Face) -> None:
        draw_all(face, WARM_UP)
        before = memory_kb()
        draw_all(face, rounds)
        files = list(Path(os.environ["XDG_RUNTIME_DIR"]).rglob("*.png"))
        print(json.dumps({"grown_kb": memory_kb() - before, "files": len(files)}), flush=True)  # noqa: T201
        face.stop()

    make(lambda _: None).run(setup)


if __name__ == "__main__":
    main(int(sys.argv[1]))
