"""The desktop never speaks terminal: no text of a glance, a notification or a page does."""

from __future__ import annotations

import ast
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hotfolder
from hotfolder.core.config import Notifications
from hotfolder.core.desktop_words import for_desktop
from hotfolder.core.glance import Facts, FolderPlace, Item
from hotfolder.core.glancing import glance_before_start, glance_of
from hotfolder.core.holds import ACCOUNT, Hold, HoldKind
from hotfolder.core.image import State
from hotfolder.core.plain_words import plain_reason
from hotfolder.core.snapshot import status_of
from hotfolder.core.telling import Telling
from tests.fakes import an_image

PACKAGE = Path(hotfolder.__file__).parent
PLACES = {"Boots": FolderPlace("/in", "/out")}
JARGON = re.compile(
    r"`|\berrno\b|\bWinError\b|no such file|permission denied|not permitted|read-only file system|no space left"
    r"|input/output error|config\.yaml: line|\bchmod\b|\bsystemctl\b|\bsudo\b|Traceback",
    re.IGNORECASE,
)


def written_texts() -> Iterator[str]:
    """Every text in the program that names a command, f-strings with an X for what is put in."""
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "sandbox" or path.stem in ("command_lines", "desktop_words"):
            continue
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        no_texts = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
        no_texts |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in nodes:
            if id(node) in no_texts:
                continue
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
                text = "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            if "`" in text:
                yield text


TEXTS = sorted(set(written_texts()))
JARGON_TEXTS = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(["It failed: [Errno 2] No such file or directory: '/x'.", "Waiting for /x: permission denied."]),
    st.sampled_from([os.strerror(number) for number in (2, 5, 13, 1, 28, 30)]),
    st.from_regex(r"(Do this|Run|Sign in with) `hotfolder [a-z]{2,8}( --[a-z]{2,6})?`(, or so)?\.", fullmatch=True),
)  # fmt: skip


def all_texts(items: tuple[Item, ...]) -> Iterator[str]:
    for item in items:
        yield item.text
        yield from all_texts(item.items)


@given(
    reason=JARGON_TEXTS,
    advice=JARGON_TEXTS,
    kind=st.sampled_from(HoldKind),
    scope=st.sampled_from([ACCOUNT, "Boots"]),
)
def test_no_text_of_a_glance_speaks_terminal(reason: str, advice: str, kind: HoldKind, scope: str) -> None:
    hold = Hold(scope=scope, kind=kind, reason=reason, advice=advice, attempts=99)
    failed = an_image(State.FAILED, folder="Boots", path="a.jpg", reason=reason, advice=advice)
    status = status_of(["Boots"], [failed], [hold], running=True)
    facts = Facts(
        status=status,
        places=PLACES,
        version="1",
        problems=[failed],
        failed=1,
        unseen=1,
        said=f"{reason} {advice}",
    )
    before = glance_before_start(f"{reason}\n{advice}", "1")
    for glance in (glance_of(facts), before):
        told = [glance.line, *all_texts(glance.menu)]
        assert not [text for text in told if JARGON.search(text)]


@given(reason=JARGON_TEXTS, advice=JARGON_TEXTS, kind=st.sampled_from(HoldKind), number=st.integers(1, 3))
def test_no_notification_speaks_terminal(reason: str, advice: str, kind: HoldKind, number: int) -> None:
    telling = Telling(0.0)
    folders = [f"Boots {index}" for index in range(number)]
    holds = [
        Hold(scope=name, kind=kind, reason=reason, advice=advice, since=9.0, attempts=99) for name in folders
    ]
    telling.note_holds(holds, 10.0)
    telling.note_problem(reason, advice, 10.0)
    for index in range(number):
        image = an_image(
            State.FAILED, id=str(index), folder="Boots", path="a.jpg", reason=reason, advice=advice
        )
        telling.note_new(image, 10.0)
    told = telling.take(2000.0, Notifications.ALL, PLACES, last=True)
    assert told
    assert not [one for one in told if JARGON.search(f"{one.title}\n{one.text}")]
    assert all(one.title for one in told)


@pytest.mark.parametrize("text", TEXTS)
def test_what_the_program_says_is_understood_at_the_desktop(text: str) -> None:
    assert not JARGON.search(for_desktop(text))


@pytest.mark.parametrize(
    ("terminal", "desktop"),
    [
        (
            "Sign in again with `hotfolder login`; the queue is kept.",
            "Click “Sign in …” in the menu; the queue is kept.",
        ),
        ("Mend the cause, then `hotfolder retry`.", "Mend the cause, then click “Try again” in the menu."),
        ("Start it with `hotfolder run`.", "Start hotfolder."),
        ("It is full. Run `sudo rm`.", "It is full."),
        ("Set `watch: auto` for this hot folder.", "Set “watch: auto” for this hot folder."),
        ("config.yaml has 1 mistake:\n  line 3, a: b", "config.yaml has 1 mistake:\n  line 3, a: b"),
        ("Choose another folder.", "Choose another folder."),
        ("", ""),
    ],
)
def test_a_command_becomes_what_to_click(terminal: str, desktop: str) -> None:
    assert for_desktop(terminal) == desktop


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_error_of_the_system_has_plain_words(number: int) -> None:
    words = plain_reason(OSError(number, os.strerror(number)))
    assert words
    assert not JARGON.search(words)
    assert os.strerror(number).lower() not in words


@pytest.mark.parametrize(
    "error", [OSError("oh"), UnicodeDecodeError("utf-8", b"x", 0, 1, "oh"), ValueError(), OSError()]
)
def test_an_error_without_a_number_has_plain_words_too(error: Exception) -> None:
    assert plain_reason(error)


def test_only_one_place_reads_the_words_of_the_system() -> None:
    """Log lines may have them: nobody reads those at the desktop."""
    allowed = {
        "adapters/kept_results.py",
        "control/server.py",
        "adapters/spool.py",
        "adapters/probes.py",
    }
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\.strerror\b", path.read_text("utf-8")) and "sandbox" not in path.parts
    }
    assert found <= allowed


def test_the_pages_speak_no_terminal() -> None:
    for page in (PACKAGE / "control" / "pages").iterdir():
        if page.suffix == ".html":
            assert not JARGON.search(re.sub(r"<!--.*?-->", "", page.read_text("utf-8"), flags=re.DOTALL)), (
                page.name
            )
