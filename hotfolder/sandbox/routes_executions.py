"""Creating executions, looking at them, retrying them, and their results."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from hotfolder.sandbox.account import Workflow
from hotfolder.sandbox.admission import (
    call_of,
    page_bounds,
    read_object,
    require_execution,
    require_organization,
    require_workflow,
)
from hotfolder.sandbox.errors import ApiError
from hotfolder.sandbox.executions import ENDS, Execution
from hotfolder.sandbox.routes_images import image_response, keep_uploaded_image, read_form, refuse_by_name
from hotfolder.sandbox.world import World

BATCH_LABELS = frozenset({"autoretouch_batch_id", "autoretouch_batch_name", "autoretouch_batch_createdAt"})
BATCH_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BLOCKING_POLL_S = 0.05


async def create(request: Request) -> Response:
    """One call is one execution and one charge: there is no idempotency key [D G]."""
    world, organization = require_organization(request)
    workflow = require_workflow(world, organization, request.query_params.get("workflow", ""))
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        execution = await _create_from_file(world, request, workflow)
    else:
        execution = await _create_from_reference(world, request, workflow)
    call_of(request).subject = execution.id
    return PlainTextResponse(execution.id, 201)


async def _create_from_reference(world: World, request: Request, workflow: Workflow) -> Execution:
    body = await read_object(request)
    image = body.get("image")
    if not isinstance(image, dict) or not all(
        isinstance(image.get(key), str) for key in ("name", "contentHash")
    ):
        raise ApiError(400, "image needs name, contentHash and contentType")
    labels = _checked_labels(body.get("labels") or {})
    webhooks = body.get("webhooks") or []
    if not isinstance(webhooks, list) or not all(isinstance(url, str) for url in webhooks):
        raise ApiError(400, "webhooks must be a list of URLs")
    stored = world.images.get(image["contentHash"])
    if stored is None:
        raise ApiError(404, f"Image {image['contentHash']} not found: upload it first")
    refuse_by_name(world, image["name"])
    return world.create(
        workflow,
        image["name"],
        stored.content_hash,
        image.get("contentType") or stored.content_type,
        labels=labels,
        webhooks=webhooks,
        settings=body.get("settings") or {},
        version=request.query_params.get("version", ""),
    )


async def _create_from_file(world: World, request: Request, workflow: Workflow) -> Execution:
    """The one-step form: the file itself, labels as `label[key]=value` in the query [D C]."""
    given = request.query_params.items()
    labels = _checked_labels(
        {key[6:-1]: value for key, value in given if key.startswith("label[") and key.endswith("]")}
    )
    async with read_form(request) as form:
        image, name = await keep_uploaded_image(world, request, form)
    version = request.query_params.get("version", "")
    return world.create(
        workflow, name, image.content_hash, image.content_type, labels=labels, version=version
    )


def _checked_labels(labels: Any) -> dict[str, str]:
    """Free strings; but the three labels of a batch go together [G]."""
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise ApiError(400, "labels must be strings by name")
    given = BATCH_LABELS & labels.keys()
    if given and given != BATCH_LABELS:
        raise ApiError(
            400, f"label {min(BATCH_LABELS - given)} is missing: the batch's three labels go together"
        )
    if given and not BATCH_TIME.fullmatch(labels["autoretouch_batch_createdAt"]):
        raise ApiError(400, "autoretouch_batch_createdAt must be an ISO-8601 UTC time with milliseconds")
    return labels


async def list_executions(request: Request) -> Response:
    world, organization = require_organization(request)
    workflow = require_workflow(world, organization, request.query_params.get("workflow", ""))
    limit, offset = page_bounds(request, world.switches.listing_limit)
    found = world.listed(workflow.id)
    entries = [await _see(world, execution) for execution in found[offset : offset + limit]]
    return JSONResponse({"entries": entries, "total": len(found)})


async def get_execution(request: Request) -> Response:
    world, execution = require_execution(request)
    return JSONResponse(await _see(world, execution))


async def stream_status(request: Request) -> Response:
    """Each status as an event, until the end [C]; the format is undocumented [?]."""
    world, execution = require_execution(request)

    async def events() -> AsyncIterator[str]:
        told = ""
        while told not in ENDS and not await request.is_disconnected():
            status = (await _see(world, execution))["status"]
            if status != told:
                yield f"data:{status}\n\n"
                told = status
            else:
                await asyncio.sleep(BLOCKING_POLL_S)

    return StreamingResponse(events(), media_type="text/event-stream")


async def get_result(request: Request) -> Response:
    """The result's bytes; blocks until there is one [C]."""
    world, execution = require_execution(request)
    while not await request.is_disconnected():
        status = (await _see(world, execution))["status"]
        if status == "COMPLETED" and execution.result is not None:
            return image_response(execution.result)
        if status in ENDS:
            raise ApiError(404, f"Workflow execution {execution.id} has no result: {status}")
        await asyncio.sleep(BLOCKING_POLL_S)
    raise ApiError(400, "The client went away")


async def retry(request: Request) -> Response:
    """Run a FAILED or PAYMENT_REQUIRED execution again, same id [C]."""
    world, execution = require_execution(request)
    if not world.retry(execution):
        raise ApiError(400, f"Workflow execution {execution.id} is {world.status_of(execution)}: no retry")
    return Response(status_code=204)


async def give_feedback(request: Request) -> Response:
    _, execution = require_execution(request)
    body = await read_object(request)
    if not isinstance(body.get("thumbsUp"), bool) or not isinstance(body.get("expectedImages", []), list):
        raise ApiError(400, "feedback needs thumbsUp (true or false) and expectedImages (hashes)")
    execution.feedback = body
    return Response(status_code=204)


async def _see(world: World, execution: Execution) -> dict[str, Any]:
    if world.is_due(execution):
        await run_in_threadpool(world.finish_if_due, execution)
    return world.see(execution)
