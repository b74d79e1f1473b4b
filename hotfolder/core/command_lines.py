"""How a command is written where it has to be one text, and read back: Desktop Entry, systemd unit, Windows.

Sources: the Desktop Entry Specification ("The Exec key", and the escapes of string values), systemd.service(5)
("Command lines") and systemd.syntax(7), and the rules of CommandLineToArgvW.
Reading raises `ValueError` for what cannot be a command.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

AS_AN_ARGUMENT = ("/usr/bin/nice", "-n", "0")
"""Starts the program that follows, unchanged, where its path may not be the first word itself. Desktops refuse one
that holds % (GLib looks for it before it makes % of %%) or = (the specification), systemd one with quotes or a
backslash. A shell would do it, too, but systemd's reader of autostart entries stumbles over its `$0`."""

_DESKTOP_RESERVED = frozenset(" \t\n\"'\\><~|&;$*?#()`")
_STRING_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_SYSTEMD_PLAIN = re.compile(r"[\w./=@,+-][\w./:=@,+-]*")


def desktop_exec(argv: Sequence[str]) -> str:
    """The value of an Exec key: quoted, and then escaped as every string of a desktop entry is."""
    return desktop_string(" ".join(_desktop_word(word) for word in _startable(argv, "%=")))


def desktop_string(text: str) -> str:
    """A text as a string value of a desktop entry."""
    return text.replace("\\", "\\\\")


def _desktop_word(word: str) -> str:
    word = word.replace("%", "%%")
    if word and not _DESKTOP_RESERVED & set(word):
        return word
    return '"' + re.sub(r'(["`$\\])', r"\\\1", word) + '"'


def read_desktop_exec(value: str) -> tuple[str, ...]:
    """The command of an Exec key; field codes (%f, %U …) stand for no argument, since nothing is opened at login."""
    quoted = re.sub(r"\\(.)", lambda found: _STRING_ESCAPES.get(found[1], found[0]), value)
    words = [_without_field_codes(word) for word in _split(quoted, '"`$\\')]
    argv = tuple(word for word in words if word is not None)
    return _itself(argv)


def _without_field_codes(word: str) -> str | None:
    if re.fullmatch("%[a-zA-Z]", word):
        return None
    return word.replace("%%", "%")


def systemd_exec(argv: Sequence[str]) -> str:
    """The value of ExecStart. Where a `$` is in it the whole command is marked with `:`, which switches variables off:
    `$$` would do it in the arguments only, since the program's own path is not looked at for variables."""
    argv = _startable(argv, "\"'\\")
    mark = ":" if any("$" in word for word in argv) else ""
    return mark + " ".join(_systemd_word(word) for word in argv)


def _systemd_word(word: str) -> str:
    word = word.replace("%", "%%")
    if _SYSTEMD_PLAIN.fullmatch(word):
        return word
    return '"' + re.sub(r'(["\\])', r"\\\1", word) + '"'


def read_systemd_exec(value: str) -> tuple[str, ...]:
    """The command of ExecStart, without its marks (`:`, `-`, `@` …)."""
    marks, value = re.fullmatch(r"([@:+!|-]*)(.*)", value, re.DOTALL).groups()  # type: ignore[union-attr]
    words = [word.replace("%%", "%") for word in _split(value, '"\\')]
    return _itself(words if ":" in marks else [word.replace("$$", "$") for word in words])


def windows_line(argv: Sequence[str]) -> str:
    """A command line of Windows. The program is always quoted: unquoted, `C:\\Program Files` would start
    `C:\\Program.exe` if there were one."""
    return " ".join([f'"{argv[0]}"', *(_windows_word(word) for word in argv[1:])])


def _windows_word(word: str) -> str:
    if word and not re.search(r'[ \t"]', word):
        return word
    word = re.sub(r'(\\*)"', r'\1\1\\"', word)
    return '"' + re.sub(r"(\\+)$", r"\1\1", word) + '"'


def read_windows_line(line: str) -> tuple[str, ...]:
    program = re.match(r'[ \t]*(?:"([^"]+)"|([^ \t"]+))(?:[ \t]+|$)', line)
    if program is None:
        raise ValueError("There is no program in it.")
    words = re.findall(r'(?:[^ \t"\\]|\\+"?|"(?:[^"\\]|\\.)*")+', line[program.end() :])
    return (program[1] or program[2], *(_windows_bare(word) for word in words))


def _windows_bare(word: str) -> str:
    """Backslashes count only before a quote: each two are one, and an odd one makes the quote a letter."""

    def bare(found: re.Match[str]) -> str:
        slashes = len(found[1])
        return "\\" * (slashes // 2) + '"' * (slashes % 2)

    return re.sub(r'(\\*)"', bare, word)


# --- words ----------------------------------------------------------------------------------------

_SPACES = " \t\r\n"
_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^ \t\r\n"\'\\]+)', re.DOTALL)


def _split(text: str, escapable: str) -> list[str]:
    """Words between spaces, each of bare and quoted parts; in the quoted ones a backslash is taken from `escapable`."""
    words: list[str] = []
    position, in_word = 0, False
    while position < len(text):
        if text[position] in _SPACES:
            position, in_word = position + 1, False
            continue
        found = _PART.match(text, position)
        if found is None:
            raise ValueError("It is not quoted as it should be.")
        part = found[2] if found[1] is None else re.sub(rf"\\([{re.escape(escapable)}])", r"\1", found[1])
        if in_word:
            words[-1] += part
        else:
            words.append(part)
        position, in_word = found.end(), True
    return words


def _startable(argv: Sequence[str], refused: str) -> Sequence[str]:
    return (*AS_AN_ARGUMENT, *argv) if set(refused) & set(argv[0]) else argv


def _itself(words: Sequence[str]) -> tuple[str, ...]:
    """The command without what stands before its program."""
    before = len(AS_AN_ARGUMENT)
    argv = tuple(words[before:] if tuple(words[:before]) == AS_AN_ARGUMENT else words)
    if not argv or not argv[0]:
        raise ValueError("There is no program in it.")
    return argv
