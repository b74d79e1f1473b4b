"""Organizations, balance, workflows and health."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hotfolder.sandbox.account import CATALOG_DATE, USER_ID, Organization, Workflow
from hotfolder.sandbox.admission import page_bounds, require_organization, require_sign_in, require_workflow
from hotfolder.sandbox.errors import ApiError
from hotfolder.sandbox.world import World


async def health(_: Request) -> Response:
    return PlainTextResponse("OK")


async def list_organizations(request: Request) -> Response:
    world = require_sign_in(request)
    limit, offset = page_bounds(request)
    own = [one for one in world.organizations.values() if USER_ID in one.members]
    entries = [_organization(one) for one in own[offset : offset + limit]]
    return JSONResponse({"entries": entries, "total": len(own)})


async def get_organization(request: Request) -> Response:
    world = require_sign_in(request)
    organization = world.organizations.get(request.path_params["id"])
    if organization is None:
        raise ApiError(404, f"Organization {request.path_params['id']} not found")
    if not world.is_member(organization.id):
        raise ApiError(403, f"No access to organization {organization.id}")
    return JSONResponse(_organization(organization))


async def get_balance(request: Request) -> Response:
    """The balance as a bare integer [C]."""
    world, organization = require_organization(request)
    return JSONResponse(world.balance(organization))


async def list_workflows(request: Request) -> Response:
    world, organization = require_organization(request)
    limit, offset = page_bounds(request)
    own = [one for one in world.workflows.values() if one.organization == organization]
    entries = [_workflow(world, one) for one in own[offset : offset + limit]]
    return JSONResponse({"entries": entries, "total": len(own)})


async def get_workflow(request: Request) -> Response:
    world, organization = require_organization(request)
    return JSONResponse(_workflow(world, require_workflow(world, organization, request.path_params["id"])))


def _organization(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "version": organization.version,
        "members": [{"id": member} for member in organization.members],
    }


def _workflow(world: World, workflow: Workflow) -> dict[str, Any]:
    component = {"type": "REMOVE_BACKGROUND", "label": workflow.name, "settings": {}}
    return {
        "id": workflow.id,
        "version": workflow.version,
        "name": workflow.name,
        "date": CATALOG_DATE,
        "author": {"id": USER_ID, "name": "Sandbox"},
        "workflowComponents": [component],
        "executionPrice": _told_price(world, workflow),
    }


def _told_price(world: World, workflow: Workflow) -> int | None:
    if world.switches.hide_prices:
        return None
    return workflow.price if world.switches.told_price is None else world.switches.told_price
