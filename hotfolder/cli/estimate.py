"""`hotfolder estimate`: what would be sent, at what price, and what not and why. Sends nothing and changes nothing."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hotfolder.cli.context import Json, ask_service, config_of, home_of, tokens_of
from hotfolder.cli.output import counted, print_json, print_table, printable, say
from hotfolder.errors import ConfigError, ExitCode, HotfolderError

if TYPE_CHECKING:
    from hotfolder.adapters.autoretouch import AutoRetouch
    from hotfolder.adapters.home import Home
    from hotfolder.adapters.ledger import Ledger
    from hotfolder.adapters.neighbours import Neighbours
    from hotfolder.core.config import Config, FolderConfig
    from hotfolder.ports import Target


@dataclass(slots=True)
class Survey:
    """What was found in one hot folder. `waiting`: in the ledger already, but not paid yet."""

    name: str
    batches: Counter[str] = field(default_factory=Counter)
    images: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    waiting: int = 0
    trouble: str = ""
    price: int | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """What the service said: each hot folder's price, and what stood in the way of asking."""

    of_folder: dict[str, int | None]
    balance: int | None
    trouble: str


def estimate(
    context: typer.Context,
    folder: Annotated[str | None, typer.Argument(help="Only this hot folder.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Dry run: what would be sent, in which batches, at what price, and what is ignored and why."""
    home = home_of(context)
    config = config_of(home)
    names = [one.name for one in config.folders]
    if folder is not None and folder not in names:
        raise ConfigError(f"There is no hot folder {folder!r}.", f"There is: {', '.join(names)}.")
    surveys = _survey_all(home, config, [one for one in config.folders if folder in (None, one.name)])
    prices = ask_prices(home, config, [survey.name for survey in surveys])
    for survey in surveys:
        survey.price = prices.of_folder.get(survey.name)
    if as_json:
        print_json(_facts(surveys, prices))
    else:
        _print(surveys, prices)
    if any(survey.trouble for survey in surveys):
        raise typer.Exit(ExitCode.SOME_FAILED)


def ask_prices(home: Home, config: Config, names: list[str]) -> Prices:
    """The prices of these hot folders' workflows, as far as the service can be asked."""
    from hotfolder.pipeline.targets import resolve_target

    async def ask(service: AutoRetouch) -> Prices:
        found: dict[str, Target] = {}
        trouble = ""
        for folder in (one for one in config.folders if one.name in names):
            try:
                found[folder.name] = await resolve_target(service, config, folder)
            except HotfolderError as error:
                trouble = str(error)
        balance = None
        if found:
            balance = await service.balance(next(iter(found.values())).organization_id)
        return Prices({name: target.price for name, target in found.items()}, balance, trouble)

    try:
        return ask_service(config.service, tokens_of(home), ask)
    except HotfolderError as error:
        return Prices({}, None, str(error))


# --- looking --------------------------------------------------------------------------------------


def _survey_all(home: Home, config: Config, folders: list[FolderConfig]) -> list[Survey]:
    from hotfolder.adapters.ledger_file import read_ledger
    from hotfolder.adapters.neighbours import Neighbourhood

    ledger, neighbourhood = read_ledger(home.ledger), Neighbourhood(config)
    try:
        return [_survey(folder, neighbourhood.of(folder.name), ledger) for folder in folders]
    finally:
        if ledger is not None:
            ledger.close()


def _survey(folder: FolderConfig, neighbours: Neighbours, ledger: Ledger | None) -> Survey:
    from hotfolder.adapters.scanner import scan_folder
    from hotfolder.core.ignore import IgnoreRules
    from hotfolder.core.image import State

    survey = Survey(folder.name)
    try:
        scan = scan_folder(Path(folder.in_folder), IgnoreRules(folder.ignore), neighbours.look())
    except HotfolderError as away:
        survey.trouble = str(away)
        return survey
    known = ledger.known_stamps(folder.name) if ledger else set()
    survey.ignored = [(path, ". ".join(filter(None, (v.reason, v.advice)))) for path, v in scan.passed_over]
    survey.broken = list(scan.trouble)
    new = [p for p, stamp in sorted(scan.files.items()) if (p, stamp.size_bytes, stamp.mtime_ns) not in known]
    if _is_skipped(folder, ledger):
        survey.ignored += [(path, "there before the first start (existing: skip)") for path in new]
        new = []
    for path in new:
        _look_at(survey, folder, path, ledger)
    if ledger is not None:
        survey.waiting = len(ledger.images(folder.name, (State.QUEUED, State.UPLOADED)))
    return survey


def _is_skipped(folder: FolderConfig, ledger: Ledger | None) -> bool:
    from hotfolder.core.config import Existing

    is_first = ledger is None or ledger.folder_device(folder.name) is None
    return folder.existing is Existing.SKIP and is_first


def _look_at(survey: Survey, folder: FolderConfig, path: str, ledger: Ledger | None) -> None:
    from hotfolder.adapters.image_check import check_image, hash_file

    full = Path(folder.in_folder) / path
    try:
        check_image(full)
        if ledger is not None and _is_known(ledger, folder, path, hash_file(full)[0]):
            return
    except HotfolderError as error:
        survey.broken.append((path, str(error)))
        return
    survey.images.append(path)
    survey.batches[_batch_name(folder, path, ledger)] += 1


def _is_known(ledger: Ledger, folder: FolderConfig, path: str, content_hash: str) -> bool:
    """The same bytes, touched or moved: they are not sent again."""
    same = ledger.with_content(folder.name, content_hash)
    return any(image.path == path or not (Path(folder.in_folder) / image.path).exists() for image in same)


def _batch_name(folder: FolderConfig, path: str, ledger: Ledger | None) -> str:
    """The batch the image would join; without a number where it would open a new one."""
    from hotfolder.core.batching import base_name, join_or_open

    name = base_name(folder.batch.rules, folder.name, path.rpartition("/")[0], time.strftime("%Y-%m-%d"))
    if name is None:
        return ""
    latest = ledger.latest_batch(folder.name, name) if ledger is not None else None
    return join_or_open(
        latest, folder.batch.rules, time.time(), new_id="", folder=folder.name, name=name
    ).name


# --- telling --------------------------------------------------------------------------------------


def _credits(number: int, price: int | None) -> int | None:
    return None if price is None else number * price


def _total(surveys: list[Survey]) -> int | None:
    known = [_credits(len(survey.images), survey.price) for survey in surveys]
    return sum(number for number in known if number is not None) if None not in known else None


def _facts(surveys: list[Survey], prices: Prices) -> dict[str, Any]:
    return {
        "images": sum(len(survey.images) for survey in surveys),
        "credits": _total(surveys),
        "balance": prices.balance,
        "trouble": prices.trouble or None,
        "folders": [_folder_facts(survey) for survey in surveys],
    }


def _folder_facts(survey: Survey) -> dict[str, Any]:
    return {
        "name": survey.name,
        "trouble": survey.trouble or None,
        "images": len(survey.images),
        "price": survey.price,
        "credits": _credits(len(survey.images), survey.price),
        "waiting": survey.waiting,
        "batches": [
            {"name": name or None, "images": number, "credits": _credits(number, survey.price)}
            for name, number in survey.batches.items()
        ],
        "paths": survey.images,
        "broken": [{"path": path, "reason": reason} for path, reason in survey.broken],
        "ignored": [{"path": path, "reason": reason} for path, reason in survey.ignored],
    }


def _print(surveys: list[Survey], prices: Prices) -> None:
    rows = [
        (survey.name, name or "(no batch)", number, survey.price, _credits(number, survey.price))
        for survey in surveys
        for name, number in survey.batches.items()
    ]
    if rows:
        print_table(("hot folder", "batch", "images", "credits each", "credits"), rows)
        say()
    for survey in surveys:
        _print_others(survey)
    number, total = sum(len(survey.images) for survey in surveys), _total(surveys)
    cost = (
        ""
        if not number
        else f" for {counted(total, 'credit')}"
        if total is not None
        else ", at a price not known now"
    )
    say(f"Would be sent: {counted(number, 'image')}{cost}. Nothing was sent.")
    if prices.balance is not None:
        say(f"The account has {counted(prices.balance, 'credit')}.")
    if prices.trouble:
        say(f"The service could not be asked about every price: {prices.trouble}")


def _print_others(survey: Survey) -> None:
    if survey.trouble:
        say(f"{survey.name}: {survey.trouble}")
    if survey.waiting:
        say(
            f"{survey.name}: {counted(survey.waiting, 'further image')} already in the ledger, to be paid when sent."
        )
    for title, entries in (("broken, not sent", survey.broken), ("ignored", survey.ignored)):
        for path, reason in entries:
            say(f"{survey.name}: {title}: {printable(path)}: {printable(reason)}")
