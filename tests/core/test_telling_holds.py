"""Which holds are told, and how often."""

from __future__ import annotations

import pytest

from hotfolder.core.config import Notifications
from hotfolder.core.glance import Action, Deed
from hotfolder.core.holds import ACCOUNT, PATIENT_CHECKS, Hold, HoldKind
from hotfolder.core.telling import Telling
from hotfolder.core.telling_holds import AGAIN_S, LASTING_S, SHORTEST_S
from hotfolder.core.telling_words import Notification, Urgency

STARTED = 1_800_000_000.0
CALM = (HoldKind.SERVICE, HoldKind.PAUSED, HoldKind.KEYRING)


class Watched:
    """Holds that come and go, looked at every few seconds."""

    def __init__(self, level: Notifications = Notifications.BATCHES) -> None:
        self.level = level
        self.now = 1000.0
        self.holds: dict[tuple[str, HoldKind], Hold] = {}
        self.told: list[Notification] = []
        self.taken_back: list[str] = []
        self.telling = Telling(STARTED)

    def hold(
        self, kind: HoldKind, scope: str = ACCOUNT, since: float | None = None, attempts: int = 0
    ) -> None:
        self.holds[scope, kind] = Hold(
            scope=scope,
            kind=kind,
            reason=f"The {kind.value} is away.",
            advice="Bring it back.",
            since=STARTED + self.now if since is None else since,
            attempts=attempts,
        )

    def release(self, kind: HoldKind, scope: str = ACCOUNT) -> None:
        del self.holds[scope, kind]

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now <= end:
            self.telling.note_holds(list(self.holds.values()), self.now)
            self.taken_back += self.telling.take_back()
            self.told += self.telling.take(self.now, self.level, {})
            self.now += 1.0

    @property
    def titles(self) -> list[str]:
        return [told.title for told in self.told]


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.mark.parametrize("kind", [kind for kind in HoldKind if kind not in CALM])
def test_what_needs_the_person_is_told_once_while_it_lasts(watched: Watched, kind: HoldKind) -> None:
    watched.hold(kind)
    watched.wait(5 * AGAIN_S)
    assert watched.titles == [f"The {kind.value} is away"]
    assert watched.told[0].text == "Bring it back."
    assert watched.told[0].urgency is Urgency.HIGH


def test_at_off_nothing_that_is_held_is_told() -> None:
    watched = Watched(Notifications.OFF)
    watched.hold(HoldKind.SIGN_IN)
    watched.wait(AGAIN_S)
    assert watched.titles == []


@pytest.mark.parametrize("level", [Notifications.BATCHES, Notifications.PROBLEMS])
@pytest.mark.parametrize("kind", CALM)
def test_what_heals_by_itself_or_is_wanted_is_not_told(kind: HoldKind, level: Notifications) -> None:
    watched = Watched(level)
    watched.hold(kind)
    watched.wait(AGAIN_S)
    assert watched.titles == []


def test_at_all_a_service_that_is_away_for_long_is_told_calmly() -> None:
    watched = Watched(Notifications.ALL)
    watched.hold(HoldKind.SERVICE)
    watched.wait(LASTING_S[HoldKind.SERVICE] - 5)
    assert watched.titles == []
    watched.wait(AGAIN_S)
    assert watched.titles == ["The service is away"]
    assert watched.told[0].urgency is Urgency.LOW


def test_a_pause_is_told_at_no_level() -> None:
    watched = Watched(Notifications.ALL)
    watched.hold(HoldKind.PAUSED)
    watched.wait(AGAIN_S)
    assert watched.titles == []


def test_a_keyring_that_does_not_come_is_told(watched: Watched) -> None:
    watched.hold(HoldKind.KEYRING)
    watched.wait(30)
    watched.hold(HoldKind.KEYRING, since=STARTED + 1000.0, attempts=PATIENT_CHECKS)
    watched.wait(30)
    assert watched.titles == ["The keyring is away"]


