"""`hotfolder fetch`: paid results once more, with a running hotfolder and without one; and what `check` says of them."""

from __future__ import annotations

import shutil

import pytest

from hotfolder.sandbox import Sandbox
from tests.cli.person import Person, wait_until


@pytest.fixture
def moved(person: Person) -> Person:
    """Three images were paid for; then the memory was lost, and one picture with it."""
    for name in ("a.jpg", "b.jpg", "Boots/lost.jpg"):
        person.save(name)
    assert person.types("run", "--once").code == 0
    for path in person.home.glob("ledger.sqlite*"):
        path.unlink()
    shutil.rmtree(person.inbox / "Boots")
    shutil.rmtree(person.outbox)
    assert person.types("run", "--once").code == 0
    return person


def test_without_a_name_it_lists_what_is_not_here_and_check_says_so(moved: Person) -> None:
    (lost,) = moved.types("fetch", "--json").json
    assert (lost["path"], lost["status"]) == ("Boots/lost.jpg", "COMPLETED")
    listing = moved.types("fetch").out
    assert "Boots/lost.jpg" in listing
    assert "free of charge" in listing
    checked = moved.types("check")
    assert checked.code == 0
    assert "1 paid picture is not here: Boots/lost.jpg" in checked.out
    assert "hotfolder fetch --all" in checked.out


@pytest.mark.parametrize("typed", [("--all",), ("lost.jpg",), ("Boots",), ("Boots/lost.jpg",)])
def test_without_a_daemon_it_is_fetched_at_the_next_start(
    moved: Person, sandbox: Sandbox, typed: tuple[str, ...]
) -> None:
    answer = moved.types("fetch", *typed)
    assert answer.code == 0
    assert "1 result is fetched at the next start" in answer.out
    assert moved.types("run", "--once").code == 0
    assert (moved.outbox / "Boots" / "lost.jpg").exists()
    assert len(sandbox.world.executions) == 3
    assert "nothing to fetch" in moved.types("fetch").out


def test_a_running_hotfolder_fetches_at_once(moved: Person, sandbox: Sandbox) -> None:
    with moved.running():
        assert moved.types("fetch", "--all").out == "1 result is fetched, free of charge.\n"
        wait_until((moved.outbox / "Boots" / "lost.jpg").exists)
    assert len(sandbox.world.executions) == 3


def test_a_delivered_result_that_was_deleted_comes_once_more(moved: Person, sandbox: Sandbox) -> None:
    result = (moved.outbox / "a.jpg").read_bytes()
    (moved.outbox / "a.jpg").unlink()
    assert "1 result is fetched" in moved.types("fetch", "a.jpg").out
    assert moved.types("run", "--once").code == 0
    assert (moved.outbox / "a.jpg").read_bytes() == result
    assert len(sandbox.world.executions) == 3


def test_a_name_that_means_nothing_is_told(moved: Person) -> None:
    answer = moved.types("fetch", "nothing.jpg")
    assert (answer.code, answer.out) == (2, "")
    assert "no paid result of nothing.jpg" in answer.err


def test_an_ignored_result_is_sent_when_a_person_names_it_and_not_with_all(
    person: Person, sandbox: Sandbox
) -> None:
    person.save("a.jpg")
    assert person.types("run", "--once").code == 0
    shutil.copy(person.outbox / "a.jpg", person.inbox / "again.jpg")
    assert person.types("run", "--once").code == 0
    (ignored,) = person.types("images", "--state", "ignored", "--json").json
    assert (ignored["path"], ignored["credits"]) == ("again.jpg", None)
    assert "none of them has failed" in person.types("retry", "--all").out
    assert "tried again at the next start" in person.types("retry", "again.jpg").out
    assert person.types("run", "--once").code == 0
    assert len(sandbox.world.executions) == 2
