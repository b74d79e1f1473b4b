"""What the desktop says: tray, notifications and the page in the browser never speak terminal.

Errors and holds carry one advice, written for the terminal. Here it becomes one for somebody with a mouse: a command is
what to click instead, and a sentence that only a terminal could follow is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_CLICKS: Mapping[str, str] = MappingProxyType(
    {
        "login": "“Sign in …” in the menu",
        "retry": "“Try again” in the menu",
        "resume": "“Resume” in the menu",
        "pause": "“Pause” in the menu",
        "stop": "“Quit” in the menu",
        "status": "the icon of hotfolder",
        "images": "“Problems” in the menu",
        "init": "“Set hotfolder up …” in the menu",
        "run": "the program hotfolder",
        "workflows": "the workflows in the AutoRetouch web app",
        "check": "“Open log” in the menu",
        "service": "“Start at login” in the menu",
    }
)
"""What stands for a command. One that is not here has no click: its sentence is left out."""

_ONLY_IN_A_TERMINAL = ("login --paste", "login --store", "service install --systemd", "service status")

_COMMAND = re.compile(r"`hotfolder ([^`]*)`")
_QUOTED = re.compile(r"`([^`]*)`")
_PLAIN_WORD = re.compile(r"[\w.\[\]]+:(?: [\w./-]+)?|\w[\w.:\[\]-]*")
"""A key or a value of config.yaml, and no command."""

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")
_IN_A_TERMINAL = re.compile(r"\s+(?:in a|at the|from any|in your) terminal\b")
_RUN = re.compile(r"\b([Rr])un (?=“)")
_START = re.compile(r"\b(?:[Rr]un|[Uu]se) (?=the program hotfolder|the icon of hotfolder)")
_WITH = re.compile(r"^(Sign in(?: again)?) with (?=“Sign in …”)")
_OR_A_COMMAND = re.compile(r",? or (?:run|after) `(?!hotfolder )[^`]*`")
_WITH_A_PATH = "` with its path"
_THEN = re.compile(r"(\bthen|:) (?=“[A-Z])")
_VARIABLE = re.compile(r"\b[A-Z]+(?:_[A-Z]+){2,}\b")
_ERRNO = re.compile(r"\[?\b(?:errno|WinError)[ :=]*-?\d*\]?:?\s*", re.IGNORECASE)

_SYSTEM_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "no such file or directory": "it is not there",
        "no such device or address": "it is not there",
        "no such device": "it is not there",
        "permission denied": "this user has no right to it",
        "operation not permitted": "this user has no right to it",
        "access is denied": "this user has no right to it",
        "read-only file system": "it can only be read",
        "no space left on device": "the disk is full",
        "input/output error": "its drive reports an error",
        "file name too long": "its path is too long for this system",
        "not a directory": "it is no folder",
        "is a directory": "it is a folder",
        "device or resource busy": "another program has it open",
        "stale file handle": "its drive does not answer",
        "connection refused": "nobody answers there",
        "connection reset by peer": "the connection broke off",
        "broken pipe": "the connection broke off",
        "network is unreachable": "the network is away",
        "no route to host": "the network is away",
        "host is down": "its drive does not answer",
        "transport endpoint is not connected": "its drive does not answer",
        "name or service not known": "its address is not known",
        "temporary failure in name resolution": "its address is not known",
        "file exists": "it is there already",
        "too many open files": "too many files are open",
        "cannot allocate memory": "the computer's memory is full",
    }
)
_SYSTEM_WORD = re.compile(
    "|".join(re.escape(words) for words in sorted(_SYSTEM_WORDS, key=len, reverse=True)), re.IGNORECASE
)


def for_desktop(text: str) -> str:
    """The text as somebody can follow it who has no terminal; lines stay lines."""
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    sentences = (_sentence(one) for one in _SENTENCE_END.split(line.strip()))
    kept = " ".join(one for one in sentences if one)
    return f"{indent}{_closed(kept)}" if kept else ""


def _closed(text: str) -> str:
    """With a full stop where the end of a sentence was left out."""
    return f"{text[:-1]}." if text.endswith(";") else text


def _sentence(sentence: str) -> str:
    """Empty for one that only a terminal could follow."""
    if _WITH_A_PATH in sentence:
        return ""
    said = _COMMAND.sub(_clicked, _OR_A_COMMAND.sub("", sentence))
    if "`hotfolder" in said or any(not _PLAIN_WORD.fullmatch(quoted) for quoted in _QUOTED.findall(said)):
        return ""
    if _VARIABLE.search(said) and "“" in said:
        said = re.sub(rf",? or set {_VARIABLE.pattern}", "", said)
    said = _QUOTED.sub(r"“\1”", said).replace("`", "'")
    said = _START.sub("Open ", _IN_A_TERMINAL.sub("", said))
    said = _RUN.sub(lambda found: "Click " if found[1] == "R" else "click ", said)
    said = _THEN.sub(r"\1 click ", _WITH.sub("Click ", said))
    said = said.replace("Start it with the program hotfolder", "Start hotfolder")
    said = said.replace("from the menu, or with “Sign in …” in the menu", "from the menu")
    said = _ERRNO.sub("", said)
    return _SYSTEM_WORD.sub(lambda found: _SYSTEM_WORDS[found[0].lower()], said)


def _clicked(found: re.Match[str]) -> str:
    command = found[1]
    if command.startswith(_ONLY_IN_A_TERMINAL):
        return found[0]
    return _CLICKS.get(command.split(" ")[0], found[0])
