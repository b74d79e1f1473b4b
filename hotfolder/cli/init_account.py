"""`hotfolder init`: the sign-in, and what the account has to choose from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hotfolder.cli.asking import Asker, ask_yes
from hotfolder.cli.output import OK, printable, say
from hotfolder.core.first_run import WEB_APP, Choice, balance_words, pick, price_words
from hotfolder.errors import ConfigError, NeedsPerson, SignInNeeded, TemporaryError, WorkflowUnavailable

if TYPE_CHECKING:
    from hotfolder.control.first_steps import FirstSteps
    from hotfolder.ports import Organization, Workflow

Entry = TypeVar("Entry", "Organization", "Workflow")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where the images go, and what one costs."""

    organization: Choice
    workflow: Choice
    price: int | None
    balance: int


# --- signing in -----------------------------------------------------------------------------------


def sign_in(steps: FirstSteps, asker: Asker) -> list[Organization]:
    """Signed in, one way or the other; the organizations of the account."""
    asker.say("\nSign-in")
    while True:
        try:
            organizations = asyncio.run(steps.organizations())
        except SignInNeeded:
            if not asker.talks:
                raise
            _sign_in_now(steps)
        else:
            asker.say(f"{OK} You are signed in to AutoRetouch.")
            return organizations


def _sign_in_now(steps: FirstSteps) -> None:
    """Until a token is kept; refusal and expiry are told, and it can be begun anew."""
    from hotfolder.cli.login import from_browser

    say("    1  Sign in with the browser\n    2  Paste a refresh token")
    asker = Asker(talks=True)
    while True:
        way = asker.answer("How?", _way_in, option="", given=None, default="1")
        try:
            token = from_browser(steps.service) if way == "1" else _pasted(steps)
            _keep(steps, token)
        except TemporaryError as error:
            say(f"    {error.title} Try again in a few minutes.")
        except NeedsPerson as error:
            say(f"    {error.title} You can begin anew.")
        else:
            return


def _way_in(text: str) -> str:
    if text not in ("1", "2"):
        raise ConfigError("Please write 1 or 2.")
    return text


def _pasted(steps: FirstSteps) -> str:
    from hotfolder.cli.login import pasted

    say(f"    Refresh tokens are on the API page of the web app ({WEB_APP}).")
    return pasted(steps.service)


def _keep(steps: FirstSteps, token: str) -> None:
    """In the keyring; where there is none, in a file if the person agrees."""
    try:
        kept = asyncio.run(steps.keep(token, in_file=False))
    except NeedsPerson as no_keyring:
        say(f"    {no_keyring.title}")
        if not ask_yes("    Keep the sign-in in a file that only you can read?"):
            raise SignInNeeded("The sign-in was not kept.") from None
        kept = asyncio.run(steps.keep(token, in_file=True))
    say(f"    The sign-in is kept in {kept.describe()}.")


# --- choosing -------------------------------------------------------------------------------------


def choose(
    steps: FirstSteps,
    organizations: Sequence[Organization],
    organization: str | None,
    workflow: str | None,
    asker: Asker,
) -> Chosen:
    """Asked only where there is a choice."""
    ours = _choose_organization(organizations, organization, asker)
    offer = asyncio.run(steps.offer(ours.id))
    if not offer.workflows:
        raise WorkflowUnavailable(
            f"{ours.name} has no workflow yet.", "Make one in the AutoRetouch web app, then come back."
        )
    asker.say("\nWorkflow")
    if asker.talks and workflow is None:
        _list([f"{printable(one.name)}, {price_words(one.price)}" for one in offer.workflows])
    asker.say(balance_words(offer.balance))
    found = asker.answer(
        "Which workflow?",
        lambda text: _entry_in(text, offer.workflows, "workflow"),
        option="--workflow",
        given=workflow,
        default="1" if asker.talks else "",
    )
    return Chosen(ours, Choice(found.id, found.name), found.price, offer.balance)


def _choose_organization(organizations: Sequence[Organization], wanted: str | None, asker: Asker) -> Choice:
    if not organizations:
        raise WorkflowUnavailable(
            "The account has no organization yet.", "Make one in the AutoRetouch web app."
        )
    if len(organizations) == 1 and wanted is None:
        found = organizations[0]
    else:
        if asker.talks and wanted is None:
            say("\nOrganization")
            _list([printable(one.name) for one in organizations])
        found = asker.answer(
            "Which organization?",
            lambda text: _entry_in(text, organizations, "organization"),
            option="--organization",
            given=wanted,
            default="1" if asker.talks else "",
        )
    return Choice(found.id, found.name)


def _list(lines: Sequence[str]) -> None:
    for number, line in enumerate(lines, 1):
        say(f"    {number:>2}  {line}")


def _entry_in(text: str, entries: Sequence[Entry], what: str) -> Entry:
    """By number in the list, id or name."""
    found = pick(text, [Choice(one.id, one.name) for one in entries])
    if found is not None:
        return next(one for one in entries if one.id == found.id)
    if text.strip().isdecimal() and 1 <= int(text) <= len(entries):
        return entries[int(text) - 1]
    names = ", ".join(printable(one.name) for one in entries)
    raise ConfigError(f"There is no {what} {text!r}, or more than one.", f"There is: {names}.")
