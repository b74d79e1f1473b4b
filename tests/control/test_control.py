"""The control API: only this user's programs on this computer are answered."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters.home import Home, find_home, sole_daemon
from hotfolder.control import client
from hotfolder.control.server import ControlServer
from hotfolder.errors import DaemonNotRunning, HotfolderError, LedgerUnusable


@dataclass
class Daemon:
    """Remembers what it was asked."""

    asked: list[list[str] | None] = field(default_factory=list)
    trouble: Exception | None = None
    pauses: list[tuple[str, str | None]] = field(default_factory=list)
    folders: list[str] = field(default_factory=lambda: ["Packshots"])
    config_problem: str | None = None
    is_given: bool = False
    told: list[str] = field(default_factory=list)

    async def pause(self, folder: str | None) -> None:
        self.pauses.append(("pause", folder))

    async def resume(self, folder: str | None) -> None:
        self.pauses.append(("resume", folder))

    async def fetch(self, execution_ids: Sequence[str], image_ids: Sequence[str]) -> int:
        self.told.append(f"fetch {', '.join([*execution_ids, *image_ids])}")
        return len(execution_ids) + len(image_ids)

    async def sign_out(self) -> bool:
        self.told.append("signed out")
        return self.is_given

    async def signed_in(self) -> None:
        self.told.append("signed in")

    def stop(self) -> None:
        self.told.append("stop")

    def settling(self) -> list[dict[str, Any]]:
        return [{"path": "grün.jpg"}]

    async def dismiss(self, ids: Sequence[str] | None) -> int:
        return await self.retry(ids)

    async def retry(self, ids: Sequence[str] | None) -> int:
        if self.trouble is not None:
            raise self.trouble
        self.asked.append(None if ids is None else list(ids))
        return 3


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return find_home(tmp_path)


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
async def running(daemon: Daemon, home: Home) -> AsyncIterator[ControlServer]:
    async with ControlServer(daemon, home) as server:
        yield server


async def test_the_client_pauses_and_resumes(running: ControlServer, home: Home, daemon: Daemon) -> None:
    await asyncio.to_thread(client.pause, home, None)
    await asyncio.to_thread(client.resume, home, "Packshots")
    assert daemon.pauses == [("pause", None), ("resume", "Packshots")]


async def test_the_client_asks_what_is_in_force(running: ControlServer, home: Home, daemon: Daemon) -> None:
    daemon.config_problem = "line 3: ..."
    settings = await asyncio.to_thread(client.settings, home)
    assert (settings.folders, settings.config_problem) == (["Packshots"], "line 3: ...")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"folder": 3}'])
async def test_a_body_that_names_no_folder_pauses_nothing(
    running: ControlServer, home: Home, daemon: Daemon, body: bytes
) -> None:
    assert await asyncio.to_thread(status_of, home, "/api/pause", body) == 400
    assert daemon.pauses == []


def status_of(home: Home, path: str, body: bytes | None = None, **headers: str) -> int:
    facts = json.loads(home.control.read_text())
    given = {"Authorization": f"Bearer {facts['token']}", **headers}
    request = urllib.request.Request(f"http://127.0.0.1:{facts['port']}{path}", body, given)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


async def test_the_client_asks_what_is_settling(running: ControlServer, home: Home) -> None:
    assert await asyncio.to_thread(client.settling, home) == [{"path": "grün.jpg"}]


@pytest.mark.parametrize("ids", [["a", "b"], [], None])
async def test_the_client_asks_to_dismiss(running: ControlServer, home: Home, ids: list[str] | None) -> None:
    assert await asyncio.to_thread(client.dismiss, home, ids) == 3


@pytest.mark.parametrize("ids", [["a", "b"], [], None])
async def test_the_client_asks_for_a_retry(
    running: ControlServer, home: Home, daemon: Daemon, ids: list[str] | None
) -> None:
    assert await asyncio.to_thread(client.retry, home, ids) == 3
    assert daemon.asked == [ids]


async def test_the_address_is_this_users_alone_and_goes_with_the_daemon(daemon: Daemon, home: Home) -> None:
    async with ControlServer(daemon, home):
        facts = json.loads(home.control.read_text())
        assert facts["pid"] == os.getpid()
        assert len(facts["token"]) > 30
        if os.name == "posix":
            assert stat.S_IMODE(home.control.stat().st_mode) == 0o600
    assert not home.control.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:80"}, 200),
        ({"Authorization": "Bearer guessed"}, 401),
        ({"Authorization": ""}, 401),
        ({"Host": "evil.example"}, 400),
        ({"Host": "127.0.0.1.evil.example:8383"}, 400),
    ],
)
async def test_only_who_knows_the_token_and_the_loopback_is_answered(
    running: ControlServer, home: Home, headers: dict[str, str], status: int
) -> None:
    assert await asyncio.to_thread(lambda: status_of(home, "/api/settling", None, **headers)) == status


@pytest.mark.parametrize("body", [b"", b"[]x", b'{"ids": 3}', b'{"ids": [3]}'])
async def test_a_body_that_makes_no_sense_retries_nothing(
    running: ControlServer, home: Home, daemon: Daemon, body: bytes
) -> None:
    assert await asyncio.to_thread(status_of, home, "/api/retry", body) == 400
    assert daemon.asked == []


async def test_the_daemons_own_trouble_is_told(running: ControlServer, home: Home, daemon: Daemon) -> None:
    daemon.trouble = LedgerUnusable("The disk is full.", "Make room.")
    with pytest.raises(HotfolderError, match=r"The disk is full\. Make room\.") as told:
        await asyncio.to_thread(client.retry, home, None)
    assert not isinstance(told.value, DaemonNotRunning)


@pytest.mark.parametrize("text", [None, "", "{}", '{"port": 1, "token": "x"}', "[1]"])
def test_without_a_daemon_that_answers_it_is_not_running(home: Home, text: str | None) -> None:
    if text is not None:
        home.control.write_text(text)
        home.control.chmod(0o600)
    with pytest.raises(DaemonNotRunning):
        client.settling(home)


async def test_a_home_that_cannot_be_written_does_not_stop_the_daemon(
    daemon: Daemon, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    home = find_home(tmp_path / "file")
    async with ControlServer(daemon, home):
        assert "Other commands cannot reach this daemon" in caplog.text


@pytest.mark.parametrize("is_given", [True, False])
async def test_the_client_signs_out_and_in_and_stops(daemon: Daemon, home: Home, is_given: bool) -> None:
    daemon.is_given = is_given
    with sole_daemon(home):
        async with ControlServer(daemon, home):
            assert await asyncio.to_thread(client.sign_out, home) is is_given
            await asyncio.to_thread(client.signed_in, home)
            assert await asyncio.to_thread(client.stop, home)
            assert client.process_id(home) == os.getpid()
    assert daemon.told == ["signed out", "signed in", "stop"]


def test_where_nothing_runs_there_is_nobody_to_tell(home: Home) -> None:
    assert client.sign_out(home) is None
    assert not client.stop(home)
    assert client.process_id(home) is None
    client.signed_in(home)


async def test_a_daemon_that_has_not_begun_to_listen_yet_is_waited_for(daemon: Daemon, home: Home) -> None:
    with sole_daemon(home):
        asking = asyncio.create_task(asyncio.to_thread(client.stop, home))
        await asyncio.sleep(0.3)
        async with ControlServer(daemon, home):
            assert await asking
    assert daemon.told == ["stop"]


async def test_the_client_fetches_results(running: ControlServer, home: Home, daemon: Daemon) -> None:
    assert await asyncio.to_thread(client.fetch, home, ["execution-1"], ["image-1"]) == 2
    assert daemon.told == ["fetch execution-1, image-1"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"executions": [], "images": 3}', b'{"images": []}'])
async def test_a_body_that_names_no_results_fetches_nothing(
    running: ControlServer, home: Home, daemon: Daemon, body: bytes
) -> None:
    assert await asyncio.to_thread(status_of, home, "/api/fetch", body) == 400
    assert daemon.told == []
