"""Folders that would feed each other are told, however they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotfolder.adapters.config_file import load_config
from tests.adapters.config_texts import MINIMAL, Write, mistakes_of, told, two_folders, writer
from tests.adapters.disks import bind_mount


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return writer(tmp_path)


def test_a_relative_path_is_a_mistake(write: Write) -> None:
    assert told(write(MINIMAL.replace("/p/in", "Pictures/in"))) == [
        "line 3, folders[0].in: 'Pictures/in' is not a whole path. "
        "Write the whole path, from / or ~ or the drive on."
    ]


@pytest.mark.parametrize(
    ("folders", "key", "words"),
    [
        (("/a", "/a", "/c", "/d"), "folders[0].out", "the same folder as folders[0].in (line 2)"),
        (("/a", "/a/out", "/c", "/d"), "folders[0].out", "lies inside folders[0].in (line 2)"),
        (("/a/in", "/a", "/c", "/d"), "folders[0].out", "contains folders[0].in (line 2)"),
        (("/a", "/b", "/a", "/d"), "folders[1].in", "the same folder as folders[0].in (line 2)"),
        (("/a", "/b", "/a/c", "/d"), "folders[1].in", "lies inside folders[0].in (line 2)"),
        (("/a/c", "/b", "/a", "/d"), "folders[1].in", "contains folders[0].in (line 2)"),
        (("/a", "/b", "/c", "/b"), "folders[1].out", "the same folder as folders[0].out (line 2)"),
        (("/a", "/b", "/b/c", "/d"), "folders[1].in", "lies inside folders[0].out (line 2)"),
        (("/a", "/b", "/c", "/a/d"), "folders[1].out", "lies inside folders[0].in (line 2)"),
        (("/a", "/b", "/c", "/A/../a/d"), "folders[1].out", "lies inside folders[0].in (line 2)"),
        (("/Caf\u00e9", "/b", "/c", "/cafe\u0301/d"), "folders[1].out", "lies inside folders[0].in (line 2)"),
    ],
)
def test_folders_that_would_feed_each_other_are_told_with_both_keys(
    write: Write, folders: tuple[str, str, str, str], key: str, words: str
) -> None:
    (mistake,) = mistakes_of(write(two_folders(*folders)))
    assert mistake.key == key
    assert mistake.line == (2 if key.startswith("folders[0]") else 3)
    assert mistake.message == f"This folder {words}." or mistake.message == f"This is {words}."


def test_neighbours_with_a_common_beginning_do_not_overlap(write: Write) -> None:
    load_config(write(two_folders("/a/in", "/a/in2", "/a/in3", "/a/in 4")))


def test_overlaps_are_found_through_links_and_beside_other_mistakes(write: Write, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    text = two_folders(f"{tmp_path}/real", "/b", "/c", f"{tmp_path}/link/x") + "speed: 3\n"
    keys = [mistake.key for mistake in mistakes_of(write(text))]
    assert keys == ["folders[1].out", "speed"]


def test_originals_never_move_into_an_in_folder(write: Write) -> None:
    (mistake,) = mistakes_of(write(MINIMAL + "    originals: move\n    originals_to: /p/in/done\n"))
    assert (mistake.line, mistake.key) == (7, "folders[0].originals_to")


def test_the_home_of_hotfolder_lies_in_no_in_folder(write: Write, tmp_path: Path) -> None:
    text = MINIMAL.replace("/p/in", str(tmp_path))
    (mistake,) = mistakes_of(write(text), home=tmp_path / "home")
    assert mistake.key == "folders[0].in"
    assert mistake.message == "This folder contains the home of hotfolder."
    load_config(write(text.replace(str(tmp_path), f"{tmp_path}/home/in")), home=tmp_path / "home")


@pytest.mark.parametrize(
    ("folders", "key", "words"),
    [
        (("a", "b", "route/a", "d"), "folders[1].in", "the same folder as folders[0].in (line 2)"),
        (("a", "b", "c", "route/b"), "folders[1].out", "the same folder as folders[0].out (line 2)"),
        (("a", "route/a", "c", "d"), "folders[0].out", "the same folder as folders[0].in (line 2)"),
        (("a", "b", "route/b", "d"), "folders[1].in", "the same folder as folders[0].out (line 2)"),
        (("a", "route/a/x", "c", "d"), "folders[0].out", "lies inside folders[0].in (line 2)"),
        (("a", "b", "c", "route/a/x"), "folders[1].out", "lies inside folders[0].in (line 2)"),
    ],
)
def test_folders_that_are_one_by_two_routes_are_told_with_both_paths(
    write: Write, tmp_path: Path, folders: tuple[str, str, str, str], key: str, words: str
) -> None:
    for name in ("a/x", "b", "c", "d"):
        (tmp_path / "studio" / name).mkdir(parents=True)
    paths = [
        str(tmp_path / path) if path.startswith("route") else str(tmp_path / "studio" / path)
        for path in folders
    ]
    text = two_folders(paths[0], paths[1], paths[2], paths[3])
    load_config(write(text))  # nothing is there by that route
    with bind_mount(tmp_path / "studio", tmp_path / "route"):
        (mistake,) = mistakes_of(write(text))
    assert mistake.key == key
    assert words in mistake.message
    route = next(path for path in paths if "route" in path)
    assert f"by another route: {tmp_path}/studio/" in mistake.message
    assert route in mistake.message
