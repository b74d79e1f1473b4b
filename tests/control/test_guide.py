"""The first run in the browser: its API by real HTTP, and the whole way in a real Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from hotfolder.adapters.config_file import load_config
from hotfolder.adapters.home import Home, find_home
from hotfolder.cli.finding import Finding
from hotfolder.control.guide import guide_in_browser
from hotfolder.control.guide_end import Check
from hotfolder.core.config import Existing
from hotfolder.errors import ConfigError
from hotfolder.sandbox import ORGANIZATION_ID, REFRESH_TOKEN, Sandbox
from hotfolder.sandbox.account import FAST_ID, PACKSHOT_ID
from tests.control.visitor import Visitor
from tests.control.webdriver import Browser, browser

LIMIT_S = 60.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.world.switches.device_interval_s = 1
        yield running


@pytest.fixture
def person(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's home folder; not signed in, without a keyring."""
    for variable, value in {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / ".config"),
        "XDG_PICTURES_DIR": str(tmp_path / "Pictures"),
        "AUTORETOUCH_API_URL": sandbox.url,
        "AUTORETOUCH_AUTH_URL": sandbox.url,
        "AUTORETOUCH_REFRESH_TOKEN": "",
    }.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("hotfolder.adapters.keyring_tokens.KeyringTokens.store", _no_keyring)
    monkeypatch.setattr("hotfolder.adapters.keyring_tokens.KeyringTokens.load", lambda _: None)
    return tmp_path


def _no_keyring(_: object, __: str) -> None:
    from hotfolder.errors import SignInNeeded

    raise SignInNeeded("There is no keyring here.")


@pytest.fixture
def home(person: Path) -> Home:
    return find_home(person / "home")


class Started:
    """A guide under way, and who opened its page."""

    def __init__(self, home: Home, check: Check | None = None) -> None:
        self._addresses: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self.task = asyncio.create_task(
            guide_in_browser(
                home, lambda address: loop.call_soon_threadsafe(self._addresses.put_nowait, address), check
            )
        )

    async def visitor(self) -> Visitor:
        return Visitor(await asyncio.wait_for(self._addresses.get(), LIMIT_S))

    async def ends(self) -> None:
        await asyncio.wait_for(self.task, LIMIT_S)


@pytest.fixture
async def started(home: Home) -> AsyncIterator[Started]:
    one = Started(home)
    yield one
    one.task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await one.task


@pytest.fixture
async def visitor(started: Started) -> Visitor:
    """Has opened the page."""
    one = await started.visitor()
    assert (await asyncio.to_thread(one.open)).status == 200
    return one


@pytest.fixture
async def signed_in(visitor: Visitor) -> Visitor:
    await post(visitor, "sign-in", way="paste", token=REFRESH_TOKEN)
    assert (await post(visitor, "sign-in", way="file"))["phase"] == "done"
    await get(visitor, "account")
    await post(visitor, "offer", organization=ORGANIZATION_ID)
    return visitor


async def post(visitor: Visitor, path: str, /, **body: object) -> Any:
    reply = await asyncio.to_thread(visitor.post, f"api/{path}", body)
    assert reply.status == 200, reply.text
    return reply.json


async def get(visitor: Visitor, path: str) -> Any:
    reply = await asyncio.to_thread(visitor.get, f"api/{path}")
    assert reply.status == 200, reply.text
    return reply.json


async def until_phase(visitor: Visitor, phase: str) -> Any:
    end = time.monotonic() + LIMIT_S
    while (state := await get(visitor, "sign-in"))["phase"] != phase:
        assert time.monotonic() < end, state
        await asyncio.sleep(0.05)
    return state


def answers(person: Path, **changed: object) -> dict[str, object]:
    folders = {"in_folder": str(person / "in"), "out_folder": str(person / "out")}
    chosen = {"organization": ORGANIZATION_ID, "workflow": FAST_ID, "name": "Boots", "existing": "process"}
    return {**chosen, **folders, **changed}


# --- who is let in --------------------------------------------------------------------------------


async def test_the_address_works_once_and_the_cookie_after_it(started: Started) -> None:
    visitor = await started.visitor()
    first = await asyncio.to_thread(visitor.open)
    assert first.status == 200
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert f"Path={visitor.base}" in cookie
    assert (await asyncio.to_thread(visitor.get, "")).status == 200
    stranger = Visitor(visitor.address)
    again = await asyncio.to_thread(stranger.open)
    assert (again.status, "set-cookie" in again.headers) == (403, False)
    assert (await asyncio.to_thread(stranger.get, "api/account")).status == 403
    guess = Visitor(visitor.address.partition("?")[0] + "?key=")
    assert (await asyncio.to_thread(guess.open)).status == 403


