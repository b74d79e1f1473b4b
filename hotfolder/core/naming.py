"""What a result is called, and what the part files are called (design §5, I5, I10).

All paths here are relative and written with `/`. The service's own name for a result is never used, but
for its extension: nothing that comes from outside can lead out of the out folder.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from itertools import count

PART_PREFIX = ".hotfolder-"
PART_SUFFIX = ".part"

LONGEST_NAME_BYTES = 255

_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
}
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,16}")
_SHORT_EXTENSION = re.compile(r"[A-Za-z0-9]{1,5}")
_WINDOWS_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_WINDOWS_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *(\..*)?", re.I | re.S)


def name_for_service(name: str) -> str:
    """A file's name as the service is told it: on one line, whatever a file system allows."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "_", name)


def part_name(image_id: str) -> str:
    """The name of the part file of an image: beside its result, ignored by the watcher, swept at start."""
    if "/" in image_id or "\\" in image_id:
        raise ValueError(f"an image id has no slashes: {image_id!r}")
    return f"{PART_PREFIX}{image_id}{PART_SUFFIX}"


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
    offered = _split_extension(re.split(r"[/\\]", result_name or "")[-1])[1].lower()
    if _SHORT_EXTENSION.fullmatch(offered) and f".{offered}" != PART_SUFFIX:
        return offered
    return _split_extension(source_path.rpartition("/")[2])[1]


def choose_result_path(
    source_path: str,
    extension: str,
    taken_by_images: Collection[str],
    taken_by_files: Collection[str],
    *,
    windows: bool = False,
) -> str:
    """Where in the out folder the result of `source_path` goes: the same subfolder, never a taken name.

    `taken_by_images` are the results of *other* images, `taken_by_files` what stands there and is not
    ours to overwrite; both are paths relative to the out folder, of that subfolder at least. A source
    path that could lead out of the folder is a bug and raises ValueError.
    """
    folder, name = _split_source(source_path, windows=windows)
    if extension and not _EXTENSION.fullmatch(extension):
        raise ValueError(f"not an extension: {extension!r}")
    images = {path_key(path) for path in taken_by_images}
    taken = images | {path_key(path) for path in taken_by_files}
    for candidate in _candidates(folder, name, f".{extension}" if extension else "", images, windows):
        if path_key(candidate) not in taken:
            return candidate
    raise AssertionError("the numbers have ended")


def _candidates(folder: str, name: str, ending: str, images: set[str], windows: bool) -> Iterator[str]:
    """First choice first. Every number gives another ending, so no cutting can make two of them equal."""
    stem, own = _split_extension(name)
    stem = _windows_stem(stem) if windows else stem
    plain = folder + _fit(stem, ending)
    kept = f".{own}" if own and path_key(plain) in images else ""
    yield folder + _fit(stem, kept + ending)
    for number in count(2):
        yield folder + _fit(stem, f"{kept} ({number}){ending}")


def _fit(stem: str, ending: str) -> str:
    """The two together in at most 255 bytes; only the stem is cut, between characters."""
    room = LONGEST_NAME_BYTES - len(ending)
    stem = stem[:room]
    while _length_bytes(stem) > room:
        stem = stem[:-1]
    return stem + ending


def _length_bytes(text: str) -> int:
    """In UTF-8; undecodable bytes of a Linux file name (lone surrogates) count as more than they are."""
    return len(text.encode("utf-8", "surrogatepass"))


def _split_source(source_path: str, *, windows: bool) -> tuple[str, str]:
    """Folder (empty or ending in `/`) and name; ValueError for what is not a plain relative path."""
    parts = source_path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ValueError(f"not a plain relative path: {source_path!r}")
    if windows and any(_leads_astray(part) for part in parts[:-1]):
        raise ValueError(f"not a plain relative path on Windows: {source_path!r}")
    folder, slash, name = source_path.rpartition("/")
    return folder + slash, name


def _leads_astray(folder: str) -> bool:
    """Windows reads `\\` as a separator, `:` as a drive, and `.. ` as `..`."""
    return "\\" in folder or ":" in folder or not folder.strip(" .")


def _split_extension(name: str) -> tuple[str, str]:
    """`a.b.tif` -> (`a.b`, `tif`). A dotfile's name and an odd ending are no extension."""
    stem, _, extension = name.rpartition(".")
    if stem.strip(".") and _EXTENSION.fullmatch(extension):
        return stem, extension
    return name, ""


def _windows_stem(stem: str) -> str:
    """The stem with `_` for everything Windows would refuse or silently drop."""
    stem = _WINDOWS_FORBIDDEN.sub("_", stem)
    kept = stem.rstrip(" .")
    stem = kept + "_" * (len(stem) - len(kept))
    return f"_{stem}" if _WINDOWS_RESERVED.fullmatch(stem) else stem
