"""What every endpoint asks of a request: who calls, for which organization, which page."""

from __future__ import annotations

from typing import Any, cast

from starlette.requests import Request

from hotfolder.sandbox.account import Workflow
from hotfolder.sandbox.calls import Call
from hotfolder.sandbox.errors import ApiError
from hotfolder.sandbox.executions import Execution
from hotfolder.sandbox.world import World


def world_of(request: Request) -> World:
    return cast("World", request.app.state.world)


def call_of(request: Request) -> Call:
    return cast("Call", request.state.call)


def require_sign_in(request: Request) -> World:
    """401 without a living access token [D]."""
    world = world_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not world.sign_in.admits(token.strip()):
        raise ApiError(401, "The access token is missing, unknown or expired")
    return world


def require_organization(request: Request) -> tuple[World, str]:
    """400 without the `organization` parameter, 403 for somebody else's [D]."""
    world = require_sign_in(request)
    organization = request.query_params.get("organization", "")
    if not organization:
        raise ApiError(400, "Required parameter 'organization' is not present")
    if not world.is_member(organization):
        raise ApiError(403, f"No access to organization {organization}")
    return world, organization


def require_workflow(world: World, organization: str, workflow_id: str) -> Workflow:
    workflow = world.workflows.get(workflow_id)
    if workflow is None:
        raise ApiError(404, f"Workflow {workflow_id} not found")
    if workflow.organization != organization:
        raise ApiError(403, f"No access to workflow {workflow_id}")
    return workflow


def require_execution(request: Request) -> tuple[World, Execution]:
    """The execution named in the path: 404 if there is none, 403 if it is another organization's."""
    world, organization = require_organization(request)
    execution = world.find_execution(request.path_params["id"])
    if execution is None:
        raise ApiError(404, f"Workflow execution {request.path_params['id']} not found")
    if execution.workflow.organization != organization:
        raise ApiError(403, f"No access to workflow execution {execution.id}")
    return world, execution


def page_bounds(request: Request, highest: int = 50) -> tuple[int, int]:
    """`limit` and `offset`; a higher limit than the service allows is cut to that [?]."""
    try:
        limit = int(request.query_params.get("limit", "50"))
        offset = int(request.query_params.get("offset", "0"))
    except ValueError:
        raise ApiError(400, "limit and offset must be numbers") from None
    if limit < 1 or offset < 0:
        raise ApiError(400, "limit must be at least 1 and offset at least 0")
    return min(limit, highest), offset


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body; anything else is a 400."""
    try:
        body = await request.json()
    except ValueError:
        raise ApiError(400, "The body is no JSON") from None
    if not isinstance(body, dict):
        raise ApiError(400, "The body is no JSON object")
    return body
