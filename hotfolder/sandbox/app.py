"""The sandbox's map: every endpoint with its name, its paths and its handler.

Served in the variants of the reference [D] and of the official client [C] alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from hotfolder.sandbox import routes_account as account
from hotfolder.sandbox import routes_admin as admin
from hotfolder.sandbox import routes_auth as auth
from hotfolder.sandbox import routes_executions as executions
from hotfolder.sandbox import routes_images as images
from hotfolder.sandbox.errors import ApiError, on_api_error, on_client_gone, on_http_exception, on_oauth_error
from hotfolder.sandbox.faults import Faults
from hotfolder.sandbox.gate import Gate
from hotfolder.sandbox.signin import OAuthError
from hotfolder.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One thing the service does; faults and the log of calls know it by its name."""

    name: str
    method: str
    paths: tuple[str, ...]
    handler: Handler


EXECUTION = "/v1/workflow/execution"

TABLE = (
    Endpoint("health", "GET", ("/health", "/v1/health"), account.health),
    Endpoint("device_code", "POST", ("/oauth/device/code",), auth.start_device),
    Endpoint("token", "POST", ("/oauth/token",), auth.get_token),
    Endpoint("revoke", "POST", ("/oauth/revoke",), auth.revoke),
    Endpoint("balance", "GET", ("/v1/organization/balance",), account.get_balance),
    Endpoint("organizations", "GET", ("/v1/organization",), account.list_organizations),
    Endpoint(
        "organization", "GET", ("/v1/organization/{id}", "/v1/organization/{id}/"), account.get_organization
    ),
    Endpoint("upload", "POST", ("/upload", "/v1/upload"), images.upload),
    Endpoint("head", "HEAD", ("/upload", "/v1/upload"), images.has_image),
    Endpoint("create", "POST", (f"{EXECUTION}/create",), executions.create),
    Endpoint("list", "GET", (EXECUTION,), executions.list_executions),
    Endpoint("details", "GET", (f"{EXECUTION}/{{id}}",), executions.get_execution),
    Endpoint("status", "GET", (f"{EXECUTION}/{{id}}/status",), executions.stream_status),
    Endpoint("retry", "POST", (f"{EXECUTION}/{{id}}/retry",), executions.retry),
    Endpoint("feedback", "POST", (f"{EXECUTION}/{{id}}/feedback",), executions.give_feedback),
    Endpoint("result", "GET", (f"{EXECUTION}/{{id}}/result/default",), executions.get_result),
    Endpoint(
        "download", "GET", ("/v1/image/{hash}/{name:path}", "/image/{hash}/{name:path}"), images.download
    ),
    Endpoint("workflows", "GET", ("/v1/workflow",), account.list_workflows),
    Endpoint("workflow", "GET", ("/v1/workflow/{id}",), account.get_workflow),
)

ENDPOINTS = frozenset(endpoint.name for endpoint in TABLE)

OWN_ROUTES = (
    Route("/device", auth.show_device, methods=["GET"]),
    Route("/device", auth.answer_device, methods=["POST"]),
    Route("/sandbox/state", admin.show_state, methods=["GET"]),
    Route("/sandbox/faults", admin.add_fault, methods=["POST"]),
    Route("/sandbox/reset-faults", admin.reset_faults, methods=["POST"]),
    Route("/sandbox/credits", admin.change_credits, methods=["POST"]),
    Route("/sandbox/release-qa", admin.release_qa, methods=["POST"]),
    Route("/sandbox/switches", admin.change_switches, methods=["POST"]),
)


def build_app(world: World, faults: Faults) -> Starlette:
    """The service as an ASGI application. It has to run on `server.Connection`, which can be dropped."""
    routes = [
        Route(
            path,
            Gate(endpoint.name, path, request_response(endpoint.handler), world, faults),
            methods=[endpoint.method],
        )
        for endpoint in TABLE
        for path in endpoint.paths
    ]
    app = Starlette(
        routes=[*routes, *OWN_ROUTES],
        exception_handlers={
            ApiError: on_api_error,
            OAuthError: on_oauth_error,
            HTTPException: on_http_exception,
            ClientDisconnect: on_client_gone,
        },
    )
    app.state.world = world
    app.state.faults = faults
    return app
