"""Where no icon can be shown, that is said with the next step, and nothing else breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hotfolder.tray import panels
from hotfolder.tray.tray import NoTray, open_tray
from tests.tray.desktop import Desktop
from tests.tray.glances import glance
from tests.tray.puppet import Puppet
from tests.tray.watcher import Panel

Puppets = Callable[..., Puppet]


def test_without_a_desktop_it_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(NoTray) as none:
        open_tray(lambda _: None, lambda: None)
    assert none.value.title == "No icon in the tray: there is no desktop here."
    assert "hotfolder status" in none.value.advice


@pytest.mark.parametrize(
    ("desktop_name", "title", "advice"),
    [
        ("ubuntu:GNOME", "GNOME shows one only with an extension", "gnome-shell-extension-appindicator"),
        ("i3", "no panel of this desktop has one", "Add a tray"),
        ("", "no panel of this desktop has one", "Add a tray"),
    ],
)
def test_a_desktop_without_a_tray(
    desktop: Desktop, puppets: Puppets, desktop_name: str, title: str, advice: str
) -> None:
    puppet = puppets(patience_s=0.5, XDG_CURRENT_DESKTOP=desktop_name)
    puppet.show(glance())
    told_title, told_advice = puppet.heard("no tray")
    assert title in told_title
    assert advice in told_advice
    assert puppet.heard("end") == 0


async def test_a_panel_of_today_without_the_packages_for_it(desktop: Desktop, puppets: Puppets) -> None:
    async with Panel(desktop.bus):
        puppet = puppets(patience_s=0.5, PYSTRAY_BACKEND="xorg")
        title, advice = await asyncio.to_thread(puppet.heard, "no tray")
    assert "lacks the packages" in title
    assert "gir1.2-ayatanaappindicator3-0.1" in advice


def test_a_display_that_does_not_answer_is_no_desktop(desktop: Desktop, puppets: Puppets) -> None:
    puppet = puppets(patience_s=0.5, DISPLAY=":9999", DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent/bus")
    title, _ = puppet.heard("no tray")
    assert "no desktop here" in title
    assert puppet.heard("end") == 0


@pytest.mark.parametrize(
    "address",
    ["unix:path=/nonexistent/bus", "tcp:host=localhost,port=1", "nonsense", "unix:path=/dev/null"],
)
def test_a_bus_that_is_not_there_has_no_panel(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert not panels.takes_indicators()


def test_without_an_address_the_users_own_bus_is_asked(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(desktop.runtime))
    assert not panels.takes_indicators()


async def test_a_bus_has_a_panel_while_one_is_there(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.bus)
    assert not panels.takes_indicators()
    async with Panel(desktop.bus):
        assert await asyncio.to_thread(panels.takes_indicators)
    async with Panel(desktop.bus, has_host=False):
        assert not await asyncio.to_thread(panels.takes_indicators)
    assert not panels.takes_indicators()


def test_a_screen_has_a_panel_while_one_is_there(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", desktop.display)
    assert panels.has_x()
    assert not panels.takes_windows()
    desktop.start_panel()
    assert panels.takes_windows()
    desktop.stop_panel()
    assert not panels.takes_windows()
