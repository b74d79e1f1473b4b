"""A command written as one text comes back as it was, whatever its folders are called."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotfolder.core.command_lines import (
    desktop_exec,
    read_desktop_exec,
    read_systemd_exec,
    read_windows_line,
    systemd_exec,
    windows_line,
)

words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20) | st.sampled_from(
    [
        "",
        "%f",
        "%%",
        "$HOME",
        "$$",
        'a"b',
        "a'b",
        "a\\",
        "\\\\",
        "`id`",
        "a b",
        "\u00a0",
        "\u3000x",
        ";",
        "-x",
        ":",
        "~",
    ]
)
programs = words.map(lambda word: f"/{word}".replace("\x00", ""))
commands = st.tuples(programs, st.lists(words, max_size=4)).map(lambda parts: (parts[0], *parts[1]))
HOSTILE = ("/a b/50%/x=y/$HOME/q\"t'/b\\s/`id`/hotfolder", "--home", '/50% "of" it\'s $5\\', "run")


@given(commands)
@example(HOSTILE)
def test_a_desktop_entry_gives_the_command_back(argv: tuple[str, ...]) -> None:
    assert read_desktop_exec(desktop_exec(argv)) == argv


@given(commands)
@example(HOSTILE)
def test_a_systemd_unit_gives_the_command_back(argv: tuple[str, ...]) -> None:
    assert read_systemd_exec(systemd_exec(argv)) == argv


@given(st.tuples(words.filter(lambda w: bool(w) and '"' not in w), st.lists(words, max_size=4)))
@example(("C:\\Program Files\\h.exe", ["--home", 'D:\\my "x" y\\', 'a\\\\"b', "c\\\\"]))
def test_a_windows_line_gives_the_command_back(parts: tuple[str, Sequence[str]]) -> None:
    argv = (parts[0], *parts[1])
    assert read_windows_line(windows_line(argv)) == argv


@given(st.lists(words, max_size=4))
def test_a_windows_line_is_read_as_python_writes_it(arguments: list[str]) -> None:
    """`list2cmdline` is another's reading of the same rules."""
    line = subprocess.list2cmdline(["C:\\h.exe", *arguments])
    assert read_windows_line(line) == ("C:\\h.exe", *arguments)


@pytest.mark.parametrize(
    ("argv", "written"),
    [
        (("/usr/bin/hotfolder", "run"), "/usr/bin/hotfolder run"),
        (("/a b/hotfolder", "run"), '"/a b/hotfolder" run'),
        (("/a", "$x"), '/a "\\\\$x"'),
        (("/a", "b\\c"), '/a "b\\\\\\\\c"'),
        (("/a", "50%"), "/a 50%%"),
    ],
)
def test_exec_is_written_as_the_specification_says(argv: tuple[str, ...], written: str) -> None:
    assert desktop_exec(argv) == written


@pytest.mark.parametrize("program", ["/50%/hotfolder", "/a=b/hotfolder"])
def test_a_program_that_desktops_would_refuse_is_an_argument(program: str) -> None:
    written = desktop_exec((program, "run"))
    assert written == f"/usr/bin/nice -n 0 {program.replace('%', '%%')} run"
    assert read_desktop_exec(written) == (program, "run")


def test_field_codes_of_somebody_elses_entry_are_no_arguments() -> None:
    assert read_desktop_exec("/usr/bin/hotfolder run %U") == ("/usr/bin/hotfolder", "run")


@pytest.mark.parametrize(
    ("written", "argv"),
    [
        ("-/usr/bin/a $$HOME", ("/usr/bin/a", "$HOME")),
        (":/usr/bin/a $HOME", ("/usr/bin/a", "$HOME")),
        ("/usr/bin/a %%h", ("/usr/bin/a", "%h")),
    ],
)
def test_marks_and_dollars_of_a_unit_are_understood(written: str, argv: tuple[str, ...]) -> None:
    assert read_systemd_exec(written) == argv


@pytest.mark.parametrize("read", [read_desktop_exec, read_systemd_exec, read_windows_line])
@pytest.mark.parametrize("text", ["", "   ", '"/not closed'])
def test_what_is_no_command_is_refused(read: Callable[[str], tuple[str, ...]], text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(text)