async def test_nothing_from_elsewhere_can_get_into_the_page(visitor: Visitor) -> None:
    for path in ("", "guide.js", "guide.css", "api/account"):
        reply = await asyncio.to_thread(visitor.get, path)
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
    page = (await asyncio.to_thread(visitor.get, "")).text
    assert "http://" not in page
    assert "https://" not in page
    assert "style=" not in page
    assert "onclick" not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:80"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "text/plain"},
        {"cookie": "hotfolder=guessed"},
        {"cookie": ""},
        {"content_length": "99999999"},
    ],
)
async def test_what_the_page_would_not_send_is_refused(visitor: Visitor, headers: dict[str, str]) -> None:
    reply = await asyncio.to_thread(visitor.post, "api/sign-in", {"way": "browser"}, **headers)
    assert reply.status in (400, 403), reply.text
    assert (await get(visitor, "sign-in"))["phase"] == "idle"


@pytest.mark.parametrize(
    "path", ["../server.py", "..%2fserver.py", "guide.py", "expired.html", "api/", "api/nothing"]
)
async def test_only_the_pages_own_files_are_served(visitor: Visitor, path: str) -> None:
    assert (await asyncio.to_thread(visitor.get, path)).status == 404


async def test_outside_its_own_path_nothing_answers(visitor: Visitor) -> None:
    for path in ("/", "/api/account", "/guide.js"):
        assert (await asyncio.to_thread(visitor.send, "GET", path)).status == 404


async def test_it_listens_on_the_loopback_only(visitor: Visitor) -> None:
    parts = urlsplit(visitor.address)
    assert parts.hostname == "127.0.0.1"
    with (
        contextlib.suppress(OSError),
        socket.create_connection((socket.gethostname(), parts.port or 0), 2) as line,
    ):
        assert line.getpeername()[0].startswith("127.")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("sign-in", {"way": "dance"}),
        ("sign-in", {"way": ["browser"]}),
        ("offer", {"organization": "0d5b1f0c-1c43-4b0f-9a43-6a4c4c1d9a11"}),
        ("offer", []),
        ("look", {}),
        ("finish", {"organization": ORGANIZATION_ID, "workflow": "another"}),
        ("folders", {"path": "/a\0b"}),
    ],
)
async def test_nonsense_is_refused(signed_in: Visitor, home: Home, path: str, body: object) -> None:
    reply = await asyncio.to_thread(signed_in.post, f"api/{path}", body)
    assert (reply.status, reply.json["title"]) == (400, "hotfolder does not understand that.")
    assert not home.config.exists()


# --- the sign-in ----------------------------------------------------------------------------------


async def test_device_flow_with_refusal_then_confirmation(
    visitor: Visitor, sandbox: Sandbox, home: Home
) -> None:
    assert (await asyncio.to_thread(visitor.get, "api/account")).status == 401
    await post(visitor, "sign-in", way="browser")
    state = await until_phase(visitor, "waiting")
    assert state["code"] in state["address"]
    assert state["seconds_left"] > 0
    assert sandbox.world.sign_in.answer_device(state["code"], "denied")
    assert "refused" in (await until_phase(visitor, "trouble"))["words"]
    await post(visitor, "sign-in", way="browser")
    again = await until_phase(visitor, "waiting")
    assert again["code"] != state["code"]
    assert sandbox.world.sign_in.answer_device(again["code"], "confirmed")
    await until_phase(visitor, "no_keyring")
    assert not list(home.data.glob("refresh*")), "nobody agreed to a file yet"
    assert (await post(visitor, "sign-in", way="file"))["phase"] == "done"
    assert (home.data / "refresh-token").read_text().strip() in sandbox.world.sign_in.refresh_tokens
    assert (await get(visitor, "account"))["organizations"][0]["id"] == ORGANIZATION_ID


async def test_a_code_that_expires_is_told(visitor: Visitor, sandbox: Sandbox) -> None:
    sandbox.world.switches.device_expires_s = 1
    await post(visitor, "sign-in", way="browser")
    assert "not confirmed in time" in (await until_phase(visitor, "trouble"))["words"]


async def test_a_sign_in_can_be_left_and_begun_anew(visitor: Visitor) -> None:
    await post(visitor, "sign-in", way="browser")
    await until_phase(visitor, "waiting")
    assert (await post(visitor, "sign-in", way="stop"))["phase"] == "idle"


@pytest.mark.parametrize("token", ["worth-nothing", " ", "half \ud800 letter"])
async def test_a_token_that_is_refused_is_told_and_not_kept(visitor: Visitor, home: Home, token: str) -> None:
    state = await post(visitor, "sign-in", way="paste", token=token)
    assert (state["phase"], bool(state["words"])) == ("trouble", True)
    assert (await post(visitor, "sign-in", way="file"))["phase"] == "trouble"
    assert not (home.data / "refresh-token").exists()


