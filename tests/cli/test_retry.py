"""`hotfolder retry`, through the daemon and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.cli.person import Person, wait_until

BROKEN = ("broken.jpg", "Boots/b.jpg", "Boots/Left/c.jpg")


@pytest.fixture
def unlucky(person: Person) -> Person:
    """Three images have failed unpaid, and one is delivered."""
    person.save("good.jpg")
    for path in BROKEN:
        person.save_broken(path)
    assert person.types("run", "--once").code == 1
    return person


def failed_of(person: Person) -> set[str]:
    return {image["path"] for image in person.types("images", "--state", "failed", "--json").json}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("broken.jpg",), {"broken.jpg"}),
        (("Boots",), {"Boots/b.jpg", "Boots/Left/c.jpg"}),
        (("Boots/Left/", "broken.jpg"), {"Boots/Left/c.jpg", "broken.jpg"}),
        (("--all",), set(BROKEN)),
    ],
)
def test_images_are_named_as_they_are_listed(
    unlucky: Person, typed: tuple[str, ...], meant: set[str]
) -> None:
    answer = unlucky.types("retry", *typed)
    assert answer.code == 0
    assert "tried again at the next start" in answer.out
    assert f"{len(meant)} credit" in answer.out
    assert failed_of(unlucky) == set(BROKEN) - meant


def test_images_are_named_as_files(unlucky: Person) -> None:
    assert unlucky.types("retry", str(unlucky.inbox / "broken.jpg")).code == 0
    assert unlucky.types("retry", "Left", cwd=unlucky.inbox / "Boots").code == 0
    assert failed_of(unlucky) == {"Boots/b.jpg"}
    assert unlucky.types("retry", ".", cwd=unlucky.inbox).code == 0
    assert failed_of(unlucky) == set()


def test_an_unknown_path_is_told_with_what_is_near(unlucky: Person) -> None:
    answer = unlucky.types("retry", "brokn.jpg")
    assert (answer.code, answer.out) == (2, "")
    assert "Near it: broken.jpg" in answer.err
    assert failed_of(unlucky) == set(BROKEN)


def test_one_that_has_not_failed_is_left_alone(unlucky: Person) -> None:
    answer = unlucky.types("retry", "good.jpg")
    assert answer.code == 0
    assert "good.jpg has not failed: it is delivered." in answer.out


@pytest.mark.parametrize("typed", [(), ("broken.jpg", "--all")])
def test_it_has_to_be_said_which(unlucky: Person, typed: tuple[str, ...]) -> None:
    assert unlucky.types("retry", *typed).code == 2


def test_what_was_mended_goes_through_at_the_next_start(unlucky: Person, sandbox: Sandbox) -> None:
    assert unlucky.types("retry", "--all").code == 0
    unlucky.save(*BROKEN)
    assert unlucky.types("run", "--once").code == 0
    assert len(sandbox.world.executions) == 4


def test_a_paid_image_is_retried_and_never_created_again(person: Person, sandbox: Sandbox) -> None:
    person.save("a.jpg")
    sandbox.world.script("a.jpg", "FAILED", "FAILED", "COMPLETED")
    assert person.types("run", "--once").code == 1
    answer = person.types("retry", "a.jpg")
    assert "1 image has an execution: it is run again, not created a second time." in answer.out
    assert person.types("run", "--once").code == 0
    assert len(sandbox.world.executions) == 1


def test_a_running_daemon_does_it_at_once(person: Person, sandbox: Sandbox) -> None:
    person.save("a.jpg")
    sandbox.world.script("a.jpg", "FAILED", "FAILED", "COMPLETED")
    with person.running():
        wait_until(lambda: failed_of(person) == {"a.jpg"})
        answer = person.types("retry", str(Path("in") / "a.jpg"))
        assert answer.code == 0
        assert "1 image is tried again.\n" in answer.out
        wait_until((person.outbox / "a.jpg").exists)
    assert len(sandbox.world.executions) == 1


def test_a_daemon_that_cannot_be_reached_ends_with_5(person: Person) -> None:
    person.save_broken("broken.jpg")
    with person.running():
        wait_until(lambda: failed_of(person))
        (person.home / "control.json").unlink()
        answer = person.types("retry", "--all")
    assert answer.code == 5
    assert "hotfolder is not running, or does not answer." in answer.err
