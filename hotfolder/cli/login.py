"""`hotfolder login` and `logout`: the sign-in, through the browser or by pasting a refresh token.

A refresh token passes through here and must never be printed, logged or put into an error's text (keeps I8).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.context import ask_service, home_of, keyring_of, service_of, tokens_of
from hotfolder.cli.output import printable, say, warn
from hotfolder.errors import ConfigError, ExitCode, HotfolderError, SignInNeeded, TemporaryError

if TYPE_CHECKING:
    from hotfolder.adapters.autoretouch import DeviceCode
    from hotfolder.adapters.home import Home
    from hotfolder.adapters.token_store import TokenSource
    from hotfolder.core.config import ServiceConfig

INTERRUPTED = 130


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
    """Sign in to AutoRetouch in your browser. The sign-in is checked and then kept safe."""
    from hotfolder.adapters.sign_in import keep
    from hotfolder.control import client

    home = home_of(context)
    service, _ = service_of(home)
    keyring = keyring_of(home)
    if store is Store.KEYRING:
        keyring.load()  # a keyring that cannot be used is better known before the person is sent anywhere
    try:
        token = pasted(service) if paste else from_browser(service)
    except KeyboardInterrupt:
        say("\nStopped. Nothing was changed.")
        raise typer.Exit(INTERRUPTED) from None
    source = keep(home, token, in_file=store is Store.FILE, keyring=keyring)
    client.signed_in(home)
    say(f"Signed in. The refresh token is kept in {source.describe()}.")
    if store is Store.FILE:
        warn("Note: whoever can read your files can read it there; a keyring is safer where there is one.")
    if _variable_is_set():
        warn(f"Note: {_variable()} is set and takes precedence over it, as long as it is set.")
    if not home.config.exists():
        say("Next: `hotfolder init` makes your first hot folder.")


# --- through the browser --------------------------------------------------------------------------


def from_browser(service: ServiceConfig) -> str:
    from hotfolder.adapters.autoretouch import DeviceSignIn
    from hotfolder.adapters.sign_in import checked

    async def sign_in() -> str:
        async with DeviceSignIn(service.auth_url, service.proxy) as device:
            code = await device.begin()
            _send_to_browser(code)
            token = await device.wait(code)
        try:
            return await checked(service, token, "Run `hotfolder login` again.")
        except TemporaryError:  # it was given just now, and the person need not confirm anew
            return token

    return asyncio.run(sign_in())


def _send_to_browser(code: DeviceCode) -> None:
    from hotfolder.adapters.browser import open_address

    say("AutoRetouch's page shows a code. Confirm there only if it is this one:")
    say(f"\n    {printable(code.user_code)}\n")
    if open_address(code.verification_uri_complete):
        say(
            "Your browser opens the page now. If it does not, open this address, here or on any other device:"
        )
    else:
        say("Open this address on any device, your phone for instance:")
    say(f"\n    {printable(code.verification_uri_complete)}\n")
    say(f"Waiting for you to confirm there, until {_clock_time(code.expires_in_s)}. Ctrl-C stops it.")


def _clock_time(from_now_s: float) -> str:
    from datetime import datetime, timedelta

    return (datetime.now().astimezone() + timedelta(seconds=from_now_s)).strftime("%H:%M:%S")


# --- pasting --------------------------------------------------------------------------------------


def pasted(service: ServiceConfig) -> str:
    from hotfolder.adapters.sign_in import checked

    return asyncio.run(checked(service, _ask_for_token()))


def _ask_for_token() -> str:
    """One token, not echoed. Raises `ConfigError` where nothing came."""
    from getpass import getpass

    from hotfolder.core.first_run import WEB_APP

    try:
        given = getpass("Refresh token (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        given = ""
    token = given.strip()
    if not token:
        raise ConfigError(
            "No refresh token came in, so nothing was changed.",
            f"Copy it from the API page of the web app ({WEB_APP}) and paste it.",
        )
    return token


# --- signing out ----------------------------------------------------------------------------------


def logout(context: typer.Context) -> None:
    """Make the refresh token worthless, and forget it. A running hotfolder sends nothing more from that moment on."""
    home = home_of(context)
    was_told = _tell_daemon(home)  # first: its access token would work on for hours (keeps I14)
    _forget_everywhere(home)
    if not was_told:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _tell_daemon(home: Home) -> bool:
    """False where one runs that cannot be told."""
    from hotfolder.cli.stop import how_to_end
    from hotfolder.control import client

    try:
        is_given = client.sign_out(home)
    except HotfolderError:
        warn(
            "Note: the hotfolder that runs could not be told, so it may go on sending, and spending, for a while."
        )
        warn(f"      Run `hotfolder stop`; if that does not answer either: {how_to_end(home)}")
        return False
    if is_given and not _variable_is_set():
        warn(
            f"Note: the hotfolder that runs was started with {_variable()} in its environment. It sends nothing more,"
            " but take the variable out there, or its next start is signed in again."
        )
    return True


def _forget_everywhere(home: Home) -> None:
    chosen = tokens_of(home)
    was_signed_in = _sign_out(home, chosen)
    for source in _other_places(home, chosen):
        try:
            was_signed_in |= _sign_out(home, source)
        except SignInNeeded as error:
            warn(f"Note: an older sign-in may still be kept in {source.describe()}. {error}")
    if not was_signed_in:
        say("hotfolder is not signed in.")
        return
    say(
        "Signed out. A running hotfolder keeps its queue, sends nothing, and goes on after the next `hotfolder login`."
    )
    if _variable_is_set():
        warn(f"Note: {_variable()} is still set in your environment; take it out there.")


def _other_places(home: Home, chosen: TokenSource) -> Iterator[TokenSource]:
    """Where an earlier sign-in may be kept."""
    from hotfolder.adapters.token_store import EnvironmentTokens, FileTokens, KeyringTokens

    if not isinstance(chosen, EnvironmentTokens):
        yield EnvironmentTokens("", home.data)
    if not isinstance(chosen, FileTokens):
        yield FileTokens(home.data)
    if not isinstance(chosen, KeyringTokens) and (keyring := keyring_of(home)).is_there():
        yield keyring


def _sign_out(home: Home, source: TokenSource) -> bool:
    """Whether there was a token. Raises `SignInNeeded` where it cannot be told."""
    token = source.load()
    if token:
        _revoke(home, token, source)
    source.forget()
    return bool(token)


def _revoke(home: Home, token: str, source: TokenSource) -> None:
    """Best effort: the token is forgotten here in any case."""
    from hotfolder.core.first_run import WEB_APP

    try:
        ask_service(service_of(home)[0], source, lambda service: service.revoke(token))
    except HotfolderError as error:
        warn(
            f"Note: the refresh token could not be revoked ({error.title.rstrip('.')}); it is only forgotten here."
        )
        warn(f"      To make it worthless, delete it on the API page of the web app ({WEB_APP}).")


def _variable() -> str:
    from hotfolder.adapters.keyring_tokens import VARIABLE

    return VARIABLE


def _variable_is_set() -> bool:
    return bool(os.environ.get(_variable(), "").strip())
