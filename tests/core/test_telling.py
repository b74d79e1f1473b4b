"""What is told, in which words, and when: nothing twice, nothing lost, never a flood."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotfolder.core.config import Notifications
from hotfolder.core.glance import Action, Deed, FolderPlace
from hotfolder.core.image import Image, State
from hotfolder.core.telling import Telling
from hotfolder.core.telling_batches import LATE_QUIET_S, QUIET_S, BatchKey, Tally
from hotfolder.core.telling_words import Notification, NotSentNews
from tests.fakes import an_image

PLACES = {"Packshots": FolderPlace("/in", "/out"), "Portraits": FolderPlace("/faces in", "/faces out")}
STEP_S = 1.0
LATER_S = 4000.0


class Desk:
    """A person's desk: the ledger, the clock, and every notification that arrives, with its time."""

    def __init__(self, level: Notifications = Notifications.BATCHES) -> None:
        self.level = level
        self.now = 1000.0
        self.ledger: dict[str, Image] = {}
        self.counts: dict[BatchKey, Counter[State]] = defaultdict(Counter)
        self.told: list[tuple[float, Notification]] = []
        self.restart()

    def restart(self) -> None:
        self.telling = Telling(1_800_000_000.0)

    def drop(self, path: str, batch: str | None = "", folder: str = "Packshots", **changes: object) -> Image:
        """A new image; its batch is called like its subfolder."""
        subfolder = path.rpartition("/")[0]
        batch_id = f"{folder}/{subfolder}" if batch == "" else batch
        image = replace(
            an_image(id=f"{folder}/{path}/{len(self.ledger)}", folder=folder, path=path, batch_id=batch_id),
            **changes,  # type: ignore[arg-type]
        )
        self.ledger[image.id] = image
        self.counts[BatchKey(folder, batch_id)][image.state] += 1
        self.telling.note_new(image, self.now)
        return image

    def drop_broken(self, path: str, reason: str = "It is damaged.") -> Image:
        return self.drop(path, None, state=State.FAILED, reason=reason, advice="Save it anew.")

    def move(self, image: Image, state: State, reason: str = "") -> Image:
        before = self.ledger[image.id]
        after = self.ledger[image.id] = replace(before, state=state, reason=reason)
        self.counts[BatchKey(after.folder, after.batch_id)].update({before.state: -1, after.state: 1})
        self.telling.note_change(before, after, self.now)
        return after

    def deliver(self, *images: Image) -> None:
        for image in images:
            self.move(image, State.DELIVERED)

    def fail(self, *images: Image, reason: str = "The service could not retouch it.") -> None:
        for image in images:
            self.move(image, State.FAILED, reason)

    def wait(self, seconds: float) -> None:
        """As the teller does it: look, then sleep until something is due."""
        end = self.now + seconds
        while True:
            self.look()
            due_at = self.telling.due_at(self.now, self.level)
            if due_at is None or due_at > end:
                break
            self.now = max(self.now + 0.2, due_at)
        self.now = end

    def look(self, *, last: bool = False) -> None:
        keys = self.telling.batches_to_check(self.now, last=last)
        self.telling.note_tallies(keys, self.tallies(keys), self.now, self.now)
        self.told += [(self.now, told) for told in self.telling.take(self.now, self.level, PLACES, last=last)]

    def tallies(self, keys: Sequence[BatchKey]) -> dict[BatchKey, Tally]:
        found = {}
        for key in keys:
            states = self.counts[key]
            found[key] = Tally(
                name=key.folder if key.batch_id is None else key.batch_id.partition("/")[2],
                open=sum(number for state, number in states.items() if not state.is_final),
                delivered=states[State.DELIVERED],
                failed=states[State.FAILED],
            )
        return found

    @property
    def titles(self) -> list[str]:
        return [told.title for _, told in self.told]

    @property
    def last(self) -> Notification:
        return self.told[-1][1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def drop_many(desk: Desk, number: int, subfolder: str = "Boots 224") -> list[Image]:
    return [desk.drop(f"{subfolder}/{index}.jpg") for index in range(number)]


# --- a batch --------------------------------------------------------------------------------------


def test_a_finished_batch_is_told_once_with_its_counts_and_opens_its_results(desk: Desk) -> None:
    *good, bad = drop_many(desk, 25)
    desk.deliver(*good)
    desk.fail(bad)
    desk.wait(LATER_S)
    assert desk.titles == ["Boots 224: 24 delivered, 1 needs you"]
    assert desk.last.text == "24.jpg: The service could not retouch it."
    assert desk.last.action == Action(Deed.OPEN_PATH, "/out/Boots 224")


def test_a_batch_with_an_open_image_is_not_told_however_long_it_takes(desk: Desk) -> None:
    *good, slow = drop_many(desk, 3)
    desk.deliver(*good)
    desk.move(slow, State.IN_QA)
    desk.wait(300_000.0)
    assert desk.titles == []
    desk.deliver(slow)
    desk.wait(LATER_S)
    assert desk.titles == ["Boots 224: 3 delivered"]
    assert desk.last.text == "The results are in the out folder of Packshots."


def test_a_batch_is_told_only_after_it_was_quiet(desk: Desk) -> None:
    desk.deliver(desk.drop("Boots/1.jpg"))
    desk.wait(QUIET_S - 1)
    desk.deliver(desk.drop("Boots/2.jpg"))
    desk.wait(QUIET_S - 1)
    assert desk.titles == []
    desk.wait(2)
    assert desk.titles == ["Boots: 2 delivered"]


def test_late_files_are_told_together_as_more(desk: Desk) -> None:
    desk.deliver(*drop_many(desk, 24))
    desk.wait(QUIET_S + 1)
    for number in range(3):
        desk.deliver(desk.drop(f"Boots 224/late {number}.jpg"))
        desk.wait(LATE_QUIET_S - 1)
    desk.wait(LATER_S)
    assert desk.titles == ["Boots 224: 24 delivered", "Boots 224: 3 more delivered"]


def test_a_file_that_is_no_image_is_counted_by_the_batch_of_its_subfolder(desk: Desk) -> None:
    """It is in no batch, since it is never sent; and it is told by the batch, not a second time."""
    desk.drop_broken("Boots 224/scan.jpg")
    desk.deliver(*drop_many(desk, 3))
    desk.deliver(desk.drop("Hats/1.jpg"))
    desk.wait(LATER_S)
    assert sorted(desk.titles) == ["Boots 224: 3 delivered, 1 needs you", "Hats: 1 delivered"]
    assert next(t.text for _, t in desk.told if "Boots" in t.title) == "scan.jpg: It is damaged."


def test_a_failure_long_before_the_end_of_its_batch_is_told_at_once_and_counted_at_the_end(
    desk: Desk,
) -> None:
    good, bad = drop_many(desk, 2)
    desk.fail(bad)
    desk.wait(600)
    desk.deliver(good)
    desk.wait(LATER_S)
    assert desk.titles == ["Packshots: 1.jpg needs you", "Boots 224: 1 delivered, 1 needs you"]


def test_what_failed_and_is_delivered_after_try_again_is_told_as_more(desk: Desk) -> None:
    good, bad = drop_many(desk, 2)
    desk.deliver(good)
    desk.fail(bad)
    desk.wait(LATER_S)
    desk.move(bad, State.PROCESSING)
    desk.deliver(bad)
    desk.wait(LATER_S)
    assert desk.titles == ["Boots 224: 1 delivered, 1 needs you", "Boots 224: 1 more delivered"]


def test_what_failed_and_is_delivered_before_it_was_told_needs_nobody(desk: Desk) -> None:
    image = desk.drop("a/1.jpg", None)
    desk.fail(image)
    desk.wait(QUIET_S - 1)
    desk.move(image, State.PROCESSING)
    desk.deliver(image)
    desk.wait(LATER_S)
    assert desk.titles == ["Packshots: 1 delivered"]


def test_a_batch_whose_images_were_all_taken_away_is_not_told(desk: Desk) -> None:
    for image in drop_many(desk, 3):
        desk.move(image, State.FORGOTTEN)
    desk.wait(LATER_S)
    assert desk.titles == []


def test_images_in_no_batch_are_told_by_their_hot_folder(desk: Desk) -> None:
    for subfolder in ("a", "b"):
        desk.deliver(desk.drop(f"{subfolder}/1.jpg", None))
    desk.wait(LATER_S)
    assert desk.titles == ["Packshots: 2 delivered"]
    assert desk.last.action == Action(Deed.OPEN_PATH, "/out")


def test_a_long_name_gives_way_and_the_counts_stay(desk: Desk) -> None:
    desk.deliver(desk.drop(f"{'x' * 300}/1.jpg"))
    desk.wait(LATER_S)
    assert len(desk.titles[0]) <= 110
    assert desk.titles[0].endswith(": 1 delivered")


# --- a restart ------------------------------------------------------------------------------------


def test_a_batch_half_done_at_the_restart_is_told_whole(desk: Desk) -> None:
    first, second, third = drop_many(desk, 3)
    desk.deliver(first)
    desk.restart()
    desk.deliver(second, third)
    desk.wait(LATER_S)
    assert desk.titles == ["Boots 224: 3 delivered"]


def test_a_batch_told_before_the_restart_is_not_told_again(desk: Desk) -> None:
    desk.deliver(*drop_many(desk, 3))
    desk.wait(LATER_S)
    desk.restart()
    desk.wait(LATER_S)
    desk.deliver(desk.drop("Boots 224/late.jpg"))
    desk.wait(LATER_S)
    assert desk.titles == ["Boots 224: 3 delivered", "Boots 224: 1 more delivered"]


def test_at_the_end_nothing_is_kept_back(desk: Desk) -> None:
    desk.deliver(*drop_many(desk, 3))
    desk.look(last=True)
    assert desk.titles == ["Boots 224: 3 delivered"]


def test_at_the_end_what_waits_for_its_turn_is_told_in_one(desk: Desk) -> None:
    for number in range(6):
        desk.deliver(desk.drop(f"Order {number}/1.jpg"))
    desk.look(last=True)
    assert desk.titles == ["6 batches delivered: 6 images"]


# --- a batch that waits for its turn --------------------------------------------------------------


def use_up_the_burst(desk: Desk) -> None:
    for number in range(5):
        desk.deliver(desk.drop(f"Order {number}/1.jpg"))
        desk.wait(30)
    assert len(desk.told) == 4
    desk.told.clear()


def test_a_batch_that_finishes_again_before_it_was_told_is_told_whole(desk: Desk) -> None:
    use_up_the_burst(desk)
    first, bad = desk.drop("Boots/1.jpg"), desk.drop("Boots/2.jpg")
    desk.deliver(first)
    desk.fail(bad)
    desk.wait(10)
    desk.move(bad, State.PROCESSING)
    desk.deliver(bad, desk.drop("Boots/late.jpg"))
    desk.wait(LATER_S)
    assert desk.titles == ["2 batches delivered: 4 images"]


def test_later_files_that_wait_for_their_turn_are_told_together(desk: Desk) -> None:
    for name in ("Boots", "Order 1", "Order 2", "Order 3"):
        desk.deliver(desk.drop(f"{name}/1.jpg"))
        desk.wait(30)
    assert len(desk.told) == 4
    desk.told.clear()
    for number in range(2):
        desk.deliver(desk.drop(f"Boots/late {number}.jpg"))
        desk.wait(LATE_QUIET_S + 1)
    desk.wait(LATER_S)
    assert desk.titles == ["Boots: 2 more delivered"]


# --- the ledger's answers -------------------------------------------------------------------------


def test_a_batch_that_changed_while_the_ledger_was_asked_is_asked_about_again(desk: Desk) -> None:
    desk.deliver(desk.drop("Boots/1.jpg"))
    desk.now += QUIET_S
    keys = desk.telling.batches_to_check(desk.now)
    tallies, asked_at = desk.tallies(keys), desk.now
    desk.now += 0.5
    desk.deliver(desk.drop("Boots/2.jpg"))
    desk.telling.note_tallies(keys, tallies, asked_at, desk.now)
    desk.wait(LATER_S)
    assert desk.titles == ["Boots: 2 delivered"]


def test_a_batch_the_ledger_gave_no_answer_about_is_asked_about_again(desk: Desk) -> None:
    desk.deliver(desk.drop("Boots/1.jpg"))
    desk.now += QUIET_S
    desk.telling.put_off(desk.telling.batches_to_check(desk.now), desk.now)
    assert desk.telling.batches_to_check(desk.now) == []
    desk.wait(LATER_S)
    assert desk.titles == ["Boots: 1 delivered"]


# --- failures -------------------------------------------------------------------------------------


def test_one_failed_image_is_told_with_its_reason_and_advice(desk: Desk) -> None:
    desk.drop_broken("Boots 224/boot.jpg")
    desk.wait(LATER_S)
    assert desk.titles == ["Packshots: boot.jpg needs you"]
    assert desk.last.text == "It is damaged. Save it anew."
    assert desk.last.action == Action(Deed.OPEN_PATH, "/in/Boots 224")


def test_many_failed_images_are_told_together_with_the_most_frequent_reason_first(desk: Desk) -> None:
    desk.drop_broken("c.jpg", "It is empty.")
    for number in range(11):
        desk.drop_broken(f"{number}.jpg")
        desk.wait(1)
    desk.wait(LATER_S)
    assert desk.titles == ["Packshots: 12 images need you"]
    assert desk.last.text == "11 images: It is damaged. c.jpg: It is empty."


def test_failures_of_several_hot_folders_are_told_together(desk: Desk) -> None:
    desk.drop_broken("a.jpg")
    desk.fail(desk.drop("Faces/b.jpg", folder="Portraits"))
    desk.drop_broken("c.jpg")
    desk.level = Notifications.PROBLEMS
    desk.wait(LATER_S)
    assert desk.titles == ["3 images need you"]
    assert desk.last.text == "Packshots: 2, Portraits: 1."


def test_an_image_that_is_mended_before_it_was_told_is_not_told(desk: Desk) -> None:
    broken = desk.drop_broken("a.jpg")
    desk.wait(1)
    desk.move(broken, State.FORGOTTEN)
    desk.wait(LATER_S)
    assert desk.titles == []


def test_a_thousand_failures_in_an_hour_are_a_handful_of_messages(desk: Desk) -> None:
    for number in range(1000):
        desk.drop_broken(f"{number}.jpg")
        desk.wait(3.6)
    desk.wait(LATER_S)
    assert len(desk.told) <= 10
    assert sum(int(title.split()[1]) for title in desk.titles) == 1000


# --- problems -------------------------------------------------------------------------------------


def test_a_broken_config_is_told_at_once_and_the_same_words_not_again(desk: Desk) -> None:
    for _ in range(5):
        desk.telling.note_problem("config.yaml is wrong", "Line 3.", desk.now, Action(Deed.SETTINGS))
        desk.wait(60)
    assert desk.titles == ["config.yaml is wrong"]
    assert desk.last.action == Action(Deed.SETTINGS)
    desk.wait(1800)
    desk.telling.note_problem("config.yaml is wrong", "Line 3.", desk.now, Action(Deed.SETTINGS))
    desk.wait(60)
    assert len(desk.told) == 2


def test_an_editor_that_saves_all_the_time_makes_no_flood(desk: Desk) -> None:
    for number in range(120):
        desk.telling.note_problem("config.yaml is wrong", f"Line {number}.", desk.now)
        desk.wait(5)
    assert len(desk.told) <= 12
    desk.wait(60)
    assert desk.last.text == "Line 119."


# --- levels ---------------------------------------------------------------------------------------


def busy_day(desk: Desk) -> None:
    desk.deliver(*drop_many(desk, 3))
    desk.drop_broken("Hats/a.jpg")
    desk.wait(LATER_S)


@pytest.mark.parametrize(
    ("level", "titles"),
    [
        (Notifications.OFF, []),
        (Notifications.PROBLEMS, ["Packshots: a.jpg needs you"]),
        (Notifications.BATCHES, ["Boots 224: 3 delivered", "Packshots: a.jpg needs you"]),
        (
            Notifications.ALL,
            [
                "Packshots: 0.jpg is delivered",
                "Packshots: 1.jpg is delivered",
                "Packshots: 2.jpg is delivered",
                "Boots 224: 3 delivered",
                "Packshots: a.jpg needs you",
            ],
        ),
    ],
)
def test_each_level_tells_its_share(desk: Desk, level: Notifications, titles: list[str]) -> None:
    desk.level = level
    busy_day(desk)
    assert desk.titles == titles


def test_what_happened_while_off_is_not_told_later(desk: Desk) -> None:
    desk.level = Notifications.OFF
    busy_day(desk)
    desk.level = Notifications.ALL
    desk.wait(LATER_S)
    assert desk.titles == []


def test_all_tells_a_flood_of_images_in_sums(desk: Desk) -> None:
    desk.level = Notifications.ALL
    for number in range(600):
        desk.deliver(desk.drop(f"Boots/{number}.jpg"))
        desk.wait(1)
    desk.wait(LATER_S)
    single = [t for t in desk.titles if "is delivered" in t]
    sums = [int(m[1]) for t in desk.titles if (m := re.match(r"Packshots: (\d+) images delivered", t))]
    assert len(single) + sum(sums) == 600
    assert len(desk.told) <= 16


# --- never a flood, nothing lost ------------------------------------------------------------------


def counts_in(title: str) -> tuple[int, int, int]:
    """(batches, delivered, failed) of what a batch's or a summary's title says."""
    number = r"([\d,]+)"
    batches = re.match(rf"{number} batches delivered: ", title)
    delivered = (
        re.search(rf"{number} image", title)
        if batches
        else re.search(rf"{number}(?: more)? delivered", title)
    )
    failed = re.search(rf"{number} needs? you", title)
    said = [int(m[1].replace(",", "")) if m else 0 for m in (batches, delivered, failed)]
    return (said[0] or 1, said[1], said[2])


def most_within(desk: Desk, seconds: float) -> int:
    times = [time for time, _ in desk.told]
    return max((sum(begin <= time < begin + seconds for time in times) for begin in times), default=0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_thousand_images_give_a_handful_and_every_batch_is_told_once(seed: int) -> None:
    """400 subfolders, worked off in a random order within half an hour, one image in a hundred fails."""
    desk, random = Desk(), Random(seed)
    images = [desk.drop(f"{number % 400}/{number}.jpg") for number in range(10_000)]
    random.shuffle(images)
    failed = 0
    for index, image in enumerate(images):
        if random.random() < 0.01:
            failed += 1
            desk.fail(image)
        else:
            desk.deliver(image)
        if index % 20 == 0:
            desk.wait(1800 / 500)
    desk.wait(LATER_S)
    batches = [counts_in(title) for title in desk.titles if "delivered" in title]
    assert tuple(map(sum, zip(*batches, strict=True))) == (400, 10_000 - failed, failed)
    assert most_within(desk, 600.0) <= 6
    assert len(desk.told) <= 16


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=40),
    seed=st.integers(0, 10_000),
    pause_s=st.sampled_from([0.0, 0.3, 7.0, 90.0]),
    level=st.sampled_from([Notifications.BATCHES, Notifications.ALL]),
)
def test_whatever_the_order_each_image_is_counted_once_and_each_batch_contained(
    sizes: list[int], seed: int, pause_s: float, level: Notifications
) -> None:
    desk, random = Desk(level), Random(seed)
    images = [
        desk.drop(f"batch {batch}/{number}.jpg") for batch, size in enumerate(sizes) for number in range(size)
    ]
    random.shuffle(images)
    failed = {image.id for image in images if random.random() < 0.2}
    for image in images:
        (desk.fail if image.id in failed else desk.deliver)(image)
        desk.wait(pause_s * random.random())
    desk.wait(10 * LATER_S)
    told = [t for t in desk.titles if "delivered" in t and not t.startswith("Packshots:")]
    told += [t for t in desk.titles if re.match(r"batch \d+: \d+ needs? you", t)]
    batches = [counts_in(title) for title in told]
    assert tuple(map(sum, zip(*batches, strict=True))) == (len(sizes), len(images) - len(failed), len(failed))
    if level is Notifications.BATCHES:
        assert most_within(desk, 600.0) <= 7


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_at_off_nothing_is_ever_told(seed: int) -> None:
    desk, random = Desk(Notifications.OFF), Random(seed)
    for number in range(60):
        image = desk.drop(f"{random.randrange(6)}/{number}.jpg")
        desk.wait(random.random() * 20)
        (desk.fail if random.random() < 0.3 else desk.deliver)(image)
        if random.random() < 0.1:
            desk.telling.note_problem("config.yaml is wrong", str(number), desk.now)
    desk.wait(LATER_S)
    assert desk.told == []


