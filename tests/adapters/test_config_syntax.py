"""What is no YAML, or no config at all, is told in plain words; nothing else ever comes of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotfolder.adapters.config_file import ConfigErrors, load_config
from tests.adapters.config_texts import MINIMAL, Write, mistakes_of, told, writer


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return writer(tmp_path)


def test_a_windows_path_in_double_quotes_is_understood_and_reading_goes_on(write: Write) -> None:
    text = MINIMAL.replace("/p/in", r'"C:\Users\x"') + "    settle: soon\n"
    assert told(write(text)) == [
        r"line 3, folders[0].in: In double quotes \ has a meaning of its own. Put it in single quotes: 'C:\Users\x'",
        "line 6, folders[0].settle: 'soon' is not a duration. Write for example 2s, 30m or 24h.",
    ]


def test_a_windows_path_that_yaml_reads_as_another_is_told_too(write: Write) -> None:
    (mistake,) = [
        m for m in mistakes_of(write(MINIMAL.replace("/p/in", r'"/new\table"'))) if "single" in m.advice
    ]
    assert (mistake.line, mistake.key) == (3, "folders[0].in")
    assert mistake.advice == r"Put it in single quotes: '/new\table'"


def test_every_tab_is_told(write: Write) -> None:
    text = "folders:\n\t- name: A\n\t  in: /p/in\n"
    assert told(write(text)) == [
        f"line {line}: There is a tab here, which YAML does not allow. Use spaces." for line in (2, 3)
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("organization: a: b", 1, "':' where none can be"),
        ("folders:\n  - name: A\n in: x", 3, "does not fit the ones above"),
        ("organization: 'a\nfolders: []\n", 1, "never closed"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("organization: @me", 1, "meaning of its own"),
        ("organization: %me", 1, "meaning of its own"),
        ("organization\nfolders: []", 2, "':'"),
        ("a: " + "[" * 5000, 1, "nested too deeply"),
        ("a: \0", 1, "control character"),
        ("a:\n  [b\n", 2, "not closed"),
        ("- !x!y z", 1, "no YAML"),
    ],
)
def test_what_is_no_yaml_is_told_in_plain_words_with_its_line(
    write: Write, text: str, line: int, words: str
) -> None:
    (mistake,) = mistakes_of(write(text))
    assert mistake.line == line
    assert words in mistake.message
    assert mistake.advice


def test_aliases_do_not_grow_without_end(write: Write) -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(40))
    assert any("* at the start" in mistake.message for mistake in mistakes_of(write(text)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"# only a comment\n", "The file is empty."),
        (b"- name: A\n", "should consist of keys"),
        (b"hello", "should consist of keys"),
        ("a: 1\nb: ä".encode("latin-1"), "not written in UTF-8"),
        (MINIMAL.encode("utf-16"), "not written in UTF-8"),
    ],
)
def test_a_file_that_is_no_config_is_told_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    (mistake,) = mistakes_of(path)
    assert words in mistake.message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "none.yaml") == [
        f"{tmp_path}/none.yaml is not there. Copy config.example.yaml there to begin."
    ]
    assert "cannot be read" in told(tmp_path)[0]


signs = list("\n:-[]{}'\"*&!|>%@`#,?~\\\t \0\x85\ufeff")
pieces = [
    "\n  ",
    "- ",
    ": ",
    "<<: ",
    "!!int ",
    "!!binary ",
    "!!set ",
    "=",
    "0x",
    "1:2:3",
    "&a ",
    "*a",
    "---\n",
]
words = [
    "name",
    "in",
    "folders:\n- ",
    "labels",
    "settle",
    "~root",
    "~\0",
    "/a",
    "2026-99-99",
    ".inf",
    "9" * 5000,
]
quoted = ['"\\ud800"', '"\\0"', '"C:\\x"', "'C:\\x'"]
scraps = st.sampled_from(signs + pieces + words + quoted)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
some_keys = ["name", "in", "out", "workflow", "settle", "batch", "labels", "settings", "originals", "ignore"]


def loads_or_tells(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        load_config(path, path.parent)
    except ConfigErrors as errors:
        told = str(errors)
    else:
        told = "fine"
    assert told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary() | st.text().map(str.encode) | st.lists(scraps).map("".join).map(str.encode))
def test_whatever_bytes_are_in_the_file_only_config_errors_come_of_it(tmp_path: Path, content: bytes) -> None:
    loads_or_tells(tmp_path / "config.yaml", content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from(some_keys), scraps | values.map(repr)), max_size=6))
def test_whatever_values_are_in_the_file_only_config_errors_come_of_it(
    tmp_path: Path, entries: list[tuple[str, str]]
) -> None:
    text = MINIMAL + "".join(f"    {key}: {value}\n" for key, value in entries)
    loads_or_tells(tmp_path / "config.yaml", text.encode("utf-8", "replace"))
