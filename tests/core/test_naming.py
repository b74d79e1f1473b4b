"""Where results go: never out of the folder, never onto another file."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hotfolder.core.naming import (
    PART_PREFIX,
    PART_SUFFIX,
    choose_result_path,
    is_part_name,
    part_name,
    path_key,
    result_extension,
)

names = st.text(
    st.one_of(st.sampled_from("aAbß. ()2éE\u0301:\\*ж😀"), st.characters(exclude_characters="/\0")),
    min_size=1,
    max_size=300,
).filter(lambda name: name not in (".", ".."))
plain_folders = st.lists(st.sampled_from(["Spring", "Boots 224", "ä", "..."]), max_size=3)
sources = st.builds(lambda folders, name: "/".join([*folders, name]), plain_folders, names)
extensions = st.sampled_from(["jpg", "png", "tif", "webp", ""])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.tif", "a.png"),
        ("Spring/Boots 224/a.tif", "Spring/Boots 224/a.png"),
        ("a.b.c.jpg", "a.b.c.png"),
        ("a", "a.png"),
        (".hidden.jpg", ".hidden.png"),
        (".jpg", ".jpg.png"),
        ("..jpg", "..jpg.png"),
        ("a.", "a..png"),
        ("Dr. No by night", "Dr. No by night.png"),
        ("x/CON.jpg", "x/CON.png"),
        ('what?"*.jpg', 'what?"*.png'),
    ],
)
def test_a_result_has_its_sources_stem_in_the_same_subfolder(source: str, expected: str) -> None:
    assert choose_result_path(source, "png", (), ()) == expected


@pytest.mark.parametrize(
    ("images", "files", "expected"),
    [
        (["x/a.png"], [], "x/a.tif.png"),
        (["x/A.PNG"], [], "x/a.tif.png"),
        ([], ["x/a.png"], "x/a (2).png"),
        ([], ["x/a.png", "x/a (2).png"], "x/a (3).png"),
        (["x/a (2).png"], ["x/a.png"], "x/a (3).png"),
        (["x/a.png"], ["x/a.tif.png"], "x/a.tif (2).png"),
        (["x/a.png", "x/a.tif.png"], [], "x/a.tif (2).png"),
        (["a.png"], ["y/a.png"], "x/a.png"),
    ],
)
def test_a_taken_name_is_left_alone(images: list[str], files: list[str], expected: str) -> None:
    assert choose_result_path("x/a.tif", "png", images, files) == expected


def test_a_source_without_extension_gets_a_number_where_its_name_is_taken() -> None:
    assert choose_result_path("a", "png", ["a.png"], []) == "a (2).png"


def test_names_that_differ_only_in_normal_form_never_meet() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert choose_result_path(f"{composed}.tif", "png", [f"{decomposed}.png"], []) == f"{composed}.tif.png"
    assert choose_result_path(f"{composed}.tif", "png", [], [f"{decomposed}.png"]) == f"{composed} (2).png"


def test_a_long_name_is_cut_between_characters_and_keeps_number_and_extension() -> None:
    source = "😀" * 63 + "a.tif"
    first = choose_result_path(source, "webp", [], [])
    second = choose_result_path(source, "webp", [], [first])
    third = choose_result_path(source, "webp", [first], [])
    assert first == "😀" * 62 + ".webp"
    assert second == "😀" * 61 + " (2).webp"
    assert third == "😀" * 61 + ".tif.webp"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("CON.jpg", "_CON.png"),
        ("con.tar.jpg", "_con.tar.png"),
        ("Lpt9.jpg", "_Lpt9.png"),
        ("CON .jpg", "CON_.png"),
        ("CONsole.jpg", "CONsole.png"),
        ('a<b>c:d"e|f?g*h\\i\x07.jpg', "a_b_c_d_e_f_g_h_i_.png"),
        ("a. .jpg", "a__.png"),
    ],
)
def test_on_windows_a_result_gets_a_name_that_windows_takes(source: str, expected: str) -> None:
    assert choose_result_path(source, "png", [], [], windows=True) == expected


@pytest.mark.parametrize(
    "source", ["", "/a.jpg", "../a.jpg", "x/../a.jpg", "x//a.jpg", "./a.jpg", "x/", "..", "a\0"]
)
def test_a_source_path_that_leads_out_of_the_folder_is_a_bug(source: str) -> None:
    with pytest.raises(ValueError, match="plain relative path"):
        choose_result_path(source, "png", [], [])


@pytest.mark.parametrize("source", ["C:/a.jpg", "x\\..\\../a.jpg", ".. /a.jpg", "x/.../a.jpg"])
def test_on_windows_that_holds_for_its_own_ways_out_too(source: str) -> None:
    with pytest.raises(ValueError, match="plain relative path"):
        choose_result_path(source, "png", [], [], windows=True)


@pytest.mark.parametrize("extension", ["../x", "a/b", ".png", "p g"])
def test_an_extension_that_is_none_is_a_bug(extension: str) -> None:
    with pytest.raises(ValueError, match="not an extension"):
        choose_result_path("a.jpg", extension, [], [])


@given(sources, extensions, st.booleans())
def test_a_result_stays_in_its_subfolder_with_at_most_255_bytes(
    source: str, extension: str, windows: bool
) -> None:
    assume(not (windows and "..." in source.split("/")[:-1]))
    result = choose_result_path(source, extension, [], [], windows=windows)
    name = result.rpartition("/")[2]
    assert PurePosixPath(result).parent == PurePosixPath(source).parent
    assert name not in ("", ".", "..")
    assert len(name.encode("utf-8", "surrogatepass")) <= 255
    assert name.endswith(f".{extension}" if extension else "")
    assert result == choose_result_path(source, extension, [], [], windows=windows)


@given(st.lists(st.tuples(names, st.booleans()), max_size=25), extensions, st.booleans(), st.booleans())
def test_no_two_results_ever_meet(
    entries: list[tuple[str, bool]], extension: str, windows: bool, alike: bool
) -> None:
    images: list[str] = []
    files: list[str] = []
    for name, ours in entries:
        source = f"x/{'a' * 400 if alike else name}"
        result = choose_result_path(source, extension, images, files, windows=windows)
        assert path_key(result) not in {path_key(path) for path in images + files}
        (images if ours else files).append(result)


@given(names)
def test_the_key_of_a_path_knows_no_case_and_no_normal_form(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert path_key(unicodedata.normalize(form, name)) == path_key(name)
    assert path_key(name.casefold()) == path_key(name)
    assert path_key(path_key(name)) == path_key(name)


@pytest.mark.parametrize(
    ("content_type", "result_name", "source", "expected"),
    [
        ("image/jpeg", "x.png", "a.tif", "jpg"),
        ("image/png; charset=x", None, "a.tif", "png"),
        ("IMAGE/TIFF", None, "a.jpg", "tif"),
        ("image/webp", None, "a.jpg", "webp"),
        ("application/octet-stream", "test.PSD", "a.tif", "psd"),
        (None, "../../etc/x.png", "a.tif", "png"),
        (None, "x.png/../../evil", "a.tif", "tif"),
        (None, "x.toolong", "x.y/a.TIF", "TIF"),
        (None, "x.part", "a.tif", "tif"),
        ("", None, "x.y/a", ""),
    ],
)
def test_the_extension_comes_from_the_content_type_the_results_name_or_the_source(
    content_type: str | None, result_name: str | None, source: str, expected: str
) -> None:
    assert result_extension(content_type, result_name, source) == expected


@given(st.none() | st.text(), st.none() | st.text(), sources)
def test_any_answer_of_the_service_gives_a_plain_extension(
    content_type: str | None, result_name: str | None, source: str
) -> None:
    extension = result_extension(content_type, result_name, source)
    assert extension == "" or (extension.isascii() and extension.isalnum())
    choose_result_path(source, extension, [], [])


def test_part_files_are_known_by_the_name_they_are_given() -> None:
    assert part_name("7f3a") == f"{PART_PREFIX}7f3a{PART_SUFFIX}"
    assert is_part_name(part_name("7f3a"))
    assert not is_part_name("a.part")
    assert not is_part_name(".hotfolder-a.jpg")


def test_an_image_id_with_a_slash_makes_no_part_name() -> None:
    with pytest.raises(ValueError, match="no slashes"):
        part_name("../x")
