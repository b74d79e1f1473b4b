"""Where results go: never out of the folder, never onto another file."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.core.naming import (
    PART_PREFIX,
    PART_SUFFIX,
    choose_result_path,
    is_part_name,
    longest_name,
    part_name,
    path_key,
    probe_name,
    result_extension,
    safer_rules,
    unusual_characters,
)
from hotfolder.core.safe_names import LONGEST_BYTES, NameRules, length_bytes

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
def test_a_safe_name_is_one_that_windows_takes(source: str, expected: str) -> None:
    assert choose_result_path(source, "png", [], [], rules=NameRules.SAFE) == expected


@pytest.mark.parametrize(
    "source", ["", "/a.jpg", "../a.jpg", "x/../a.jpg", "x//a.jpg", "./a.jpg", "x/", "..", "a\0"]
)
def test_a_source_path_that_leads_out_of_the_folder_is_a_bug(source: str) -> None:
    with pytest.raises(ValueError, match="plain relative path"):
        choose_result_path(source, "png", [], [])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("C:/a.jpg", "C_/a.png"),
        ("x\\..\\../a.jpg", "x_..___/a.png"),
        (".. /a.jpg", "___/a.png"),
        ("x/.../a.jpg", "x/___/a.png"),
        ("Boots 12:30/aux/a.jpg", "Boots 12_30/_aux/a.png"),
    ],
)
def test_a_safe_subfolder_leads_nowhere_else_on_windows_either(source: str, expected: str) -> None:
    assert choose_result_path(source, "png", [], [], rules=NameRules.SAFE) == expected


def test_a_safe_name_that_another_image_has_is_left_to_it() -> None:
    first = choose_result_path("12:30.jpg", "png", [], [], rules=NameRules.SAFE)
    second = choose_result_path("12?30.jpg", "png", [first], [], rules=NameRules.SAFE)
    assert (first, second) == ("12_30.png", "12_30.jpg.png")


def test_names_become_ever_safer_until_there_is_nothing_to_make_safer() -> None:
    source = f"{'Büro ' * 30}12:30/{'ж' * 90}.jpg"
    rules: NameRules | None = NameRules.PLAIN
    paths = []
    while rules is not None:
        paths.append(choose_result_path(source, "png", [], [], rules=rules))
        rules = safer_rules(source, rules)
    assert [max(map(length_bytes, path.split("/"))) for path in paths] == [185, 185, 100, 60]
    assert paths[-1].isascii()
    assert safer_rules("plain (1).jpg", NameRules.PLAIN) is None


@given(sources, st.sampled_from(NameRules))
def test_a_probe_is_refused_wherever_the_name_it_stands_for_would_be(source: str, rules: NameRules) -> None:
    """No shorter, with the same characters, and a part file's name, which every hotfolder leaves alone and sweeps."""
    longest = longest_name(source, rules)
    probe = probe_name(longest, "0" * 8, rules)
    assert is_part_name(probe)
    assert length_bytes(longest) <= length_bytes(probe) <= max(LONGEST_BYTES[rules], 64)
    room = LONGEST_BYTES[rules] - length_bytes(unusual_characters(longest))
    assert room < 24 or set(unusual_characters(longest)) <= set(probe)
    for taken in ([], [choose_result_path(source, "jpg", [], [], rules=rules)]):
        result = choose_result_path(source, "jpg", taken, [], rules=rules).rpartition("/")[2]
        assert length_bytes(result) <= length_bytes(longest)


@pytest.mark.parametrize("extension", ["../x", "a/b", ".png", "p g"])
def test_an_extension_that_is_none_is_a_bug(extension: str) -> None:
    with pytest.raises(ValueError, match="not an extension"):
        choose_result_path("a.jpg", extension, [], [])


@given(sources, extensions, st.sampled_from(NameRules))
def test_a_result_stays_in_its_subfolder_with_as_many_bytes_as_the_rules_allow(
    source: str, extension: str, rules: NameRules
) -> None:
    result = choose_result_path(source, extension, [], [], rules=rules)
    name = result.rpartition("/")[2]
    assert result.count("/") == source.count("/")
    assert rules is not NameRules.PLAIN or PurePosixPath(result).parent == PurePosixPath(source).parent
    assert not {"", ".", ".."} & set(result.split("/"))
    assert max(length_bytes(part) for part in result.split("/")) <= LONGEST_BYTES[rules]
    assert name.endswith(f".{extension}" if extension else "")
    assert rules is not NameRules.ASCII or result.isascii()
    assert result == choose_result_path(source, extension, [], [], rules=rules)


@given(
    st.lists(st.tuples(names, st.booleans()), max_size=25),
    extensions,
    st.sampled_from(NameRules),
    st.booleans(),
)
def test_no_two_results_ever_meet(
    entries: list[tuple[str, bool]], extension: str, rules: NameRules, alike: bool
) -> None:
    images: list[str] = []
    files: list[str] = []
    for name, ours in entries:
        source = f"x/{'a' * 400 if alike else name}"
        result = choose_result_path(source, extension, images, files, rules=rules)
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
