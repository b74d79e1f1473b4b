"""`hotfolder dismiss`: failed and ignored images leave the problems, and stay in the list."""

from __future__ import annotations

import pytest

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


def states(person: Person) -> dict[str, str]:
    return {image["path"]: image["state"] for image in person.types("images", "--json").json}


def failed(person: Person) -> int:
    (folder,) = person.types("status", "--json").json["folders"]
    return int(folder["counts"].get("failed", 0))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("broken.jpg",), {"broken.jpg"}),
        (("Boots",), {"Boots/b.jpg", "Boots/Left/c.jpg"}),
        (("--all",), set(BROKEN)),
    ],
)
def test_what_is_dismissed_is_listed_and_no_longer_counted_as_failed(
    unlucky: Person, typed: tuple[str, ...], meant: set[str]
) -> None:
    answer = unlucky.types("dismiss", *typed)
    assert answer.code == 0
    assert ("dismissed" in answer.out, "retry PATH" in answer.out) == (True, True)
    after = states(unlucky)
    assert {path for path, state in after.items() if state == "dismissed"} == meant
    assert failed(unlucky) == len(BROKEN) - len(meant)
    reasons = [i["reason"] for i in unlucky.types("images", "--json").json if i["state"] == "dismissed"]
    assert all(reasons)


def test_what_is_dismissed_stays_so_when_its_original_is_gone_and_when_it_is_looked_at_again(
    unlucky: Person,
) -> None:
    (unlucky.inbox / "broken.jpg").unlink()
    assert unlucky.types("dismiss", "--all").code == 0
    (unlucky.inbox / "Boots/b.jpg").touch()
    assert unlucky.types("run", "--once").code == 0, "nothing has failed any more"
    after = states(unlucky)
    assert {after.get(path, "dismissed") for path in BROKEN} == {"dismissed"}
    assert after["Boots/b.jpg"] == "dismissed"
    assert len(unlucky.sandbox.world.executions) == 1


def test_a_paid_failure_without_its_original_is_dismissed_and_retry_brings_it_back(person: Person) -> None:
    person.sandbox.world.script("bad.jpg", "FAILED", "FAILED", "COMPLETED")
    person.save("bad.jpg")
    assert person.types("run", "--once").code == 1
    (person.inbox / "bad.jpg").unlink()
    with person.running():
        assert "1 image is dismissed" in person.types("dismiss", "bad.jpg").out
        assert (states(person), failed(person)) == ({"bad.jpg": "dismissed"}, 0)
        assert person.sandbox.world.count_calls("retry") == 1
        assert person.types("retry", "bad.jpg").code == 0
        wait_until(lambda: states(person) == {"bad.jpg": "delivered"})
    assert len(person.sandbox.world.executions) == 1


def test_a_restart_pays_for_nothing_that_was_dismissed(person: Person) -> None:
    person.sandbox.faults.add("create", "status", status=422, name="bad.jpg", times=1)
    person.save("bad.jpg")
    assert person.types("run", "--once").code == 1
    assert person.types("dismiss", "bad.jpg").code == 0
    (person.inbox / "bad.jpg").touch()
    assert person.types("run", "--once").code == 0
    assert (states(person), len(person.sandbox.world.executions)) == ({"bad.jpg": "dismissed"}, 0)
    assert person.types("retry", "bad.jpg").code == 0
    assert person.types("run", "--once").code == 0
    assert states(person) == {"bad.jpg": "delivered"}


def test_an_order_is_dismissed_by_its_name(person: Person) -> None:
    person.sandbox.faults.add("create", "status", status=422)
    person.save("Boots/a.jpg", "Caps/b.jpg")
    assert person.types("run", "--once").code == 1
    assert person.types("dismiss", "--order", "Boots").code == 0
    assert states(person) == {"Boots/a.jpg": "dismissed", "Caps/b.jpg": "failed"}
    answer = person.types("dismiss", "--order", "Hats")
    assert (answer.code, "no order 'Hats'" in answer.err) == (2, True)


def test_an_ignored_image_can_be_dismissed(person: Person) -> None:
    person.save("a.jpg")
    assert person.types("run", "--once").code == 0
    (result,) = person.outbox.iterdir()
    (person.inbox / f"again-{result.name}").write_bytes(result.read_bytes())
    assert person.types("run", "--once").code == 0
    path = f"again-{result.name}"
    assert states(person)[path] == "ignored"
    assert person.types("dismiss", path).code == 0
    assert person.types("run", "--once").code == 0
    assert states(person)[path] == "dismissed"


def test_what_is_neither_failed_nor_ignored_is_left_alone(unlucky: Person) -> None:
    answer = unlucky.types("dismiss", "good.jpg")
    assert (answer.code, answer.out.splitlines()[0]) == (0, "good.jpg is delivered.")
    assert states(unlucky)["good.jpg"] == "delivered"


@pytest.mark.parametrize(
    "typed", [(), ("--all", "broken.jpg"), ("--all", "--order", "Boots"), ("nothing.jpg",)]
)
def test_it_has_to_be_clear_what_is_meant(unlucky: Person, typed: tuple[str, ...]) -> None:
    assert unlucky.types("dismiss", *typed).code == 2
    assert failed(unlucky) == len(BROKEN)
