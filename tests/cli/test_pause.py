"""`hotfolder pause` and `resume`, with and without a daemon: nothing is begun, and nothing is forgotten."""

from __future__ import annotations

import json

import pytest

from tests.cli.person import Person, wait_until

TWO_MORE = """\
  - {{name: Shoes, in: {shoes}/in, out: {shoes}/out, workflow: Fast, settle: 100ms, rescan: 1s}}
"""


@pytest.fixture
def two_folders(person: Person) -> Person:
    shoes = person.place / "shoes"
    (shoes / "in").mkdir(parents=True)
    more = TWO_MORE.format(shoes=json.dumps(str(shoes)).strip('"'))
    person.write_config(more_of_folder="    rescan: 1s\n" + more)
    return person


def state_of(person: Person) -> tuple[bool, dict[str, str]]:
    status = person.types("status", "--json").json
    return status["paused"], {folder["name"]: folder["state"] for folder in status["folders"]}


def test_what_was_paused_before_the_start_stays_so_until_it_is_resumed(person: Person) -> None:
    """The daemon notices and queues, and sends nothing; `resume` lets it all go on at once."""
    assert person.types("pause").code == 0
    assert state_of(person) == (True, {"Packshots": "paused"})
    person.save("boot.jpg")
    with person.running():
        wait_until(lambda: [i["state"] for i in person.types("images", "--json").json] == ["queued"])
        assert state_of(person) == (True, {"Packshots": "paused"})
        assert not person.sandbox.world.executions
        answer = person.types("resume")
        assert (answer.code, answer.out) == (0, "Everything goes on.\n")
        wait_until(lambda: [i["state"] for i in person.types("images", "--json").json] == ["delivered"])
        assert state_of(person) == (False, {"Packshots": "idle"})


def test_a_pause_at_work_survives_a_restart(person: Person) -> None:
    with person.running():
        assert "Everything is paused" in person.types("pause").out
    person.save("boot.jpg")
    answer = person.starts("run", "--once")
    assert answer.code == 1, "an image waits for the person, who paused it"
    assert state_of(person) == (True, {"Packshots": "paused"})
    assert person.types("images", "--json").json[0]["state"] == "queued"
    assert person.types("resume").out == "Everything goes on at the next start (`hotfolder run`).\n"
    assert person.starts("run", "--once").code == 0


def test_what_is_paid_comes_home_while_everything_is_paused(person: Person) -> None:
    """And nothing new is sent meanwhile."""
    asking = person.sandbox.faults.add("details", "hang")
    person.save("paid.jpg")
    with person.running():
        wait_until(lambda: person.sandbox.world.executions)
        answer = person.types("pause").out
        assert answer.startswith("Everything is paused: nothing new is sent, what is paid comes home.")
        asking.release()
        wait_until(lambda: list(person.outbox.glob("paid.*")))
        person.save("new.jpg")
        wait_until(lambda: len(person.types("images", "--json").json) == 2)
        wait_until(lambda: "queued" in {i["state"] for i in person.types("images", "--json").json})
        assert "nothing new is sent, what is paid comes home" in person.types("status").out
    assert len(person.sandbox.world.executions) == 1


def test_run_once_while_paused_delivers_what_is_paid(person: Person) -> None:
    asking = person.sandbox.faults.add("details", "hang")
    person.save("paid.jpg")
    with person.running():
        wait_until(lambda: person.sandbox.world.executions)
    asking.release()
    person.types("pause")
    assert person.starts("run", "--once").code == 0
    assert list(person.outbox.glob("paid.*"))


def test_run_once_while_paused_neither_runs_a_failed_one_again_nor_waits_for_it(person: Person) -> None:
    asking = person.sandbox.faults.add("details", "hang")
    person.sandbox.world.script("paid.jpg", "FAILED", "COMPLETED")
    person.save("paid.jpg")
    with person.running():
        wait_until(lambda: person.sandbox.world.executions)
    asking.release()
    person.types("pause")
    assert person.starts("run", "--once").code == 1
    assert person.sandbox.world.count_calls("retry") == 0
    person.types("resume")
    assert person.starts("run", "--once").code == 0


def test_one_hot_folder_rests_while_the_other_works(two_folders: Person) -> None:
    with two_folders.running():
        assert two_folders.types("pause", "Shoes").code == 0
        two_folders.save("boot.jpg", "../shoes/in/shoe.jpg")
        wait_until(lambda: list(two_folders.outbox.glob("boot.*")))
        paused, states = state_of(two_folders)
        assert (paused, states["Shoes"]) == (False, "paused")
        assert not list((two_folders.place / "shoes").glob("out/*"))
        two_folders.types("resume", "Shoes")
        wait_until(lambda: list((two_folders.place / "shoes").glob("out/shoe.*")))


def test_one_hot_folder_goes_on_while_everything_else_stays_paused(two_folders: Person) -> None:
    two_folders.types("pause")
    assert two_folders.types("resume", "Packshots").code == 0
    assert state_of(two_folders) == (False, {"Packshots": "idle", "Shoes": "paused"})
    two_folders.types("pause", "Packshots")
    assert state_of(two_folders) == (True, {"Packshots": "paused", "Shoes": "paused"})
    two_folders.types("resume")
    assert state_of(two_folders) == (False, {"Packshots": "idle", "Shoes": "idle"})


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_hot_folder_that_is_not_there_is_told(person: Person, command: str) -> None:
    answer = person.types(command, "Packshot")
    assert (answer.code, answer.err) == (
        2,
        "There is no hot folder 'Packshot'. There is: Packshots.\n",
    )