async def test_a_pasted_token_is_in_no_answer_address_or_log(
    visitor: Visitor, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert (await post(visitor, "sign-in", way="paste", token=f" {REFRESH_TOKEN}\n"))["phase"] == "no_keyring"
    await post(visitor, "sign-in", way="file")
    await get(visitor, "account")
    assert (home.data / "refresh-token").read_text().strip() == REFRESH_TOKEN
    seen = "".join(f"{reply.headers}{reply.text}" for reply in visitor.replies)
    assert REFRESH_TOKEN not in seen + caplog.text
    assert urlsplit(visitor.address).query.removeprefix("key=") not in caplog.text


# --- the folders ----------------------------------------------------------------------------------


async def test_problems_and_costs_are_told_while_answering(signed_in: Visitor, person: Path) -> None:
    (person / "in").mkdir()
    for number in range(3):
        Image.new("RGB", (40, 30), (number, 0, 0)).save(person / "in" / f"{number}.jpg")
    fine = await post(signed_in, "look", **answers(person))
    assert fine["problems"] == {}
    assert fine["new"] == ["out_folder"]
    assert "costs 3 credits (3 × 1)" in fine["words"]
    inside = await post(signed_in, "look", **answers(person, out_folder=str(person / "in" / "x")))
    assert "lies inside the in folder" in inside["problems"]["out_folder"]
    wrong = await post(signed_in, "look", **answers(person, in_folder="no", name=" "))
    assert wrong["problems"].keys() == {"in_folder", "name"}


async def test_the_picker_lists_and_makes_folders(signed_in: Visitor, person: Path) -> None:
    (person / "Shoots" / "Boots").mkdir(parents=True)
    (person / ".hidden").mkdir()
    (person / "file.txt").write_text("x")
    listing = await post(signed_in, "folders", path=str(person / "Shoots" / "not" / "there"))
    assert listing["path"] == str(person / "Shoots")
    assert [one["name"] for one in listing["folders"]] == ["Boots"]
    assert listing["above"] == str(person)
    assert {"name": "Home", "path": str(person)} in listing["places"]
    names = [one["name"] for one in (await post(signed_in, "folders", path="~"))["folders"]]
    assert "Shoots" in names
    assert ".hidden" not in names
    assert "file.txt" not in names
    made = await post(signed_in, "new-folder", path=str(person / "Shoots"), name=" Shoes ")
    assert Path(made["path"]) == person / "Shoots" / "Shoes"
    for name in ("Boots", "../out", "", "a/b", ".."):
        reply = await asyncio.to_thread(
            signed_in.post, "api/new-folder", {"path": str(person / "Shoots"), "name": name}
        )
        assert reply.status == 503, name
        assert reply.json["title"]
    assert sorted(one.name for one in (person / "Shoots").iterdir()) == ["Boots", "Shoes"]


# --- the end --------------------------------------------------------------------------------------


async def test_finishing_writes_the_config_and_ends_the_guide(
    signed_in: Visitor, started: Started, home: Home, person: Path
) -> None:
    told = await post(signed_in, "finish", **answers(person, existing="skip"))
    assert told["config"] == str(home.config)
    assert (person / "in").is_dir()
    assert (person / "out").is_dir()
    await started.ends()
    config = load_config(home.config, home.data)
    assert (config.organization, config.folders[0].workflow) == (ORGANIZATION_ID, FAST_ID)
    assert config.folders[0].existing is Existing.SKIP
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(signed_in.get, "")
    assert not list((person / ".config").rglob("*.desktop")), "nobody asked for it"


async def test_what_cannot_be_written_is_told_and_the_guide_goes_on(
    signed_in: Visitor, started: Started, home: Home, person: Path
) -> None:
    body = answers(person, out_folder=str(person / "in" / "deeper"))
    reply = await asyncio.to_thread(signed_in.post, "api/finish", body)
    assert (reply.status, "inside" in reply.text) == (409, True)
    assert not home.config.exists()
    await post(signed_in, "finish", **answers(person))
    await started.ends()


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (
            lambda _: [Finding("disk", False, "full", "Make room."), Finding("daemon", None, "not running")],
            "full",
        ),
        (lambda home: load_config(home.logs), "has 1 mistake"),
    ],
)
async def test_it_is_checked_on_the_spot(
    home: Home, person: Path, check: Callable[[Home], Any], told: str
) -> None:
    started = Started(home, check)
    visitor = await started.visitor()
    await asyncio.to_thread(visitor.open)
    await post(visitor, "sign-in", way="paste", token=REFRESH_TOKEN)
    await post(visitor, "sign-in", way="file")
    await get(visitor, "account")
    await post(visitor, "offer", organization=ORGANIZATION_ID)
    (finding,) = (await post(visitor, "finish", **answers(person)))["findings"]
    assert finding["ok"] is False
    assert told in str(finding)
    await started.ends()


