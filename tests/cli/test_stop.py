"""`hotfolder stop`: ends in order whatever runs, and says so; or says what to do."""

from __future__ import annotations

import json
import os
import signal
import threading

import pytest

from hotfolder.adapters.home import find_home, sole_daemon
from tests.cli.person import Person, wait_until

posix_only = pytest.mark.skipif(os.name != "posix", reason="SIGSTOP is POSIX")


def test_where_none_runs_that_is_said(person: Person) -> None:
    for _ in range(2):  # also where an earlier one has left its address
        answer = person.types("stop")
        assert (answer.code, answer.out) == (5, "")
        assert answer.err.startswith(f"hotfolder is not running for {person.home}.")
        assert "first run" in answer.err
        (person.home / "control.json").write_text(json.dumps({"port": 1, "token": "x", "pid": 1}))
        (person.home / "control.json").chmod(0o600)


def test_a_daemon_at_rest_is_stopped_when_the_command_returns(person: Person) -> None:
    with person.running() as daemon:
        answer = person.types("stop")
        assert (answer.code, answer.out, answer.err) == (0, "hotfolder has stopped.\n", "")
        assert daemon.wait(10) == 0
    assert "hotfolder has ended" in person.terminal
    assert person.types("stop").code == 5


def test_what_is_under_way_may_finish_and_a_word_says_why_it_takes_a_while(person: Person) -> None:
    person.sandbox.faults.add("create", "delay", seconds=4.0)
    person.save("boot.jpg")
    with person.running():
        wait_until(lambda: person.sandbox.world.count_calls("create") == 1)
        answer = person.starts("stop")
    assert (answer.code, answer.out) == (0, "hotfolder has stopped.\n")
    assert "running requests may finish" in answer.err
    (image,) = person.types("images", "--json").json
    assert image["state"] == "processing"


def test_a_run_that_would_end_by_itself_is_stopped_too(person: Person) -> None:
    person.sandbox.world.switches.execution_s = 600.0
    person.save("boot.jpg")
    with person.running("--once") as daemon:
        wait_until(lambda: len(person.sandbox.world.executions) == 1)
        assert person.starts("stop").code == 0
        assert daemon.wait(10) == 130
    assert "Stopped before everything was done; it goes on at the next start." in person.terminal


@posix_only
def test_a_daemon_that_does_not_answer_is_told_with_what_to_do(person: Person) -> None:
    with person.running() as daemon:
        daemon.send_signal(signal.SIGSTOP)
        try:
            answer = person.starts("stop")
        finally:
            daemon.send_signal(signal.SIGCONT)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith("hotfolder runs, but does not answer.")
        assert f"It is the process {daemon.pid}." in answer.err
        assert person.types("stop").code == 0


def test_whoever_only_holds_the_home_for_a_moment_is_no_daemon(person: Person) -> None:
    """`hotfolder retry` does, where no daemon runs."""
    home, is_held, may_go = find_home(person.home), threading.Event(), threading.Event()

    def hold() -> None:
        with sole_daemon(home):
            is_held.set()
            may_go.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(30)
    threading.Timer(1.0, may_go.set).start()
    assert person.types("stop").code == 5
    holder.join()
