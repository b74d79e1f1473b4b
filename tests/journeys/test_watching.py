"""Whatever silences the watcher within a running daemon: nothing is lost, nothing is sent twice, the person is told.

The rescan is an hour away in all of these, so what finds the images is never the safety net. What each failure does to
the watcher alone stands in tests/adapters/test_watcher.py.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers import inotify_c
from watchdog.observers.api import BaseObserver

from hotfolder.adapters.observer import Handler
from hotfolder.adapters.watcher import Watcher
from hotfolder.core.config import Watch
from hotfolder.daemon import Daemon
from tests.journeys.workshop import Workshop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills inotify's threads")

DIES = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
LONGEST_QUEUE = 50_000


@pytest.fixture(autouse=True)
def quick(workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The supervisor looks often and a polled folder is scanned often; nobody waits for real minutes."""
    workshop.folders[0] |= {"rescan": "1h", "watch": "auto"}
    monkeypatch.setattr("hotfolder.daemon.SUPERVISE_S", 0.1)
    monkeypatch.setattr("hotfolder.pipeline.intake.POLLING_S", 0.2)
    caplog.set_level(logging.INFO)


@asynccontextmanager
async def listening(workshop: Workshop) -> AsyncIterator[Daemon]:
    """A daemon that has proved to hear: its first image is delivered, its self-test done, and its folder quiet."""
    workshop.drop("first.jpg", seed=99)
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(1)
        await workshop.until(lambda: list(workshop.inside.iterdir()) == [workshop.inside / "first.jpg"])
        yield daemon


def inner(daemon: Daemon) -> BaseObserver:
    """watchdog's own observer."""
    observer = daemon._ears.watcher._observer
    assert observer is not None
    return observer._observer


def fail(*_: object) -> None:
    raise KeyError("as watchdog before 7.1 on tree copies")


def kill_dispatcher(daemon: Daemon, _: pytest.MonkeyPatch) -> Callable[[], bool]:
    dead = inner(daemon)
    dead.event_queue.put("nonsense")
    return dead.is_alive


def kill_reader(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    reader = inner(daemon)._inotify_fd  # type: ignore[attr-defined]
    monkeypatch.setattr(reader, "handle_event", fail)
    alive: Callable[[], bool] = reader.is_alive
    return alive


def kill_emitter(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    [emitter] = inner(daemon).emitters
    monkeypatch.setattr(emitter, "queue_events", fail)
    return emitter.is_alive


def longest_queue() -> int:
    return int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))


@DIES
@pytest.mark.parametrize("kill", [kill_dispatcher, kill_reader, kill_emitter])
async def test_a_thread_of_the_watcher_that_dies_is_replaced_and_what_came_meanwhile_is_found(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, kill: Callable[..., Callable[[], bool]]
) -> None:
    async with listening(workshop) as daemon:
        is_alive = kill(daemon, monkeypatch)
        workshop.drop("wakes it and is lost.jpg", seed=1)
        await workshop.until(lambda: not is_alive())
        workshop.drop("lost.jpg", seed=2)
        await workshop.until_delivered(3)
        workshop.drop("heard again.jpg", seed=3)
        await workshop.until_delivered(4)
        assert daemon._ears.watcher.mode_of("Studio") is Watch.EVENTS
    workshop.assert_once_and_whole()


async def test_images_whose_events_were_lost_to_a_full_queue_are_found(workshop: Workshop) -> None:
    room = longest_queue()
    if room > LONGEST_QUEUE:
        pytest.skip("the queue is too long to fill it in a test")
    async with listening(workshop) as daemon:
        with inner(daemon)._inotify_fd._lock:  # type: ignore[attr-defined]  # the reader waits
            for number in range(room):
                os.close(os.open(workshop.inside / f".{number}", os.O_CREAT | os.O_WRONLY))
            for number in range(3):
                workshop.drop(f"lost {number}.jpg", seed=number)
        await workshop.until_delivered(4)
        for hidden in workshop.inside.glob(".*"):
            hidden.unlink()
    workshop.assert_once_and_whole()


@pytest.mark.parametrize("most_watches", [0, 5])
async def test_above_the_systems_limit_of_watches_a_folder_is_polled_and_the_person_told(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, most_watches: int
) -> None:
    """As fs.inotify.max_user_watches does, which holds for the whole machine and so for every other test on it."""
    real = inotify_c.inotify_add_watch
    added: list[bytes] = []

    def add(descriptor: int, path: bytes, mask: int) -> Any:
        if len(added) >= most_watches:
            ctypes.set_errno(errno.ENOSPC)
            return -1
        added.append(path)
        return real(descriptor, path, mask)

    monkeypatch.setattr(inotify_c, "inotify_add_watch", add)
    for number in range(10):
        workshop.drop(f"{number}/a.jpg", seed=number)
    async with workshop.at_work() as daemon:
        await workshop.until_delivered(10)
        await workshop.until(lambda: "max_user_watches" in caplog.text)
        for number in range(10):
            workshop.drop(f"{number}/later.jpg", seed=100 + number)
        await workshop.until_delivered(20)
        assert daemon._ears.watcher.mode_of("Studio") is Watch.POLLING
    assert caplog.text.count("max_user_watches") == 1
    workshop.assert_once_and_whole()


