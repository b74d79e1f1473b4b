"""`hotfolder service install`, `uninstall`, `status`: start at login."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from hotfolder.cli.context import Json, home_of
from hotfolder.cli.output import BAD, OK, print_json, printable, say, warn
from hotfolder.errors import ExitCode

if TYPE_CHECKING:
    from hotfolder.adapters.login_items.probe import Proof
    from hotfolder.core.login_item import LoginEntry

app = typer.Typer(help="Start hotfolder at login, or no longer.", no_args_is_help=True, rich_markup_mode=None)

NOT_AT_LOGIN: Mapping[str, str] = {
    "AUTORETOUCH_API_URL": "write it into config.yaml as service.api_url",
    "AUTORETOUCH_AUTH_URL": "write it into config.yaml as service.auth_url",
    "AUTORETOUCH_REFRESH_TOKEN": "sign in with `hotfolder login`",
    "HTTPS_PROXY": "write it into config.yaml as service.proxy",
    "https_proxy": "write it into config.yaml as service.proxy",
}
"""What a terminal may have and a login has not, and where it lasts."""


@app.command()
def install(
    context: typer.Context,
    systemd: Annotated[
        bool,
        typer.Option(
            "--systemd",
            help="Linux: as a systemd service, restarted when it fails, with its log in the journal.",
        ),
    ] = False,
    no_tray: Annotated[
        bool, typer.Option("--no-tray", help="Without the tray icon, as on a server.")
    ] = False,
) -> None:
    """Start hotfolder at each login from now on; an entry that is already there is replaced."""
    from hotfolder.adapters import login_items
    from hotfolder.adapters.login_items.probe import judge
    from hotfolder.core.login_item import Kind

    kind = Kind.SYSTEMD if systemd else login_items.usual_kind()
    installed = login_items.install(home_of(context), kind, tray=not no_tray)
    entry = installed.entry
    proof = judge([entry], os.environ)
    if proof.problem:
        _say_problem(proof)
        raise typer.Exit(ExitCode.SOME_FAILED)
    say(f"{OK} hotfolder will start at each login, by {printable(entry.place)}.")
    if entry.kind is Kind.SYSTEMD:
        say("    To start it now: `systemctl --user start hotfolder`.")
    if installed.left_to_do:
        say(f"    {installed.left_to_do}")
    for variable, instead in NOT_AT_LOGIN.items():
        if os.environ.get(variable):
            warn(f"Note: {variable} is set in this terminal, and will not be at login: {instead}.")


@app.command()
def uninstall() -> None:
    """Start hotfolder at login no longer; a hotfolder that runs goes on."""
    from hotfolder.adapters import login_items

    if login_items.uninstall():
        say("hotfolder will no longer start at login. If it runs now, it goes on until `hotfolder stop`.")
    else:
        say("hotfolder was not started at login; there was nothing to remove.")


@app.command()
def status(as_json: Json = False) -> None:
    """Does hotfolder start at login? Proves it by starting what the entry says; 0 if so, else 1."""
    from hotfolder.adapters import login_items
    from hotfolder.adapters.login_items.probe import judge

    entries = login_items.entries()
    entry = entries[0] if entries else None
    proof = judge(entries, os.environ)
    if as_json:
        print_json(_facts(entry, proof))
    elif proof.problem:
        _say_problem(proof)
    else:
        say(f"{OK} hotfolder starts at login, and what would be started was tried and works.")
    if entry is not None and not as_json:
        say(f"    entry: {printable(entry.place)}")
        say(f"    command: {printable(' '.join(entry.argv))}")
    raise typer.Exit(ExitCode.SOME_FAILED if proof.problem else ExitCode.DONE)


def _say_problem(proof: Proof) -> None:
    say(f"{BAD} {printable(proof.problem)}")
    say(f"    {proof.advice}")


def _facts(entry: LoginEntry | None, proof: Proof) -> dict[str, object]:
    return {
        "installed": entry is not None,
        "kind": entry.kind.value if entry else None,
        "path": entry.place if entry else None,
        "command": list(entry.argv) if entry else None,
        "enabled": entry.enabled if entry else False,
        "starts": proof.starts,
        "problem": f"{proof.problem} {proof.advice}" if proof.problem else None,
    }
