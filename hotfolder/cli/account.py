"""`hotfolder login --paste`, `logout`, `workflows`, `balance`: the account behind the hot folders.

A refresh token passes through here and must never be printed, logged or put into an error's text (keeps I8).
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.context import Json, ask_service, home_of, service_of, tokens_of
from hotfolder.cli.output import counted, print_json, print_table, printable, say, warn
from hotfolder.errors import ConfigError, HotfolderError, SignInNeeded

if TYPE_CHECKING:
    from hotfolder.adapters.autoretouch import AutoRetouch
    from hotfolder.adapters.home import Home
    from hotfolder.adapters.token_store import TokenSource
    from hotfolder.core.config import ServiceConfig
    from hotfolder.ports import Organization, Workflow

WHERE_TOKENS_ARE = "https://app.autoretouch.com"


class Store(StrEnum):
    KEYRING = "keyring"
    FILE = "file"


def login(
    context: typer.Context,
    paste: Annotated[
        bool, typer.Option("--paste", help="Paste a refresh token (hidden), or pipe it in as one line.")
    ] = False,
    store: Annotated[
        Store, typer.Option(help="Where to keep it: the system's keyring, or a file that only you can read.")
    ] = Store.KEYRING,
) -> None:
    """Sign in to AutoRetouch with a refresh token, which is checked and then kept safe."""
    if not paste:
        raise ConfigError(
            "This version signs in with a refresh token that you paste.",
            f"Copy it from the API page of the web app ({WHERE_TOKENS_ARE}), then run `hotfolder login --paste`.",
        )
    home = home_of(context)
    service, _ = service_of(home)
    token = _checked(service, _ask_for_token())
    source = _keep(home, token, store)
    say(f"Signed in. The refresh token is kept in {source.describe()}.")
    if store is Store.FILE:
        warn("Note: whoever can read your files can read it there; a keyring is safer where there is one.")
    if _variable_is_set():
        warn(f"Note: {_variable()} is set and takes precedence over it, as long as it is set.")


def _ask_for_token() -> str:
    """One token, not echoed. Raises `ConfigError` where nothing came."""
    from getpass import getpass

    try:
        given = getpass("Refresh token (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        given = ""
    token = given.strip()
    if not token:
        raise ConfigError(
            "No refresh token came in, so nothing was changed.",
            f"Copy it from the API page of the web app ({WHERE_TOKENS_ARE}) and paste it.",
        )
    return token


def _checked(service: ServiceConfig, token: str) -> str:
    """The token to keep: the service takes it, and may have given another one for it. Raises `SignInNeeded`."""
    from hotfolder.adapters.token_store import MemoryTokens

    memory = MemoryTokens(token)
    try:
        ask_service(service, memory, lambda autoretouch: autoretouch.check_sign_in())
    except SignInNeeded as refused:
        raise SignInNeeded(
            "AutoRetouch does not take this refresh token, so it was not kept.",
            f"Copy the whole of it from the API page of the web app ({WHERE_TOKENS_ARE}) and try again.",
        ) from refused
    return memory.load() or token


def _keep(home: Home, token: str, store: Store) -> TokenSource:
    """Kept in one place only: the file wins over the keyring, so an old one would hide the new token."""
    from hotfolder.adapters.token_store import FileTokens, KeyringTokens

    home.make()
    files, keyring = FileTokens(home.data), KeyringTokens(home.data)
    if store is Store.FILE:
        files.store(token)
        return files
    keyring.store(token)
    files.forget()
    return keyring


def logout(context: typer.Context) -> None:
    """Make the refresh token worthless, and forget it."""
    home = home_of(context)
    source = tokens_of(home)
    token = source.load()
    if not token:
        say("hotfolder is not signed in.")
        return
    _revoke(home, token, source)
    _forget_everywhere(home, source)
    say(
        "Signed out. A running hotfolder keeps its queue, and goes on after the next `hotfolder login --paste`."
    )
    if _variable_is_set():
        warn(f"Note: {_variable()} is still set in your environment; take it out there.")


def _revoke(home: Home, token: str, source: TokenSource) -> None:
    """Best effort: the token is forgotten here in any case."""
    try:
        ask_service(service_of(home)[0], source, lambda service: service.revoke(token))
    except HotfolderError as error:
        warn(
            f"Note: the refresh token could not be revoked ({error.title.rstrip('.')}); it is only forgotten here."
        )
        warn(f"      To make it worthless, delete it on the API page of the web app ({WHERE_TOKENS_ARE}).")


def _forget_everywhere(home: Home, source: TokenSource) -> None:
    from hotfolder.adapters.token_store import FileTokens, KeyringTokens

    source.forget()
    FileTokens(home.data).forget()
    try:
        KeyringTokens(home.data).forget()
    except SignInNeeded:
        return  # no keyring here, so nothing is in it


def workflows(context: typer.Context, as_json: Json = False) -> None:
    """The workflows of the account: what can stand in config.yaml, and what an image costs."""
    home = home_of(context)
    service, wanted = service_of(home)

    async def ask(autoretouch: AutoRetouch) -> list[tuple[Organization, Workflow]]:
        organizations = [o for o in await autoretouch.organizations() if wanted in (None, o.id, o.name)]
        return [(o, w) for o in organizations for w in await autoretouch.workflows(o.id)]

    found = ask_service(service, tokens_of(home), ask)
    if as_json:
        print_json([_workflow_facts(o, w) for o, w in found])
    elif not found:
        say("The account has no workflows yet: make one in the AutoRetouch web app.")
    else:
        rows = ((w.name, w.price, w.id, o.name) for o, w in found)
        print_table(("workflow", "credits", "id", "organization"), rows)


def _workflow_facts(organization: Organization, workflow: Workflow) -> dict[str, object]:
    return {
        "id": workflow.id,
        "name": workflow.name,
        "version": workflow.version,
        "credits": workflow.price,
        "organization_id": organization.id,
        "organization": organization.name,
    }


def balance(context: typer.Context, as_json: Json = False) -> None:
    """The credits that are left."""
    home = home_of(context)
    service, wanted = service_of(home)

    async def ask(autoretouch: AutoRetouch) -> list[tuple[Organization, int]]:
        organizations = [o for o in await autoretouch.organizations() if wanted in (None, o.id, o.name)]
        return [(o, await autoretouch.balance(o.id)) for o in organizations]

    found = ask_service(service, tokens_of(home), ask)
    if as_json:
        print_json(
            [{"organization_id": o.id, "organization": o.name, "credits": number} for o, number in found]
        )
        return
    for organization, number in found:
        say(f"{printable(organization.name)}: {counted(number, 'credit')}")
    if not found:
        say("The account has no organization of that name; see `hotfolder check`.")


def _variable() -> str:
    from hotfolder.adapters.token_store import VARIABLE

    return VARIABLE


def _variable_is_set() -> bool:
    return bool(os.environ.get(_variable(), "").strip())
