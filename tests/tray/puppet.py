"""The real tray in a process of its own, moved by strings: it shows the glances it is sent, and tells what happens to it.

puppet = Puppet(desktop)
puppet.show(glance)
puppet.heard("action")      # waits for the next of its kind: ["pause", "Boots"]
"""

from __future__ import annotations

import base64
import gc
import json
import pickle
import queue
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from hotfolder.core.glance import Action, Glance
from hotfolder.tray.tray import NoTray, open_tray
from tests.tray.desktop import LIMIT_S, Desktop

ROOT = Path(__file__).parents[2]


class Puppet:
    def __init__(self, desktop: Desktop, *, patience_s: float = LIMIT_S, **variables: str) -> None:
        self._log = (desktop.place / "puppet.txt").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tray.puppet", str(patience_s)],
            cwd=ROOT,
            env=desktop.surroundings(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._log_path = desktop.place / "puppet.txt"
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def show(self, glance: Glance) -> None:
        self._tell("show", base64.b64encode(pickle.dumps(glance)).decode())

    def stop(self) -> None:
        self._tell("stop", "")

    def memory_kb(self) -> int:
        """Its present size in memory, after the dust has settled."""
        self._tell("memory", "")
        return int(self.heard("memory"))

    def heard(self, kind: str) -> Any:
        """The next thing told of this kind; others before it are dropped."""
        while True:
            try:
                told, value = self._heard.get(timeout=LIMIT_S)
            except queue.Empty:
                raise AssertionError(f"the puppet never told {kind!r}: {self.log}") from None
            if told == kind:
                return value
            assert told != "end", f"the puppet ended before {kind!r}: {self.log}"

    def has_told(self) -> list[tuple[str, Any]]:
        """What was told and not heard yet."""
        told = []
        while not self._heard.empty():
            told.append(self._heard.get())
        return told

    @property
    def log(self) -> str:
        return self._log_path.read_text("utf-8", "replace")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout, self._log):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _tell(self, word: str, value: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word} {value}\n".encode())
        self.process.stdin.flush()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            kind, value = json.loads(line)
            self._heard.put((kind, value))
        self._heard.put(("end", self.process.wait()))


# --- the process ----------------------------------------------------------------------------------


def _told(kind: str, value: object = None) -> None:
    sys.stdout.write(json.dumps([kind, value]) + "\n")
    sys.stdout.flush()


def _memory_kb() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def _main(patience_s: float) -> None:
    def on_action(action: Action) -> None:
        _told("action", [action.deed.value, action.subject])

    try:
        tray = open_tray(on_action, lambda: _told("ready"), patience_s=patience_s)
    except NoTray as none:
        _told("no tray", [none.title, none.advice])
        return

    def obey() -> None:
        for line in sys.stdin:
            word, _, value = line.strip().partition(" ")
            if word == "show":
                tray.show(pickle.loads(base64.b64decode(value)))
            elif word == "stop":
                tray.stop()
            elif word == "memory":
                _told("memory", _memory_kb())

    def on_signal(number: int, _: object) -> None:
        _told("signal", signal.Signals(number).name)
        tray.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    threading.Thread(target=obey, daemon=True).start()
    try:
        tray.run()
        _told("over", [thread.name for thread in threading.enumerate() if not thread.daemon])
    except NoTray as none:
        _told("no tray", [none.title, none.advice])


if __name__ == "__main__":
    _main(float(sys.argv[1]))
