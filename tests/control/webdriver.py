"""A real browser, driven: just enough of the W3C WebDriver protocol, spoken to Debian's chromedriver."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

LIMIT_S = 60.0
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of an element in WebDriver's JSON (W3C WebDriver, 12.2)."""

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--no-default-browser-check", "--no-proxy-server",
)  # fmt: skip

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotYet(Exception):
    """The page is not there yet: looked for again."""


class Browser:
    """One window. What is looked for is waited for."""

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, address: str) -> None:
        self._post("url", url=address)

    @property
    def address(self) -> str:
        return str(_call(f"{self._session}/url"))

    def run(self, script: str, *arguments: object) -> Any:
        """JavaScript's `return …`."""
        return self._post("execute/sync", script=script, args=list(arguments))

    def click(self, selector: str) -> None:
        """Like a mouse: only what is visible and not covered."""
        self._with(selector, lambda element: self._post(f"element/{element}/click"))

    def click_text(self, selector: str, text: str) -> None:
        """The one of these elements that says so."""

        def find() -> str:
            for found in self._post("elements", using="css selector", value=selector):
                if text in str(_call(f"{self._session}/element/{found[ELEMENT]}/text")):
                    return str(found[ELEMENT])
            raise NotYet(f"{selector} with {text!r}")

        self._until(lambda: self._post(f"element/{find()}/click"))

    def type(self, selector: str, text: str) -> None:
        """In the place of what stands there."""
        self._with(selector, lambda element: self._post(f"element/{element}/clear"))
        self._with(selector, lambda element: self._post(f"element/{element}/value", text=text))

    def press(self, *keys: str) -> None:
        """On the keyboard, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def sees(self, text: str, selector: str = "body") -> str:
        """All of the visible text of that element, as soon as this is in it."""

        def look() -> str:
            shown = str(self.run("return document.querySelector(arguments[0]).innerText", selector))
            if text not in shown:
                raise NotYet(f"{text!r} in: {shown}")
            return shown

        return self._until(look)

    def has_tabs(self, number: int) -> None:
        """Waits until there are so many."""

        def look() -> None:
            tabs = _call(f"{self._session}/window/handles")
            if len(tabs) != number:
                raise NotYet(f"{number} tabs: there are {len(tabs)}")

        self._until(look)

    def value(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).value", selector))

    @property
    def focus(self) -> str:
        """The id of the element that has it."""
        return str(self.run("return document.activeElement.id"))

    def emulate(self, *, dark: bool = False, width: int = 1000, height: int = 900, zoom: float = 1.0) -> None:
        media = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._chromium("Emulation.setEmulatedMedia", features=media)
        self._chromium(
            "Emulation.setDeviceMetricsOverride",
            width=round(width / zoom),
            height=round(height / zoom),
            deviceScaleFactor=zoom,
            mobile=False,
        )

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(str(_call(f"{self._session}/screenshot"))))

    def complaints(self) -> list[str]:
        """What the browser wrote into its console: errors, and what the page's CSP forbade."""
        return [entry["message"] for entry in self._post("se/log", type="browser")]

    def _with(self, selector: str, do: Callable[[str], object]) -> None:
        def find_and_do() -> None:
            found = self._post("element", using="css selector", value=selector)
            do(str(found[ELEMENT]))

        self._until(find_and_do)

    def _until(self, work: Callable[[], T]) -> T:
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                return work()
            except NotYet as reason:
                if time.monotonic() > end:
                    raise AssertionError(f"in time there was no {reason}") from None
                time.sleep(0.05)

    def _post(self, command: str, **arguments: object) -> Any:
        return _call(f"{self._session}/{command}", arguments)

    def _chromium(self, command: str, **parameters: object) -> None:
        self._post("goog/cdp/execute", cmd=command, params=parameters)


@contextmanager
def browser(place: Path) -> Iterator[Browser]:
    """A fresh browser without history, in a new folder."""
    for program, package in (("chromedriver", "chromium-driver"), ("chromium", "chromium")):
        if shutil.which(program) is None:
            pytest.skip(f"the Debian package {package} is missing")
    log = place / "chromedriver.log"
    driver = subprocess.Popen(
        ["chromedriver", "--port=0", f"--log-path={log}"], stdout=subprocess.PIPE, text=True
    )
    try:
        root = f"http://127.0.0.1:{_port_of(driver)}"
        options = {
            "args": [*FLAGS, f"--user-data-dir={place / 'profile'}"],
            "binary": shutil.which("chromium"),
        }
        wanted = {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}
        session = f"{root}/session/{_call(f'{root}/session', {'capabilities': wanted})['sessionId']}"
        try:
            yield Browser(session)
        finally:
            _call(session, method="DELETE")
    finally:
        driver.terminate()
        driver.wait(LIMIT_S)
        assert driver.stdout is not None
        driver.stdout.close()


def _port_of(driver: subprocess.Popen[str]) -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        if "started successfully on port" in line:
            return int(line.rstrip(".\n").rpartition(" ")[2])
    raise AssertionError("chromedriver did not start")


def _call(address: str, arguments: object = None, method: str | None = None) -> Any:
    body = None if arguments is None else json.dumps(arguments).encode()
    request = urllib.request.Request(
        address, body, {"Content-Type": "application/json"}, method=method or ("POST" if body else "GET")
    )
    try:
        with _opener.open(request, timeout=LIMIT_S) as answer:
            return json.loads(answer.read())["value"]
    except urllib.error.HTTPError as refusal:
        with refusal:
            facts = json.loads(refusal.read())["value"]
        if facts["error"] in _NOT_YET:
            raise NotYet(facts["message"]) from None
        raise AssertionError(facts["message"]) from None


_NOT_YET = frozenset(
    {"no such element", "stale element reference", "element not interactable", "element click intercepted"}
)