async def test_without_an_inotify_instance_everything_is_polled_until_there_is_one(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> BaseObserver:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    with monkeypatch.context() as limited:
        limited.setattr("hotfolder.adapters.observer.Observer", refuse)
        async with workshop.at_work() as daemon:
            workshop.drop("a.jpg", seed=1)
            await workshop.until_delivered(1)
            await workshop.until(lambda: "max_user_instances" in caplog.text)
            workshop.drop("b.jpg", seed=2)
            await workshop.until_delivered(2)
            limited.undo()
            await workshop.until(lambda: daemon._ears.watcher.mode_of("Studio") is Watch.EVENTS)
            workshop.drop("c.jpg", seed=3)
            await workshop.until_delivered(3)
    assert caplog.text.count("max_user_instances") == 1
    workshop.assert_once_and_whole()


async def test_a_folder_deleted_and_made_again_is_watched_again(workshop: Workshop) -> None:
    async with listening(workshop):
        shutil.rmtree(workshop.inside)
        workshop.drop("early.jpg", seed=1)
        await workshop.until_delivered(2)
        workshop.drop("sub/later.jpg", seed=2)
        await workshop.until_delivered(3)
    assert len(workshop.sandbox.world.executions) == 3


async def test_a_folder_moved_away_and_replaced_is_watched_where_it_should_be(workshop: Workshop) -> None:
    """What is done at the old folder's new place concerns nobody, though its events still come."""
    elsewhere = workshop.root / "elsewhere"
    async with listening(workshop) as daemon:
        before = daemon._ears.watcher._folders["Studio"].watch
        workshop.inside.rename(elsewhere)
        workshop.drop("early.jpg", seed=1)
        await workshop.until_delivered(2)
        await workshop.until(lambda: daemon._ears.watcher._folders["Studio"].watch is not before)
        shutil.copy(elsewhere / "first.jpg", elsewhere / "wrong.jpg")
        workshop.drop("later.jpg", seed=2)
        await workshop.until_delivered(3)
    assert {image.path for image in workshop.images()} == {"first.jpg", "early.jpg", "later.jpg"}
    assert len(workshop.sandbox.world.executions) == 3


async def test_a_network_mount_is_recognised_and_polled(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another computer writes there gives no event: nothing is watched at all, and yet it is found."""
    mounts = [("/", "ext4"), (str(workshop.root), "cifs")]
    monkeypatch.setattr("hotfolder.adapters.mounts._mounts", lambda: mounts)
    async with workshop.at_work() as daemon:
        for number in range(3):
            workshop.drop(f"{number}.jpg", seed=number)
            await workshop.until_delivered(number + 1)
        assert daemon._ears.watcher.mode_of("Studio") is Watch.POLLING
        assert inner(daemon).emitters == set()
    workshop.assert_once_and_whole()


async def test_a_watcher_that_hears_nothing_is_found_out_replaced_by_polling_and_the_person_told(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = Watcher.self_test
    monkeypatch.setattr(Watcher, "self_test", lambda watcher, name: real(watcher, name, limit_s=0.3))
    monkeypatch.setattr(Handler, "dispatch", lambda *_: None)
    workshop.drop("first.jpg", seed=1)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: "does not report changes" in caplog.text)
        assert daemon._ears.watcher.mode_of("Studio") is Watch.POLLING
        workshop.drop("later.jpg", seed=2)
        await workshop.until_delivered(2)
    assert caplog.text.count("does not report changes") == 1
    workshop.assert_once_and_whole()


async def test_without_any_hint_the_rescan_finds_everything(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last net: deaf, and nobody has found out."""
    workshop.folders[0] |= {"rescan": "300ms"}
    monkeypatch.setattr(Watcher, "self_test", lambda *_: True)
    monkeypatch.setattr(Handler, "dispatch", lambda *_: None)
    async with workshop.at_work() as daemon:
        for number in range(3):
            workshop.drop(f"{number}.jpg", seed=number)
            await workshop.until_delivered(number + 1)
        assert daemon._ears.watcher.mode_of("Studio") is Watch.EVENTS
    workshop.assert_once_and_whole()
