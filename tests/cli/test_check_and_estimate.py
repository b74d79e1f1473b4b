"""`check` and `estimate`: the questions before any money is spent."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from hotfolder.sandbox import Sandbox
from tests.adapters.disks import bind_mount
from tests.cli.person import Person
from tests.sandbox.caller import picture


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


def test_the_out_folder_is_told_in_the_words_of_its_hold(person: Person) -> None:
    person.outbox.write_text("no folder")
    (finding,) = [f for f in person.types("check", "--json").json["checks"] if f["name"] == "Packshots, out"]
    assert finding["text"] == f"{person.outbox} is a file, and the results need a folder of that name."
    assert "Move or rename that file" in finding["advice"]


def test_its_probe_follows_no_link_and_leaves_nothing(person: Person) -> None:
    precious = person.place / "precious.txt"
    precious.write_text("precious")
    person.outbox.mkdir()
    (person.outbox / ".hotfolder-check.part").symlink_to(precious)
    assert person.types("check").code == 0
    assert precious.read_text() == "precious"
    assert len(list(person.outbox.iterdir())) == 1


def test_a_damaged_ledger_is_found_and_everything_else_is_checked_too(person: Person) -> None:
    (person.home / "ledger.sqlite").write_bytes(b"nonsense" * 600)
    answer = person.types("check", "--json")
    assert (answer.code, bad_ones(answer)) == (1, {"ledger"})
    (found,) = [f for f in answer.json["checks"] if f["name"] == "ledger"]
    assert "cannot be read" in found["text"]
    assert "makes the ledger anew from what AutoRetouch remembers" in found["advice"]


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


def test_a_subfolder_that_is_the_out_folder_by_another_route_is_found_and_not_estimated(
    person: Person,
) -> None:
    person.outbox.mkdir(exist_ok=True)
    with bind_mount(person.outbox, person.inbox / "x"):
        (person.outbox / "result.jpg").write_bytes(picture())
        answer = person.types("check", "--json")
        (finding,) = [one for one in answer.json["checks"] if one["name"] == "Packshots, in"]
        estimate = person.types("estimate", "--json")
    assert answer.code == 1
    assert finding["ok"] is False
    assert f"x/ is not looked into: it is the out folder of Packshots ({person.outbox})" in finding["text"]
    assert "Take that mount away" in finding["advice"]
    assert "result.jpg" not in estimate.out


def test_folders_that_are_one_by_two_routes_are_a_mistake_of_the_config(person: Person) -> None:
    with bind_mount(person.inbox, person.outbox):
        answer = person.types("check")
    assert answer.code == 2
    assert "the same folder" in answer.err + answer.out
    assert "by another route" in answer.err + answer.out
