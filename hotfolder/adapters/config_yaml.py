"""Reads YAML into plain values that remember their lines; PyYAML is at home here and in config_syntax.

PyYAML reads YAML 1.1, silently keeps the last of doubled keys, and knows things nobody wants in a config
(tags, anchors). All such is a mistake here, each noted with its line; reading goes on as far as it can.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from hotfolder.adapters.config_mistakes import KeyPath, Mistake, written_key
from hotfolder.adapters.config_syntax import Composer, compose

_MAPPING, _SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9_]*)(\.[0-9]+)?")
_WORDS_FOR_BOOL = {"yes", "no", "on", "off"}
_UNQUOTED = re.compile(r"""[^'"]""")


@dataclass(frozen=True)
class Place:
    """Where a value stands, what it was read as, and how it is written there (scalars only)."""

    line: int
    value: object
    written: str = ""

    @property
    def is_plain(self) -> bool:
        """Written without quotes, so that YAML decides what it is."""
        return _UNQUOTED.match(self.written) is not None

    @property
    def is_surprising_number(self) -> bool:
        """Reads as a number or date other than the digits written: `12:30`, `010`, `0x1f`, `2026-11-24`."""
        is_other = self.value is not None and not isinstance(self.value, str | bool)
        return self.is_plain and is_other and not _PLAIN_NUMBER.fullmatch(self.written)

    @property
    def is_word_for_bool(self) -> bool:
        """Reads as true or false, and is another word."""
        return isinstance(self.value, bool) and self.written.lower() in _WORDS_FOR_BOOL


@dataclass
class Document:
    """A file as read: its values, where each stands, and what was wrong on the way."""

    data: object = None
    places: dict[KeyPath, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    """Keys whose values could not be read as they were meant: nothing more can be said about them."""

    def note(self, line: int, path: KeyPath, message: str, advice: str) -> None:
        """One more mistake."""
        self.mistakes.append(Mistake(line, written_key(path), message, advice))

    def note_unread(self, line: int, path: KeyPath, message: str, advice: str) -> None:
        """One more mistake, after which nothing else can be said about that value."""
        self.note(line, path, message, advice)
        self.unread.add(written_key(path))

    def path_of(self, path: KeyPath) -> KeyPath:
        """The longest part of `path` that stands in the file; steps that do not are left out."""
        found: KeyPath = ()
        for step in path:
            if (*found, step) in self.places:
                found = (*found, step)
        return found

    def line_of(self, path: KeyPath) -> int | None:
        """The line of the value, or of what should hold it."""
        place = self.places.get(self.path_of(path))
        return place.line if place else None


def read_yaml(text: str) -> Document:
    """Everything that could be read, and every mistake; `data` is None if the file is no YAML at all."""
    document = Document()
    root, slips, mended = compose(text)
    if root is not None:
        document.data = _Reader(mended, document).read(root, (), _line(root))
    for slip in slips:
        document.mistakes.append(_with_key(slip, document))
        document.unread.add(document.mistakes[-1].key)
    return document


def describe_reading(place: Place) -> tuple[str, str]:
    """Message and advice for a plain value that YAML did not read as the text it looks like."""
    kinds = {
        bool: str(place.value).lower(),
        int: f"the number {place.value}",
        float: f"the number {place.value}",
    }
    kind = "nothing" if place.value is None else kinds.get(type(place.value), "a date")
    quoted = "'" + place.written.replace("'", "''") + "'"
    return f"YAML reads {place.written or 'this'} as {kind}.", f"Put it in quotes: {quoted}"


class _Reader:
    """Walks the nodes once; only scalars are constructed."""

    def __init__(self, text: str, document: Document) -> None:
        self._text = text
        self._document = document
        self._scalars = Composer("")

    def read(self, node: yaml.Node, path: KeyPath, line: int) -> object:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path, line)
        if node.tag not in (_MAPPING, _SEQUENCE):
            self._document.note(
                line, path, "Tags (written with !) have no meaning here.", "Leave the tag out."
            )
        self._document.places[path] = Place(line, node.value)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return [self.read(item, (*path, index), _line(item)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        found: dict[str, object] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = self._key(key_node, path), _line(key_node)
            if key is not None and key in found:
                self._document.note(
                    line, (*path, key), f"This key stands in line {lines[key]} already.", "Keep one."
                )
            elif key is not None:
                lines[key] = line
                found[key] = self.read(value_node, (*path, key), line)
        return found

    def _key(self, node: yaml.Node, path: KeyPath) -> str | None:
        line = _line(node)
        if not isinstance(node, yaml.ScalarNode):
            self._document.note(line, path, "A key must be a word.", "Write it as 'key: value'.")
            return None
        place = self._place(node, (*path, node.value), line)
        if isinstance(place.value, str):
            return place.value
        self._document.note(line, (*path, node.value), *describe_reading(place))
        return None

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath, line: int) -> object:
        self._document.places[path] = self._place(node, path, line)
        return self._document.places[path].value

    def _place(self, node: yaml.ScalarNode, path: KeyPath, line: int) -> Place:
        written, value = self._written(node), node.value
        if written[:1] in ("!", "&"):
            message, advice = (
                f"{written[:1]} at the start has a meaning of its own in YAML.",
                f"it in quotes: '{written}'",
            )
        elif any("\ud800" <= character <= "\udfff" for character in value):
            message, advice = "There is half a character in it.", "the character itself"
        else:
            return Place(line, self._construct(node, path, line), written)
        self._document.note_unread(line, path, message, f"Write {advice}")
        return Place(line, value.encode("utf-8", "replace").decode(), written)

    def _construct(self, node: yaml.ScalarNode, path: KeyPath, line: int) -> object:
        try:
            value: object = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            message = "YAML takes this for a number, a date or a sign, and it is none."
            self._document.note_unread(line, path, message, f"Put it in quotes: '{node.value[:60]}'")
            return str(node.value)
        return value

    def _written(self, node: yaml.ScalarNode) -> str:
        return self._text[node.start_mark.index : node.end_mark.index]


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _with_key(slip: Mistake, document: Document) -> Mistake:
    """A slip of syntax with the key of its line, where the rest could be read."""
    paths = [path for path, place in document.places.items() if place.line == slip.line]
    return Mistake(slip.line, written_key(paths[-1]) if paths else "", slip.message, slip.advice)