def test_four_hundred_subfolders_within_minutes_are_summed_up(desk: Desk) -> None:
    images = [desk.drop(f"{number % 40}/{number}.jpg") for number in range(812)]
    desk.fail(*images[:3])
    desk.deliver(*images[3:])
    desk.wait(LATER_S)
    assert desk.titles == ["40 batches delivered: 809 images, 3 need you"]
    assert desk.last.text == "0, 1, 2 and 37 more."
    assert desk.last.action == Action(Deed.OPEN_PATH, "/out")


# --- taken back -----------------------------------------------------------------------------------


def test_the_message_about_failed_images_is_taken_back_when_none_is_failed_any_more(desk: Desk) -> None:
    images = [desk.drop(f"Boots 224/{number}.jpg") for number in range(2)]
    still_open = desk.drop("Boots 224/open.jpg")
    desk.fail(*images)
    desk.wait(300.0)
    assert desk.titles == ["Packshots: 2 images need you"]
    desk.move(images[0], State.QUEUED)
    assert desk.telling.take_back() == []
    desk.move(images[1], State.FORGOTTEN)
    assert desk.telling.take_back() == [desk.last.key]
    assert desk.telling.take_back() == []
    desk.deliver(still_open)


def test_the_message_about_the_config_is_taken_back_when_it_is_right_again(desk: Desk) -> None:
    desk.telling.note_problem("config.yaml is wrong", "Line 3.", desk.now)
    desk.telling.note_no_problem("another")
    desk.wait(10.0)
    assert desk.telling.take_back() == []
    desk.telling.note_no_problem("config.yaml is wrong")
    assert desk.telling.take_back() == [desk.last.key]


