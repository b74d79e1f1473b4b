"""Names from plain to safe: what a name may be is the file system's to say, and a safer one is always at hand.

A disk written on Linux may be a Windows disk (no `:`), a share may take 143 bytes where another takes 255. Whatever is
refused, the next rules give a name that more file systems take; the last ones give a name that any takes.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum


class NameRules(IntEnum):
    """Each is stricter than the one before."""

    PLAIN = 0
    """The source's own name, at most 255 bytes."""
    SAFE = 1
    """And nothing in it that Windows would refuse or silently drop, in folders' names too."""
    SHORT = 2
    """And at most 100 bytes: encrypted folders take 143 to 190."""
    ASCII = 3
    """And only plain letters, digits and a few signs, at most 60 of them."""


LONGEST_BYTES = {NameRules.PLAIN: 255, NameRules.SAFE: 255, NameRules.SHORT: 100, NameRules.ASCII: 60}

_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]')
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *(\..*)?", re.I | re.S)
_NOT_ASCII = re.compile(r"[^A-Za-z0-9 ._()-]")


def length_bytes(text: str) -> int:
    """In UTF-8; undecodable bytes of a Linux file name (lone surrogates) count as more than they are."""
    return len(text.encode("utf-8", "surrogatepass"))


def fit(stem: str, ending: str, rules: NameRules) -> str:
    """The two together, as long as the rules allow; only the stem is cut, between characters. The ending is ours."""
    stem = _safe(stem, rules)
    stem = cut(stem, LONGEST_BYTES[rules] - length_bytes(ending))
    return stem + ending if ending else _without_odd_end(stem, rules)


def folder_name(name: str, rules: NameRules) -> str:
    """A subfolder's name by these rules."""
    if rules is NameRules.PLAIN:
        return name
    return _without_odd_end(cut(_safe(name, rules), LONGEST_BYTES[rules]), rules)


def cut(text: str, room_bytes: int) -> str:
    text = text[: max(0, room_bytes)]
    while length_bytes(text) > room_bytes:
        text = text[:-1]
    return text


def _safe(stem: str, rules: NameRules) -> str:
    """With `_` for everything that is refused or silently dropped somewhere."""
    if rules is NameRules.PLAIN:
        return stem
    stem = _FORBIDDEN.sub("_", stem)
    if rules is NameRules.ASCII:
        stem = _NOT_ASCII.sub("_", unicodedata.normalize("NFC", _without_accents(stem)))
    stem = _without_odd_end(stem, rules)
    return f"_{stem}" if _RESERVED.fullmatch(stem) else stem


def _without_odd_end(name: str, rules: NameRules) -> str:
    """Windows drops dots and spaces at the end of a name."""
    if rules is NameRules.PLAIN:
        return name
    kept = name.rstrip(" .")
    return kept + "_" * (len(name) - len(kept))


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