async def test_a_config_that_comes_another_way_ends_the_guide(started: Started, home: Home) -> None:
    await started.visitor()
    home.config.parent.mkdir(parents=True, exist_ok=True)
    home.config.write_text("# from an editor\n")
    await started.ends()


async def test_without_a_browser_the_terminal_is_named(home: Home) -> None:
    with pytest.raises(ConfigError, match="hotfolder init"):
        await asyncio.wait_for(guide_in_browser(home, lambda _: False), LIMIT_S)


async def test_stopping_it_leaves_nothing_behind(home: Home, visitor: Visitor, started: Started) -> None:
    await post(visitor, "sign-in", way="browser")
    await until_phase(visitor, "waiting")
    started.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await started.ends()
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(visitor.get, "")
    assert not home.config.exists()


# --- in a real browser ----------------------------------------------------------------------------


async def test_the_whole_way_in_a_real_browser(
    home: Home, person: Path, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (person / "Shoes").mkdir()
    Image.new("RGB", (40, 30), (9, 9, 9)).save(person / "Shoes" / "one.jpg")
    started = Started(home, lambda _: [Finding("disk", True, "83 GB free")])
    address = (await started.visitor()).address
    with browser(tmp_path_factory.mktemp("browser")) as window:
        await asyncio.to_thread(_walk_through, window, address, person, sandbox)
        complaints = window.complaints()
    await started.ends()
    (folder,) = load_config(home.config, home.data).folders
    assert (folder.in_folder, folder.out_folder) == (person / "Shoes", person / "Shoes retouched")
    assert (folder.name, folder.workflow, folder.existing) == ("Boots #1", PACKSHOT_ID, Existing.SKIP)
    assert len(list((person / ".config" / "autostart").glob("*.desktop"))) == 1
    expected = ("401", "favicon.ico")  # the sandbox has no icon
    assert [line for line in complaints if not any(one in line for one in expected)] == []


def _walk_through(window: Browser, address: str, person: Path, sandbox: Sandbox) -> None:
    window.open(address)
    window.sees("Sign in to AutoRetouch")
    assert "key=" not in window.address
    assert window.focus == "sign-in-title"
    window.click("summary")
    window.type("#token", "worth-nothing")
    window.press("\ue007")
    window.sees("does not take this refresh token")
    assert window.value("#token") == ""
    window.click("#by-browser")
    window.sees("Waiting for you to confirm")
    (device,) = sandbox.world.sign_in.devices.values()
    window.sees(device.user_code)
    assert window.run("return document.querySelector('#address').href").endswith(device.user_code)
    window.click("#address")
    window.has_tabs(2)
    assert sandbox.world.sign_in.answer_device(device.user_code, "confirmed")
    window.has_tabs(1)
    window.sees("in a file that only you can read")
    window.click("#in-file")
    window.sees("You have 100,000 credits.")
    assert window.focus == "workflow-title"
    window.click_text("label.choice", "Packshot")
    window.click("#workflow-form button")
    window.sees("This folder will be made.")
    _pick_folder(window, person)
    window.type("#name", "a/b")
    window.sees("has no '/'")
    window.type("#name", "Boots #1")
    window.click("#finish")
    window.sees("Please choose one of the two.")
    window.click("[value=skip]")
    for width, zoom in ((320, 1.0), (1000, 2.0)):
        window.emulate(width=width, zoom=zoom)
        assert window.run("return document.documentElement.scrollWidth <= innerWidth"), (width, zoom)
    window.emulate()
    window.click("#finish")
    window.sees("hotfolder is ready, and runs now")
    assert "all is well" in window.sees("Shoes retouched")
    assert window.focus == "ready-title"


def _pick_folder(window: Browser, person: Path) -> None:
    """Once left with Escape, once taken."""
    window.click("[data-choose=in_folder]")
    window.sees("Use this folder")
    window.press("\ue00c")
    window.sees("Choose the folders")
    assert window.run("return document.activeElement.dataset.choose") == "in_folder"
    window.click("[data-choose=in_folder]")
    window.click_text("#places button", "Home")
    window.click_text("#picker-folders button", "Shoes")
    window.sees("No folders in it.")
    window.click("#picker-take")
    window.sees("There is already 1 image in this folder.")
    assert window.value("#in_folder") == str(person / "Shoes")
