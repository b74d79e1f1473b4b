"""Real folders, real watchdog (inotify here), and everything that can silence it."""

from __future__ import annotations

import ctypes
import errno
import itertools
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchdog.events import FileCreatedEvent
from watchdog.observers import inotify_c
from watchdog.observers.api import BaseObserver

from hotfolder.adapters.hints import Hint, HintBox
from hotfolder.adapters.observer import FolderObserver, Handler
from hotfolder.adapters.scanner import scan_folder
from hotfolder.adapters.watcher import Watcher
from hotfolder.core.config import Watch
from hotfolder.core.ignore import IgnoreRules
from hotfolder.core.naming import PART_PREFIX, part_name
from tests.adapters.disks import bindfs_mount

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills inotify's threads")

LIMIT_S = 30.0
DIES = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class Owner:
    """What the daemon is to the watcher: woken, it takes."""

    def __init__(self) -> None:
        self.awake = threading.Event()
        self.watcher = Watcher(self.awake.set, is_network=lambda _: False)
        self.heard: list[Hint] = []

    def until(self, condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        limit_at = time.monotonic() + limit_s
        while not condition():
            left_s = limit_at - time.monotonic()
            assert left_s > 0, f"not within {limit_s} s; heard: {self.heard[-20:]}"
            if self.awake.wait(min(left_s, 0.2)):
                self.awake.clear()
                self.heard += self.watcher.take()

    def hears(self, path: str | None, name: str = "A", closed: bool | None = None) -> Hint:
        """Waits for a hint for this path; everything heard up to then is forgotten afterwards."""

        def matching() -> list[Hint]:
            return [
                h
                for h in self.heard
                if (h.folder_name, h.path) == (name, path) and closed in (None, h.closed)
            ]

        self.until(lambda: bool(matching()))
        return matching()[-1]

    def forget(self) -> None:
        self.heard += self.watcher.take()
        self.awake.clear()
        self.heard.clear()

    def paths(self) -> set[str]:
        return {hint.path for hint in self.heard if hint.path is not None}

    @property
    def inner(self) -> BaseObserver:
        """watchdog's own observer."""
        assert self.watcher._observer is not None
        return self.watcher._observer._observer


@pytest.fixture
def owner() -> Iterator[Owner]:
    owner = Owner()
    owner.watcher.start()
    yield owner
    owner.watcher.stop()


@pytest.fixture
def root(tmp_path: Path, owner: Owner) -> Path:
    """A hot folder named A, watched and quiet."""
    root = tmp_path / "in"
    root.mkdir()
    owner.watcher.watch("A", root, Watch.EVENTS)
    owner.hears(None)
    owner.forget()
    return root


def still_hears(owner: Owner, root: Path) -> None:
    owner.forget()
    (root / "proof.jpg").write_bytes(b"x")
    owner.hears("proof.jpg")


# -- what is heard


def test_a_written_file_is_heard_and_then_that_it_was_closed(root: Path, owner: Owner) -> None:
    with (root / "a.jpg").open("wb") as file:
        file.write(b"x")
        file.flush()
        assert not owner.hears("a.jpg").closed
        owner.forget()
        file.write(b"y")
        file.flush()
        assert not owner.hears("a.jpg").closed
    owner.hears("a.jpg", closed=True)


def test_a_file_written_under_another_name_and_renamed_is_heard_as_closed(root: Path, owner: Owner) -> None:
    (root / ".a.jpg.Xy12Zz").write_bytes(b"x")
    (root / ".a.jpg.Xy12Zz").rename(root / "a.jpg")
    assert owner.hears("a.jpg").closed
    assert owner.paths() == {"a.jpg"}


def test_a_file_moved_or_linked_in_is_heard(root: Path, owner: Owner, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    os.link(tmp_path / "a.jpg", root / "linked.jpg")
    (tmp_path / "a.jpg").rename(root / "moved.jpg")
    owner.hears("linked.jpg")
    owner.hears("moved.jpg")


def test_a_file_in_a_deep_new_subfolder_is_heard(root: Path, owner: Owner) -> None:
    deep = root / "Boots 224" / "Frühling #1%"
    deep.mkdir(parents=True)
    (deep / "ä b.jpg").write_bytes(b"x")
    owner.hears("Boots 224/Frühling #1%/ä b.jpg")
    owner.hears(None)


def test_a_folder_moved_in_asks_for_a_scan_and_is_watched(root: Path, owner: Owner, tmp_path: Path) -> None:
    (tmp_path / "Boots").mkdir()
    (tmp_path / "Boots" / "old.jpg").write_bytes(b"x")
    (tmp_path / "Boots").rename(root / "Boots")
    owner.hears(None)
    owner.forget()
    (root / "Boots" / "new.jpg").write_bytes(b"x")
    owner.hears("Boots/new.jpg")


def test_a_folder_renamed_inside_asks_for_a_scan_and_is_heard_under_its_new_name(
    root: Path, owner: Owner
) -> None:
    (root / "Boots").mkdir()
    owner.hears(None)
    owner.forget()
    (root / "Boots").rename(root / "Boots 224")
    owner.hears(None)
    (root / "Boots 224" / "a.jpg").write_bytes(b"x")
    owner.hears("Boots 224/a.jpg")


def test_of_a_copied_tree_of_fifty_folders_with_twenty_files_each_is_heard(
    root: Path, owner: Owner, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    for folder in range(50):
        (source / f"{folder}").mkdir(parents=True)
        for file in range(20):
            (source / f"{folder}" / f"{file}.jpg").write_bytes(b"x" * 100)
    shutil.copytree(source, root / "copy")
    wanted = {f"copy/{folder}/{file}.jpg" for folder in range(50) for file in range(20)}
    owner.until(lambda: wanted <= owner.paths())
    assert set(scan_folder(root, IgnoreRules()).files) == wanted


def test_reading_a_file_wakes_nobody(root: Path, owner: Owner) -> None:
    (root / "a.jpg").write_bytes(b"x")
    owner.hears("a.jpg", closed=True)
    owner.forget()
    for _ in range(20):
        (root / "a.jpg").read_bytes()
    (root / "z.jpg").write_bytes(b"x")
    owner.hears("z.jpg", closed=True)
    assert owner.paths() == {"z.jpg"}


def test_part_files_and_hidden_files_wake_nobody(root: Path, owner: Owner) -> None:
    (root / part_name("1")).write_bytes(b"x")
    (root / ".DS_Store").write_bytes(b"x")
    (root / ".cache").mkdir()
    (root / "a.jpg.tmp").write_bytes(b"x")
    (root / "z.jpg").write_bytes(b"x")
    owner.hears("z.jpg", closed=True)
    assert [hint for hint in owner.heard if hint.path != "z.jpg"] == []


def test_a_root_that_is_a_link_is_heard(owner: Owner, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    owner.watcher.watch("A", tmp_path / "link", Watch.EVENTS)
    (tmp_path / "real" / "a.jpg").write_bytes(b"x")
    owner.hears("a.jpg")


def test_every_folder_hears_only_its_own(root: Path, owner: Owner, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    owner.watcher.watch("B", tmp_path / "other", Watch.EVENTS)
    (tmp_path / "other" / "b.jpg").write_bytes(b"x")
    owner.hears("b.jpg", name="B")
    (root / "a.jpg").write_bytes(b"x")
    owner.hears("a.jpg", name="A")
    assert {(hint.folder_name, hint.path) for hint in owner.heard if hint.path} == {
        ("A", "a.jpg"),
        ("B", "b.jpg"),
    }


def test_a_folder_that_is_let_go_is_no_longer_heard(root: Path, owner: Owner, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    owner.watcher.watch("B", tmp_path / "other", Watch.EVENTS)
    owner.watcher.unwatch("A")
    owner.forget()
    (root / "a.jpg").write_bytes(b"x")
    (tmp_path / "other" / "b.jpg").write_bytes(b"x")
    owner.hears("b.jpg", name="B", closed=True)
    assert {hint.folder_name for hint in owner.heard} == {"B"}


# -- what is lost, and what dies


def test_events_lost_to_a_full_queue_end_in_a_scan(root: Path, owner: Owner) -> None:
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if room > 50_000:
        pytest.skip("the queue is too long to fill it in a test")
    with owner.inner._inotify_fd._lock:  # type: ignore[attr-defined]  # the reader waits
        for number in range(room):
            os.close(os.open(root / f"{number}.jpg", os.O_CREAT | os.O_WRONLY))
    owner.hears(None)
    fresh = (root / f"fresh {number}.jpg" for number in itertools.count())
    owner.until(lambda: next(fresh).write_bytes(b"x") == 1 and any("fresh" in path for path in owner.paths()))
    owner.forget()
    owner.watcher.check()
    owner.hears(None)  # what came while watchdog renewed its watches
    owner.forget()
    owner.watcher.check()
    assert Hint("A", None) not in owner.watcher.take()


def test_a_folder_registered_twice_as_on_tree_copies_does_not_kill_the_reader(
    root: Path, owner: Owner
) -> None:
    [emitter] = owner.inner.emitters
    group = emitter._inotify  # type: ignore[attr-defined]
    group._add_callback(os.fsencode(root))  # a RuntimeWarning, which is an error in tests
    still_hears(owner, root)


@DIES
def test_a_dead_dispatcher_is_replaced_and_its_folders_scanned(root: Path, owner: Owner) -> None:
    dead = owner.inner
    dead.event_queue.put("nonsense")
    owner.until(lambda: not dead.is_alive())
    owner.watcher.check()
    owner.hears(None)
    assert owner.inner is not dead
    still_hears(owner, root)


@DIES
def test_a_dead_inotify_reader_is_replaced_and_its_folders_scanned(
    root: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = owner.inner._inotify_fd  # type: ignore[attr-defined]

    def fail(_: object) -> None:
        raise KeyError("as watchdog before 7.1 on tree copies")

    monkeypatch.setattr(reader, "handle_event", fail)
    (root / "a.jpg").write_bytes(b"x")
    owner.until(lambda: not reader.is_alive())
    owner.watcher.check()
    owner.hears(None)
    still_hears(owner, root)


@DIES
def test_a_dead_emitter_is_replaced_and_only_its_folder_scanned(
    root: Path, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    owner.watcher.watch("B", tmp_path / "other", Watch.EVENTS)
    owner.hears(None, name="B")
    owner.forget()
    [emitter] = [emitter for emitter in owner.inner.emitters if emitter.watch.path == str(root)]

    def fail(_: float) -> None:
        raise RuntimeError("dies")

    monkeypatch.setattr(emitter, "queue_events", fail)
    (root / "a.jpg").write_bytes(b"x")
    owner.until(lambda: not emitter.is_alive())
    owner.watcher.check()
    owner.hears(None)
    assert Hint("B", None) not in owner.heard
    still_hears(owner, root)


def test_a_handler_that_fails_says_so_once_asks_for_a_scan_and_lives_on(
    root: Path, owner: Owner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a name nobody thought of")

    with monkeypatch.context() as failing, caplog.at_level(logging.ERROR):
        failing.setattr(Handler, "_relative", fail)
        for name in ("a.jpg", "b.jpg"):
            (root / name).write_bytes(b"x")
            owner.hears(None)
            owner.forget()
    assert len([record for record in caplog.records if "not understood" in record.message]) == 1
    assert owner.inner.is_alive()


def test_an_event_from_somewhere_else_asks_for_a_scan() -> None:
    box = HintBox(lambda: None)
    Handler("A", "/in", box).dispatch(FileCreatedEvent("/inside/a.jpg"))
    assert box.take() == [Hint("A", None)]


def test_a_path_in_another_unicode_form_is_understood() -> None:
    box = HintBox(lambda: None)
    Handler("A", "/Fru\u0308hling", box).dispatch(FileCreatedEvent("/Fr\u00fchling/a.jpg"))
    assert box.take() == [Hint("A", "a.jpg")]


# -- roots that go, come and are exchanged


def test_a_root_deleted_and_made_again_is_watched_again(root: Path, owner: Owner) -> None:
    shutil.rmtree(root)
    owner.hears(None)
    owner.watcher.check()
    owner.forget()
    root.mkdir()
    (root / "early.jpg").write_bytes(b"x")
    owner.watcher.check()
    owner.hears(None)
    still_hears(owner, root)


def test_a_root_deleted_and_made_again_between_two_checks_is_watched_again(root: Path, owner: Owner) -> None:
    shutil.rmtree(root)
    owner.hears(None)
    root.mkdir()
    owner.until(lambda: not all(emitter.is_alive() for emitter in owner.inner.emitters))
    owner.watcher.check()
    still_hears(owner, root)


def test_a_root_moved_away_and_replaced_is_watched_where_it_should_be(
    root: Path, owner: Owner, tmp_path: Path
) -> None:
    root.rename(tmp_path / "elsewhere")
    root.mkdir()
    owner.watcher.check()
    owner.hears(None)
    owner.forget()
    (tmp_path / "elsewhere" / "wrong.jpg").write_bytes(b"x")
    still_hears(owner, root)
    assert owner.paths() == {"proof.jpg"}


def test_a_link_that_points_to_another_drive_is_watched_there(owner: Owner, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "first", target_is_directory=True)
    owner.watcher.watch("A", link, Watch.EVENTS)
    link.unlink()
    link.symlink_to(tmp_path / "second", target_is_directory=True)
    owner.watcher.check()
    still_hears(owner, tmp_path / "second")


def test_a_root_that_goes_away_asks_for_one_scan_and_not_for_one_every_check(
    root: Path, owner: Owner
) -> None:
    root.rename(root.with_name("away"))
    owner.watcher.check()
    owner.hears(None)
    owner.forget()
    for _ in range(3):
        owner.watcher.check()
    assert owner.watcher.take() == []


def test_a_root_that_is_missing_at_the_start_is_found_when_it_comes(owner: Owner, tmp_path: Path) -> None:
    owner.watcher.watch("A", tmp_path / "later", Watch.AUTO)
    owner.watcher.check()
    owner.forget()
    (tmp_path / "later").mkdir()
    owner.watcher.check()
    owner.hears(None)
    still_hears(owner, tmp_path / "later")


def test_one_missing_root_does_not_take_down_the_others(root: Path, owner: Owner, tmp_path: Path) -> None:
    owner.watcher.watch("B", tmp_path / "missing", Watch.EVENTS)
    (tmp_path / "file").touch()
    owner.watcher.watch("C", tmp_path / "file", Watch.EVENTS)
    owner.watcher.check()
    still_hears(owner, root)


def test_a_quiet_check_asks_for_nothing(root: Path, owner: Owner) -> None:
    assert owner.watcher.check() == []
    assert owner.watcher.take() == []
    assert owner.watcher.mode_of("A") is Watch.EVENTS


# -- limits, network mounts and deafness


def limit_watches(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """As the kernel does above fs.inotify.max_user_watches, which a test cannot set without being root."""
    real = inotify_c.inotify_add_watch
    added: list[bytes] = []

    def add(fd: int, path: bytes, mask: int) -> Any:
        if len(added) >= limit:
            ctypes.set_errno(errno.ENOSPC)
            return -1
        added.append(path)
        return real(fd, path, mask)

    monkeypatch.setattr(inotify_c, "inotify_add_watch", add)


def test_a_root_above_the_limit_of_watches_is_polled_with_a_word_for_the_person(
    root: Path, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_watches(monkeypatch, 0)
    (tmp_path / "other").mkdir()
    owner.watcher.watch("B", tmp_path / "other", Watch.EVENTS)
    assert owner.watcher.mode_of("B") is Watch.POLLING
    [notice] = owner.watcher.check()
    assert notice.folder_name == "B"
    assert "max_user_watches" in notice.advice
    assert owner.watcher.mode_of("A") is Watch.EVENTS
    still_hears(owner, root)


def test_subfolders_silently_left_unwatched_are_found_out(
    owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        (tmp_path / "in" / f"{number}").mkdir(parents=True)
    limit_watches(monkeypatch, 5)
    owner.watcher.watch("A", tmp_path / "in", Watch.EVENTS)
    assert owner.watcher.notices == []
    owner.watcher.saw_folders("A", scan_folder(tmp_path / "in", IgnoreRules()).folders)
    [notice] = owner.watcher.notices
    assert "5 of 11" in notice.title
    assert owner.watcher.mode_of("A") is Watch.POLLING


class Late:
    """inotify as a slow file system shows it: whatever watchdog's own threads want watched has to wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.let_through = threading.Event()
        self._real = inotify_c.inotify_add_watch
        monkeypatch.setattr(inotify_c, "inotify_add_watch", self._add)

    def _add(self, descriptor: int, path: bytes, mask: int) -> Any:
        if threading.current_thread() is not threading.main_thread():
            self.let_through.wait(LIMIT_S)
        return self._real(descriptor, path, mask)


def _with_subfolders(root: Path, number: int) -> int:
    for index in range(number):
        (root / str(index)).mkdir(parents=True)
    return number + 1


def test_watches_that_come_late_are_waited_for_without_a_word(
    root: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mergerfs, bindfs, kio: each watch takes its time, and none of them is refused."""
    monkeypatch.setattr("hotfolder.adapters.watcher._CATCH_UP_S", 0.1)
    late = Late(monkeypatch)
    count = _with_subfolders(root, 30)
    try:
        for _ in range(3):
            owner.watcher.saw_folders("A", count)
            assert owner.watcher.notices == []
    finally:
        late.let_through.set()
    owner.until(lambda: owner.watcher._watched_folders(owner.watcher._folders["A"]) == count)
    owner.watcher.saw_folders("A", count)
    assert (owner.watcher.notices, owner.watcher.mode_of("A")) == ([], Watch.EVENTS)
    (root / "17" / "late.jpg").write_bytes(b"x")
    owner.hears("17/late.jpg")


def test_as_long_as_watches_are_missing_the_folder_is_scanned_again_and_again(
    root: Path, owner: Owner
) -> None:
    """And once more when all of them are there, as nobody knows what came before the last one."""
    count = _with_subfolders(root, 3)
    owner.watcher.saw_folders("A", count + 1)
    for _ in range(2):
        owner.forget()
        owner.watcher.check()
        owner.hears(None)
    owner.forget()
    owner.watcher.saw_folders("A", count)
    owner.hears(None)
    owner.forget()
    owner.watcher.check()
    assert owner.watcher.take() == []
    assert owner.watcher.notices == []


def test_watches_that_never_come_end_in_polling_and_the_limit_is_not_blamed(
    root: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotfolder.adapters.watcher._CATCH_UP_S", 0.1)
    monkeypatch.setattr("hotfolder.adapters.watcher._PATIENCE_S", 0.0)
    owner.watcher.saw_folders("A", 9)
    (notice,) = owner.watcher.notices
    assert "only 1 of 9 folders" in notice.title
    assert "max_user_watches" not in notice.advice
    assert owner.watcher.mode_of("A") is Watch.POLLING


def test_a_tree_on_bindfs_is_watched_without_a_word(owner: Owner, tmp_path: Path) -> None:
    count = _with_subfolders(tmp_path / "real", 200)
    with bindfs_mount(tmp_path / "real", tmp_path / "in"):
        owner.watcher.watch("A", tmp_path / "in", Watch.EVENTS)
        assert scan_folder(tmp_path / "in", IgnoreRules()).folders == count
        owner.watcher.saw_folders("A", count)
        owner.until(lambda: owner.watcher._watched_folders(owner.watcher._folders["A"]) == count)
        owner.watcher.saw_folders("A", count)
        assert (owner.watcher.notices, owner.watcher.mode_of("A")) == ([], Watch.EVENTS)
        (tmp_path / "in" / "17" / "new.jpg").write_bytes(b"x")
        owner.hears("17/new.jpg")
        owner.watcher.unwatch("A")


def test_as_many_watched_folders_as_scanned_ones_are_no_reason_for_a_word(root: Path, owner: Owner) -> None:
    for number in range(200):
        (root / f"{number}").mkdir()
    owner.watcher.saw_folders("A", scan_folder(root, IgnoreRules()).folders)
    assert owner.watcher.notices == []
    assert owner.watcher.mode_of("A") is Watch.EVENTS


def test_without_an_observer_everything_is_polled_until_there_is_one(tmp_path: Path) -> None:
    allowed = threading.Event()

    def make() -> FolderObserver:
        if not allowed.is_set():
            raise OSError(errno.EMFILE, "inotify instance limit reached")
        return FolderObserver()

    owner = Owner()
    owner.watcher = Watcher(owner.awake.set, make_observer=make)
    owner.watcher.watch("A", tmp_path, Watch.AUTO)
    owner.watcher.start()
    try:
        owner.hears(None)
        assert owner.watcher.mode_of("A") is Watch.POLLING
        [notice] = owner.watcher.check()
        assert notice.folder_name is None
        assert "max_user_instances" in notice.advice
        allowed.set()
        assert owner.watcher.check() == []
        assert owner.watcher.mode_of("A") is Watch.EVENTS
        still_hears(owner, tmp_path)
    finally:
        owner.watcher.stop()


@pytest.mark.parametrize(
    ("wish", "mode"),
    [(Watch.AUTO, Watch.POLLING), (Watch.EVENTS, Watch.EVENTS), (Watch.POLLING, Watch.POLLING)],
)
def test_a_network_mount_is_polled_unless_events_are_asked_for(
    wish: Watch, mode: Watch, tmp_path: Path
) -> None:
    watcher = Watcher(lambda: None, is_network=lambda _: True)
    watcher.start()
    try:
        watcher.watch("A", tmp_path, wish)
        assert watcher.mode_of("A") is mode
        assert watcher.check() == []
        assert watcher.mode_of("A") is mode
    finally:
        watcher.stop()


def test_a_polled_folder_is_never_given_to_watchdog(owner: Owner, tmp_path: Path) -> None:
    owner.watcher.watch("A", tmp_path, Watch.POLLING)
    owner.watcher.check()
    assert owner.inner.emitters == set()
    assert owner.watcher.self_test("A") is True


def test_a_watcher_that_hears_passes_its_self_test_and_leaves_nothing_behind(
    root: Path, owner: Owner
) -> None:
    (root / part_name("self-test-of-a-crashed-life")).touch()
    assert owner.watcher.self_test("A", limit_s=LIMIT_S) is True
    assert list(root.iterdir()) == []
    assert owner.watcher.mode_of("A") is Watch.EVENTS
    assert owner.watcher.take() == []


@pytest.mark.parametrize(("wish", "mode"), [(Watch.AUTO, Watch.POLLING), (Watch.EVENTS, Watch.EVENTS)])
def test_a_deaf_watcher_is_found_out_and_the_person_told(
    wish: Watch, mode: Watch, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "dispatch", lambda *_: None)
    owner.watcher.watch("A", tmp_path, wish)
    assert owner.watcher.self_test("A", limit_s=0.3) is False
    assert owner.watcher.mode_of("A") is mode
    [notice] = owner.watcher.check()
    assert "does not report" in notice.title
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(PART_PREFIX)]


def test_a_folder_that_cannot_be_written_to_is_not_called_deaf(root: Path, owner: Owner) -> None:
    root.rename(root.with_name("away"))
    assert owner.watcher.self_test("A") is True
    assert owner.watcher.notices == []


# -- start and stop


def test_folders_taken_in_before_the_start_are_watched_and_scanned_from_it_on(tmp_path: Path) -> None:
    owner = Owner()
    owner.watcher.watch("A", tmp_path, Watch.AUTO)
    owner.watcher.start()
    owner.watcher.start()
    try:
        owner.hears(None)
        still_hears(owner, tmp_path)
    finally:
        owner.watcher.stop()


def test_after_a_stop_no_thread_and_no_log_handler_is_left(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    handlers = list(logging.getLogger("watchdog.observers").handlers)
    owner = Owner()
    owner.watcher.start()
    owner.watcher.watch("A", tmp_path, Watch.EVENTS)
    owner.watcher.stop()
    owner.watcher.stop()
    owner.until(lambda: set(threading.enumerate()) <= before)
    assert logging.getLogger("watchdog.observers").handlers == handlers
    assert owner.watcher.check() == []


def test_a_stopped_watcher_can_be_started_again(root: Path, owner: Owner) -> None:
    owner.watcher.stop()
    owner.forget()
    owner.watcher.start()
    owner.hears(None)
    still_hears(owner, root)
