"""`hotfolder check`: one line for each thing that has to be right, and what to do where it is not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hotfolder.cli.context import Json, ask_service, config_of, home_of, tokens_of
from hotfolder.cli.output import BAD, NEUTRAL, OK, counted, print_json, printable, say
from hotfolder.errors import ExitCode, HotfolderError, NeedsPerson, SignInNeeded, TemporaryError

if TYPE_CHECKING:
    from hotfolder.adapters.autoretouch import AutoRetouch
    from hotfolder.adapters.home import Home
    from hotfolder.core.config import Config, FolderConfig

ROOM_BYTES = 500 * 1000 * 1000
"""Less free disk than this is trouble ahead: a few large TIFFs."""
SELF_TEST_S = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`ok` None: nothing to judge, only to know."""

    name: str
    ok: bool | None
    text: str
    advice: str = ""


def check(context: typer.Context, as_json: Json = False) -> None:
    """Is all well? Config, sign-in, folders, workflows and prices, credits, disk and service, one line each."""
    home = home_of(context)
    config = config_of(home)
    findings: list[Finding] = []
    for finding in _findings(home, config):
        findings.append(finding)
        if not as_json:
            _print(finding)
    code = _exit_code(findings)
    if as_json:
        print_json({"ok": code is ExitCode.DONE, "checks": [asdict(finding) for finding in findings]})
    elif code is ExitCode.DONE:
        say("\nAll is well.")
    raise typer.Exit(code)


def _print(finding: Finding) -> None:
    mark = {True: OK, False: BAD, None: NEUTRAL}[finding.ok]
    say(f"{mark} {finding.name}: {printable(finding.text)}")
    if finding.advice:
        say(f"    {printable(finding.advice)}")


def _exit_code(findings: list[Finding]) -> ExitCode:
    bad = [finding for finding in findings if finding.ok is False]
    if any(finding.name == "sign-in" for finding in bad):
        return ExitCode.SIGN_IN
    if any(finding.name == "budget" for finding in bad):
        return ExitCode.USAGE
    return ExitCode.SOME_FAILED if bad else ExitCode.DONE


def _findings(home: Home, config: Config) -> Iterator[Finding]:
    yield from _of_config(home, config)
    yield from _of_service(home, config)
    for folder in config.folders:
        yield from _of_folder(home, folder)
    yield _of_disk("hotfolder's own files", home.data)
    yield _of_daemon(home)


def _of_config(home: Home, config: Config) -> Iterator[Finding]:
    from hotfolder.cli.not_yet import not_yet_in_force, refuse_budget

    yield Finding("config", True, f"{home.config}, {counted(len(config.folders), 'hot folder')}")
    for sentence in not_yet_in_force(config):
        yield Finding("config", None, sentence)
    try:
        refuse_budget(config)
    except HotfolderError as error:
        yield Finding("budget", False, error.title, error.advice)


def _of_daemon(home: Home) -> Finding:
    from hotfolder.adapters.home import is_running

    if is_running(home):
        return Finding("daemon", True, "running")
    return Finding("daemon", None, "not running", "Start it with `hotfolder run`.")


# --- the service ----------------------------------------------------------------------------------


def _of_service(home: Home, config: Config) -> list[Finding]:
    tokens = tokens_of(home)
    found: list[Finding] = []

    async def ask(service: AutoRetouch) -> None:
        await service.check_sign_in()
        found.append(Finding("sign-in", True, f"with the token in {tokens.describe()}"))
        await service.organizations()
        found.append(Finding("service", True, f"{config.service.api_url} answers"))
        await _ask_account(service, config, found)

    try:
        ask_service(config.service, tokens, ask)
    except SignInNeeded as error:
        found.append(Finding("sign-in", False, error.title, error.advice))
    except TemporaryError as error:
        found.append(Finding("service", False, error.title, error.advice or "Look again in a few minutes."))
    except NeedsPerson as error:
        found.append(Finding("organization", False, error.title, error.advice))
    return found


async def _ask_account(service: AutoRetouch, config: Config, found: list[Finding]) -> None:
    from hotfolder.pipeline.targets import resolve_organization, resolve_target

    organization = await resolve_organization(service, config.organization)
    found.append(Finding("organization", True, organization.name))
    prices: list[int] = []
    for folder in config.folders:
        name = f"{folder.name}, workflow"
        try:
            target = await resolve_target(service, config, folder)
        except NeedsPerson as error:
            found.append(Finding(name, False, error.title, error.advice))
            continue
        price = "price not known" if target.price is None else f"{counted(target.price, 'credit')} an image"
        found.append(Finding(name, True, f"{target.workflow_name}, {price}"))
        prices.append(target.price or 0)
    balance = await service.balance(organization.id)
    enough = balance >= max(prices, default=0)
    advice = "" if enough else "Top up in the AutoRetouch web app."
    found.append(Finding("balance", enough, counted(balance, "credit"), advice))


# --- the folders ----------------------------------------------------------------------------------


def _of_folder(home: Home, folder: FolderConfig) -> Iterator[Finding]:
    yield _of_in_folder(folder)
    if Path(folder.in_folder).is_dir():
        yield _of_watching(folder)
    out = Path(folder.out_folder)
    yield _of_out_folder(folder.name, out, _was_used(home, folder.name))
    if out.is_dir():
        yield _of_disk(f"{folder.name}, out", out)


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


def _was_used(home: Home, folder: str) -> bool:
    from hotfolder.adapters.ledger_file import read_ledger

    ledger = read_ledger(home.ledger)
    if ledger is None:
        return False
    try:
        return ledger.out_folder_used(folder)
    finally:
        ledger.close()


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


def _of_disk(name: str, place: Path) -> Finding:
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
