"""`check` and `estimate`: the questions before any money is spent."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from hotfolder.sandbox import Sandbox
from tests.cli.person import Person


def bad_ones(answer: Any) -> set[str]:
    return {finding["name"] for finding in answer.json["checks"] if finding["ok"] is False}


def test_all_is_well(person: Person) -> None:
    answer = person.types("check")
    assert answer.code == 0, answer.out
    assert answer.out.splitlines()[-1] == "All is well."
    assert "✗" not in answer.out
    assert "1 credit an image" in answer.out
    assert list(person.inbox.iterdir()) == []


def test_a_missing_sign_in_ends_with_3(person: Person) -> None:
    answer = person.types("check", "--json", env={"AUTORETOUCH_REFRESH_TOKEN": "worth-nothing"})
    assert (answer.code, bad_ones(answer)) == (3, {"sign-in"})


def test_every_fault_is_found_at_once(person: Person, sandbox: Sandbox) -> None:
    person.write_config(workflow="Socks")
    person.inbox.rmdir()
    person.outbox.write_text("no folder")
    sandbox.world.set_credits(0)
    answer = person.types("check", "--json")
    assert answer.code == 1
    assert bad_ones(answer) >= {"Packshots, in", "Packshots, out", "Packshots, workflow"}


def test_a_ledger_that_was_set_aside_is_found_and_everything_else_is_checked_too(person: Person) -> None:
    (person.home / "ledger.sqlite.damaged-1").write_bytes(b"nonsense")
    answer = person.types("check", "--json")
    assert (answer.code, bad_ones(answer)) == (1, {"ledger"})
    assert "set aside" in next(f["text"] for f in answer.json["checks"] if f["name"] == "ledger")


def test_it_names_the_log_file(person: Person) -> None:
    assert f"log: {person.home / 'logs' / 'hotfolder.log'}" in person.types("check").out


def test_a_service_that_is_away_is_found(person: Person, sandbox: Sandbox) -> None:
    sandbox.stop()
    answer = person.types("check", "--json")
    assert (answer.code, bad_ones(answer)) == (1, {"service"})


@pytest.mark.skipif(sys.platform == "win32", reason="rights")
def test_a_broken_config_ends_with_2(person: Person) -> None:
    person.write_config(more="colour: red\n")
    assert person.types("check").code == 2


def test_estimate_tells_batches_prices_and_what_is_left_out(person: Person, sandbox: Sandbox) -> None:
    person.write_config(workflow="Packshot")
    person.save("Boots/a.jpg", "Boots/b.jpg", "Shirts/c.jpg")
    person.save_broken("broken.jpg")
    (person.inbox / "raw.CR2").write_bytes(b"II*\0")
    facts = person.types("estimate", "--json").json
    assert (facts["images"], facts["credits"], facts["trouble"]) == (3, 30, None)
    (folder,) = facts["folders"]
    assert folder["batches"] == [
        {"name": "Boots", "images": 2, "credits": 20},
        {"name": "Shirts", "images": 1, "credits": 10},
    ]
    assert [entry["path"] for entry in folder["broken"]] == ["broken.jpg"]
    assert [entry["path"] for entry in folder["ignored"]] == ["raw.CR2"]
    assert sandbox.world.executions == []
    assert not (person.home / "ledger.sqlite").exists()
    assert "Would be sent: 3 images for 30 credits. Nothing was sent." in person.types("estimate").out


def test_estimate_knows_what_was_sent_before(person: Person) -> None:
    person.save("Boots/a.jpg")
    assert person.types("run", "--once").code == 0
    (person.inbox / "Boots" / "a.jpg").rename(person.inbox / "moved.jpg")
    assert person.types("estimate", "Packshots", "--json").json["images"] == 0
    person.save("Boots/b.jpg")
    (folder,) = person.types("estimate", "--json").json["folders"]
    assert [batch["name"] for batch in folder["batches"]] == ["Boots"]


def test_estimate_works_without_the_service(person: Person, sandbox: Sandbox) -> None:
    sandbox.stop()
    person.save("a.jpg")
    answer = person.types("estimate")
    assert answer.code == 0
    assert "Would be sent: 1 image, at a price not known now." in answer.out


def test_estimate_of_an_unknown_hot_folder_tells_which_there_are(person: Person) -> None:
    answer = person.types("estimate", "Socks")
    assert (answer.code, "Packshots" in answer.err) == (2, True)
