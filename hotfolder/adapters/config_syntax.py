"""Slips of YAML syntax in plain words, mended where the meaning is plain, so that reading can go on.

Mending is for finding further mistakes only: a mended file is still refused.
"""

from __future__ import annotations

import re

import yaml
from yaml.composer import ComposerError
from yaml.error import Mark, MarkedYAMLError
from yaml.events import AliasEvent
from yaml.reader import ReaderError

from hotfolder.adapters.config_mistakes import Mistake

_DEEPEST = 30
_DOUBLE_QUOTED = re.compile(r'"([^"]*\\[^"]*)"')
_STARRED = re.compile(r"(?:(?<=^)|(?<=[\s\[,]))(\*[^\s,\]]*)")
_TAB_BEFORE_TEXT = re.compile(r" *\t\s*[^\s#]")

_IN_PLAIN_WORDS = {
    "mapping values are not allowed": (
        "There is a ':' where none can be.",
        "Start the line in the same column as its neighbours, and put texts with ': ' in quotes.",
    ),
    "could not find expected ':'": ("A ':' is missing after the key.", "Write it as 'key: value'."),
    "expected <block end>": (
        "This line does not fit the ones above it.",
        "Start it in the same column as its neighbours.",
    ),
    "found unexpected end of stream": ("A quote is opened and never closed.", "Close the quote."),
    "expected ',' or": (
        "A list or group opened here is not closed, or an entry in it needs quotes.",
        "Close it with ] or }, and put texts with signs in them in quotes: '…'",
    ),
    "found another document": ("A second document begins here ('---').", "Keep one document a file."),
    "cannot start any token": (
        "This character has a meaning of its own in YAML.",
        "Put the text in quotes: '…'",
    ),
    "nested too deeply": ("This is nested too deeply.", "Write it flatter."),
}


class Composer(yaml.SafeLoader):
    """Refuses aliases (a few lines of them can grow without end) and endless nesting."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As SafeLoader does."""
        if self.check_event(AliasEvent):
            raise ComposerError("an alias", None, "found an alias", self._mark())
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ComposerError(None, None, "nested too deeply", self._mark())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _mark(self) -> Mark:
        mark: Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        return mark


def compose(text: str) -> tuple[yaml.Node | None, list[Mistake], str]:
    """The root node if there is one, the slips of syntax, and the text as it was read in the end."""
    slips: list[Mistake] = []
    for _ in range(text.count("\n") + 2):
        try:
            return Composer(text).get_single_node(), slips, text
        except MarkedYAMLError as error:
            slip, mended = _understand(error, text)
            slips.append(slip)
            if mended == text:
                return None, slips + _tabs(text, error), text
            text = mended
        except ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            slip = Mistake(line, "", "There is an invisible control character here.", "Write the line anew.")
            return None, [*slips, slip], text
    return None, slips, text


def _understand(error: MarkedYAMLError, text: str) -> tuple[Mistake, str]:
    begins_there = any(part in (error.problem or "") for part in ("unexpected end", "expected ',' or"))
    mark = error.context_mark if begins_there else error.problem_mark
    lines = text.splitlines(keepends=True)
    number = min(mark.line if mark else 0, max(len(lines) - 1, 0))
    line = lines[number] if lines else ""
    message, advice, mended = _explain(error, line)
    lines[number : number + 1] = [mended]
    return Mistake(number + 1, "", message, advice), "".join(lines)


def _explain(error: MarkedYAMLError, line: str) -> tuple[str, str, str]:
    """Message, advice, and the line as it was meant (unchanged if that is not plain)."""
    problem, about = error.problem or "", f"{error.context} {error.problem}"
    if "escape" in problem and (quoted := _DOUBLE_QUOTED.search(line)):
        advice = f"Put it in single quotes: '{quoted[1]}'"
        return (
            "In double quotes \\ has a meaning of its own.",
            advice,
            _DOUBLE_QUOTED.sub(_single_quoted, line),
        )
    if "alias" in about and (starred := _STARRED.search(line)):
        advice = f"Put it in quotes: '{starred[1]}'"
        return "* at the start has a meaning of its own in YAML.", advice, _STARRED.sub(r"'\1'", line)
    if "'\\t'" in problem:
        return "There is a tab here, which YAML does not allow.", "Use spaces.", line
    for part, (message, advice) in _IN_PLAIN_WORDS.items():
        if part in problem:
            return message, advice, line
    return f"This is no YAML: {about.removeprefix('None ')}.", "Compare it with config.example.yaml.", line


def _single_quoted(match: re.Match[str]) -> str:
    return "'" + match[1].replace("'", "''") + "'"


def _tabs(text: str, error: MarkedYAMLError) -> list[Mistake]:
    """One for every other line that begins with a tab, if a tab was the trouble."""
    if "'\\t'" not in (error.problem or "") or error.problem_mark is None:
        return []
    return [
        Mistake(number, "", "There is a tab here, which YAML does not allow.", "Use spaces.")
        for number, line in enumerate(text.splitlines(), 1)
        if _TAB_BEFORE_TEXT.match(line) and number != error.problem_mark.line + 1
    ]