# --- what is not sent -----------------------------------------------------------------------------


def news(new: str = "", **groups: int) -> NotSentNews:
    return NotSentNews("Packshots", groups, frozenset(new.split()))


def test_each_kind_that_is_not_sent_is_told_once_with_the_number_of_the_whole_drop(desk: Desk) -> None:
    for number in range(1, 11):
        desk.telling.note_not_sent(news("CR2" if number == 1 else "", CR2=number), desk.now)
        desk.wait(1.0)
    desk.wait(60.0)
    assert desk.titles == ["Packshots: 10 files are not sent"]
    assert desk.last.text.startswith("10 CR2 (raw photos, which AutoRetouch cannot take)")
    assert desk.last.action == Action(Deed.OPEN_PATH, "/in")
    desk.telling.note_not_sent(news(CR2=11), desk.now)
    desk.telling.note_not_sent(news("PDF", CR2=12, PDF=1), desk.now)
    desk.wait(60.0)
    assert desk.titles[1:] == ["Packshots: 1 file is not sent"]


def test_what_was_taken_away_before_it_was_told_is_not_told(desk: Desk) -> None:
    desk.telling.note_not_sent(news("CR2", CR2=3), desk.now)
    desk.telling.note_not_sent(news(), desk.now)
    desk.wait(60.0)
    assert desk.titles == []


def test_the_message_about_what_is_not_sent_is_taken_back_when_it_is_gone(desk: Desk) -> None:
    desk.telling.note_not_sent(news("CR2", CR2=3), desk.now)
    desk.wait(60.0)
    desk.telling.note_not_sent(news(CR2=1), desk.now)
    assert desk.telling.take_back() == []
    desk.telling.note_not_sent(news(), desk.now)
    assert desk.telling.take_back() == [desk.last.key]
