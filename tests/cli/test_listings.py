"""`status`, `images`, `batches`: the same with and without a daemon, for people and for scripts."""

from __future__ import annotations

import pytest

from hotfolder.cli.listings import MOST_NOT_SENT
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


# --- what is not sent -----------------------------------------------------------------------------


def test_what_is_not_sent_is_counted_and_listed_with_its_reason(person: Person) -> None:
    """Also while nothing runs."""
    for number in range(3):
        (person.inbox / f"{number}.CR2").write_bytes(b"raw")
    (person.inbox / "notes.docx").write_bytes(b"text")
    (person.inbox / ".hidden").write_bytes(b"")
    assert person.types("run", "--once").code == 0
    status = person.types("status", "--json").json
    assert status["folders"] == [{"name": "Packshots", "state": "idle", "counts": {"ignored": 4}}]
    words = "4 not sent: 3 CR2 (raw photos, which AutoRetouch cannot take), 1 other file (no image)"
    assert status["not_sent"] == [{"folder": "Packshots", "total": 4, "text": words}]
    assert words in person.types("status").out
    listed = person.types("images", "--state", "ignored", "--json").json
    assert [entry["path"] for entry in listed] == ["0.CR2", "1.CR2", "2.CR2", "notes.docx"]
    assert all(entry.keys() >= IMAGE_KEYS for entry in listed)
    assert {entry["id"] for entry in listed} == {None}
    assert all(entry["reason"] for entry in listed)
    assert listed[0]["advice"] == "Export it as JPEG, PNG, TIFF or WebP into this folder."
    assert "not sent" in person.types("images", "--state", "not sent").out
    (person.inbox / "notes.docx").unlink()
    assert person.types("run", "--once").code == 0
    assert person.types("status", "--json").json["folders"][0]["counts"] == {"ignored": 3}


def test_a_long_list_of_what_is_not_sent_says_how_much_it_leaves_out(person: Person) -> None:
    for number in range(MOST_NOT_SENT + 7):
        (person.inbox / f"{number}.NEF").write_bytes(b"")
    assert person.types("run", "--once").code == 0
    listed = person.types("images", "--state", "ignored")
    assert listed.out.count(".NEF") == MOST_NOT_SENT
    assert "... and 7 more that are not sent" in listed.out
    assert len(person.types("images", "--state", "ignored", "--json").json) == MOST_NOT_SENT + 7


def test_people_read_words_and_scripts_the_public_values(busy: Person) -> None:
    assert "delivered" in busy.types("images", "--state", "delivered").out
    assert busy.types("images", "--state", "in retouching").out.strip() == "There are no such images."
