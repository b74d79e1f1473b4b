"""The folders of a first run, on the real disk."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from hotfolder.adapters import first_folders
from hotfolder.core.first_run import Inside
from hotfolder.errors import FolderAway, FolderUnwritable

NOWHERE_TO_WRITE = Path("/proc")


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("~/in", "in"), ("'{home}/my in'", "my in"), ('"{home}/in" ', "in"), ("{home}/a/../in/", "in")],
)
def test_a_folder_is_taken_as_it_was_typed_or_dragged_in(person: Path, typed: str, meant: str) -> None:
    assert first_folders.whole(typed.format(home=person)) == person / meant


def test_nothing_typed_is_no_whole_path(person: Path) -> None:
    assert not first_folders.whole("  ").is_absolute()
    assert not first_folders.whole("~nobody-of-that-name/in").is_absolute()


def test_home_is_shown_as_a_tilde(person: Path) -> None:
    assert first_folders.shortened(person / "a b" / "in") == str(Path("~/a b/in"))
    assert first_folders.shortened(person.parent) == str(person.parent)
    odd = person / "~" / "in"
    assert first_folders.whole(first_folders.shortened(odd)) == odd


@pytest.mark.parametrize(("inside", "beside"), [("Boots/in", "Boots/out"), ("Boots", "Boots retouched")])
def test_the_out_folder_is_suggested_beside(person: Path, inside: str, beside: str) -> None:
    assert first_folders.beside(person / inside) == person / beside


def test_a_folder_that_can_be_made_is_no_trouble(person: Path) -> None:
    for trouble in (first_folders.in_folder_trouble, first_folders.out_folder_trouble):
        assert trouble(person / "new" / "deep") == ""
        assert trouble(person) == ""
    assert list(person.iterdir()) == []


def test_a_file_is_no_folder(person: Path) -> None:
    (person / "file").write_text("x")
    for trouble in (first_folders.in_folder_trouble, first_folders.out_folder_trouble):
        assert "is a file" in trouble(person / "file")
        assert "is a file" in trouble(person / "file" / "below")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that even root cannot write in: /proc")
def test_where_nothing_can_be_written_is_told() -> None:
    assert "Nothing can be written there" in first_folders.out_folder_trouble(NOWHERE_TO_WRITE)
    with pytest.raises(FolderUnwritable, match="cannot be made"):
        first_folders.make(NOWHERE_TO_WRITE / "hotfolder" / "in")


def test_images_are_counted_as_hotfolder_would_see_them(person: Path) -> None:
    (person / "sub").mkdir()
    for path in ("a.jpg", "sub/b.png"):
        Image.new("RGB", (8, 8)).save(person / path)
    (person / "c.jpg").write_bytes(b"no image")
    (person / "notes.txt").write_text("x")
    assert first_folders.look_into(person) == Inside(images=2, broken=1)
    assert first_folders.look_into(person / "not there") == Inside()


def test_made_folders_are_told_from_those_that_were_there(person: Path) -> None:
    assert first_folders.make(person / "a" / "b")
    assert not first_folders.make(person / "a" / "b")


def test_a_listing_shows_what_can_be_chosen(person: Path) -> None:
    for name in ("b", "A", ".hidden"):
        (person / name).mkdir()
    (person / "file").write_text("x")
    listing = first_folders.list_folder(person)
    assert [place.name for place in listing.folders] == ["A", "b"]
    assert listing.above == person.parent
    assert first_folders.list_folder(Path(person.anchor)).above is None
    with pytest.raises(FolderAway):
        first_folders.list_folder(person / "gone")


def test_a_new_folder_takes_the_place_of_nothing(person: Path) -> None:
    assert first_folders.new_folder(person, " Boots ") == person / "Boots"
    for name in ("Boots", "", "..", "a/b", "a:b"):
        with pytest.raises(FolderUnwritable):
            first_folders.new_folder(person, name)
    assert [path.name for path in person.iterdir()] == ["Boots"]
