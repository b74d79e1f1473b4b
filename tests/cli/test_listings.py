"""`status`, `images`, `batches`: the same with and without a daemon, for people and for scripts."""

from __future__ import annotations

import pytest

from hotfolder.sandbox import Sandbox
from tests.cli.person import Person, wait_until

IMAGE_KEYS = {
    "id", "folder", "path", "state", "reason", "content_hash", "batch_id", "batch_name", "execution_id",
    "result_path", "credits", "detected_at", "delivered_at",
}  # fmt: skip


@pytest.fixture
def busy(person: Person) -> Person:
    """Two images in a batch are delivered, and one has failed."""
    person.save("Boots 224/a.jpg", "Boots 224/b #1.jpg")
    person.save_broken("broken.jpg")
    assert person.types("run", "--once").code == 1
    return person


def test_status_works_before_anything_ever_ran(person: Person) -> None:
    status = person.types("status", "--json")
    assert status.code == 0
    assert (status.json["running"], status.json["paused"], status.json["held"]) == (False, False, [])
    assert status.json["folders"] == [{"name": "Packshots", "state": "idle", "counts": {}}]
    assert person.types("status").out.startswith("hotfolder is not running.")
    assert person.types("images", "--json").json == []
    assert person.types("batches", "--json").json == []


def test_status_counts_what_became_of_the_images(busy: Person) -> None:
    folders = busy.types("status", "--json").json["folders"]
    assert folders == [{"name": "Packshots", "state": "idle", "counts": {"delivered": 2, "failed": 1}}]
    assert "2 delivered, 1 failed" in busy.types("status").out


def test_images_have_all_their_keys(busy: Person) -> None:
    images = {image["path"]: image for image in busy.types("images", "--json").json}
    assert all(image.keys() >= IMAGE_KEYS for image in images.values())
    done, broken = images["Boots 224/b #1.jpg"], images["broken.jpg"]
    assert (done["state"], done["batch_name"], done["credits"]) == ("delivered", "Boots 224", 1)
    assert done["result_path"] == "Boots 224/b #1.jpg"
    assert done["delivered_at"].endswith("Z")
    assert (broken["state"], broken["execution_id"], broken["delivered_at"]) == ("failed", None, None)
    assert broken["reason"] == "The file is a PDF, whatever its name says."


def test_images_are_narrowed_to_a_folder_and_a_state(busy: Person) -> None:
    failed = busy.types("images", "--state", "failed", "--folder", "Packshots", "--json").json
    assert [image["path"] for image in failed] == ["broken.jpg"]


@pytest.mark.parametrize("option", [("--state", "lost"), ("--folder", "Socks")])
def test_an_unknown_narrowing_is_told_with_what_there_is(busy: Person, option: tuple[str, str]) -> None:
    answer = busy.types("images", *option)
    assert (answer.code, answer.out) == (2, "")
    assert ("Packshots" if option[0] == "--folder" else "in_qa") in answer.err


def test_nothing_is_cut_off_in_a_pipe(person: Person) -> None:
    long = f"{'a very long subfolder ' * 8}/{'image ' * 25}.jpg"
    person.save(long)
    assert person.types("run", "--once").code == 0
    assert long in person.types("images").out


def test_batches_say_how_far_they_are(busy: Person) -> None:
    (batch,) = busy.types("batches", "--json").json
    assert (batch["name"], batch["delivered"], batch["total"]) == ("Boots 224", 2, 2)
    assert "2/2" in busy.types("batches").out


def test_a_broken_config_is_told_by_status(person: Person) -> None:
    person.write_config(more="colour: red\n")
    answer = person.types("status")
    assert (answer.code, "colour" in answer.err) == (2, True)


def test_a_running_daemon_tells_what_is_settling(person: Person) -> None:
    person.write_config(more_of_folder="")
    text = (person.home / "config.yaml").read_text("utf-8").replace("settle: 100ms", "settle: 1h")
    (person.home / "config.yaml").write_text(text, "utf-8")
    (person.inbox / "growing.jpg").write_bytes(b"\xff\xd8\xff\xe0 half an image")
    with person.running():
        wait_until(lambda: person.types("images", "--json").json)
        (image,) = person.types("images", "--state", "settling", "--json").json
        status = person.types("status", "--json").json
    assert (image["path"], image["id"], image.keys() >= IMAGE_KEYS) == ("growing.jpg", None, True)
    assert status["running"] is True
    assert status["folders"][0]["counts"] == {"settling": 1}


def test_what_is_held_is_shown_with_its_reason(person: Person, sandbox: Sandbox) -> None:
    sandbox.world.set_credits(0)
    person.save("a.jpg")
    assert person.types("run", "--once").code == 1
    status = person.types("status", "--json").json
    assert status["folders"][0]["state"] == "held"
    assert status["folders"][0]["counts"] == {"held": 1}
    assert [hold["kind"] for hold in status["held"]] == ["credits"]
    assert person.types("images", "--json").json[0]["state"] == "held"
