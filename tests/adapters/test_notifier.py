"""Notifications are shown, clicked and lost, on a real bus; and nothing that the desktop does holds anybody up."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from hotfolder.adapters.notifier import Notifier, NotShown, screen_of
from hotfolder.adapters.notifier_dbus import BusScreen
from hotfolder.adapters.notifier_dbus import session_bus as found_bus
from hotfolder.adapters.notifier_system import LibraryScreen, MacScreen, ScriptScreen, quoted
from hotfolder.core.glance import Action, Deed
from hotfolder.core.telling_words import Notification, Urgency
from tests.adapters.notification_service import NAME, Bus, Manners, notification_service, session_bus
from tests.tray.desktop import Desktop

LIMIT_S = 20.0
OPEN = Action(Deed.OPEN_PATH, "/out/Boots 224")
BOOTS = Notification(
    "Boots 224: 24 delivered", "The results are in the out folder of Packshots.", action=OPEN
)


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with session_bus(tmp_path / "bus") as running:
        yield running


@pytest.fixture
def manners() -> Manners:
    return Manners()


@pytest.fixture
def clicks() -> list[Action]:
    return []


@asynccontextmanager
async def notifying(address: str, clicks: list[Action], within_s: float = LIMIT_S) -> AsyncIterator[Notifier]:
    notifier = Notifier(clicks.append, screen=BusScreen(address=address), within_s=within_s)
    try:
        yield notifier
    finally:
        await notifier.close()


async def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.01)


def lost(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        r.getMessage() for r in caplog.records if r.name.startswith("hotfolder") and r.levelno >= logging.INFO
    ]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# --- shown ----------------------------------------------------------------------------------------


async def test_a_notification_is_shown_with_its_words_and_urgency(
    bus: Bus, manners: Manners, clicks: list[Action]
) -> None:
    async with notification_service(bus.address, manners), notifying(bus.address, clicks) as notifier:
        await notifier.show(BOOTS)
        await notifier.show(Notification("Sign in again", urgency=Urgency.HIGH))
    boots, sign_in = manners.shown
    assert (boots.app, boots.title, boots.text) == ("hotfolder", BOOTS.title, BOOTS.text)
    assert (boots.hints["urgency"], boots.hints["desktop-entry"]) == (1, "hotfolder")
    assert list(boots.actions) == ["default", "Open"]
    assert (sign_in.hints["urgency"], list(sign_in.actions)) == (2, [])


@pytest.mark.parametrize(
    ("capabilities", "text"),
    [
        (["body", "body-markup"], "R&amp;D &lt;b&gt;.jpg: is 'cut' off"),
        (["body"], "R&D <b>.jpg: is 'cut' off"),
    ],
)
async def test_a_name_with_markup_in_it_is_shown_as_it_is(
    bus: Bus, manners: Manners, clicks: list[Action], capabilities: list[str], text: str
) -> None:
    manners.capabilities = capabilities
    async with notification_service(bus.address, manners), notifying(bus.address, clicks) as notifier:
        await notifier.show(Notification("A & B <i>", "R&D <b>.jpg: is 'cut' off"))
    assert (manners.shown[0].title, manners.shown[0].text) == ("A & B <i>", text)


async def test_any_name_of_a_file_can_be_shown(bus: Bus, manners: Manners, clicks: list[Action]) -> None:
    """Control characters and half letters are refused by D-Bus; a name of a thousand letters by the eye."""
    names = ["a\x00\x1b[31mb\nc", "half \udcff letter", "x" * 1000, "\u202egpj.boot", ""]
    async with notification_service(bus.address, manners), notifying(bus.address, clicks) as notifier:
        for name in names:
            await notifier.show(Notification(name, name))
    assert [shown.title for shown in manners.shown] == [
        "a\ufffd\ufffd[31mb c",
        "half \ufffd letter",
        manners.shown[2].title,
        "\ufffdgpj.boot",
        "hotfolder",
    ]
    assert len(manners.shown[2].title) <= 150


async def test_a_service_without_actions_is_offered_none(
    bus: Bus, manners: Manners, clicks: list[Action]
) -> None:
    manners.capabilities = ["body"]
    async with notification_service(bus.address, manners), notifying(bus.address, clicks) as notifier:
        await notifier.show(BOOTS)
    assert list(manners.shown[0].actions) == []


async def test_one_of_the_same_key_replaces_the_one_before(
    bus: Bus, manners: Manners, clicks: list[Action]
) -> None:
    async with (
        notification_service(bus.address, manners) as service,
        notifying(bus.address, clicks) as notifier,
    ):
        await notifier.show(Notification("config.yaml is wrong", "Line 3.", key="config"))
        await notifier.show(BOOTS)
        await notifier.show(Notification("config.yaml is wrong", "Line 4.", key="config"))
        assert [shown.replaces for shown in manners.shown] == [0, 0, manners.shown[0].id]
        service.dismiss(manners.shown[0].id)
        await asyncio.sleep(0.1)
        await notifier.show(Notification("config.yaml is wrong", "Line 5.", key="config"))
    assert manners.shown[-1].replaces == 0


async def test_a_message_whose_cause_is_gone_is_taken_back(
    bus: Bus, manners: Manners, clicks: list[Action]
) -> None:
    async with notification_service(bus.address, manners), notifying(bus.address, clicks) as notifier:
        await notifier.show(BOOTS)
        await notifier.show(Notification("Out of credits", "Top up.", key="hold credits"))
        await notifier.withdraw("hold credits")
        await notifier.withdraw("hold credits")
        await notifier.withdraw("never shown")
        assert manners.taken_back == [manners.shown[1].id], "once, and nothing else"
        await notifier.show(Notification("Out of credits", "Top up.", key="hold credits"))
    assert manners.shown[-1].replaces == 0


async def test_taking_back_harms_nobody_where_the_service_hangs_or_is_gone(
    bus: Bus, manners: Manners, clicks: list[Action]
) -> None:
    async with notifying(bus.address, clicks, within_s=0.2) as notifier:
        async with notification_service(bus.address, manners):
            await notifier.show(Notification("Out of credits", "Top up.", key="hold credits"))
            manners.hangs = True
            await notifier.withdraw("hold credits")
        await notifier.withdraw("hold credits")
        await bus.end()
        await notifier.withdraw("hold credits")


async def test_desktop_notifier_takes_back_too(
    bus: Bus, manners: Manners, clicks: list[Action], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows and macOS; here it speaks to the same bus."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    screen = LibraryScreen()
    notifier = Notifier(clicks.append, screen=screen, within_s=LIMIT_S)
    async with notification_service(bus.address, manners):
        await notifier.show(Notification("Out of credits", "Top up.", key="hold credits"))
        await notifier.withdraw("hold credits")
        assert manners.taken_back == [manners.shown[0].id]
        await notifier.close()
        await end_library(screen)


# --- clicked --------------------------------------------------------------------------------------


async def test_a_click_does_what_that_notification_is_for(
    bus: Bus, manners: Manners, clicks: list[Action]
) -> None:
    async with (
        notification_service(bus.address, manners) as service,
        notifying(bus.address, clicks) as notifier,
    ):
        await notifier.show(BOOTS)
        await notifier.show(Notification("Sign in again", action=Action(Deed.SIGN_IN)))
        await notifier.show(Notification("Only told"))
        for shown in reversed(manners.shown):
            service.click(shown.id)
        await until(lambda: len(clicks) == 2)
        service.click(manners.shown[0].id)  # it is closed
        service.click(4711)  # another program's
        await notifier.show(BOOTS)
    assert clicks == [Action(Deed.SIGN_IN), OPEN]


async def test_a_click_that_goes_wrong_harms_nobody(
    bus: Bus, manners: Manners, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(action: Action) -> None:
        raise RuntimeError("no file manager")

    notifier = Notifier(fail, screen=BusScreen(address=bus.address), within_s=LIMIT_S)
    async with notification_service(bus.address, manners) as service:
        await notifier.show(BOOTS)
        service.click(manners.shown[0].id)
        await until(lambda: "could not be followed" in caplog.text)
        await notifier.show(BOOTS)
        await notifier.close()
    assert len(manners.shown) == 2


async def test_a_real_desktop_shows_it_and_hands_back_the_click(tmp_path: Path, clicks: list[Action]) -> None:
    if shutil.which("dunst") is None:
        pytest.skip("needs the package dunst")
    with Desktop(tmp_path) as desktop:
        dunst = await asyncio.create_subprocess_exec("dunst", env={**os.environ, **desktop.environment})
        person = await MessageBus(bus_address=desktop.bus).connect()
        try:
            async with notifying(desktop.bus, clicks) as notifier:
                await until_owned(person)
                await notifier.show(BOOTS)
                await ask_dunst(person, "NotificationAction", 0)
                await until(lambda: clicks == [OPEN])
        finally:
            person.disconnect()
            await person.wait_for_disconnect()  # type: ignore[no-untyped-call]
            dunst.terminate()
            await dunst.wait()


async def until_owned(person: MessageBus) -> None:
    end = time.monotonic() + LIMIT_S
    while await ask(person, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameHasOwner", "s", NAME) != [
        True
    ]:
        assert time.monotonic() < end, "dunst did not come"
        await asyncio.sleep(0.02)


async def ask_dunst(person: MessageBus, deed: str, number: int) -> None:
    """As `dunstctl` does it, and it does what a click does."""
    await ask(person, NAME, "org.dunstproject.cmd0", deed, "u", number)


async def ask(
    person: MessageBus, to: str, interface: str, member: str, signature: str, value: object
) -> list[object]:
    path = f"/{to.replace('.', '/')}"
    call = Message(
        destination=to, path=path, interface=interface, member=member, signature=signature, body=[value]
    )
    answer = await person.call(call)
    assert answer.message_type is MessageType.METHOD_RETURN, answer.body
    return list(answer.body)


# --- lost -----------------------------------------------------------------------------------------


async def test_without_a_service_it_is_said_once_and_nothing_leaks(
    bus: Bus, clicks: list[Action], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with notifying(bus.address, clicks) as notifier:
        await notifier.show(BOOTS)
        before = open_files()
        for _ in range(10):
            await notifier.show(BOOTS)
        assert open_files() <= before
    assert len(lost(caplog)) == 1
    assert "Notifications cannot be shown" in lost(caplog)[0]


@pytest.mark.parametrize("address", ["unix:path=/nowhere/at/all", "nonsense"])
async def test_without_a_bus_it_is_said_once(
    clicks: list[Action], caplog: pytest.LogCaptureFixture, address: str
) -> None:
    caplog.set_level(logging.INFO)
    async with notifying(address, clicks) as notifier:
        for _ in range(3):
            await notifier.show(BOOTS)
    assert len(lost(caplog)) == 1


async def test_without_any_session_it_is_said_once(
    clicks: list[Action], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server, or a service of the system."""
    caplog.set_level(logging.INFO)
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "HOME"):
        monkeypatch.delenv(name, raising=False)
    notifier = Notifier(clicks.append, screen=BusScreen(), within_s=LIMIT_S)
    for _ in range(3):
        await notifier.show(BOOTS)
    await notifier.close()
    assert len(lost(caplog)) == 1


