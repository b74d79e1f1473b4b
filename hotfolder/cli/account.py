"""`hotfolder workflows` and `balance`: the account behind the hot folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from hotfolder.cli.context import Json, ask_service, home_of, service_of, tokens_of
from hotfolder.cli.output import counted, print_json, print_table, printable, say

if TYPE_CHECKING:
    from hotfolder.adapters.autoretouch import AutoRetouch
    from hotfolder.ports import Organization, Workflow


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