def test_a_drive_that_comes_back_soon_is_not_told(watched: Watched) -> None:
    for _ in range(20):
        watched.hold(HoldKind.IN_FOLDER, "Packshots")
        watched.wait(LASTING_S[HoldKind.IN_FOLDER] - 5)
        watched.release(HoldKind.IN_FOLDER, "Packshots")
        watched.wait(5)
    assert watched.titles == []


def test_a_hold_that_comes_and_goes_is_told_again_only_after_a_while(watched: Watched) -> None:
    for _ in range(6):
        watched.hold(HoldKind.CREDITS)
        watched.wait(240)
        watched.release(HoldKind.CREDITS)
        watched.wait(60)
    assert len(watched.told) == 1
    watched.wait(AGAIN_S)
    watched.hold(HoldKind.CREDITS)
    watched.wait(60)
    assert len(watched.told) == 2


def test_hot_folders_on_one_drive_are_told_together(watched: Watched) -> None:
    for number in range(5):
        watched.hold(HoldKind.IN_FOLDER, f"Hot folder {number}")
        watched.wait(3)
    watched.wait(AGAIN_S)
    assert watched.titles == ["5 hot folders need you"]
    assert watched.told[0].text == (
        "Hot folder 0: The in_folder is away. Hot folder 1: The in_folder is away."
        " Hot folder 2: The in_folder is away. And 2 more."
    )


def test_a_hot_folder_of_its_own_is_named_and_a_click_looks_again(watched: Watched) -> None:
    watched.hold(HoldKind.OUT_FOLDER, "Packshots")
    watched.wait(60)
    assert watched.titles == ["Packshots: The out_folder is away"]
    assert watched.told[0].action == Action(Deed.LOOK_AGAIN)
    assert watched.told[0].urgency is Urgency.NORMAL


def test_what_an_earlier_life_has_told_is_not_told_again(watched: Watched) -> None:
    watched.hold(HoldKind.CREDITS, since=STARTED - 3600)
    watched.hold(HoldKind.SIGN_IN, since=STARTED - SHORTEST_S / 2)
    watched.wait(AGAIN_S)
    assert watched.titles == ["The sign_in is away"]


def test_a_hold_that_a_new_daemon_takes_up_is_not_told_again(watched: Watched) -> None:
    """While a changed config is taken over there are no holds for a moment."""
    watched.hold(HoldKind.CREDITS, since=STARTED + 1)
    watched.wait(60)
    watched.release(HoldKind.CREDITS)
    watched.wait(3)
    watched.hold(HoldKind.CREDITS, since=STARTED + 1)
    watched.wait(3 * AGAIN_S)
    assert len(watched.told) == 1


# --- taken back -----------------------------------------------------------------------------------


def test_the_message_of_a_hold_is_taken_back_when_it_ends(watched: Watched) -> None:
    watched.hold(HoldKind.CREDITS)
    watched.wait(60.0)
    assert (len(watched.told), watched.taken_back) == (1, [])
    watched.release(HoldKind.CREDITS)
    watched.wait(60.0)
    assert watched.taken_back == [watched.told[0].key]


def test_a_message_about_several_is_taken_back_with_the_last_of_them(watched: Watched) -> None:
    for name in ("Boots", "Hats"):
        watched.hold(HoldKind.OUT_FOLDER, name)
    watched.wait(60.0)
    assert len(watched.told) == 1
    watched.release(HoldKind.OUT_FOLDER, "Boots")
    watched.wait(5.0)
    assert watched.taken_back == []
    watched.release(HoldKind.OUT_FOLDER, "Hats")
    watched.wait(5.0)
    assert watched.taken_back == [watched.told[0].key]


def test_what_was_never_told_is_not_taken_back(watched: Watched) -> None:
    watched.hold(HoldKind.CREDITS)
    watched.wait(SHORTEST_S - 2)
    watched.release(HoldKind.CREDITS)
    watched.wait(60.0)
    assert watched.taken_back == []
