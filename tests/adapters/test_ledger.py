"""The ledger on real SQLite files: what it keeps, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_tallies import delivered_since, failed_unseen
from hotfolder.core.holds import ACCOUNT, HoldKind, pause_of
from hotfolder.core.image import State
from hotfolder.core.life import Gone, PutOff, Uploaded, step
from tests.adapters.ledgers import a_batch, a_full_image, a_hold, another, asked, reopened
from tests.fakes import NOW, an_image, hash_of

# --- durability -----------------------------------------------------------------------------------


def test_every_field_of_an_image_is_kept_across_a_restart(ledger: Ledger, path: Path) -> None:
    ledger.add(a_full_image())
    with_reopened = reopened(ledger, path)
    assert with_reopened.images() == [a_full_image()]
    with_reopened.close()


def test_an_image_in_each_state_is_kept(ledger: Ledger) -> None:
    images = [another(n, state=state) for n, state in enumerate(State) if state is not State.FORGOTTEN]
    for image in images:
        ledger.add(image)
    assert {i.state for i in ledger.images()} == {i.state for i in images}


def test_a_commit_is_on_the_disk_before_the_call_returns(ledger: Ledger, path: Path) -> None:
    """Another reader sees it while the writer is still open, and nothing waits for a close."""
    ledger.add(an_image())
    assert asked(path, "SELECT count(*) FROM images") == [(1,)]


def test_it_is_set_to_survive_a_power_cut(ledger: Ledger) -> None:
    """WAL, and every commit flushed: a lost one could be an execution paid twice."""
    with ledger._engine.connect() as db:
        settings = {
            name: db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2}


def test_it_carries_its_version(ledger: Ledger, path: Path) -> None:
    assert asked(path, "PRAGMA user_version") == [(schema.VERSION,)]


# --- images ---------------------------------------------------------------------------------------


def test_the_same_path_and_content_cannot_be_entered_twice(ledger: Ledger) -> None:
    ledger.add(an_image())
    with pytest.raises(IntegrityError):
        ledger.add(an_image(id="image-2"), a_batch())
    assert [image.id for image in ledger.images()] == ["image-1"]
    assert ledger.batches() == [], "a transaction is whole or not at all"


@pytest.mark.parametrize(
    "change", [{"folder": "Portraits"}, {"path": "b.jpg"}, {"content_hash": hash_of(b"b")}]
)
def test_another_hot_folder_path_or_content_is_another_image(ledger: Ledger, change: dict[str, Any]) -> None:
    ledger.add(an_image())
    ledger.add(an_image(id="image-2", **change))
    assert len(ledger.images()) == 2


def test_save_keeps_what_happened_and_leaves_the_file_where_it_is(ledger: Ledger) -> None:
    """It may be moved while its image is being worked on."""
    image = an_image()
    ledger.add(image)
    ledger.relocate(image.id, "moved/boot.jpg", 99, 12345)
    ledger.save(step(image, Uploaded(), NOW)[0])
    kept = ledger.image(image.id)
    assert kept is not None
    assert (kept.state, kept.state_since) == (State.UPLOADED, NOW)
    assert (kept.path, kept.size_bytes, kept.mtime_ns) == ("moved/boot.jpg", 99, 12345)


def test_a_file_time_of_any_size_is_kept(ledger: Ledger) -> None:
    ledger.add(an_image(mtime_ns=2**62))
    assert ledger.images()[0].mtime_ns == 2**62


def test_a_forgotten_image_is_dropped(ledger: Ledger) -> None:
    ledger.add(an_image())
    ledger.save(step(an_image(), Gone(), NOW)[0])
    assert ledger.images() == []
    assert ledger.image("image-1") is None


def test_images_are_listed_as_they_were_detected_and_narrowed(ledger: Ledger) -> None:
    ledger.add(another(1, detected_at=NOW + 2))
    ledger.add(another(2, detected_at=NOW + 1, state=State.FAILED))
    ledger.add(another(3, folder="Portraits"))
    assert [i.id for i in ledger.images()] == ["image-3", "image-2", "image-1"]
    assert [i.id for i in ledger.images("Packshots")] == ["image-2", "image-1"]
    assert [i.id for i in ledger.images(states=(State.FAILED,))] == ["image-2"]
    assert [i.id for i in ledger.images(path="1.jpg")] == ["image-1"]


def test_the_same_content_is_found_in_its_hot_folder_alone(ledger: Ledger) -> None:
    ledger.add(an_image())
    ledger.add(an_image(id="image-2", folder="Portraits"))
    assert [i.id for i in ledger.with_content("Packshots", an_image().content_hash)] == ["image-1"]


def test_due_are_those_whose_time_has_come_the_longest_waiting_first(ledger: Ledger) -> None:
    for n, wake_at in enumerate([NOW + 1, NOW, NOW - 5, 0.0]):
        ledger.add(another(n, wake_at=wake_at))
    ledger.add(another(10, state=State.UPLOADED))
    ledger.add(another(11, folder="Portraits"))
    due = ledger.due("Packshots", (State.QUEUED,), NOW, 10)
    assert [i.id for i in due] == ["image-3", "image-2", "image-1"]
    assert len(ledger.due("Packshots", (State.QUEUED,), NOW, 2)) == 2
    assert {i.id for i in ledger.due("Packshots", (State.QUEUED, State.UPLOADED), NOW, 10)} >= {"image-10"}


def test_the_next_appointment_is_the_earliest_that_is_not_due_yet(ledger: Ledger) -> None:
    for n, wake_at in enumerate([NOW - 5, NOW + 60, NOW + 30]):
        ledger.add(another(n, wake_at=wake_at))
    ledger.add(another(9, wake_at=NOW + 1, state=State.IN_QA))
    assert ledger.next_wake((State.QUEUED,), NOW) == NOW + 30
    assert ledger.next_wake((State.QUEUED,), NOW + 60) is None
    assert ledger.next_wake((State.FINISHED,), NOW) is None


def test_images_are_counted_by_hot_folder_and_state(ledger: Ledger) -> None:
    for n, state in enumerate([State.QUEUED, State.QUEUED, State.FAILED]):
        ledger.add(another(n, state=state))
    assert ledger.counts() == {"Packshots": {State.QUEUED: 2, State.FAILED: 1}}


def test_the_stamps_of_known_and_passed_over_files_need_no_second_look(ledger: Ledger) -> None:
    ledger.add(an_image())
    ledger.pass_over("Packshots", [("old.jpg", 5, 6), ("older.jpg", 7, 8)])
    ledger.pass_over("Packshots", [("old.jpg", 5, 6)])
    ledger.pass_over("Packshots", [])
    mine = (an_image().path, an_image().size_bytes, an_image().mtime_ns)
    assert ledger.known_stamps("Packshots") == {mine, ("old.jpg", 5, 6), ("older.jpg", 7, 8)}
    assert ledger.known_stamps("Portraits") == set()


# --- results --------------------------------------------------------------------------------------


def test_a_claimed_result_path_is_durable_with_the_hash_of_what_will_stand_there(ledger: Ledger) -> None:
    ledger.add(an_image(State.FINISHED))
    claimed = ledger.claim_result(
        an_image(State.FINISHED, result_hash="f" * 64), lambda taken: "Boots 224/boot.png"
    )
    kept = ledger.image("image-1")
    assert kept == claimed
    assert (claimed.result_path, claimed.result_hash) == ("Boots 224/boot.png", "f" * 64)


def test_the_paths_of_other_images_in_that_subfolder_are_offered_as_taken(ledger: Ledger) -> None:
    offered: list[frozenset[str]] = []

    def choose(taken: frozenset[str]) -> str:
        offered.append(taken)
        return "Boots 224/boot.png"

    for n, result_path in enumerate(["Boots 224/a.png", "Boots_224/b.png", "Other/c.png", None], 10):
        ledger.add(another(n, path=f"Boots 224/{n}.jpg", result_path=result_path))
    ledger.add(another(8, folder="Portraits", result_path="Boots 224/d.png"))
    ledger.add(an_image(State.FINISHED, result_path="Boots 224/its own.png"))
    ledger.claim_result(an_image(State.FINISHED), choose)
    assert offered == [frozenset({"Boots 224/a.png"})]


def test_a_subfolder_with_a_percent_sign_or_underscore_takes_only_its_own(ledger: Ledger) -> None:
    offered: list[frozenset[str]] = []
    ledger.add(another(1, result_path="axb/1.png"))
    ledger.add(another(2, path="a%b/2.jpg", result_path=None))

    def choose(taken: frozenset[str]) -> str:
        offered.append(taken)
        return "a%b/2.png"

    ledger.claim_result(another(2, path="a%b/2.jpg"), choose)
    assert offered == [frozenset()]


def test_a_failing_choice_claims_nothing(ledger: Ledger) -> None:
    ledger.add(an_image(State.FINISHED))

    def choose(_: frozenset[str]) -> str:
        raise ValueError("no name")

    with pytest.raises(ValueError, match="no name"):
        ledger.claim_result(an_image(State.FINISHED), choose)
    assert ledger.images()[0].result_path is None


# --- appointments ---------------------------------------------------------------------------------


def test_appointments_move_with_the_clock_and_what_is_due_at_once_stays_so(ledger: Ledger) -> None:
    ledger.add(another(1, wake_at=NOW + 10))
    ledger.add(another(2, wake_at=0.0))
    ledger.set_hold(a_hold(wake_at=NOW + 5))
    ledger.shift_appointments(3600.0)
    assert {i.id: i.wake_at for i in ledger.images()} == {"image-1": NOW + 3610, "image-2": 0.0}
    assert ledger.holds()[0].wake_at == NOW + 3605
    ledger.shift_appointments(-3600.0)
    assert ledger.holds()[0].wake_at == NOW + 5


def test_no_appointment_lies_beyond_the_latest_after_a_restart(ledger: Ledger) -> None:
    ledger.add(another(1, wake_at=NOW + 99_999))
    ledger.add(another(2, wake_at=NOW + 5))
    ledger.set_hold(a_hold(wake_at=NOW + 99_999))
    ledger.limit_appointments(NOW + 3600)
    assert {i.id: i.wake_at for i in ledger.images()} == {"image-1": NOW + 3600, "image-2": NOW + 5}
    assert ledger.holds()[0].wake_at == NOW + 3600


def test_now_makes_everything_due_but_the_looks_that_wait_for_certainty(ledger: Ledger) -> None:
    states = [State.QUEUED, State.PROCESSING, State.REQUESTED, State.RETRYING]
    for n, state in enumerate(states):
        ledger.add(another(n, state=state, wake_at=NOW + 60))
    ledger.forget_backoffs()
    assert {i.state for i in ledger.images() if i.wake_at == 0.0} == {State.QUEUED, State.PROCESSING}


def test_put_off_steps_survive_a_restart(ledger: Ledger, path: Path) -> None:
    ledger.add(an_image())
    ledger.save(step(an_image(), PutOff(reason="No network.", wake_at=NOW + 60), NOW)[0])
    again = reopened(ledger, path)
    (image,) = again.images()
    assert (image.attempts, image.wake_at, image.reason) == (1, NOW + 60, "No network.")
    again.close()


# --- batches, holds, hot folders, notices ---------------------------------------------------------


def test_a_batch_comes_with_its_image_and_grows(ledger: Ledger) -> None:
    ledger.add(another(1, batch_id="batch-1"), a_batch())
    ledger.add(another(2, batch_id="batch-1"), a_batch().joined_by_one(NOW + 5))
    assert ledger.batches() == [a_batch(images=2, last_joined_at=NOW + 5)]
    assert ledger.batch("batch-1") == ledger.latest_batch("Packshots", "Boots 224")
    assert ledger.batch("unknown") is None


def test_the_latest_batch_has_the_highest_number(ledger: Ledger) -> None:
    for number in (1, 2, 10):
        ledger.add(another(number), a_batch(id=f"batch-{number}", number=number))
    ledger.add(another(99), a_batch(id="other", folder="Portraits", number=50))
    latest = ledger.latest_batch("Packshots", "Boots 224")
    assert latest is not None
    assert latest.number == 10
    assert ledger.latest_batch("Packshots", "Nothing") is None


def test_two_batches_never_share_a_number(ledger: Ledger) -> None:
    ledger.add(another(1), a_batch())
    with pytest.raises(IntegrityError):
        ledger.add(another(2), a_batch(id="batch-2"))


def test_holds_survive_a_restart_and_there_is_one_of_each_kind_and_scope(ledger: Ledger, path: Path) -> None:
    ledger.set_hold(a_hold(since=NOW, wake_at=NOW + 5, attempts=1))
    ledger.set_hold(a_hold(since=NOW, wake_at=NOW + 9, attempts=2))
    ledger.set_hold(a_hold(scope="Packshots", kind=HoldKind.OUT_FOLDER, since=NOW + 1))
    again = reopened(ledger, path)
    assert [(h.kind, h.scope, h.attempts) for h in again.holds()] == [
        (HoldKind.CREDITS, ACCOUNT, 2),
        (HoldKind.OUT_FOLDER, "Packshots", 0),
    ]
    again.release_hold(ACCOUNT, HoldKind.CREDITS)
    again.release_hold(ACCOUNT, HoldKind.CREDITS)
    assert [h.kind for h in again.holds()] == [HoldKind.OUT_FOLDER]
    again.close()


def test_pauses_begin_and_end_together_and_touch_no_other_hold(ledger: Ledger, path: Path) -> None:
    ledger.set_hold(a_hold())
    ledger.change_pauses([pause_of("Boots", NOW), pause_of("Shoes", NOW)], [])
    ledger.change_pauses([pause_of(ACCOUNT, NOW), pause_of("Shoes", NOW + 1)], ["Boots", "nobody"])
    again = reopened(ledger, path)
    kept = {(hold.scope, hold.kind, hold.since) for hold in again.holds()}
    assert kept == {
        (ACCOUNT, HoldKind.CREDITS, 0.0),
        (ACCOUNT, HoldKind.PAUSED, NOW),
        ("Shoes", HoldKind.PAUSED, NOW),
    }
    again.close()


def test_problems_that_were_seen_are_told_apart_from_new_ones(ledger: Ledger) -> None:
    for n in range(3):
        ledger.add(another(n, state=State.FAILED, state_since=NOW + n))
    assert failed_unseen(ledger) == 3
    ledger.note_problems_seen(NOW + 1)
    assert failed_unseen(ledger) == 1
    ledger.note_problems_seen(NOW + 2)
    assert failed_unseen(ledger) == 0
    assert [image.id for image in ledger.latest_failed(2)] == ["image-2", "image-1"]
    assert ledger.notices() == []


def test_what_was_delivered_since_is_counted(ledger: Ledger) -> None:
    for n in range(3):
        ledger.add(another(n, state=State.DELIVERED, delivered_at=NOW + n))
    ledger.add(another(9))
    assert [delivered_since(ledger, NOW + n) for n in range(4)] == [3, 2, 1, 0]


def test_a_hot_folder_is_known_once_it_was_scanned(ledger: Ledger) -> None:
    assert ledger.folder_device("Packshots") is None
    ledger.note_folder("Packshots", "/in", 42, NOW)
    assert ledger.folder_device("Packshots") == 42


def test_an_out_folder_once_used_stays_so_whatever_else_is_noted(ledger: Ledger) -> None:
    assert not ledger.out_folder_used("Packshots")
    ledger.note_folder("Packshots", "/in", 1, NOW)
    assert not ledger.out_folder_used("Packshots")
    ledger.note_out_folder_used("Packshots")
    ledger.note_folder("Packshots", "/in", 2, NOW)
    assert ledger.out_folder_used("Packshots")
    assert ledger.folder_device("Packshots") == 2


def test_a_renamed_hot_folder_keeps_its_images_batches_and_holds(ledger: Ledger) -> None:
    ledger.note_folder("Packshots", "/in", 1, NOW)
    ledger.add(an_image(), a_batch())
    ledger.set_hold(a_hold(scope="Packshots", kind=HoldKind.WORKFLOW))
    assert ledger.follow_renames({"Product shots": "/in", "Portraits": "/other"}) == [
        ("Packshots", "Product shots")
    ]
    assert [i.folder for i in ledger.images()] == ["Product shots"]
    assert [b.folder for b in ledger.batches()] == ["Product shots"]
    assert [h.scope for h in ledger.holds()] == ["Product shots"]
    assert ledger.folder_device("Product shots") == 1


def test_a_hot_folder_that_kept_its_name_is_not_renamed(ledger: Ledger) -> None:
    ledger.note_folder("Packshots", "/in", 1, NOW)
    ledger.note_folder("Portraits", "/other", 1, NOW)
    assert ledger.follow_renames({"Packshots": "/in", "Portraits": "/moved"}) == []
    assert ledger.follow_renames({"Packshots": "/other", "Portraits": "/in"}) == []


def test_what_was_said_once_is_not_said_again(ledger: Ledger, path: Path) -> None:
    assert ledger.say_once("Packshots", "CR2", "CR2 files are not sent.", NOW)
    assert not ledger.say_once("Packshots", "CR2", "other words", NOW + 1)
    assert ledger.say_once("Portraits", "CR2", "There too.", NOW + 2)
    again = reopened(ledger, path)
    assert again.notices() == [("Packshots", "CR2 files are not sent."), ("Portraits", "There too.")]
    again.close()


def test_when_a_file_came_back_is_the_intakes_to_say_and_no_step_under_way_undoes_it(ledger: Ledger) -> None:
    image = an_image(State.PROCESSING)
    ledger.add(image)
    ledger.relocate(image.id, image.path, image.size_bytes, image.mtime_ns, NOW + 60)
    ledger.save(replace(image, state=State.IN_QA))
    (kept,) = ledger.images()
    assert (kept.state, kept.detected_at) == (State.IN_QA, NOW + 60)
