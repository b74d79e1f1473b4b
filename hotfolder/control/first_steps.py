"""What a first run does, step by step, whoever asks: the terminal (`hotfolder init`) or the page in the browser.

A refresh token passes through here; it goes into its store and nowhere else (keeps I8).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from hotfolder.adapters import first_folders, sign_in
from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.config_file import ConfigErrors, load_config, with_environment
from hotfolder.adapters.config_writer import append_hot_folder, check_draft, write_config
from hotfolder.adapters.home import Home
from hotfolder.adapters.keyring_tokens import VARIABLE, KeyringTokens
from hotfolder.adapters.token_store import EnvironmentTokens, TokenSource, choose_token_source
from hotfolder.control import client
from hotfolder.core.config import Config, ServiceConfig
from hotfolder.core.first_run import Draft, mistake_words, suggest_folders, suggest_name
from hotfolder.errors import ConfigError, SignInNeeded
from hotfolder.pipeline.targets import resolve_organization
from hotfolder.ports import Organization, Workflow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer:
    """What an organization has."""

    workflows: tuple[Workflow, ...]
    balance: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    name: str
    in_folder: Path
    out_folder: Path


class FirstSteps:
    """One hot folder in the making. Nothing is written before `finish` (but for the sign-in, which is kept at once)."""

    def __init__(self, home: Home, environ: Mapping[str, str]) -> None:
        """Raises `ConfigErrors` if there is a config that is not right: it has to be mended first."""
        self.home = home
        self._environ = environ
        self._keyring = KeyringTokens(home.data)
        self.before = load_config(home.config, home.data) if home.config.exists() else None
        self.service: ServiceConfig = with_environment(
            self.before or Config.model_construct(folders=()), environ
        ).service

    # --- the account ------------------------------------------------------------------------------

    async def organizations(self) -> list[Organization]:
        """Those to choose from: a config that is there has chosen already. Raises `SignInNeeded`, and
        `WorkflowUnavailable` if the config's organization is none."""

        async def ask(service: AutoRetouch) -> list[Organization]:
            if self.before is not None:
                return [await resolve_organization(service, self.before.organization)]
            return await service.organizations()

        try:
            return await self._ask(ask)
        except SignInNeeded:
            if isinstance(self.tokens, EnvironmentTokens):  # no other sign-in could help
                raise ConfigError(
                    f"{VARIABLE} is set, and AutoRetouch does not take the token in it.",
                    "Take it out of the environment (or put the right one in), and start again.",
                ) from None
            raise

    async def offer(self, organization_id: str) -> Offer:
        async def ask(service: AutoRetouch) -> Offer:
            workflows = await service.workflows(organization_id)
            workflows.sort(key=lambda one: one.name.casefold())
            return Offer(tuple(workflows), await service.balance(organization_id))

        return await self._ask(ask)

    async def checked(self, token: str) -> str:
        """The token to keep: the service takes it, and may have given another one for it. Raises `SignInNeeded`."""
        return await sign_in.checked(self.service, token)

    async def keep(self, token: str, *, in_file: bool) -> TokenSource:
        """Where it is kept now. Raises `SignInNeeded` where it cannot be."""
        self._keyring.ask_again()
        keep = partial(sign_in.keep, self.home, token, in_file=in_file, keyring=self._keyring)
        source = await asyncio.to_thread(keep)
        await asyncio.to_thread(client.signed_in, self.home)
        return source

    @property
    def tokens(self) -> TokenSource:
        """Where the sign-in is, at this moment."""
        return choose_token_source(self.home.data, self._environ, self._keyring)

    async def _ask(self, question: Callable[[AutoRetouch], Awaitable[T]]) -> T:
        service = self.service
        async with AutoRetouch(service.api_url, service.auth_url, self.tokens, service.proxy) as autoretouch:
            return await question(autoretouch)

    # --- the hot folder ---------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The hot folders that there are."""
        return [folder.name for folder in self.before.folders] if self.before else []

    def suggest(self, workflow: str) -> Suggestion:
        """A name and two folders that nobody uses yet."""
        name = suggest_name(workflow, self.names)
        folders = suggest_folders(first_folders.pictures(), name)
        return Suggestion(name, Path(folders[0]), Path(folders[1]))

    def problems(self, draft: Draft) -> dict[str, str]:
        """What cannot stay as it is: a sentence for each field of the draft, or for none of them (`""`). Blocks."""
        found: dict[str, str] = {}
        for field, trouble in (
            ("in_folder", first_folders.in_folder_trouble(Path(draft.in_folder))),
            ("out_folder", first_folders.out_folder_trouble(Path(draft.out_folder))),
        ):
            if trouble:
                found[field] = trouble
        try:
            check_draft(self._written(draft), self.home.data, self._text_before())
        except ConfigErrors as errors:
            names = [*self.names, draft.name]
            for mistake in errors.mistakes:
                field, said = mistake_words(
                    mistake.key, mistake.message, mistake.advice, len(self.names), names
                )
                found.setdefault(field, said)
        except ConfigError as error:
            found.setdefault("", str(error))
        return found

    def finish(self, draft: Draft) -> list[Path]:
        """Make the folders and write the config; the folders that were made. Blocks. Raises `ConfigError` and
        `FolderUnwritable`."""
        folders = [Path(draft.in_folder), Path(draft.out_folder)]
        made = [folder for folder in folders if first_folders.make(folder)]
        write = write_config if self.before is None else append_hot_folder
        write(self.home.config, self._written(draft), self.home.data)
        return made

    def _written(self, draft: Draft) -> Draft:
        """As it stands in the file; the organization is named there once."""
        return replace(
            draft,
            in_folder=first_folders.shortened(Path(draft.in_folder)),
            out_folder=first_folders.shortened(Path(draft.out_folder)),
        )

    def _text_before(self) -> bytes | None:
        return self.home.config.read_bytes() if self.before is not None else None
