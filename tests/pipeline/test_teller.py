"""The teller beside a real daemon: exactly the sentences a person gets to read."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters.config_file import load_config
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_tallies import batch_tallies
from hotfolder.core.batching import Batch
from hotfolder.core.config import Notifications
from hotfolder.core.glance import Action, Deed, FolderPlace
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
from hotfolder.core.image import Image, State
from hotfolder.core.telling_batches import BatchKey, Tally
from hotfolder.core.telling_words import Notification
from hotfolder.daemon import Daemon
from hotfolder.errors import LedgerUnusable
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.pipeline.teller import LOOK_S, Teller
from hotfolder.sandbox import Sandbox
from tests.fakes import NOW, an_image
from tests.journeys.workshop import LIMIT_S, Workshop

LATER_S = 200


class Shop(Workshop):
    """A workshop with a teller, whose clock is turned by hand: no sentence depends on how fast this machine is."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        super().__init__(root, sandbox)
        self.daemon_now: Daemon | None = None
        self.extra_holds: list[Hold] = []
        self.final_ids: set[str] = set()
        self.looks = 0
        self.turned_s = 0.0
        self.shown: list[Notification] = []
        self.level = Notifications.BATCHES
        self.show: Callable[[Notification], Any] = self.shown.append
        self.restart_teller()

    def restart_teller(self) -> None:
        self.teller = Teller(
            level=lambda: self.level,
            places=lambda: {"Studio": FolderPlace(str(self.inside), str(self.outside))},
            holds=self.all_holds,
            call_ledger=self.call_ledger,
            show=self.put_up,
            surroundings=Surroundings(self.clock.now, lambda: 1000.0 + self.turned_s),
        )

    def all_holds(self) -> list[Hold]:
        self.looks += 1
        return [*self.extra_holds, *(self.daemon_now.holds if self.daemon_now else [])]

    async def call_ledger(self, work: Callable[[Ledger], Any]) -> Any:
        if self.daemon_now is None:
            raise RuntimeError("no daemon is at work")
        return await self.daemon_now.call_ledger(work)

    async def put_up(self, notification: Notification) -> None:
        self.show(notification)

    def daemon(self) -> Daemon:
        super().daemon()._ledger.close()  # it has written the config
        return Daemon(
            load_config(self.home.config, self.home.data),
            self.home,
            self.tokens,
            surroundings=self.clock.surroundings,
            timeouts=self.timeouts,
            on_change=self.hear_change,
            on_new=self.hear_new,
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """A daemon and the teller at work; the teller has the last words."""
        async with self.serving(), self.telling():
            yield

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async with self.at_work() as self.daemon_now:
            yield
        self.daemon_now = None

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.teller.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    def hear_new(self, image: Image) -> None:
        self.teller.note_new(image)
        self.hear_change(image, image)

    def hear_change(self, before: Image, after: Image) -> None:
        if before is not after:
            self.teller.note_change(before, after)
        if after.state.is_final:
            self.final_ids.add(after.id)

    async def until_final(self, number: int, limit_s: float = LIMIT_S) -> None:
        """As the teller has heard it, so it is in the ledger, too."""
        await self.until(lambda: len(self.final_ids) >= number, limit_s)

    async def pass_time(self, seconds: int = LATER_S) -> None:
        """The teller looks at each of these seconds."""
        for _ in range(seconds):
            self.turned_s += 1.0
            await self.look()

    async def look(self) -> None:
        """Until the teller has begun to look twice, so that one look is whole."""
        begun = self.looks
        while self.looks < begun + 2:
            self.teller.wake()
            await asyncio.sleep(0)

    @property
    def titles(self) -> list[str]:
        return [told.title for told in self.shown]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Sandbox() as sandbox:
        sandbox.world.switches.execution_s = 0.02
        yield Shop(tmp_path / "shop", sandbox)


# --- with a real daemon ---------------------------------------------------------------------------


async def test_a_drop_of_two_subfolders_with_a_broken_image_gives_these_sentences(shop: Shop) -> None:
    for number in range(3):
        shop.drop(f"Boots 224/{number}.jpg", seed=number)
        shop.drop(f"Hats & Co/{number}.jpg", seed=10 + number)
    (shop.inside / "Boots 224" / "broken.jpg").write_bytes(b"this is no image")
    async with shop.open():
        await shop.until_final(7)
        await shop.pass_time()
    boots, hats = sorted(shop.shown, key=lambda told: told.title)
    assert boots.title == "Boots 224: 3 delivered, 1 needs you"
    assert re.fullmatch(r"broken\.jpg: \S.*", boots.text)
    assert boots.action == Action(Deed.OPEN_PATH, str(shop.outside / "Boots 224"))
    assert hats == Notification(
        "Hats & Co: 3 delivered",
        "The results are in the out folder of Studio.",
        action=Action(Deed.OPEN_PATH, str(shop.outside / "Hats & Co")),
    )


async def test_three_hundred_images_in_sixty_subfolders_give_a_handful(shop: Shop) -> None:
    for number in range(300):
        shop.drop(f"Order {number % 60}/{number}.jpg", seed=number)
    async with shop.open():
        await shop.until_final(300, limit_s=150)
        await shop.pass_time()
    assert shop.titles == ["60 batches delivered: 300 images"]


async def test_late_files_and_a_restart_tell_nothing_twice(shop: Shop) -> None:
    shop.drop("Boots 224/1.jpg", seed=1)
    async with shop.open():
        await shop.until_final(1)
        await shop.pass_time()
    assert shop.titles == ["Boots 224: 1 delivered"]
    shop.restart_teller()
    async with shop.open():
        await shop.pass_time()
        shop.drop("Boots 224/2.jpg", seed=2)
        await shop.until_final(2)
        await shop.pass_time()
    assert shop.titles == ["Boots 224: 1 delivered", "Boots 224: 1 more delivered"]


async def test_a_new_daemon_after_a_changed_config_loses_no_finish(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """The teller lives on; between two daemons it gets no answer, and asks again."""
    shop.drop("Boots 224/1.jpg", seed=1)
    async with shop.telling():
        async with shop.serving():
            await shop.until_final(1)
        await shop.pass_time()
        assert shop.titles == []
        async with shop.serving():
            shop.drop("Boots 224/2.jpg", seed=2)
            await shop.until_final(2)
            await shop.pass_time()
    assert shop.titles == ["Boots 224: 2 delivered"]
    assert "begins anew" not in caplog.text


async def test_what_is_finished_at_the_end_is_the_last_word(shop: Shop) -> None:
    shop.drop("Boots 224/1.jpg", seed=1)
    async with shop.open():
        await shop.until_final(1)
    assert shop.titles == ["Boots 224: 1 delivered"]


async def test_a_sign_in_that_is_refused_is_told_once(shop: Shop) -> None:
    shop.sandbox.world.sign_in.refresh_tokens.clear()
    shop.drop("Boots 224/1.jpg")
    async with shop.open():
        await shop.until_held(HoldKind.SIGN_IN)
        await shop.pass_time()
    assert len(shop.shown) == 1
    assert shop.shown[0].action == Action(Deed.SIGN_IN)


async def test_images_in_no_batch_are_told_by_their_hot_folder(shop: Shop) -> None:
    shop.folders[0]["batch"] = {"per": "none"}
    for number in range(3):
        shop.drop(f"{number}/{number}.jpg", seed=number)
    async with shop.open():
        await shop.until_final(3)
        await shop.pass_time()
    assert shop.titles == ["Studio: 3 delivered"]


async def test_the_level_is_followed_as_it_is_set(shop: Shop) -> None:
    shop.level = Notifications.OFF
    shop.drop("Boots 224/1.jpg", seed=1)
    async with shop.open():
        await shop.until_final(1)
        await shop.pass_time()
        shop.level = Notifications.ALL
        shop.drop("Boots 224/2.jpg", seed=2)
        await shop.until_final(2)
        await shop.pass_time()
    assert shop.titles == ["Studio: 2.jpg is delivered", "Boots 224: 1 more delivered"]


# --- nothing harms the daemon ---------------------------------------------------------------------


async def test_an_event_it_cannot_understand_harms_nobody(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.teller.note_new(None)  # type: ignore[arg-type]
    shop.teller.note_change(None, an_image())  # type: ignore[arg-type]
    assert caplog.text.count("A notification may be missing") == 2


async def test_what_cannot_be_shown_keeps_nothing_else_from_being_shown(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_for_boots(notification: Notification) -> None:
        if "Boots" in notification.title:
            raise ValueError("a bug")
        shop.shown.append(notification)

    shop.show = fail_for_boots
    async with shop.telling():
        shop.teller.tell_problem("Boots", "a")
        shop.teller.tell_problem("Hats", "b")
        await shop.pass_time(3)
    assert shop.titles == ["Hats"]
    assert "a bug" in caplog.text


async def test_a_bug_in_between_is_logged_and_telling_goes_on(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotfolder.pipeline.keep_going.AFTER_BUG_S", 0.01)
    held = Hold(scope=ACCOUNT, kind=HoldKind.CREDITS, reason="Out of credits.", since=shop.clock.now() + 1)
    shop.extra_holds = [None]  # type: ignore[list-item]
    async with shop.telling():
        await shop.until(lambda: "begins anew" in caplog.text)
        shop.extra_holds = [held]
        await shop.pass_time(30)
    assert shop.titles == ["Out of credits"]


async def test_a_ledger_on_a_full_disk_is_asked_again_and_said_once(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    asked, is_full = 0, True
    image = an_image(folder="Studio", batch_id="b")

    async def answer(_: object) -> dict[BatchKey, Tally]:
        nonlocal asked
        asked += 1
        if is_full:
            raise LedgerUnusable("The disk is full.")
        return {BatchKey("Studio", "b"): Tally(name="Boots", open=0, delivered=1)}

    monkeypatch.setattr(shop.teller, "_call_ledger", answer)
    shop.teller.note_new(image)
    shop.teller.note_change(image, an_image(State.DELIVERED, folder="Studio", batch_id="b"))
    async with shop.telling():
        await shop.pass_time(60)
        assert 2 <= asked <= 15
        assert caplog.text.count("wait for the ledger") == 1
        is_full = False
        await shop.pass_time(60)
    assert shop.titles == ["Boots: 1 delivered"]


async def test_a_ledger_that_never_answers_keeps_no_problem_from_being_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new daemon cannot begin while the disk is full, and until then nobody answers."""
    monkeypatch.setattr("hotfolder.pipeline.teller.ANSWERED_WITHIN_S", 0.01)

    async def never(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(shop.teller, "_call_ledger", never)
    shop.teller.note_new(an_image())
    shop.turned_s += 10
    shop.teller.tell_problem("config.yaml is wrong", "Line 3.")
    async with shop.telling():
        await shop.until(lambda: shop.titles == ["config.yaml is wrong"])


async def test_a_screen_that_never_answers_does_not_hold_up_the_end(shop: Shop) -> None:
    hanging = asyncio.Event()

    async def hang(_: Notification) -> None:
        hanging.set()
        await asyncio.Event().wait()

    stop = asyncio.Event()
    teller = Teller(lambda: shop.level, dict, list, shop.call_ledger, hang)
    task = asyncio.create_task(teller.run(stop))
    teller.tell_problem("config.yaml is wrong", "Line 3.")
    await hanging.wait()
    stop.set()
    async with asyncio.timeout(30):
        await task


async def test_it_sleeps_while_nothing_happens(shop: Shop) -> None:
    """One look when it begins; the next is seconds away, and the images of a drop wake nobody."""
    async with shop.telling():
        await shop.until(lambda: shop.looks)
        began = time.monotonic()
        for number in range(1000):
            shop.teller.note_new(an_image(id=str(number)))
        await asyncio.sleep(0.2)
        assert shop.looks <= 1 + (time.monotonic() - began) / LOOK_S


# --- what the ledger has --------------------------------------------------------------------------


def test_the_ledger_counts_a_thousand_batches(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    keys = [BatchKey("Packshots", f"batch {number}") for number in range(1000)]
    for number, key in enumerate(keys):
        state = (State.QUEUED, State.DELIVERED, State.FAILED)[number % 3]
        batch = Batch(
            id=key.batch_id or "",
            folder="Packshots",
            base_name=f"Boots {number}",
            number=2,
            created_at="2026-11-24T09:09:01.960Z",
            last_joined_at=NOW,
            images=1,
        )
        ledger.add(an_image(state, id=str(number), path=f"{number}.jpg", batch_id=batch.id), batch)
    ledger.add(an_image(id="loose", path="loose.jpg"))
    loose, unknown = BatchKey("Packshots", None), BatchKey("Packshots", "unknown")
    tallies = batch_tallies(ledger, [*keys, loose, unknown])
    ledger.close()
    assert tallies[keys[0]] == Tally(name="Boots 0 (2)", open=1)
    assert tallies[keys[1]] == Tally(name="Boots 1 (2)", open=0, delivered=1)
    assert tallies[keys[2]] == Tally(name="Boots 2 (2)", open=0, failed=1)
    assert tallies[loose] == Tally(name="Packshots", open=1)
    assert unknown not in tallies
    assert len(tallies) == 1001
