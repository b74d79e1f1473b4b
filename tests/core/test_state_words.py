"""One word for each state, wherever people read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
from hotfolder.core.image import State
from hotfolder.core.state_words import WORDS, in_words, state_word, states_named, waits_in

ROOT = Path(__file__).parents[2]
NOT_OURS = ("in QA", "being processed")
"""Words that the docs had besides."""


def test_every_state_has_a_word() -> None:
    assert set(WORDS) == set(State)
    assert all(word and word == word.strip() for word in WORDS.values())


def test_counts_are_summed_by_word_in_the_order_of_a_life() -> None:
    counts = {"delivered": 5, "queued": 1, "uploaded": 2, "processing": 3, "ignored": 4, "failed": 0}
    assert in_words(counts) == {"uploading": 3, "in retouching": 3, "delivered": 5, "not sent": 4}
    assert in_words(counts, waits=True) == {"waiting": 3, "in retouching": 3, "delivered": 5, "not sent": 4}


@pytest.mark.parametrize("state", [state for state in State if state is not State.FORGOTTEN])
def test_a_state_is_found_by_its_value_and_by_its_word(state: State) -> None:
    assert state in states_named(state.value)
    assert state in states_named(WORDS[state])
    assert states_named(state.value) == [state] or state.value == WORDS[state]


@pytest.mark.parametrize("kind", HoldKind)
def test_only_what_stops_all_travel_makes_images_wait(kind: HoldKind) -> None:
    hold = Hold(scope=ACCOUNT, kind=kind, reason="Why.")
    assert waits_in("Boots", [hold]) is (kind in (HoldKind.PAUSED, HoldKind.SERVICE, HoldKind.KEYRING))
    assert not waits_in("Boots", [Hold(scope="Hats", kind=kind, reason="Why.")])
    assert state_word(State.IN_QA, waits=True) == "with QA"


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_the_docs_use_the_same_words(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert not [word for word in NOT_OURS if re.search(rf"\b{word}\b", text)]


def test_the_readme_explains_every_word_that_a_person_meets() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert not [
        word for state, word in WORDS.items() if f"| {word} |" not in text and state not in (State.FORGOTTEN,)
    ]
