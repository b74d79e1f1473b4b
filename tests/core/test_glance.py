"""What the tray shows: the icon, the one line and the menu, from any state of affairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.glance import (
    LONGEST_ITEM,
    LONGEST_LINE,
    NOT_SENT,
    Action,
    Deed,
    Facts,
    FolderPlace,
    Item,
    Mood,
    shortened,
)
from hotfolder.core.glancing import glance_before_start, glance_of
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
from hotfolder.core.image import State
from hotfolder.core.life import COMMANDS
from hotfolder.core.snapshot import status_of_counts
from tests.fakes import an_image

COUNTS = {State.PROCESSING: 12, State.QUEUED: 3, State.IN_QA: 4, State.DELIVERED: 900}
PLACES = {"Packshots": FolderPlace("/in", "/out"), "Boots": FolderPlace("/boots/in", "/boots/out")}
FAILED = an_image(
    State.FAILED, id="image-7", path="a/broken.jpg", reason="It is cut off.", advice="Save it again."
)


def facts(counts: Any = None, holds: tuple[Hold, ...] = (), **more: Any) -> Facts:
    status = status_of_counts(["Packshots", "Boots"], {"Packshots": counts or {}}, holds, running=True)
    return Facts(status=status, places=PLACES, version="1.2.3", **more)


def hold(kind: HoldKind, scope: str = ACCOUNT) -> Hold:
    return Hold(scope=scope, kind=kind, reason=f"because of {kind.value}.", advice="Do something.")


def all_items(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from all_items(item.items)


def deeds(facts: Facts) -> list[Action]:
    return [item.action for item in all_items(glance_of(facts).menu) if item.action]


def texts(facts: Facts) -> list[str]:
    return [item.text for item in all_items(glance_of(facts).menu)]


def test_the_line_tells_what_is_where() -> None:
    glance = glance_of(facts(COUNTS, delivered_today=148, done=1))
    assert glance.line == "3 uploading · 12 in retouching · 4 with QA · 148 delivered today"
    assert glance.menu[0] == Item(glance.line)
    assert glance.share == 1 / 20


@pytest.mark.parametrize(
    ("given", "mood"),
    [
        (facts(), Mood.IDLE),
        (facts({State.DELIVERED: 4}), Mood.IDLE),
        (facts(COUNTS), Mood.WORKING),
        (facts(COUNTS, (hold(HoldKind.SERVICE),)), Mood.OFFLINE),
        (facts(COUNTS, (hold(HoldKind.CREDITS),)), Mood.NEEDS_YOU),
        (facts(COUNTS, (hold(HoldKind.SERVICE), hold(HoldKind.IN_FOLDER, "Boots"))), Mood.NEEDS_YOU),
        (facts(COUNTS, failed=1, unseen=1, problems=[FAILED]), Mood.NEEDS_YOU),
        (facts(COUNTS, failed=1, problems=[FAILED]), Mood.WORKING),
        (facts(COUNTS, (hold(HoldKind.PAUSED),)), Mood.PAUSED),
        (facts(COUNTS, (hold(HoldKind.PAUSED), hold(HoldKind.SIGN_IN)), unseen=1), Mood.PAUSED),
        (facts(COUNTS, (hold(HoldKind.PAUSED, "Boots"),)), Mood.WORKING),
    ],
)
def test_the_mood_is_what_matters_most(given: Facts, mood: Mood) -> None:
    assert glance_of(given).mood is mood


def test_a_broken_config_needs_the_person() -> None:
    broken = facts()
    broken = replace(broken, status=replace(broken.status, config_problem="line 3: no\nline 4: no"))
    assert glance_of(broken).mood is Mood.NEEDS_YOU
    assert {"line 3: no", "line 4: no"} <= set(texts(broken))
    assert Action(Deed.SETTINGS) in deeds(broken)


def test_each_hot_folder_can_be_opened_and_paused() -> None:
    assert {
        Action(Deed.OPEN_PATH, "/in"),
        Action(Deed.OPEN_PATH, "/out"),
        Action(Deed.PAUSE, "Packshots"),
        Action(Deed.PAUSE, "Boots"),
        Action(Deed.PAUSE),
        Action(Deed.QUIT),
    } <= set(deeds(facts(COUNTS)))
    assert "Packshots: 3 uploading, 12 in retouching, 4 with QA" in texts(facts(COUNTS))
    assert "Boots: idle" in texts(facts(COUNTS))


def test_what_is_paused_can_be_resumed() -> None:
    one = facts(COUNTS, (hold(HoldKind.PAUSED, "Boots"),))
    assert {
        Action(Deed.RESUME, "Boots"),
        Action(Deed.PAUSE, "Packshots"),
        Action(Deed.PAUSE),
        Action(Deed.RESUME),
    } <= set(deeds(one))
    everything = facts(COUNTS, (hold(HoldKind.PAUSED),))
    assert Action(Deed.PAUSE) not in deeds(everything)
    assert {Action(Deed.RESUME), Action(Deed.RESUME, "Boots")} <= set(deeds(everything))
    assert glance_of(everything).line.startswith("paused · ")


def test_problems_come_with_their_reason_and_a_way_out() -> None:
    given = facts(failed=12, problems=[replace(FAILED, id=f"image-{i}") for i in range(11)])
    assert {"Problems (12)", "It is cut off.", "Save it again.", "… and 2 more"} <= set(texts(given))
    assert Action(Deed.RETRY, "image-0") in deeds(given)
    assert deeds(given).count(Action(Deed.RETRY_ALL)) == 1
    assert Action(Deed.SEEN) not in deeds(given), "they are seen"


def test_problems_that_were_seen_are_listed_but_alarm_nobody() -> None:
    new = facts(failed=12, unseen=2, problems=[FAILED])
    assert Action(Deed.SEEN) in deeds(new)
    assert glance_of(new).line == "2 failed"
    seen = facts(failed=12, problems=[FAILED])
    assert (glance_of(seen).mood, glance_of(seen).line) == (Mood.IDLE, "Nothing to do")
    assert "Problems (12)" in texts(seen)


@pytest.mark.parametrize(
    ("kind", "deed"),
    [
        (HoldKind.SIGN_IN, Deed.SIGN_IN),
        (HoldKind.CREDITS, Deed.TOP_UP),
        (HoldKind.WORKFLOW, Deed.SETTINGS),
        (HoldKind.IN_FOLDER, Deed.LOOK_AGAIN),
        (HoldKind.SERVICE, Deed.LOOK_AGAIN),
    ],
)
def test_what_is_held_says_why_and_what_helps(kind: HoldKind, deed: Deed) -> None:
    given = facts(COUNTS, (hold(kind),))
    assert {f"because of {kind.value}.", "Do something."} <= set(texts(given))
    assert Action(deed) in deeds(given)


def test_a_problem_can_be_done_with() -> None:
    given = facts({State.FAILED: 1}, problems=[an_image(State.FAILED, id="it")], failed=1)
    assert Action(Deed.DISMISS, "it") in deeds(given)


def test_what_is_held_until_a_time_says_so() -> None:
    given = facts(COUNTS, (replace(hold(HoldKind.SERVICE), since=1e9, until=1e9 + 60),))
    assert any(text.startswith("Waits until ") for text in texts(given))


def test_a_hot_folder_that_was_taken_out_is_listed_and_keeps_nobody_busy() -> None:
    gone = facts(COUNTS)
    gone = replace(gone, places={"Boots": PLACES["Boots"]})
    assert (glance_of(gone).mood, glance_of(gone).line) == (Mood.IDLE, "Nothing to do")
    assert any(
        text.startswith("Packshots: 3 uploading") and "not in config.yaml" in text for text in texts(gone)
    )
    assert Action(Deed.PAUSE, "Packshots") not in deeds(gone)


def test_before_the_start_the_way_to_begin_is_shown() -> None:
    new = glance_before_start(None, "1.2.3")
    assert new.mood is Mood.NEEDS_YOU
    assert [item.action for item in new.menu if item.action] == [Action(Deed.SET_UP), Action(Deed.QUIT)]
    wrong = glance_before_start("line 3: no\nline 4: no", "1.2.3")
    assert [item.text for item in wrong.menu[1:3]] == ["line 3: no", "line 4: no"]
    assert [item.action for item in wrong.menu if item.action] == [Action(Deed.SETTINGS), Action(Deed.QUIT)]


def test_while_signing_in_the_code_to_compare_is_shown() -> None:
    given = facts(holds=(hold(HoldKind.SIGN_IN),), sign_in_code="ABCD-EFGH")
    assert "Confirm the code ABCD-EFGH in the browser" in texts(given)


def test_quit_says_what_is_still_running() -> None:
    assert texts(facts())[-1] == "Quit"
    assert texts(facts({State.PROCESSING: 1}))[-1] == "Quit (1 unfinished image goes on at the next start)"
    assert texts(facts(COUNTS))[-1] == "Quit (19 unfinished images go on at the next start)"


@pytest.mark.parametrize("ticked", [True, False])
def test_start_at_login_is_a_tick_where_it_can_be_told(ticked: bool) -> None:
    (item,) = [i for i in glance_of(facts(starts_at_login=ticked)).menu if i.text == "Start at login"]
    assert (item.checked, item.action) == (ticked, Action(Deed.START_AT_LOGIN))
    assert "Start at login" not in texts(facts(starts_at_login=None))


@given(st.text(max_size=300), st.integers(1, 300))
def test_a_shortened_text_is_one_line_and_keeps_its_ends(text: str, longest: int) -> None:
    short = shortened(text, longest)
    assert len(short) <= longest
    assert "\n" not in short
    whole = " ".join(text.split())
    assert short == whole or short[: (longest - 1) // 2] == whole[: (longest - 1) // 2]


@given(
    st.dictionaries(st.sampled_from(list(COMMANDS)), st.integers(0, 10**7)),
    st.sets(st.sampled_from(list(HoldKind))),
    st.text(max_size=200),
)
def test_whatever_happens_every_text_fits_and_the_way_out_is_there(
    counts: dict[State, int], kinds: set[HoldKind], name: str
) -> None:
    failed = replace(FAILED, path=f"{name}/x.jpg", reason=name)
    glance = glance_of(
        facts(
            counts,
            tuple(hold(kind) for kind in kinds),
            failed=10**6,
            problems=[failed],
            delivered_today=10**7,
        )
    )
    assert len(glance.line) <= LONGEST_LINE
    assert all(len(item.text) <= LONGEST_LINE for item in all_items(glance.menu))
    assert all(len(item.text) <= LONGEST_ITEM for item in all_items(glance.menu[1:]))
    assert glance.menu[-1].action == Action(Deed.QUIT)
    assert glance.share is None or 0 <= glance.share <= 1


# --- what is not sent -----------------------------------------------------------------------------


def raw_only(**more: Any) -> Facts:
    groups = {"Packshots": {"CR2": 10, "folder": 2}}
    status = status_of_counts(["Packshots", "Boots"], {}, (), running=True, not_sent=groups)
    return Facts(status=status, places=PLACES, version="1.2.3", **more)


def test_a_drop_of_raw_files_only_is_not_all_well() -> None:
    glance = glance_of(raw_only(not_sent_unseen=12))
    assert glance.line == "12 files are not sent"
    assert glance.mood is Mood.NEEDS_YOU
    assert Action(Deed.SEEN, NOT_SENT) in deeds(raw_only(not_sent_unseen=12))


def test_what_was_seen_alarms_nobody_and_is_still_in_the_menu() -> None:
    seen = raw_only()
    assert glance_of(seen).line == "Nothing to do"
    assert glance_of(seen).mood is Mood.IDLE
    assert Action(Deed.SEEN, NOT_SENT) not in deeds(seen)
    assert {
        "Packshots: idle, 12 not sent",
        "Not sent (12)",
        "10 CR2 (raw photos, which AutoRetouch cannot take)",
        "2 folders that cannot be read",
        "Boots: idle",
    } <= set(texts(seen))


# --- one word for each state ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [HoldKind.PAUSED, HoldKind.SERVICE, HoldKind.KEYRING])
def test_nothing_is_said_to_travel_while_it_waits(kind: HoldKind) -> None:
    waiting = facts({State.QUEUED: 1357, State.FINISHED: 2, State.IN_QA: 1}, (hold(kind),))
    line = glance_of(waiting).line
    assert "1,359 waiting · 1 with QA" in line
    assert not any("uploading" in text or "arriving" in text for text in texts(waiting))


def test_one_hot_folder_waits_and_another_goes_on() -> None:
    counts = {"Packshots": {State.QUEUED: 2}, "Boots": {State.QUEUED: 3}}
    paused = (hold(HoldKind.PAUSED, "Boots"),)
    status = status_of_counts(["Packshots", "Boots"], counts, paused, running=True)
    both = Facts(status=status, places=PLACES, version="1")
    assert glance_of(both).line == "3 waiting · 2 uploading"
    assert {"Packshots: 2 uploading", "Boots: paused, 3 waiting"} <= set(texts(both))
