"""What `hotfolder check` says of each hot folder's folders and their disks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder.cli.finding import Finding
from hotfolder.cli.output import counted
from hotfolder.errors import HotfolderError

if TYPE_CHECKING:
    from hotfolder.core.config import FolderConfig

ROOM_BYTES = 500 * 1000 * 1000
"""Less free disk than this is trouble ahead: a few large TIFFs."""
SELF_TEST_S = 3.0


def findings_of_folder(folder: FolderConfig, was_used: bool) -> Iterator[Finding]:
    """In folder, watching, out folder, disk. `was_used`: results have been put into the out folder before."""
    yield _of_in_folder(folder)
    if Path(folder.in_folder).is_dir():
        yield _of_watching(folder)
    out = Path(folder.out_folder)
    yield _of_out_folder(folder.name, out, was_used)
    if out.is_dir():
        yield finding_of_disk(f"{folder.name}, out", out)


def _of_in_folder(folder: FolderConfig) -> Finding:
    from hotfolder.adapters.scanner import scan_folder
    from hotfolder.core.ignore import IgnoreRules

    name = f"{folder.name}, in"
    try:
        scan = scan_folder(Path(folder.in_folder), IgnoreRules(folder.ignore))
    except HotfolderError as error:
        return Finding(name, False, error.title, error.advice)
    if scan.trouble:
        path, reason = scan.trouble[0]
        return Finding(
            name, False, f"{path} cannot be read: {reason}", "Give this user the right to read it."
        )
    return Finding(name, True, f"{folder.in_folder}, {counted(len(scan.files), 'image')}")


def _of_watching(folder: FolderConfig) -> Finding:
    """By events, if they come; the watcher proves it with a part file that every hotfolder ignores."""
    from hotfolder.adapters.watcher import Watcher
    from hotfolder.core.config import Watch

    watcher = Watcher(lambda: None)
    try:
        watcher.watch(folder.name, Path(folder.in_folder), folder.watch)
        watcher.start()
        is_heard = watcher.self_test(folder.name, SELF_TEST_S) if folder.watch is not Watch.POLLING else False
        by_events = is_heard and watcher.mode_of(folder.name) is Watch.EVENTS
    finally:
        watcher.stop()
    name = f"{folder.name}, watching"
    if by_events:
        return Finding(name, True, "by the system's events")
    if folder.watch is Watch.EVENTS:
        return Finding(
            name, False, "no events come from this folder", "Write watch: auto, or watch: polling."
        )
    return Finding(name, True, "by looking every few seconds")


def _of_out_folder(folder: str, out: Path, was_used: bool) -> Finding:
    name = f"{folder}, out"
    if not out.exists():
        if was_used or not out.parent.is_dir():
            return Finding(name, False, f"{out} is not there", "Connect the drive, or make the folder.")
        if not os.access(out.parent, os.W_OK):
            return Finding(
                name, False, f"{out} cannot be made", f"Give this user the right to write in {out.parent}."
            )
        return Finding(name, True, f"{out}, made at the first result")
    trouble = _write_trouble(out)
    if trouble:
        return Finding(
            name, False, f"{out} cannot be written: {trouble}", "Give this user the right to write there."
        )
    return Finding(name, True, f"{out} can be written")


def _write_trouble(out: Path) -> str:
    from hotfolder.core.naming import part_name

    probe = out / part_name("check")
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def finding_of_disk(name: str, place: Path) -> Finding:
    there = next((one for one in (place, *place.parents) if one.exists()), Path.cwd())
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Finding(
            f"{name}, disk", False, f"its room cannot be seen: {error.strerror}", "Check the drive."
        )
    enough = free >= ROOM_BYTES
    advice = "" if enough else "Make room there: results could not be put anywhere."
    return Finding(f"{name}, disk", enough, f"{free / 1e9:.1f} GB free", advice)
