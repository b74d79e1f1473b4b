"""What systemd is told, heard at a socket like its own."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotfolder.adapters.sd_notify import Systemd

LIMIT_S = 30.0


class Ear:
    """systemd's end of NOTIFY_SOCKET."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{variable[1:]}" if variable.startswith("@") else variable)
        self._socket.settimeout(LIMIT_S)

    def next(self) -> str:
        return self._socket.recv(4096).decode()

    def all(self) -> list[str]:
        """What has come so far."""
        heard = []
        self._socket.setblocking(False)
        try:
            while True:
                heard.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return heard
        finally:
            self._socket.settimeout(LIMIT_S)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ear]:
    name = (
        f"@hotfolder-{os.getpid()}-{tmp_path.name}"
        if request.param == "abstract"
        else str(tmp_path / "notify")
    )
    one = Ear(name)
    yield one
    one.close()


def test_each_thing_is_told_in_one_message(ear: Ear) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": ear.variable})
    systemd.ready()
    systemd.status("3 uploading\nWATCHDOG=trigger")
    systemd.stopping()
    assert ear.all() == ["READY=1", "STATUS=3 uploading WATCHDOG=trigger", "STOPPING=1"]


def test_the_variables_are_for_this_process_only(ear: Ear) -> None:
    environ = {"NOTIFY_SOCKET": ear.variable, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "7", "HOME": "/h"}
    Systemd(environ)
    assert environ == {"HOME": "/h"}


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_watchdog_is_kept_only_where_it_watches_this_process(
    variables: dict[str, str], seconds: float
) -> None:
    assert Systemd(dict(variables), process_id=7).watchdog_s == seconds


async def test_pings_come_while_the_loop_turns_and_none_while_it_hangs(ear: Ear) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": ear.variable, "WATCHDOG_USEC": "30000"})
    async with systemd.watching():
        heard = [await asyncio.to_thread(ear.next) for _ in range(6)]
        assert heard == ["READY=1", *["WATCHDOG=1"] * 5]
        ear.all()
        time.sleep(0.3)  # noqa: ASYNC251 - the hang
        assert ear.all() == []
        assert await asyncio.to_thread(ear.next) == "WATCHDOG=1"
    assert ear.all()[-1] == "STOPPING=1"


async def test_an_error_in_the_block_is_handed_on(ear: Ear) -> None:
    with pytest.raises(ValueError, match="oh"):
        async with Systemd({"NOTIFY_SOCKET": ear.variable}).watching():
            raise ValueError("oh")
    assert ear.all() == ["READY=1", "STOPPING=1"]


@pytest.mark.parametrize("variable", ["", "@", "relative", "vsock:2:1234", "/nowhere/notify"])
async def test_without_systemd_nothing_happens(variable: str) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": variable, "WATCHDOG_USEC": "1000"})
    async with systemd.watching():
        systemd.status("well")


def test_a_manager_that_does_not_listen_is_not_waited_for(ear: Ear) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": ear.variable})
    for _ in range(5000):
        systemd.ready()
    assert 0 < len(ear.all()) < 5000
