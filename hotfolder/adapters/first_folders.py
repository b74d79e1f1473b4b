"""The folders of a first run: where they could be, whether they will do, what lies in them, and making them.

Everything blocks: call it with asyncio.to_thread.
"""

from __future__ import annotations

import os
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_pictures_path

from hotfolder.adapters.image_check import check_image
from hotfolder.adapters.probes import prove_root
from hotfolder.adapters.scanner import scan_folder
from hotfolder.core.first_run import Inside
from hotfolder.core.ignore import IgnoreRules
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import FolderAway, FolderUnwritable, HotfolderError

MOST_LISTED = 2_000
"""Folders in one folder beyond which a list helps nobody."""

_REST = "Choose another folder, or give yourself the right to use it."


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to choose, or to look into."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Listing:
    """One folder's subfolders, by name; `above` None at the top."""

    path: Path
    above: Path | None
    folders: tuple[Place, ...]


def pictures() -> Path:
    """The person's folder for pictures, whatever it is called on this system."""
    return user_pictures_path()


def whole(text: str) -> Path:
    """The folder as it was typed or dragged in (terminals put quotes around it): `~` expanded, no `..` left."""
    plain = text.strip()
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\"":
        plain = plain[1:-1]
    if plain.startswith("~"):
        plain = os.path.expanduser(plain)  # noqa: PTH111 - Path raises for an unknown ~name
    return Path(os.path.normpath(plain)) if plain else Path()


def shortened(path: Path) -> str:
    """With `~` where it is the person's: as it is shown, and as it stands in the config."""
    try:
        below = path.relative_to(Path.home())
    except (ValueError, RuntimeError):
        return str(path)
    return str(path) if "~" in path.parts else str(Path("~") / below)


def beside(in_folder: Path) -> Path:
    """Where the results of such an in folder would be looked for."""
    name = "out" if in_folder.name == "in" else f"{in_folder.name} retouched"
    return in_folder.with_name(name) if in_folder.name else in_folder / name


def in_folder_trouble(path: Path) -> str:
    """Why images could not be picked up there; empty if they could. A folder that is not there can be made."""
    if not os.path.lexists(path):
        return _making_trouble(path)
    try:
        scan = scan_folder(path, IgnoreRules(()))
    except FolderAway:
        if path.is_dir():
            return f"This folder cannot be read. {_REST}"
        return "This is a file, and no folder. Choose a folder."
    return f"{scan.trouble[0][0]} in it {scan.trouble[0][1]}. {_REST}" if scan.trouble else ""


def out_folder_trouble(path: Path) -> str:
    """Why no result could be put there; empty if it could."""
    if not os.path.lexists(path):
        return _making_trouble(path)
    if not path.is_dir():
        return "This is a file, and no folder. Choose a folder."
    try:
        prove_root(path, [])
    except FolderUnwritable as error:
        cause = error.__cause__
        reason = plain_reason(cause) if isinstance(cause, OSError) else error.title
        return f"Nothing can be written there ({reason}). {_REST}"
    return ""


def _making_trouble(path: Path) -> str:
    try:
        there = next(one for one in path.parents if os.path.lexists(one))
    except StopIteration:
        return "There is no such drive. Connect it, or choose another folder."
    except OSError as error:
        return f"This folder cannot be made ({plain_reason(error)}). {_REST}"
    if not there.is_dir():
        return f"{there} is a file, so no folder can be made in it. Choose another folder."
    if not os.access(there, os.W_OK | os.X_OK):
        return f"This folder is not there, and cannot be made in {there} (no right to write there). {_REST}"
    return ""


def look_into(path: Path) -> Inside:
    """The images that lie in this folder and below, as hotfolder would see them. Raises `FolderAway`."""
    if not os.path.lexists(path):
        return Inside()
    scan = scan_folder(path, IgnoreRules(()))
    broken = sum(not _is_image(path / name) for name in scan.files)
    return Inside(len(scan.files) - broken, broken)


def _is_image(path: Path) -> bool:
    try:
        check_image(path)
    except HotfolderError:
        return False
    return True


def make(path: Path) -> bool:
    """Make the folder, and those above it; False if it was there. Raises `FolderUnwritable`."""
    if path.is_dir():
        return False
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnwritable(f"{path} cannot be made: {plain_reason(error)}.", _REST) from None
    return True


# --- for choosing with the mouse ------------------------------------------------------------------


def places() -> list[Place]:
    """Where looking for a folder begins: home, pictures, and every drive."""
    found = [Place("Home", Path.home()), Place("Pictures", pictures())]
    found += (Place(drive.name or str(drive), drive) for drive in _drives())
    return [place for place in found if place.path.is_dir()]


def _drives() -> Iterator[Path]:
    if sys.platform == "win32":
        yield from (Path(f"{letter}:\\") for letter in string.ascii_uppercase)
        return
    user = Path.home().name
    homes = ("/Volumes",) if sys.platform == "darwin" else (f"/media/{user}", f"/run/media/{user}", "/mnt")
    for home in homes:
        try:
            yield from sorted(Path(home).iterdir())
        except OSError:
            continue


def list_folder(path: Path) -> Listing:
    """Its subfolders, without hidden ones. Raises `FolderAway`."""
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if _is_shown(entry.name) and _is_folder(entry)]
    except OSError as error:
        raise FolderAway(
            f"{path} cannot be opened: {plain_reason(error)}.", "Choose another folder."
        ) from None
    names.sort(key=str.casefold)
    folders = tuple(Place(name, path / name) for name in names[:MOST_LISTED])
    return Listing(path, path.parent if path.parent != path else None, folders)


def _is_shown(name: str) -> bool:
    """Hidden ones are nobody's choice, and what is no text (undecodable bytes) cannot stand in the config."""
    return not name.startswith(".") and name.isprintable()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def new_folder(inside: Path, name: str) -> Path:
    """A new subfolder. Raises `FolderUnwritable`, also for a name that is none."""
    plain = name.strip()
    if not plain or plain in (".", "..") or any(sign in plain for sign in '/\\\0:<>"|?*'):
        raise FolderUnwritable("A folder's name has no signs like / \\ : * ? in it.", "Write another name.")
    try:
        (inside / plain).mkdir()
    except FileExistsError:
        raise FolderUnwritable(
            f"There is a {plain!r} already.", "Choose it, or write another name."
        ) from None
    except OSError as error:
        raise FolderUnwritable(f"It cannot be made here: {plain_reason(error)}.", _REST) from None
    return inside / plain
