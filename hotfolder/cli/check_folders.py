"""What `hotfolder check` says of each hot folder's folders and their disks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hotfolder.cli.finding import Finding
from hotfolder.cli.output import counted
from hotfolder.core.plain_words import plain_reason
from hotfolder.errors import HotfolderError

if TYPE_CHECKING:
    from hotfolder.core.config import Config, FolderConfig

ROOM_BYTES = 500 * 1000 * 1000
"""Less free disk than this is trouble ahead: a few large TIFFs."""
SELF_TEST_S = 3.0


def findings_of_folder(folder: FolderConfig, was_used: bool, config: Config) -> Iterator[Finding]:
    """In folder, watching, out folder, disk. `was_used`: results have been put into the out folder before."""
    yield _of_in_folder(folder, config)
    if Path(folder.in_folder).is_dir():
        yield _of_watching(folder)
    out = Path(folder.out_folder)
    yield _of_out_folder(folder.name, out, was_used)
    if os.path.isdir(out):  # noqa: PTH112 - never raises
        yield finding_of_disk(f"{folder.name}, out", out)


def _of_in_folder(folder: FolderConfig, config: Config) -> Finding:
    from hotfolder.adapters.neighbours import Neighbourhood
    from hotfolder.adapters.scanner import scan_folder
    from hotfolder.core.ignore import IgnoreRules, Kind

    name = f"{folder.name}, in"
    try:
        foreign = Neighbourhood(config).of(folder.name).look()
        scan = scan_folder(Path(folder.in_folder), IgnoreRules(folder.ignore), foreign)
    except HotfolderError as error:
        return Finding(name, False, error.title, error.advice)
    if scan.trouble:
        path, reason = scan.trouble[0]
        return Finding(
            name, False, f"{path} cannot be read: {reason}", "Give this user the right to read it."
        )
    for path, verdict in scan.passed_over:
        if verdict.kind is Kind.ELSEWHERE:
            return Finding(name, False, f"{path} is not looked into: {verdict.reason}", verdict.advice)
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
    """Proven as it is before anything is paid, and told in the same words."""
    from hotfolder.adapters.out_trouble import guarded
    from hotfolder.adapters.probes import prove_root

    name = f"{folder}, out"
    try:
        with guarded(out):
            if not out.exists():
                return _of_missing_out_folder(name, out, was_used)
            prove_root(out, [])
    except HotfolderError as error:
        return Finding(name, False, error.title, error.advice)
    return Finding(name, True, f"{out} can be written")


def _of_missing_out_folder(name: str, out: Path, was_used: bool) -> Finding:
    if was_used or not out.parent.is_dir():
        return Finding(name, False, f"{out} is not there", "Connect the drive, or make the folder.")
    if not os.access(out.parent, os.W_OK):
        return Finding(
            name, False, f"{out} cannot be made", f"Give this user the right to write in {out.parent}."
        )
    return Finding(name, True, f"{out}, made at the first result")


def finding_of_disk(name: str, place: Path) -> Finding:
    there = next((one for one in (place, *place.parents) if one.exists()), Path.cwd())
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Finding(
            f"{name}, disk", False, f"its room cannot be seen: {plain_reason(error)}", "Check the drive."
        )
    enough = free >= ROOM_BYTES
    advice = "" if enough else "Make room there: results could not be put anywhere."
    return Finding(f"{name}, disk", enough, f"{free / 1e9:.1f} GB free", advice)
