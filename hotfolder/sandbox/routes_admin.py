"""The sandbox's own back door, for a person or a script that drives it from outside: `/sandbox/…`, JSON."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hotfolder.sandbox.admission import read_object, world_of
from hotfolder.sandbox.errors import ApiError
from hotfolder.sandbox.faults import Faults


def _faults_of(request: Request) -> Faults:
    faults = request.app.state.faults
    assert isinstance(faults, Faults)
    return faults


async def show_state(request: Request) -> Response:
    """Counts, credits, switches, and every execution by its image's name."""
    world = world_of(request)
    executions: dict[str, list[dict[str, Any]]] = {}
    for execution in world.executions:
        line = {"id": execution.id, "status": world.status_of(execution), "credits": execution.charged}
        executions.setdefault(execution.input_name, []).append(line)
    return JSONResponse(
        {
            "credits": world.balance(),
            "charged": world.charged_total,
            "images": len(world.images),
            "statuses": world.count_statuses(),
            "executions": executions,
            "calls": world.call_counts(),
            "switches": asdict(world.switches),
        }
    )


async def add_fault(request: Request) -> Response:
    """`{"endpoint": "create", "effect": "status", "status": 503, "times": 3}`: the fields of `Fault`."""
    body = await read_object(request)
    try:
        _faults_of(request).add(**body)
    except (TypeError, ValueError) as error:
        raise ApiError(400, str(error)) from None
    return Response(status_code=204)


async def reset_faults(request: Request) -> Response:
    _faults_of(request).clear()
    world_of(request).switches.outage = ""
    return Response(status_code=204)


async def change_credits(request: Request) -> Response:
    """`{"set": 100}` or `{"add": 100}`; answers the balance."""
    world, body = world_of(request), await read_object(request)
    if isinstance(body.get("set"), int):
        world.set_credits(body["set"])
    elif isinstance(body.get("add"), int):
        world.add_credits(body["add"])
    else:
        raise ApiError(400, "say set or add, and a number")
    return JSONResponse(world.balance())


async def release_qa(request: Request) -> Response:
    """Let held executions go on; answers how many."""
    return JSONResponse(world_of(request).release())


async def change_switches(request: Request) -> Response:
    """`{"outage": "unavailable", "listing_lag_s": 3}`: the fields of `Switches`."""
    switches, body = world_of(request).switches, await read_object(request)
    unknown = body.keys() - {field.name for field in fields(switches)}
    if unknown:
        raise ApiError(400, f"unknown switch: {', '.join(sorted(unknown))}")
    for name, value in body.items():
        setattr(switches, name, tuple(value) if isinstance(value, list) else value)
    return JSONResponse(asdict(switches))
