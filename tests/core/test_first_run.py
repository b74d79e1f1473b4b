"""The words and suggestions of the first run."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.config_text import config_text, folder_text, yaml_text
from hotfolder.core.config_values import folder_name, plain_text
from hotfolder.core.first_run import (
    Choice,
    Draft,
    Inside,
    existing_words,
    mistake_words,
    pick,
    price_words,
    suggest_folders,
    suggest_name,
    total_words,
    under_way_words,
)
from hotfolder.core.naming import path_key

PICTURES = PurePosixPath("/home/ann/Pictures")


@pytest.mark.parametrize(
    ("workflow", "taken", "name"),
    [
        ("Packshot", (), "Packshot"),
        ("Shoes / Boots", (), "Shoes - Boots"),
        ("  two\nlines ", (), "two lines"),
        ("", (), "Hot folder"),
        ("Packshot", ("packshot", "Other"), "Packshot 2"),
        ("Packshot", ("Packshot", "Packshot 2"), "Packshot 3"),
    ],
)
def test_a_name_is_suggested_after_the_workflow(workflow: str, taken: tuple[str, ...], name: str) -> None:
    assert suggest_name(workflow, taken) == name


@given(st.text(), st.lists(st.text(max_size=5), max_size=5))
def test_every_suggested_name_is_allowed_and_new(workflow: str, taken: list[str]) -> None:
    name = suggest_name(workflow, taken)
    assert folder_name(plain_text(name)).strip() == name != ""
    assert path_key(name) not in {path_key(one.strip()) for one in taken}


@given(st.text())
def test_suggested_folders_lie_beside_each_other_below_the_pictures(name: str) -> None:
    inside, outside = suggest_folders(PICTURES, name)
    assert inside.parent == outside.parent
    assert inside.parent.parent == PICTURES / "hotfolder"
    assert re.search(r'[<>:"\\|?*\x00-\x1f]|[ .]$', inside.parent.name) is None
    assert inside.parent.name not in ("", ".", "..")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("1", "one"), ("Boots", "one"), ("boots", "one"), (" Shoes ", "two"), ("twins", None), ("none", None)],
)
def test_an_entry_is_found_by_id_or_name(wanted: str, found: str | None) -> None:
    entries = [Choice("1", "Boots"), Choice("2", "Shoes"), Choice("3", "Twins"), Choice("4", "twins ")]
    assert {"1": "one", "2": "two"}.get(getattr(pick(wanted, entries), "id", "")) == found


@pytest.mark.parametrize(
    ("inside", "price", "balance", "words"),
    [
        (Inside(), 10, 5, ""),
        (
            Inside(1),
            10,
            10,
            "There is already 1 image in this folder. To process it costs 10 credits. You have 10, which is enough.",
        ),
        (
            Inside(24),
            10,
            100,
            "There are already 24 images in this folder. To process them all costs 240 credits (24 × 10). You have 100: "
            "enough for 10 of them; the rest waits until you top up in the AutoRetouch web app.",
        ),
        (
            Inside(2),
            10,
            9,
            "There are already 2 images in this folder. To process them all costs 20 credits (2 × 10). You have 9: "
            "not enough for one; the rest waits until you top up in the AutoRetouch web app.",
        ),
        (
            Inside(0, 2),
            10,
            9,
            "2 files in it cannot be read as images and would not be sent.",
        ),
    ],
)
def test_what_is_there_already_is_told_with_its_cost(
    inside: Inside, price: int, balance: int, words: str
) -> None:
    assert existing_words(inside, price, balance) == words


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    assert "is not known" in existing_words(Inside(3), None, 100)
    assert price_words(None) == "price not known"
    assert price_words(1) == "1 credit an image"


@pytest.mark.parametrize(
    ("key", "message", "field", "words"),
    [
        (
            "folders[1].out",
            "This folder lies inside folders[1].in (line 7).",
            "out_folder",
            "This folder lies inside the in folder. Do it.",
        ),
        (
            "folders[1].in",
            "This is the same folder as folders[0].out (line 3).",
            "in_folder",
            "This is the same folder as the out folder of 'Boots'. Do it.",
        ),
        (
            "folders[0].in",
            "This folder contains folders[1].out (line 9).",
            "out_folder",
            "The in folder of 'Boots': This folder contains the out folder. Do it.",
        ),
        (
            "folders[1].name",
            "Another hot folder is called 'Boots' already. See line 3.",
            "name",
            "Another hot folder is called 'Boots' already. Do it.",
        ),
        (
            "folders[1].in",
            "This folder contains the home of hotfolder.",
            "in_folder",
            "This folder contains the folder that hotfolder keeps its own files in. Do it.",
        ),
        ("organization", "It is empty.", "", "It is empty. Do it."),
    ],
)
def test_mistakes_are_told_without_lines_and_keys(key: str, message: str, field: str, words: str) -> None:
    assert mistake_words(key, message, "Do it.", 1, ["Boots", "New"]) == (field, words)


@pytest.mark.parametrize("text", ["~/Pictures/in", "Boots 224", "/a/b-c_d.e"])
def test_plain_texts_stay_plain(text: str) -> None:
    assert yaml_text(text) == text


@pytest.mark.parametrize(
    "text", ["yes", "No", "~", "1e5", "2026-11-24", "C:\\Users", "a: b", "a #b", "- a", ""]
)
def test_texts_that_yaml_would_misread_are_quoted(text: str) -> None:
    assert yaml_text(text) == f"'{text}'"


def test_the_text_explains_every_setting() -> None:
    draft = Draft("Boots", "/in", "/out", Choice("w", "Shoes\n- evil: true"), Choice("o", "Studio"))
    text = config_text(draft)
    assert "organization: 'o'  # Studio" in text
    assert "workflow: 'w'  # Shoes - evil: true" in text
    assert folder_text(draft, 2) in text


def test_what_is_under_way_at_once_is_said_with_its_number() -> None:
    assert under_way_words(25) == "25 images that were there already are under way now."
    assert under_way_words(1) == "1 image that was there already is under way now."
    assert under_way_words(0) == ""


def test_the_price_at_the_end_tells_what_is_spent_at_once() -> None:
    assert total_words(25, 2) == "2 credits an image; 25 images now: 50 credits"
    assert total_words(0, 2) == "2 credits an image"
    assert total_words(3, None) == "price not known; 3 images now"
