"""`hotfolder init`: the first run in the terminal. Everything that is asked can be given as an option."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.asking import Asker, ask_yes, missing_answers, somebody_is_there
from hotfolder.cli.context import home_of
from hotfolder.cli.output import OK, printable, say
from hotfolder.errors import ConfigError

if TYPE_CHECKING:
    from hotfolder.cli.init_account import Chosen
    from hotfolder.control.first_steps import FirstSteps
    from hotfolder.core.first_run import Draft

INTERRUPTED = 130

_WELCOME = """\
This makes a hot folder: images saved into one folder come out retouched in another.
Nothing is written before the end; Ctrl-C leaves at any time."""


class AlreadyThere(StrEnum):
    """As `folders[].existing`, whose own words load the whole config."""

    PROCESS = "process"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Given:
    """What the options answer already."""

    in_folder: str | None
    out_folder: str | None
    workflow: str | None
    organization: str | None
    name: str | None
    existing: AlreadyThere | None
    yes: bool


def init(
    context: typer.Context,
    in_folder: Annotated[
        str | None, typer.Option("--in", metavar="DIR", help="Images saved in here are retouched.")
    ] = None,
    out_folder: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="The results come out here.")
    ] = None,
    workflow: Annotated[str | None, typer.Option(help="The workflow: its name or its id.")] = None,
    organization: Annotated[
        str | None, typer.Option(help="The organization, if the account has several.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What you call the hot folder.")] = None,
    existing: Annotated[
        AlreadyThere | None, typer.Option(help="What to do with images that are in the folder already.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take what is suggested, and ask nothing.")] = False,
) -> None:
    """Make a config: sign in, choose workflow and folders, and try it on the spot."""
    given = Given(in_folder, out_folder, workflow, organization, name, existing, yes)
    asker = Asker(somebody_is_there() and not yes)
    try:
        is_written = _guide(context, given, asker)
    except (KeyboardInterrupt, EOFError):
        say("\nStopped. No config was written.")
        raise typer.Exit(INTERRUPTED) from None
    if is_written:
        from hotfolder.cli.init_end import try_it

        try_it(context, asker)


def _guide(context: typer.Context, given: Given, asker: Asker) -> bool:
    """Ask everything, then write it all; false if the person did not want to."""
    from hotfolder.cli.init_account import choose, sign_in
    from hotfolder.control.first_steps import FirstSteps

    _require_answers(given, asker)
    steps = FirstSteps(home_of(context), os.environ)
    if not _wants_to_begin(steps, given, asker):
        say("Nothing was changed.")
        return False
    organizations = sign_in(steps, asker)
    chosen = choose(steps, organizations, given.organization, given.workflow, asker)
    draft = _choose_folders(steps, given, chosen, asker)
    draft = _decide_about_existing(draft, given, chosen, asker)
    return _write(steps, draft, asker, chosen.price)


def _require_answers(given: Given, asker: Asker) -> None:
    """Where nobody can be asked, all that is missing is told at once; --yes takes the suggested folders."""
    answers = {"--in": given.in_folder, "--out": given.out_folder, "--workflow": given.workflow}
    needed = ["--workflow"] if given.yes else list(answers)
    missing = [option for option in needed if answers[option] is None]
    if missing and not asker.talks:
        raise missing_answers(missing, asker.talks)


def _wants_to_begin(steps: FirstSteps, given: Given, asker: Asker) -> bool:
    if steps.before is None:
        asker.say(_WELCOME)
        return True
    names = ", ".join(printable(name) for name in steps.names)
    folders = f"the hot folder{'' if len(steps.names) == 1 else 's'} {names}"
    there = f"There is a config already, {steps.home.config}, with {folders}."
    if asker.talks:
        say(there)
        return ask_yes("Add another hot folder to it? What stands there stays as it is.")
    if not given.yes:
        raise ConfigError(there, "Add --yes to add this hot folder to it; what stands there stays as it is.")
    return True


# --- the folders ----------------------------------------------------------------------------------


def _choose_folders(steps: FirstSteps, given: Given, chosen: Chosen, asker: Asker) -> Draft:
    from hotfolder.adapters.first_folders import shortened
    from hotfolder.core.first_run import Draft

    asker.say("\nFolders")
    suggested = steps.suggest(chosen.workflow.name)
    draft = Draft(
        name=suggested.name,
        in_folder=str(suggested.in_folder),
        out_folder=str(suggested.out_folder),
        workflow=chosen.workflow,
        organization=chosen.organization,
    )
    draft = asker.answer(
        "Images are saved into (in folder)",
        lambda text: _with_folder(steps, draft, "in_folder", text),
        option="--in",
        given=given.in_folder,
        default=shortened(suggested.in_folder),
    )
    draft = _with_out_beside(draft, suggested.in_folder)
    draft = asker.answer(
        "Results come out in (out folder)",
        lambda text: _with_folder(steps, draft, "out_folder", text),
        option="--out",
        given=given.out_folder,
        default=shortened(Path(draft.out_folder)),
    )
    return asker.answer(
        "What do you call this hot folder?",
        lambda text: _usable(steps, replace(draft, name=text.strip())),
        option="--name",
        given=given.name,
        default=draft.name,
    )


def _with_folder(steps: FirstSteps, draft: Draft, field: str, text: str) -> Draft:
    from hotfolder.adapters.first_folders import whole

    folder = str(whole(text))
    is_in = field == "in_folder"
    after = replace(draft, in_folder=folder) if is_in else replace(draft, out_folder=folder)
    trouble = steps.problems(after).get(field)
    if trouble:
        raise ConfigError(trouble)
    return after


def _usable(steps: FirstSteps, draft: Draft) -> Draft:
    for trouble in steps.problems(draft).values():
        raise ConfigError(trouble)
    return draft


def _with_out_beside(draft: Draft, suggested_in: Path) -> Draft:
    """Whoever chose another in folder than was suggested will want the out folder beside it."""
    from hotfolder.adapters.first_folders import beside

    chosen = Path(draft.in_folder)
    return draft if chosen == suggested_in else replace(draft, out_folder=str(beside(chosen)))


def _decide_about_existing(draft: Draft, given: Given, chosen: Chosen, asker: Asker) -> Draft:
    """Money is never assumed: images that are there already need an answer."""
    from hotfolder.adapters.first_folders import look_into
    from hotfolder.core.config import Existing
    from hotfolder.core.first_run import existing_words

    inside = look_into(Path(draft.in_folder))
    if words := existing_words(inside, chosen.price, chosen.balance):
        asker.say(f"\n{words}")
    answer = given.existing or AlreadyThere.PROCESS
    if inside.images:
        answer = asker.answer(
            "Process them, or skip them (only new images)? Write process or skip (p or s is enough)",
            _already_there_in,
            option="--existing",
            given=given.existing,
        )
    return replace(draft, existing=Existing(answer))


def _already_there_in(text: str) -> AlreadyThere:
    word = text.strip().casefold()
    found = [choice for choice in AlreadyThere if word and choice.startswith(word)]
    if len(found) != 1:
        raise ConfigError("Please write process or skip.")
    return found[0]


# --- the end --------------------------------------------------------------------------------------


def _images_now(draft: Draft) -> int:
    """How many images are sent as soon as hotfolder runs."""
    from hotfolder.adapters.first_folders import look_into
    from hotfolder.core.config import Existing

    inside = Path(draft.in_folder)
    return look_into(inside).images if draft.existing is Existing.PROCESS and inside.is_dir() else 0


def _write(steps: FirstSteps, draft: Draft, asker: Asker, price: int | None) -> bool:
    from hotfolder.adapters.first_folders import shortened
    from hotfolder.core.config import Existing
    from hotfolder.core.first_run import total_words

    if asker.talks:
        say(f"\n{printable(draft.name)}: {printable(draft.workflow.name)}")
        say(f"    in   {printable(shortened(Path(draft.in_folder)))}{_to_be_made(draft.in_folder)}")
        say(f"    out  {printable(shortened(Path(draft.out_folder)))}{_to_be_made(draft.out_folder)}")
        if draft.existing is Existing.SKIP:
            say("    images that are there already are skipped")
        say(f"    costs  {total_words(_images_now(draft), price)}")
        if not ask_yes("Write this into the config?"):
            say("Nothing was written.")
            return False
    for folder in steps.finish(draft):
        say(f"{OK} Made {printable(str(folder))}")
    what = "Written" if steps.before is None else "Added to"
    say(f"{OK} {what} {steps.home.config} (you can read and edit it)")
    return True


def _to_be_made(folder: str) -> str:
    return "" if Path(folder).is_dir() else "  (will be made)"
