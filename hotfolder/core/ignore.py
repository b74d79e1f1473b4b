"""What is an image for AutoRetouch, and what is passed over, with the reason in plain words.

Built-in rules first (hidden files, unfinished transfers, sidecars, catalogs), then the person's own
gitignore-style patterns, then the file's extension. Only the name is judged here; what is *in* a file is the
image check's business. Event and scan ask the same rules, so both give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache

from pathspec import GitIgnoreSpec

from hotfolder.core import kinds
from hotfolder.core.conflicts import is_conflict_copy
from hotfolder.core.naming import is_part_name


class Kind(Enum):
    IMAGE = "image"
    NOT_RETOUCHABLE = "not retouchable"
    IGNORED = "ignored"
    OTHER = "other"
    UNFOLLOWED = "unfollowed"
    """A link, a pipe, a device: not opened."""
    ELSEWHERE = "elsewhere"
    """A subfolder that is really another folder of the config."""

    @property
    def is_silent(self) -> bool:
        """Nobody meant it to be sent: hidden files, those of the system and of programs, what is unfinished, and what a
        pattern of the person leaves out. Everything else that is not sent is listed with its reason."""
        return self in (Kind.IMAGE, Kind.IGNORED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a path is. `group` ("CR2", "link") is there to say a thing once per folder and kind, not once per file; its
    words are in `not_sent`."""

    kind: Kind
    reason: str = ""
    advice: str = ""
    group: str = ""


IMAGE = Verdict(Kind.IMAGE)
OTHER = Verdict(Kind.OTHER, "not an image", group="other")
LINK = Verdict(
    Kind.UNFOLLOWED,
    "a link; links are not followed",
    "Copy what it leads to into this folder.",
    group="link",
)
NOT_A_FILE = Verdict(Kind.UNFOLLOWED, "not a regular file", group="special")
UNREADABLE_NAME = Verdict(
    Kind.NOT_RETOUCHABLE,
    "the name is not valid Unicode and cannot be sent",
    "Rename the file or its folder.",
    group="name",
)
_PART_FILE = Verdict(Kind.IGNORED, "a part file of hotfolder's own")
_HIDDEN = Verdict(Kind.IGNORED, "hidden")
_PROGRAM_FOLDER = Verdict(Kind.IGNORED, "a folder that belongs to a program")
_SYSTEM_FILE = Verdict(Kind.IGNORED, "a file of the system")
_UNFINISHED = Verdict(Kind.IGNORED, "a temporary or unfinished file")
_SIDECAR = Verdict(Kind.IGNORED, "a sidecar or catalog of another program")
_BY_PATTERN = Verdict(Kind.IGNORED, "matches a pattern under ignore:")

_CONFLICT_COPY = Verdict(
    Kind.NOT_RETOUCHABLE,
    "these are copies that a cloud or sync program made of images that two computers changed",
    "Look which of the two is right, and save it under its own name; delete the other.",
    group="Sync conflict",
)

_UNFINISHED_NAME = re.compile(
    r"^~\$|~$|\.sb-[0-9a-f]{8}-\w{6}$|^\(a document being saved by .*\)$", re.IGNORECASE | re.DOTALL
)
"""Office's and Affinity's locks, editors' backups, and what macOS calls a file, and the folder it lies in, while it is
being saved."""
_SNAPSHOT = re.compile(r"^@gmt[-_]\d{4}[.-]\d\d[.-]\d\d", re.IGNORECASE)
"""Windows' previous versions as Samba shows them: `@GMT-2026.11.27-10.00.00`."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def another_folder(words: str) -> Verdict:
    """The verdict on a subfolder that is another folder of the config; `words` say which."""
    return Verdict(
        Kind.ELSEWHERE,
        f"it is {words}, reached by another route",
        "Take that mount away from there: what is in it would be paid for twice.",
        group="elsewhere",
    )


class IgnoreRules:
    """The built-in rules and a hot folder's own patterns (`folders[].ignore`)."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        """Raises ValueError that names the first pattern that cannot be read."""
        self._patterns = tuple(patterns)
        for pattern in self._patterns:
            _compile([pattern])
        self._spec = _compile(self._patterns)

    def verdict(self, path: str, is_dir: bool = False) -> Verdict:
        """The verdict on a path relative to the in folder, with `/`; every folder above it is asked too."""
        for slash in (match.start() for match in re.finditer("/", path)):
            above = self.verdict_below(path[:slash], is_dir=True)
            if above.kind is Kind.IGNORED:
                return above
        return self.verdict_below(path, is_dir)

    def verdict_below(self, path: str, is_dir: bool = False) -> Verdict:
        """The same where the folder that holds it has been let through already."""
        name = path.rpartition("/")[2]
        verdict = _folder(name) if is_dir else _file(name)
        if verdict.kind is Kind.IGNORED:
            return verdict
        if self._patterns and self._spec.match_file(f"{path}/" if is_dir else path):
            return _BY_PATTERN
        if verdict.kind is Kind.IMAGE and _SURROGATE.search(path):
            return UNREADABLE_NAME
        return verdict


def classify(path: str) -> Verdict:
    """The verdict of the built-in rules alone on a file."""
    return _BUILT_IN.verdict(path)


def _compile(patterns: Iterable[str]) -> GitIgnoreSpec:
    lines = list(patterns)
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise ValueError(f"not a pattern: {lines[0]!r}") from error


def _folder(name: str) -> Verdict:
    lower = name.casefold()
    if (
        lower in kinds.PROGRAM_FOLDERS
        or _SNAPSHOT.search(name)
        or _extension(lower) in kinds.PROGRAM_FOLDER_EXTENSIONS
    ):
        return _PROGRAM_FOLDER
    if _UNFINISHED_NAME.search(name) or _extension(lower) in kinds.TRANSFERS:
        return _UNFINISHED
    return _HIDDEN if name.startswith(".") else OTHER


def _file(name: str) -> Verdict:
    lower = name.casefold()
    extension = _extension(lower)
    if is_part_name(name):
        return _PART_FILE
    if name.startswith("."):
        return _HIDDEN
    if lower in kinds.SYSTEM_FILES:
        return _SYSTEM_FILE
    if extension in kinds.UNFINISHED or _UNFINISHED_NAME.search(name):
        return _UNFINISHED
    if extension in kinds.SIDECARS:
        return _SIDECAR
    if extension in kinds.IMAGES:
        return _CONFLICT_COPY if is_conflict_copy(name) else IMAGE
    return _not_retouchable(extension) or OTHER


@cache
def _not_retouchable(extension: str) -> Verdict | None:
    what = kinds.NOT_RETOUCHABLE.get(extension)
    if what is None:
        return None
    return Verdict(
        Kind.NOT_RETOUCHABLE,
        f"{extension.upper()} is {what}, which AutoRetouch cannot take",
        "Export it as JPEG, PNG, TIFF or WebP into this folder.",
        group=extension.upper(),
    )


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return extension if dot and stem else ""


_BUILT_IN = IgnoreRules()