async def test_a_bus_that_hangs_holds_up_nobody_for_long(
    tmp_path: Path, clicks: list[Action], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "bus"))
        listener.listen()
        async with notifying(f"unix:path={tmp_path}/bus", clicks, 0.3) as notifier, asyncio.timeout(LIMIT_S):
            await notifier.show(BOOTS)
            before = open_files()
            for _ in range(3):
                await notifier.show(BOOTS)
            assert open_files() <= before
    assert len(lost(caplog)) == 1


async def test_a_service_that_hangs_holds_up_nobody_for_long(
    bus: Bus, manners: Manners, clicks: list[Action], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    manners.hangs = True
    async with notification_service(bus.address, manners), notifying(bus.address, clicks, 0.5) as notifier:
        async with asyncio.timeout(LIMIT_S):
            for _ in range(3):
                await notifier.show(BOOTS)
        assert manners.asked == 3
        assert [line for line in lost(caplog) if "does not answer" in line] == lost(caplog)
        assert len(lost(caplog)) == 1
        manners.hangs = False
        await until_shown(notifier, manners)


async def until_shown(notifier: Notifier, manners: Manners) -> None:
    end = time.monotonic() + LIMIT_S
    before = len(manners.shown)
    while len(manners.shown) == before:
        assert time.monotonic() < end
        await notifier.show(BOOTS)


async def test_a_service_that_refuses_loses_one_and_shows_the_next(
    bus: Bus, manners: Manners, clicks: list[Action], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with (
        notification_service(bus.address, manners) as service,
        notifying(bus.address, clicks) as notifier,
    ):
        await notifier.show(BOOTS)
        manners.refuses = True
        await notifier.show(BOOTS)
        service.click(manners.shown[0].id)  # what was shown before can still be clicked
        await until(lambda: clicks == [OPEN])
        manners.refuses = False
        await notifier.show(BOOTS)
    assert len(manners.shown) == 2
    assert "too many" in lost(caplog)[0]


async def test_after_the_service_was_restarted_it_is_shown_and_clicked_there(
    bus: Bus, manners: Manners, clicks: list[Action]
) -> None:
    """Its ids begin anew: one of its own must not be taken for ours, nor another program's be replaced."""
    config = Notification("config.yaml is wrong", key="config", action=Action(Deed.SETTINGS))
    async with notifying(bus.address, clicks) as notifier:
        async with notification_service(bus.address, manners):
            await notifier.show(config)
        again = Manners()
        async with notification_service(bus.address, again) as service:
            service.click(manners.shown[0].id)
            await notifier.show(BOOTS)
            assert clicks == []
            await notifier.show(config)
            assert again.shown[1].replaces == 0
            service.click(again.shown[0].id)
            await until(lambda: clicks == [OPEN])


async def test_another_bus_after_the_first_has_died_is_used(
    tmp_path: Path, manners: Manners, clicks: list[Action]
) -> None:
    async with session_bus(tmp_path / "bus") as bus:
        screen = BusScreen(address=bus.address)
        notifier = Notifier(clicks.append, screen=screen, within_s=LIMIT_S)
        async with notification_service(bus.address, manners):
            await notifier.show(BOOTS)
            await bus.end()
            await until(lambda: screen._bus is not None and not screen._bus.connected)
    (tmp_path / "bus" / "bus").unlink(missing_ok=True)
    async with session_bus(tmp_path / "bus") as bus, notification_service(bus.address, manners) as service:
        await notifier.show(BOOTS)
        service.click(manners.shown[1].id)
        await until(lambda: clicks == [OPEN])
        await notifier.close()


def test_the_session_bus_is_found_where_systemd_puts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert found_bus() is None
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "bus"))
        assert found_bus() == f"unix:path={tmp_path}/bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/elsewhere")
    assert found_bus() == "unix:path=/elsewhere"


