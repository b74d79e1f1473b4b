"""`hotfolder run`, with all its exit codes."""

from __future__ import annotations

import signal
import sys
import time

import pytest

from hotfolder.sandbox import REFRESH_TOKEN, Sandbox
from tests.cli.person import Person, wait_until


def test_once_delivers_a_tree_and_says_so(person: Person, sandbox: Sandbox) -> None:
    person.save("a.jpg", "Boots 224/b.jpg", "Boots 224/c [1].png", "Shirts/Linen/d.jpg")
    answer = person.starts("run", "--once")
    assert answer.code == 0, answer.out + answer.err
    assert answer.out.splitlines()[-1] == "Done: 4 images delivered."
    assert "Packshots: Boots 224/b.jpg is delivered as Boots 224/b.jpg" in answer.out
    results = sorted(f.relative_to(person.outbox).as_posix() for f in person.outbox.rglob("*") if f.is_file())
    assert results == ["Boots 224/b.jpg", "Boots 224/c [1].png", "Shirts/Linen/d.jpg", "a.jpg"]
    assert len(sandbox.world.executions) == 4
    assert not (person.home / "control.json").exists()


def test_once_with_nothing_there_says_that_there_was_nothing(person: Person) -> None:
    answer = person.starts("run", "--once", "--no-tray")
    assert (answer.code, answer.out.splitlines()[-1]) == (
        0,
        "Done: 0 images delivered. There was nothing to do.",
    )


def test_once_ends_with_1_and_the_reason_when_an_image_failed(person: Person) -> None:
    person.save("a.jpg")
    person.save_broken("broken.jpg")
    answer = person.starts("run", "--once")
    assert answer.code == 1
    assert "Done: 1 image delivered, 1 failed." in answer.out
    assert (
        "Failed: Packshots: broken.jpg: The file is a PDF, whatever its name says. Export it as JPEG, PNG, TIFF or WebP."
        in answer.out
    )


def test_once_ends_with_1_when_the_credits_are_gone(person: Person, sandbox: Sandbox) -> None:
    sandbox.world.set_credits(0)
    person.save("a.jpg")
    answer = person.starts("run", "--once")
    assert answer.code == 1
    assert "Done: 0 images delivered, 1 held." in answer.out
    assert "Held: Out of credits" in answer.out


def test_once_says_that_an_in_folder_is_away_and_ends_with_1(person: Person) -> None:
    person.inbox.rmdir()
    answer = person.starts("run", "--once")
    assert answer.code == 1
    assert "Held (Packshots): " in answer.out
    assert str(person.inbox) in answer.out
    assert not person.inbox.exists()


def test_a_refused_sign_in_ends_with_3(person: Person) -> None:
    person.save("a.jpg")
    answer = person.starts("run", "--once", env={"AUTORETOUCH_REFRESH_TOKEN": "worth-nothing"})
    assert answer.code == 3
    assert "Done: 0 images delivered, 1 held." in answer.out
    assert "worth-nothing" not in answer.out + answer.err + person.log


def test_a_second_daemon_ends_with_4(person: Person) -> None:
    with person.running():
        answer = person.starts("run")
    assert answer.code == 4
    assert answer.err.startswith("Another hotfolder is running")


def test_all_mistakes_of_a_config_are_told_at_once_with_2(person: Person) -> None:
    person.write_config(more="colour: red\nnotifications: loud\n")
    answer = person.starts("run")
    assert (answer.code, answer.out) == (2, "")
    assert "config.yaml has 2 mistakes:" in answer.err
    assert "colour" in answer.err
    assert "notifications" in answer.err


def test_a_missing_config_is_explained_with_one_to_copy(person: Person) -> None:
    (person.home / "config.yaml").unlink()
    answer = person.starts("run")
    assert answer.code == 2
    assert answer.err.startswith("There is no config yet")
    assert "folders:\n  - name: Packshots" in answer.err


def test_what_is_not_yet_in_force_is_said_at_the_start(person: Person) -> None:
    person.write_config(
        more="keep_history: 90d\nlimits: {upload_rate: 2MB/s}\nwebhooks: {url: 'https://a.example/b'}\n",
        more_of_folder="    report: true\n    metadata: keep\n",
    )
    answer = person.starts("run", "--once")
    assert answer.code == 0
    told = [line for line in answer.err.splitlines() if line.startswith("Note: ")]
    assert [line.split()[2] for line in told] == [
        "webhooks.url",
        "limits.upload_rate",
        "keep_history",
        "report:",
        "metadata:",
    ]


def test_nothing_is_started_with_a_budget_that_could_not_be_kept(person: Person, sandbox: Sandbox) -> None:
    person.write_config(more="budget: {per_day: 10}\n")
    person.save("a.jpg")
    answer = person.starts("run", "--once")
    assert answer.code == 2
    assert "budget.per_day cannot be kept yet" in answer.err
    assert sandbox.world.calls == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(person: Person, number: int) -> None:
    with person.running() as daemon:
        person.save("a.jpg")
        wait_until((person.outbox / "a.jpg").exists)
        daemon.send_signal(number)
        assert daemon.wait(15) == 0
    assert person.terminal.splitlines()[-1].startswith("hotfolder has ended.")
    assert not (person.home / "control.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_second_signal_does_not_wait(person: Person, sandbox: Sandbox) -> None:
    sandbox.faults.add("upload", "hang")
    with person.running() as daemon:
        person.save("a.jpg")
        wait_until(lambda: sandbox.world.calls_to("head"))
        daemon.send_signal(signal.SIGINT)
        wait_until(lambda: "Another Ctrl-C" in person.terminal)
        asked_at = time.monotonic()
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait(15) == 130
        assert time.monotonic() - asked_at < 3
    sandbox.faults.clear()
    assert person.starts("run", "--once").code == 0
    assert len(sandbox.world.executions) == 1


def test_no_token_is_ever_printed_or_logged(person: Person) -> None:
    person.save("a.jpg")
    answers = [
        person.starts(*c.split()) for c in ("run --once", "check", "status", "images --json", "balance")
    ]
    assert not any(REFRESH_TOKEN in answer.out + answer.err for answer in answers)
    for file in person.home.rglob("*"):
        if file.is_file():
            assert REFRESH_TOKEN.encode() not in file.read_bytes(), file


def test_a_bug_is_a_sentence_and_its_traceback_goes_into_the_log(person: Person) -> None:
    (person.place / "sitecustomize.py").write_text(
        "import hotfolder.cli.context as c\ndef broken(home): raise ZeroDivisionError('oh')\nc.config_of = broken\n"
    )
    answer = person.starts("status", env={"PYTHONPATH": str(person.place)})
    assert (answer.code, answer.out) == (70, "")
    assert answer.err.startswith("hotfolder has a bug (ZeroDivisionError)")
    assert str(person.home / "logs" / "hotfolder.log") in answer.err
    assert "Traceback" in person.log
