"""The letter box between watcher and owner."""

from __future__ import annotations

import threading

from hotfolder.adapters.hints import Hint, HintBox


class Bell:
    rings = 0

    def __call__(self) -> None:
        self.rings += 1


def test_many_hints_wake_the_owner_once_until_they_are_taken() -> None:
    bell = Bell()
    box = HintBox(bell)
    for number in range(10):
        box.put("A", f"{number}.jpg")
    assert bell.rings == 1
    assert len(box.take()) == 10
    box.put("A", "new.jpg")
    assert bell.rings == 2


def test_the_last_event_of_a_path_tells_whether_it_was_closed() -> None:
    box = HintBox(Bell())
    box.put("A", "a.jpg", closed=False)
    box.put("A", "a.jpg", closed=True)
    box.put("A", "b.jpg", closed=True)
    box.put("A", "b.jpg", closed=False)
    assert box.take() == [Hint("A", "a.jpg", True), Hint("A", "b.jpg", False)]
    assert box.take() == []


def test_a_scan_of_the_folder_comes_first_and_keeps_what_is_known_of_its_files() -> None:
    box = HintBox(Bell())
    box.put("A", "a.jpg", closed=True)
    box.put("A", None)
    assert box.take() == [Hint("A", None), Hint("A", "a.jpg", True)]


def test_too_many_paths_of_a_folder_become_a_scan_of_it() -> None:
    box = HintBox(Bell(), max_paths=100)
    box.put("B", "b.jpg")
    for number in range(100_000):
        box.put("A", f"{number}.jpg")
    hints = box.take()
    assert Hint("A", None) in hints
    assert Hint("B", "b.jpg") in hints
    assert len(hints) <= 102


def test_a_folder_that_is_no_longer_watched_is_forgotten() -> None:
    box = HintBox(Bell())
    box.put("A", "a.jpg")
    box.put("B", "b.jpg")
    box.forget("A")
    assert box.take() == [Hint("B", "b.jpg")]


def test_an_owner_whose_loop_is_closed_harms_nobody() -> None:
    def closed() -> None:
        raise RuntimeError("Event loop is closed")

    box = HintBox(closed)
    box.put("A", "a.jpg")
    assert len(box.take()) == 1


def test_no_hint_is_lost_between_threads_and_no_wake_up_either() -> None:
    awake = threading.Event()
    box = HintBox(awake.set)
    heard: set[str] = set()

    def send(sender: int) -> None:
        for number in range(2_000):
            box.put("A", f"{sender}/{number}.jpg")

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in senders:
        thread.start()
    while len(heard) < 8_000:
        assert awake.wait(10)
        awake.clear()
        for hint in box.take():
            if hint.path is None:  # too many: a scan would find them all
                heard.update(f"{sender}/{number}.jpg" for sender in range(4) for number in range(2_000))
            else:
                heard.add(hint.path)
    for thread in senders:
        thread.join()
