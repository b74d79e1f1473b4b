"""What every command begins with: the home, the config, the sign-in, and a call to the service."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from hotfolder.cli.output import warn
from hotfolder.errors import AnotherDaemon, ConfigError, LedgerUnusable

if TYPE_CHECKING:
    from hotfolder.adapters.autoretouch import AutoRetouch
    from hotfolder.adapters.home import Home
    from hotfolder.adapters.keyring_tokens import KeyringTokens
    from hotfolder.adapters.ledger import Ledger
    from hotfolder.adapters.token_store import TokenSource
    from hotfolder.core.config import Config, ServiceConfig

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]

FIRST_CONFIG = """\
folders:
  - name: Packshots
    in: ~/Pictures/Packshots/in      # images saved in here are retouched ...
    out: ~/Pictures/Packshots/out    # ... and the results come out here
    workflow: Packshot               # the name or the id of a workflow in AutoRetouch
"""


def home_of(context: typer.Context) -> Home:
    from hotfolder.adapters.home import find_home

    chosen = context.find_root().obj
    assert chosen is None or isinstance(chosen, Path)
    return find_home(chosen)


def config_of(home: Home) -> Config:
    """The whole config, with the environment's addresses; raises `ConfigError` with all there is to mend."""
    from hotfolder.adapters.config_file import load_config, with_environment

    if not home.config.exists():
        raise ConfigError(
            f"There is no config yet: {home.config} is not there.",
            "Run `hotfolder init`: it signs you in, lets you choose workflow and folders, and writes it. Or make that file"
            f" yourself, with your own folders and workflow in it, like this:\n\n{FIRST_CONFIG}\n"
            "`hotfolder login` signs you in, `hotfolder workflows` lists your workflows, and `hotfolder check` tells"
            " whether all is well.",
        )
    return with_environment(load_config(home.config, home.data), os.environ)


def service_of(home: Home) -> tuple[ServiceConfig, str | None]:
    """Where the service is, and the organization if the config names one; also where there is no config yet."""
    from hotfolder.adapters.config_file import with_environment
    from hotfolder.core.config import Config, FolderConfig

    if home.config.exists():
        config = config_of(home)
        return config.service, config.organization
    somewhere = FolderConfig(
        name="none", in_folder=Path(os.devnull), out_folder=Path(os.devnull), workflow="none"
    )
    return with_environment(Config(folders=(somewhere,)), os.environ).service, None


def tokens_of(home: Home) -> TokenSource:
    from hotfolder.adapters.token_store import choose_token_source

    return choose_token_source(home.data, os.environ, keyring_of(home))


def keyring_of(home: Home) -> KeyringTokens:
    """The system's keyring; a person who is to unlock it is told."""
    from hotfolder.adapters.keyring_tokens import KeyringTokens

    return KeyringTokens(
        home.data, on_wait=lambda: warn("Waiting for the keyring: unlock it where it asks you to.")
    )


@contextmanager
def only_writer(home: Home) -> Iterator[Ledger]:
    """The ledger, where no daemon runs: this command is its only writer, for as long as it holds the home's lock."""
    from hotfolder.adapters.home import sole_daemon
    from hotfolder.adapters.ledger_file import open_ledger

    try:
        with sole_daemon(home):
            ledger = open_ledger(home.ledger)
            try:
                yield ledger
            finally:
                ledger.close()
    except AnotherDaemon as started:
        raise LedgerUnusable(
            "A daemon has just started.", "Run this again; it goes to the daemon then."
        ) from started


def ask_service(
    service: ServiceConfig, tokens: TokenSource, question: Callable[[AutoRetouch], Awaitable[T]]
) -> T:
    """One question to the service, from a command that is not the daemon."""
    from hotfolder.adapters.autoretouch import AutoRetouch

    async def ask() -> T:
        async with AutoRetouch(service.api_url, service.auth_url, tokens, service.proxy) as autoretouch:
            return await question(autoretouch)

    return asyncio.run(ask())
