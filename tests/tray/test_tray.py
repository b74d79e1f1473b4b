"""The tray's own thread and its waiting, with a face that only notes what it is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from hotfolder.core.glance import Action, Deed, Mood
from hotfolder.tray import tray as tray_module
from hotfolder.tray.pace import Changes
from hotfolder.tray.tray import Face, NoTray, PystrayTray
from tests.tray.desktop import wait_for
from tests.tray.glances import glance


class Board:
    """A face."""

    def __init__(self, on_action: Callable[[Action], None], *, nudge_s: float | None = None) -> None:
        self.on_action = on_action
        self.nudge_s = nudge_s
        self.drawn: list[Changes] = []
        self.nudges = 0
        self.fails = 0
        self.gone = threading.Event()

    def run(self, setup: Callable[[Face], None]) -> None:
        beside = threading.Thread(target=setup, args=(self,), daemon=True)
        beside.start()
        self.gone.wait()
        self.beside = beside

    def draw(self, changes: Changes) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("no ink")
        self.drawn.append(changes)

    def nudge(self) -> None:
        self.nudges += 1

    def stop(self) -> None:
        self.gone.set()


class Room:
    """A system whose panel can be put up and taken away."""

    def __init__(self, *, nudge_s: float | None = None) -> None:
        self.has_panel = True
        self.screen = True
        self.nudge_s = nudge_s
        self.boards: list[Board] = []
        self.looks = 0

    def look(self) -> Callable[[Callable[[Action], None]], Face] | None:
        self.looks += 1
        return self._make if self.has_panel else None

    def _make(self, on_action: Callable[[Action], None]) -> Face:
        self.boards.append(Board(on_action, nudge_s=self.nudge_s))
        return self.boards[-1]

    def why_not(self) -> NoTray:
        return NoTray("No panel.", "Buy one.")

    def has_screen(self) -> bool:
        return self.screen

    def board(self, number: int = 0) -> Board:
        return wait_for("a board", lambda: self.boards[number] if len(self.boards) > number else None)


class Running:
    """A tray in a thread that plays the main thread."""

    def __init__(self, room: Room, patience_s: float = 0.0) -> None:
        self.actions: list[Action] = []
        self.ready = 0
        self.error: NoTray | None = None
        self.tray = PystrayTray(room, self._act, self._up, patience_s)
        self.main = threading.Thread(target=self._run, daemon=True)
        self.main.start()

    def _act(self, action: Action) -> None:
        if action.deed is Deed.QUIT:
            raise RuntimeError("the loop is closed")
        self.actions.append(action)

    def _up(self) -> None:
        self.ready += 1

    def _run(self) -> None:
        try:
            self.tray.run()
        except NoTray as none:
            self.error = none

    def ended(self) -> NoTray | None:
        self.main.join(60)
        assert not self.main.is_alive()
        return self.error


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tray_module, "LOOK_EVERY_S", 0.02)


def test_the_icon_comes_up_with_the_first_glance_and_not_before() -> None:
    room = Room()
    running = Running(room)
    board = room.board()
    assert (board.drawn, running.ready) == ([], 0)
    running.tray.show(glance(line="hello"))
    wait_for("the drawing", lambda: running.ready)
    assert [changes.line for changes in board.drawn] == ["hello"]
    running.tray.stop()
    assert running.ended() is None
    board.beside.join()


def test_a_thousand_glances_are_few_drawings_and_the_last_one_is_shown() -> None:
    room = Room()
    running = Running(room)
    for number in range(1000):
        running.tray.show(glance(line=f"{number} left"))
    board = room.board()
    wait_for("the last", lambda: board.drawn and board.drawn[-1].line == "999 left")
    running.tray.stop()
    running.ended()
    assert len(board.drawn) <= 3
    assert running.ready == 1


def test_stop_before_run_ends_it_at_once() -> None:
    room = Room()
    tray = PystrayTray(room, lambda _: None, lambda: None, 60)
    tray.stop()
    tray.stop()
    tray.run()
    assert room.boards == []


def test_stop_ends_the_waiting_for_a_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tray_module, "LOOK_EVERY_S", 3600)
    room = Room()
    room.has_panel = False
    running = Running(room, patience_s=3600)
    wait_for("a look", lambda: room.looks)
    running.tray.show(glance())
    running.tray.stop()
    assert running.ended() is None


def test_a_panel_that_comes_late_is_found() -> None:
    room = Room()
    room.has_panel = False
    running = Running(room, patience_s=3600)
    wait_for("some looks", lambda: room.looks > 3)
    room.has_panel = True
    room.board()
    running.tray.stop()
    assert running.ended() is None


def test_without_a_panel_it_gives_up_after_its_patience_and_says_why() -> None:
    room = Room()
    room.has_panel = False
    assert str(Running(room, patience_s=0.1).ended()) == "No panel. Buy one."


def test_a_panel_that_goes_away_is_waited_for_and_the_icon_comes_back_as_it_was() -> None:
    room = Room()
    running = Running(room)
    running.tray.show(glance(line="still here"))
    first = room.board()
    wait_for("the icon", lambda: first.drawn)
    room.has_panel = False
    first.gone.set()
    looks = room.looks
    wait_for("more looks", lambda: room.looks > looks + 3)
    room.has_panel = True
    second = room.board(1)
    wait_for("the icon again", lambda: second.drawn)
    assert second.drawn[0].line == "still here"
    running.tray.stop()
    assert running.ended() is None
    assert running.ready == 1


def test_it_ends_with_the_screen() -> None:
    room = Room()
    running = Running(room)
    board = room.board()
    room.screen = False
    board.gone.set()
    assert running.ended() is None


def test_a_face_that_breaks_ends_the_tray_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Room):
        def _make(self, on_action: Callable[[Action], None]) -> Face:
            raise RuntimeError("no hands")

    error = Running(Broken()).ended()
    assert isinstance(error, NoTray)
    assert "no hands" in caplog.text


def test_what_could_not_be_drawn_is_told_once_and_drawn_again(caplog: pytest.LogCaptureFixture) -> None:
    room = Room()
    running = Running(room)
    board = room.board()
    board.fails = 2
    with caplog.at_level(logging.ERROR):
        running.tray.show(glance(Mood.OFFLINE))
        wait_for("the drawing", lambda: board.drawn)
    assert caplog.text.count("could not be drawn") == 1
    assert board.drawn[0].menu is not None
    running.tray.stop()
    running.ended()


def test_a_click_is_handed_on_and_one_that_fails_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    room = Room()
    running = Running(room)
    board = room.board()
    board.on_action(Action(Deed.QUIT))
    board.on_action(Action(Deed.PAUSE, "Boots"))
    assert running.actions == [Action(Deed.PAUSE, "Boots")]
    assert "the loop is closed" in caplog.text
    running.tray.stop()
    running.ended()


def test_a_face_that_asks_for_it_is_nudged() -> None:
    room = Room(nudge_s=0.01)
    running = Running(room)
    board = room.board()
    wait_for("nudges", lambda: board.nudges > 3)
    running.tray.stop()
    running.ended()


def test_a_tray_at_rest_uses_no_time() -> None:
    room = Room()
    running = Running(room)
    running.tray.show(glance())
    wait_for("the icon", lambda: running.ready)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.1
    running.tray.stop()
    running.ended()
