"""`hotfolder check`: one line for each thing that has to be right, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from hotfolder.cli.check_desktop import findings_of_desktop
from hotfolder.cli.check_folders import finding_of_disk, findings_of_folder
from hotfolder.cli.context import Json, ask_service, config_of, home_of, tokens_of
from hotfolder.cli.finding import Finding
from hotfolder.cli.output import BAD, NEUTRAL, OK, counted, print_json, printable, say
from hotfolder.errors import ExitCode, HotfolderError, NeedsPerson, SignInNeeded, TemporaryError

if TYPE_CHECKING:
    from hotfolder.adapters.autoretouch import AutoRetouch
    from hotfolder.adapters.home import Home
    from hotfolder.core.config import Config


MOST_NAMED = 3


def check(context: typer.Context, as_json: Json = False) -> None:
    """Is all well? Config, sign-in, folders, workflows and prices, credits, disk and service, one line each."""
    home = home_of(context)
    config = config_of(home)
    findings: list[Finding] = []
    for finding in findings_of(home, config):
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


def findings_of(home: Home, config: Config) -> Iterator[Finding]:
    """One after the other, as each is found."""
    yield from _of_config(home, config)
    yield from _of_service(home, config)
    ledger, used = _of_ledger(home, config)
    for folder in config.folders:
        yield from findings_of_folder(folder, folder.name in used, config)
    yield ledger
    yield from _of_lost(home)
    yield finding_of_disk("hotfolder's own files", home.data)
    yield Finding("log", None, str(home.log_file))
    yield from findings_of_desktop()
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


def _of_ledger(home: Home, config: Config) -> tuple[Finding, frozenset[str]]:
    """What is said of the ledger, and the hot folders whose out folder it knows as used."""
    from hotfolder.adapters.ledger_file import read_ledger

    try:
        ledger = read_ledger(home.ledger)
    except HotfolderError as error:
        return Finding("ledger", False, error.title, error.advice), frozenset()
    if ledger is None:
        return Finding("ledger", True, f"{home.ledger}, made at the first start"), frozenset()
    try:
        names = [folder.name for folder in config.folders]
        return Finding("ledger", True, str(home.ledger)), frozenset(filter(ledger.out_folder_used, names))
    finally:
        ledger.close()


def _of_lost(home: Home) -> Iterator[Finding]:
    """Paid results whose pictures are not here."""
    from hotfolder.cli.fetch import lost_executions
    from hotfolder.core.fetching import path_of

    try:
        lost = lost_executions(home)
    except HotfolderError:
        return  # the ledger's own finding says why
    if lost:
        names = ", ".join(path_of(one) for one in lost[:MOST_NAMED])
        more = f" and {len(lost) - MOST_NAMED:,} more" if len(lost) > MOST_NAMED else ""
        yield Finding(
            "paid elsewhere",
            None,
            f"{counted(len(lost), 'paid picture is', 'paid pictures are')} not here: {names}{more}",
            "If they are yours: `hotfolder fetch --all` puts their results into the out folders, free of charge.",
        )


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
