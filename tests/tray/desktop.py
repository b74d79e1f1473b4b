"""A desktop of our own, invisible: an X server, a window manager, a session bus, and a panel of the old kind if wanted.

    with Desktop(tmp_path) as desktop:
        desktop.start_panel()
        subprocess.Popen([...], env={**os.environ, **desktop.environment})
        desktop.click(16, 16)
        desktop.screenshot(tmp_path / "menu.png")

Every desktop has its own display (the X server takes a free number by itself), bus and runtime folder, so that many can
run at the same time. Nothing of it reaches the desktop of the person who runs the tests, and its bus starts no services.
For panels of the new kind see `watcher`, which runs on `desktop.bus`.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import pytest
from PIL import Image
from Xlib import X
from Xlib.display import Display

LIMIT_S = 60.0
PANEL_PX = 32

T = TypeVar("T")

_PACKAGES = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "trayer": "trayer",
    "xdotool": "xdotool",
    "import": "imagemagick",
    "dbus-daemon": "dbus",
    "setpriv": "util-linux",
}

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir={place}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def wait_for(what: str, look: Callable[[], T | None], limit_s: float = LIMIT_S) -> T:
    """The first answer that counts as true."""
    until = time.monotonic() + limit_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)


class Desktop:
    def __init__(
        self, place: Path, *, size: tuple[int, int] = (800, 600), background: str = "#3a4a5c"
    ) -> None:
        """`place`: a folder for its runtime files."""
        self.place = place
        self.size = size
        self._background = background
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.display = ""
        self.bus = ""
        missing = sorted({package for tool, package in _PACKAGES.items() if shutil.which(tool) is None})
        if missing:
            pytest.skip(f"needs the packages {', '.join(missing)}")

    def __enter__(self) -> Desktop:
        self.runtime.mkdir(parents=True, mode=0o700)
        try:
            self.display = ":" + self._told(
                "Xvfb",
                lambda fd: [
                    *("Xvfb", "-displayfd", str(fd), "-screen", "0", f"{self.size[0]}x{self.size[1]}x24"),
                    *("-nolisten", "tcp", "-noreset", "-dpi", "96"),
                ],
            )
            self.bus = self._told("dbus-daemon", self._bus_command)
            (self.place / "openbox.xml").write_text('<openbox_config xmlns="http://openbox.org/3.4/rc"/>')
            self.start("openbox", ["openbox", "--sm-disable", "--config-file", f"{self.place}/openbox.xml"])
            self._paint(background=int(self._background.removeprefix("#"), 16))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for name in reversed(list(self._processes)):
            self.end(name)

    # --- what lives in it -----------------------------------------------------------------------

    @property
    def runtime(self) -> Path:
        return self.place / "runtime"

    @property
    def environment(self) -> Mapping[str, str]:
        """To be laid over `os.environ`: an empty value means that the variable is not set there."""
        return {
            "DISPLAY": self.display,
            "DBUS_SESSION_BUS_ADDRESS": self.bus,
            "XDG_RUNTIME_DIR": str(self.runtime),
            "XAUTHORITY": "",
            "WAYLAND_DISPLAY": "",
            "XDG_CURRENT_DESKTOP": "",
            "PYSTRAY_BACKEND": "",
            "NO_AT_BRIDGE": "1",
            "GTK_THEME": "Adwaita",
            "LC_ALL": "C.UTF-8",
        }

    def surroundings(self, **more: str) -> dict[str, str]:
        """The whole environment of a process in this desktop."""
        return {k: v for k, v in {**os.environ, **self.environment, **more}.items() if v}

    def start(
        self, name: str, command: Sequence[str], pass_fds: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """A process that ends with the desktop, and with us, however we end; what it says is in a file of `place`."""
        with (self.place / f"{name}.txt").open("ab") as said:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                env=self.surroundings() if self.display else None,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        self._processes[name] = process
        return process

    def end(self, name: str, *, kill: bool = False) -> None:
        """By name; `kill`: without a chance to say goodbye."""
        process = self._processes.pop(name)
        if process.poll() is None:
            process.kill() if kill else process.terminate()
        try:
            process.wait(LIMIT_S / 4)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def end_screen(self) -> None:
        """As when the person's session crashes."""
        self.end("Xvfb", kill=True)

    def start_panel(self) -> None:
        """In the upper left corner; its icons are PANEL_PX high. Returns when icons may come."""
        self.start(
            "trayer",
            [
                *("trayer", "--edge", "top", "--align", "left", "--widthtype", "request"),
                *(
                    "--heighttype",
                    "pixel",
                    "--height",
                    str(PANEL_PX),
                    "--SetDockType",
                    "true",
                    "--expand",
                    "true",
                ),
            ],
        )
        wait_for("the panel", self.has_panel)

    def stop_panel(self) -> None:
        """It crashes, as panels do."""
        self.end("trayer", kill=True)
        wait_for("the panel's end", lambda: not self.has_panel())

    def has_panel(self) -> bool:
        with closing(Display(self.display)) as display:
            return bool(display.get_selection_owner(display.intern_atom("_NET_SYSTEM_TRAY_S0")) != X.NONE)

    # --- hands and eyes -------------------------------------------------------------------------

    def run(self, *command: str) -> bytes:
        return subprocess.run(
            command, env=self.surroundings(), capture_output=True, check=True, timeout=LIMIT_S
        ).stdout

    def click(self, x: int, y: int, button: int = 1) -> None:
        self.run("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def move(self, x: int, y: int) -> None:
        self.run("xdotool", "mousemove", str(x), str(y))

    def key(self, *names: str) -> None:
        """One after another: `key("Down", "Return")`."""
        self.run("xdotool", "key", "--delay", "60", *names)

    def look(self, area: tuple[int, int, int, int] | None = None) -> Image.Image:
        """The screen now, or `area` of it: left, top, right, bottom."""
        png = self.run("import", "-window", "root", "png:-")
        seen = Image.open(io.BytesIO(png)).convert("RGB")
        return seen if area is None else seen.crop(area)

    def screenshot(self, path: Path) -> Path:
        self.look().save(path)
        return path

    def still(self, area: tuple[int, int, int, int] | None = None) -> Image.Image:
        """What is seen once it no longer moves: twice the same."""
        before = [self.look(area)]

        def settled() -> Image.Image | None:
            before.append(self.look(area))
            return before[-1] if before[-1].tobytes() == before[-2].tobytes() else None

        return wait_for("a screen that stands still", settled)

    # --- starting -------------------------------------------------------------------------------

    def _told(self, name: str, command: Callable[[int], Sequence[str]]) -> str:
        """Starts a process and reads the line that it writes into the given file descriptor."""
        reader, writer = os.pipe()
        with open(reader, encoding="ascii") as told:
            try:
                self.start(name, command(writer), pass_fds=(writer,))
            finally:
                os.close(writer)
            line = told.readline().strip()
        if not line:
            raise AssertionError(f"{name} did not start: {(self.place / f'{name}.txt').read_text()}")
        return line

    def _paint(self, background: int) -> None:
        with closing(Display(self.display)) as display:
            root = display.screen().root
            root.change_attributes(background_pixel=background)
            root.clear_area()
            display.sync()

    def _bus_command(self, fd: int) -> Sequence[str]:
        config = self.place / "bus.conf"
        config.write_text(_BUS.format(place=tempfile.gettempdir()))
        return ["dbus-daemon", "--nofork", f"--config-file={config}", f"--print-address={fd}"]
