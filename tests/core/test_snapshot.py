"""The public shape of what the faces show (design §8)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hotfolder.core.batching import Batch
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
from hotfolder.core.image import Image, State
from hotfolder.core.life import COMMANDS
from hotfolder.core.snapshot import (
    batch_facts,
    image_facts,
    iso_time,
    settling_facts,
    status_facts,
    status_of,
    status_of_counts,
    waits_until,
)
from tests.fakes import NOW, an_image

PUBLIC_OF_AN_IMAGE = {
    "id",
    "folder",
    "path",
    "state",
    "reason",
    "content_hash",
    "batch_id",
    "batch_name",
    "execution_id",
    "result_path",
    "credits",
    "detected_at",
    "delivered_at",
}
BATCH = Batch(
    id="batch-1",
    folder="Packshots",
    base_name="Boots 224",
    number=2,
    created_at="2026-11-24T09:09:01.960Z",
    last_joined_at=NOW,
    images=2,
)


def hold(kind: HoldKind = HoldKind.SIGN_IN, scope: str = ACCOUNT) -> Hold:
    return Hold(scope=scope, kind=kind, reason="Why.", advice="What to do.", since=1_707_383_341.96)


def facts(image: Image, *holds: Hold) -> dict[str, Any]:
    return image_facts(image, {"batch-1": BATCH}, holds)


# --- images --json --------------------------------------------------------------------------------


def test_an_image_in_the_ledger_and_one_that_settles_have_the_same_keys() -> None:
    settling = settling_facts("Packshots", "a.jpg", NOW)
    assert set(settling) == set(facts(an_image())) >= PUBLIC_OF_AN_IMAGE


def test_what_is_not_known_yet_is_null() -> None:
    shown = facts(an_image())
    unknown = {key for key, value in shown.items() if value is None}
    assert unknown >= {
        "reason",
        "batch_id",
        "batch_name",
        "execution_id",
        "result_path",
        "credits",
        "delivered_at",
    }
    assert json.loads(json.dumps(shown)) == shown


def test_a_delivered_image_shows_all_there_is() -> None:
    image = an_image(
        State.DELIVERED, batch_id="batch-1", result_path="Boots 224/boot.png", credits=10, delivered_at=NOW
    )
    shown = facts(image)
    assert (shown["state"], shown["result_path"], shown["credits"]) == ("delivered", "Boots 224/boot.png", 10)
    assert (shown["batch_id"], shown["batch_name"]) == ("batch-1", "Boots 224 (2)")
    assert shown["execution_id"] == "execution-1"
    assert shown["delivered_at"] == "2027-01-15T08:00:00.000Z"


def test_a_reserved_name_is_not_shown_as_a_result() -> None:
    """Nothing stands there yet."""
    assert facts(an_image(State.FINISHED, result_path="Boots 224/boot.png"))["result_path"] is None


def test_an_image_that_waits_for_a_person_is_shown_as_held_with_the_reason() -> None:
    shown = facts(an_image(State.QUEUED), hold())
    assert (shown["state"], shown["reason"], shown["advice"]) == ("held", "Why.", "What to do.")


def test_a_settling_file_has_no_id_and_says_since_when() -> None:
    shown = settling_facts("Packshots", "Boots 224/a.jpg", 1_707_383_341.96)
    assert (shown["id"], shown["state"], shown["path"]) == (None, "settling", "Boots 224/a.jpg")
    assert shown["detected_at"] == "2024-02-08T09:09:01.960Z"


# --- status --json --------------------------------------------------------------------------------


def status(images: list[Image], *holds: Hold, **more: Any) -> dict[str, Any]:
    return status_facts(status_of(["Packshots", "Portraits"], images, holds, running=True, **more))


def states(shown: dict[str, Any]) -> dict[str, str]:
    return {folder["name"]: folder["state"] for folder in shown["folders"]}


def counts(shown: dict[str, Any], name: str = "Packshots") -> dict[str, int]:
    found: dict[str, int] = next(f["counts"] for f in shown["folders"] if f["name"] == name)
    return found


def test_the_status_has_its_public_keys_and_is_plain_json() -> None:
    shown = status([an_image()])
    assert set(shown) >= {"running", "paused", "held", "folders"}
    assert all(set(folder) >= {"name", "state", "counts"} for folder in shown["folders"])
    assert json.loads(json.dumps(shown)) == shown


def test_every_image_is_counted_in_exactly_one_state() -> None:
    images = [an_image(s, id=f"{s}-{n}") for s in COMMANDS if s is not State.FORGOTTEN for n in range(2)]
    shown = status(images, hold(), settling={"Packshots": 3})
    assert sum(counts(shown).values()) == len(images) + 3
    assert counts(shown)["settling"] == 3


def test_a_hot_folder_without_images_is_shown_too() -> None:
    assert states(status([])) == {"Packshots": "idle", "Portraits": "idle"}


def test_a_hot_folder_with_only_ended_images_is_idle() -> None:
    images = [an_image(State.DELIVERED), an_image(State.FAILED, id="other")]
    assert states(status(images))["Packshots"] == "idle"


def test_a_hot_folder_with_work_is_working_and_waits_while_the_service_is_away() -> None:
    assert states(status([an_image()]))["Packshots"] == "working"
    assert states(status([an_image()], hold(HoldKind.SERVICE)))["Packshots"] == "waiting"
    assert states(status([], settling={"Packshots": 1}))["Packshots"] == "working"


def test_a_hold_of_one_hot_folder_is_shown_there_alone() -> None:
    shown = status([an_image()], hold(HoldKind.OUT_FOLDER, "Packshots"))
    assert states(shown) == {"Packshots": "held", "Portraits": "idle"}


def test_an_image_without_credits_makes_its_hot_folder_held() -> None:
    assert states(status([an_image(State.HELD)]))["Packshots"] == "held"


def test_what_is_held_is_told_with_reason_advice_and_since_when() -> None:
    (shown,) = status([], hold(HoldKind.OUT_FOLDER, "Packshots"))["held"]
    assert shown == {
        "kind": "out_folder",
        "folder": "Packshots",
        "reason": "Why.",
        "advice": "What to do.",
        "needs_person": True,
        "since": "2024-02-08T09:09:01.960Z",
        "until": None,
    }
    assert status([], hold())["held"][0]["folder"] is None


def test_an_image_of_a_hot_folder_that_is_no_longer_configured_is_shown_too() -> None:
    shown = status([an_image(folder="Old")])
    assert counts(shown, "Old") == {"queued": 1}
    assert states(shown)["Old"] == "waiting"
    assert [one["name"] for one in shown["folders"] if not one.get("in_config", True)] == ["Old"]


def test_a_hold_of_a_hot_folder_that_is_not_in_the_config_is_not_shown() -> None:
    assert status([an_image(folder="Old")], hold(HoldKind.IN_FOLDER, "Old"))["held"] == []


def test_a_hold_with_an_end_says_until_when() -> None:
    (shown,) = status([], replace(hold(HoldKind.SERVICE), until=1_707_383_341.96))["held"]
    assert shown["until"] == "2024-02-08T09:09:01.960Z"
    assert waits_until(shown).startswith(" until ")


def test_notices_are_passed_on() -> None:
    assert status([], notices=[("Packshots", "1 file was not sent")])["notices"] == [
        {"folder": "Packshots", "text": "1 file was not sent"}
    ]


@pytest.mark.parametrize(
    "holds", [(), (hold(),), (hold(HoldKind.OUT_FOLDER, "Packshots"),), (hold(HoldKind.CREDITS),)]
)
def test_the_status_from_counts_is_the_status_from_images(holds: tuple[Hold, ...]) -> None:
    images = [an_image(state, id=state.value) for state in COMMANDS if state is not State.FORGOTTEN]
    counted = {"Packshots": {image.state: 1 for image in images}}
    names = ["Packshots", "Portraits"]
    from_counts = status_of_counts(names, counted, holds, running=True, settling={"Portraits": 1})
    assert from_counts == status_of(names, images, holds, running=True, settling={"Portraits": 1})


# --- batches --json -------------------------------------------------------------------------------


def test_a_batch_shows_how_many_of_its_images_are_where() -> None:
    images = [
        an_image(State.DELIVERED, id="1", batch_id="batch-1"),
        an_image(State.FAILED, id="2", batch_id="batch-1"),
        an_image(State.QUEUED, id="3", batch_id="batch-1"),
        an_image(State.DELIVERED, id="4", batch_id="another"),
        an_image(State.DELIVERED, id="5"),
    ]
    (shown,) = batch_facts([BATCH], images)
    assert (shown["id"], shown["name"], shown["folder"]) == ("batch-1", "Boots 224 (2)", "Packshots")
    assert (shown["total"], shown["delivered"], shown["failed"]) == (3, 1, 1)
    assert shown["created_at"] == BATCH.created_at


# --- times ----------------------------------------------------------------------------------------


def test_times_are_iso_8601_in_utc() -> None:
    assert iso_time(1_707_383_341.96) == "2024-02-08T09:09:01.960Z"
    assert iso_time(0.0) == "1970-01-01T00:00:00.000Z"
    assert iso_time(None) is None
