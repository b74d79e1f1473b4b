"""The auth server: OAuth 2.0 device authorization grant (RFC 8628), refresh and revoke."""

from __future__ import annotations

from html import escape
from typing import Literal, cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from hotfolder.sandbox.account import CLIENT_ID
from hotfolder.sandbox.admission import world_of
from hotfolder.sandbox.signin import OAuthError

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>AutoRetouch sandbox</title>
<style>body{{font:18px/1.5 system-ui,sans-serif;max-width:26em;margin:12vh auto;padding:0 1em;text-align:center}}
code{{font-size:2em;letter-spacing:.1em}}button,input{{font:inherit;padding:.5em 1.4em;margin:.4em;border-radius:.4em;
border:1px solid #999;background:#fff;cursor:pointer}}button.yes{{background:#0a7d4f;color:#fff;border:0}}</style>
<h1>AutoRetouch sandbox</h1>{body}</html>"""

ASK = """<p>A device would like to use your account. Does it show this code?</p><p><code>{code}</code></p>
<form method="post" action="/device"><input type="hidden" name="user_code" value="{code}">
<button class="yes" name="answer" value="confirm">Confirm</button>
<button name="answer" value="deny">Deny</button></form>"""

ENTER = """<p>Enter the code that your device shows.</p>
<form method="get" action="/device"><input name="user_code" autofocus><button class="yes">Next</button></form>"""


async def start_device(request: Request) -> Response:
    form = await _client_form(request)
    if not form.get("scope"):
        raise OAuthError("invalid_request", "scope is missing", status=400)
    world = world_of(request)
    with world.lock:
        device = world.sign_in.start_device()
    page = f"{request.url.scheme}://{request.url.netloc}/device"
    return JSONResponse(
        {
            "device_code": device.device_code,
            "user_code": device.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={quote(device.user_code)}",
            "expires_in": int(world.switches.device_expires_s),
            "interval": int(device.interval_s),
        }
    )


async def get_token(request: Request) -> Response:
    form = await _client_form(request)
    sign_in = world_of(request).sign_in
    with world_of(request).lock:
        match form.get("grant_type"):
            case "refresh_token":
                return JSONResponse(sign_in.redeem_refresh_token(form.get("refresh_token", "")))
            case grant if grant == DEVICE_GRANT:
                return JSONResponse(sign_in.redeem_device(form.get("device_code", "")))
            case grant:
                raise OAuthError("unsupported_grant_type", f"Unsupported grant type: {grant}", status=400)


async def revoke(request: Request) -> Response:
    """JSON `{client_id, token}` [C]; an unknown token is no error (RFC 7009)."""
    try:
        body = await request.json()
    except ValueError:
        raise OAuthError("invalid_request", "The body is no JSON", status=400) from None
    if not isinstance(body, dict) or body.get("client_id") != CLIENT_ID:
        raise OAuthError("invalid_client", "Unknown client", status=401)
    world = world_of(request)
    with world.lock:
        world.sign_in.revoke(str(body.get("token", "")))
    return Response(status_code=200)


async def show_device(request: Request) -> Response:
    """The page at `verification_uri(_complete)`, for a person to click through."""
    code = request.query_params.get("user_code", "").strip().upper()
    return HTMLResponse(PAGE.format(body=ASK.format(code=escape(code)) if code else ENTER))


async def answer_device(request: Request) -> Response:
    async with request.form() as form:
        code, clicked = str(form.get("user_code", "")), form.get("answer")
    answer = "confirmed" if clicked == "confirm" else "denied"
    world = world_of(request)
    with world.lock:
        known = world.sign_in.answer_device(code, cast("Literal['confirmed', 'denied']", answer))
    if not known:
        return HTMLResponse(PAGE.format(body="<p>This code is unknown or was used already.</p>"), 404)
    said = "The device is connected" if answer == "confirmed" else "The device was refused"
    return HTMLResponse(PAGE.format(body=f"<p>{said}. You can close this page.</p>"))


async def _client_form(request: Request) -> dict[str, str]:
    """The form fields, with the one client id there is."""
    async with request.form() as form:
        fields = {key: value for key, value in form.items() if isinstance(value, str)}
    if fields.get("client_id") != CLIENT_ID:
        raise OAuthError("invalid_client", "Unknown client", status=401)
    return fields
