"""What a result is called, and what the part files are called (design §5, I5, I10).

All paths here are relative and written with `/`. The service's own name for a result is never used, but
for its extension: nothing that comes from outside can lead out of the out folder.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from itertools import count

from hotfolder.core.safe_names import LONGEST_BYTES, NameRules, cut, fit, folder_name, length_bytes

PART_PREFIX = ".hotfolder-"
PART_SUFFIX = ".part"

_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
}
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,16}")
_SHORT_EXTENSION = re.compile(r"[A-Za-z0-9]{1,5}")


def name_for_service(name: str) -> str:
    """A file's name as the service is told it: on one line, whatever a file system allows."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "_", name)


def part_name(chance: str) -> str:
    """The name of a part file: beside its result, ignored by every hotfolder, swept at start. `chance` is nobody's to
    guess: a name that can be foreseen could be a link that somebody has laid there."""
    if "/" in chance or "\\" in chance:
        raise ValueError(f"a part file's name has no slashes: {chance!r}")
    return f"{PART_PREFIX}{chance}{PART_SUFFIX}"


def probe_name(longest: str, chance: str, rules: NameRules) -> str:
    """A part file's name that a file system takes only if it takes `longest`: no shorter, with all its characters."""
    own_bytes = len(part_name(chance))
    body = cut(unusual_characters(longest), LONGEST_BYTES[rules] - own_bytes)
    missing = length_bytes(longest) - own_bytes - length_bytes(body)
    return f"{PART_PREFIX}{chance}{body}{'x' * max(0, missing)}{PART_SUFFIX}"


def unusual_characters(name: str) -> str:
    """What some file system might refuse in this name: each once."""
    return "".join(dict.fromkeys(c for c in name if not (c.isascii() and c.isalnum()) and c not in "/ .-_()"))


def is_part_name(name: str) -> bool:
    """Is this file name (not path) one that `part_name` made?"""
    return name.startswith(PART_PREFIX) and name.endswith(PART_SUFFIX)


def path_key(path: str) -> str:
    """Equal for paths that any file system might take for the same: differing in case or normal form only."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def result_extension(content_type: str | None, result_name: str | None, source_path: str) -> str:
    """Without the dot: by the content type, else the result name's if it is a plain one, else the source's.

    Empty if the source has none either.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind in _EXTENSIONS:
        return _EXTENSIONS[kind]
    offered = split_extension(re.split(r"[/\\]", result_name or "")[-1])[1].lower()
    if _SHORT_EXTENSION.fullmatch(offered) and f".{offered}" != PART_SUFFIX:
        return offered
    return split_extension(source_path.rpartition("/")[2])[1]


def choose_result_path(
    source_path: str,
    extension: str,
    taken_by_images: Collection[str],
    taken_by_files: Collection[str],
    *,
    rules: NameRules = NameRules.PLAIN,
) -> str:
    """Where in the out folder the result of `source_path` goes: the same subfolder, never a taken name.

    `taken_by_images` are the results of *other* images, `taken_by_files` what stands there and is not
    ours to overwrite; both are paths relative to the out folder, of that subfolder (`result_folder`) at least. A
    source path that could lead out of the folder is a bug and raises ValueError.
    """
    taken = {path_key(path) for path in (*taken_by_images, *taken_by_files)}
    candidates = result_candidates(source_path, extension, taken_by_images, rules=rules)
    return next(candidate for candidate in candidates if path_key(candidate) not in taken)


def result_candidates(
    source_path: str, extension: str, taken_by_images: Collection[str], *, rules: NameRules
) -> Iterator[str]:
    """The paths a result may have, first choice first, without an end. Every number gives another ending, so no cutting
    can make two of them equal."""
    if extension and not _EXTENSION.fullmatch(extension):
        raise ValueError(f"not an extension: {extension!r}")
    folder, name = result_folder(source_path, rules), source_path.rpartition("/")[2]
    ending = f".{extension}" if extension else ""
    stem, own = split_extension(name)
    plain = folder + fit(stem, ending, rules)
    is_others = path_key(plain) in {path_key(path) for path in taken_by_images}
    kept = f".{own}" if own and is_others else ""
    yield folder + fit(stem, kept + ending, rules)
    for number in count(2):
        yield folder + fit(stem, f"{kept} ({number}){ending}", rules)


def result_folder(source_path: str, rules: NameRules) -> str:
    """The subfolder of the out folder, empty or ending in `/`; ValueError for what is not a plain relative path."""
    parts = source_path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ValueError(f"not a plain relative path: {source_path!r}")
    return "".join(f"{folder_name(part, rules)}/" for part in parts[:-1])


def longest_name(source_path: str, rules: NameRules) -> str:
    """The longest name that the result of this source may come to, whatever kind it turns out to be."""
    stem, own = split_extension(source_path.rpartition("/")[2])
    return fit(stem, f".{own} (999).webp", rules)


def safer_rules(source_path: str, rules: NameRules) -> NameRules | None:
    """The next rules that give this result another path; None when there are none."""
    path = choose_result_path(source_path, "webp", (), (), rules=rules)
    stricter = (one for one in NameRules if one > rules)
    return next(
        (s for s in stricter if choose_result_path(source_path, "webp", (), (), rules=s) != path), None
    )


def split_extension(name: str) -> tuple[str, str]:
    """`a.b.tif` -> (`a.b`, `tif`). A dotfile's name and an odd ending are no extension."""
    stem, _, extension = name.rpartition(".")
    if stem.strip(".") and _EXTENSION.fullmatch(extension):
        return stem, extension
    return name, ""