# --- the other systems ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "kind"),
    [("linux", BusScreen), ("freebsd14", BusScreen), ("win32", LibraryScreen), ("darwin", MacScreen)],
)
def test_each_system_has_its_way(platform: str, kind: type) -> None:
    assert type(screen_of(platform)) is kind


def test_no_library_is_loaded_before_something_is_shown() -> None:
    code = (
        "import sys; from hotfolder.adapters.notifier import Notifier; Notifier(print);"
        "print([m for m in ('dbus_fast', 'desktop_notifier') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_desktop_notifier_shows_and_hands_back_the_click(
    bus: Bus, manners: Manners, clicks: list[Action], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows and macOS; here it speaks to the same bus."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    screen = LibraryScreen()
    notifier = Notifier(clicks.append, screen=screen, within_s=LIMIT_S)
    async with notification_service(bus.address, manners) as service:
        await notifier.show(BOOTS)
        assert (manners.shown[0].title, manners.shown[0].text) == (BOOTS.title, BOOTS.text)
        service.click(manners.shown[0].id)
        await until(lambda: clicks == [OPEN])
        await notifier.close()
        await end_library(screen)


async def test_what_desktop_notifier_does_not_get_through_is_lost_without_noise(
    bus: Bus,
    manners: Manners,
    clicks: list[Action],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    manners.refuses = True
    screen = LibraryScreen()
    notifier = Notifier(clicks.append, screen=screen, within_s=LIMIT_S)
    async with notification_service(bus.address, manners):
        for _ in range(3):
            await notifier.show(BOOTS)
        await end_library(screen)
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.INFO] == [
        "Notifications cannot be shown (the system did not take it); everything else works as ever"
    ]


async def end_library(screen: LibraryScreen) -> None:
    """It has no way of its own to let go of its bus."""
    bus: MessageBus = screen._library._backend.bus  # type: ignore[union-attr]
    bus.disconnect()
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


@pytest.fixture
def osascript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name that writes down its arguments, and fails where they say so."""
    program, written = tmp_path / "osascript", tmp_path / "said"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{written}"\n'
        'case "$2" in *REFUSE*) echo "execution error: no" >&2; exit 1;; *HANG*) exec sleep 600;; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return written


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


async def test_a_python_on_macos_that_is_no_app_notifies_by_osascript(
    osascript: Path, clicks: list[Action]
) -> None:
    notifier = Notifier(clicks.append, screen=MacScreen(), within_s=LIMIT_S)
    await notifier.show(Notification('The "Boots" \\ batch', 'he said "a"'))
    await notifier.show(Notification("", "no title"))
    assert lines_of(osascript) == [
        "-e",
        r'display notification "he said \"a\"" with title "The \"Boots\" \\ batch"',
        "-e",
        'display notification "no title" with title "hotfolder"',
    ]


async def test_an_osascript_that_fails_or_hangs_or_is_not_there_is_said_once(
    osascript: Path, clicks: list[Action], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    notifier = Notifier(clicks.append, screen=ScriptScreen(), within_s=0.5)
    await notifier.show(Notification("REFUSE"))
    assert "execution error: no" in caplog.text
    await notifier.show(Notification("HANG"))
    monkeypatch.setenv("PATH", "/nowhere")
    await notifier.show(Notification("Nobody"))
    assert len(lost(caplog)) == 1
    with pytest.raises(FileNotFoundError):
        await ScriptScreen().show(Notification("Nobody"), clicks.append)


def test_applescript_is_quoted() -> None:
    assert quoted('a"b\\') == r'"a\"b\\"'


async def test_a_screen_says_why_it_could_not(bus: Bus, clicks: list[Action]) -> None:
    screen = BusScreen(address=bus.address)
    with pytest.raises(NotShown, match=r"org\.freedesktop\.Notifications"):
        await screen.show(BOOTS, clicks.append)
    await screen.close()
