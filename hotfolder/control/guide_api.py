"""What the page of the first run asks: each step of control.first_steps as JSON.

A refresh token comes in the body of one request and is never in an address, an answer or a log (keeps I8).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ExceptionHandler

from hotfolder.adapters import first_folders, login_items
from hotfolder.control.first_steps import FirstSteps, Offer
from hotfolder.control.guide_end import Check, start_at_login, try_it
from hotfolder.control.page_sign_in import PageSignIn
from hotfolder.core.config import Existing
from hotfolder.core.desktop_words import for_desktop
from hotfolder.core.first_run import (
    Choice,
    Draft,
    Inside,
    balance_words,
    existing_words,
    price_words,
    under_way_words,
)
from hotfolder.errors import ConfigError, HotfolderError, SignInNeeded


class GuideApi:
    """Answers for one first run. `is_done` is set once the config is written and the page has heard so."""

    def __init__(self, steps: FirstSteps, check: Check | None) -> None:
        self._steps = steps
        self._check = check
        self._sign_in = PageSignIn(steps)
        self._organizations: dict[str, str] = {}
        self._offers: dict[str, Offer] = {}
        self.is_done = asyncio.Event()
        self.is_writing = False

    @property
    def routes(self) -> Sequence[BaseRoute]:
        posts = {
            "/sign-in": self._begin_sign_in,
            "/offer": self._offer,
            "/suggest": self._suggest,
            "/look": self._look,
            "/folders": self._folders,
            "/new-folder": self._new_folder,
            "/finish": self._finish,
        }
        return [
            Route("/account", self._account, methods=["GET"]),
            Route("/sign-in", self._show_sign_in, methods=["GET"]),
            Route("/at-login", self._at_login, methods=["GET"]),
            *(Route(path, answer, methods=["POST"]) for path, answer in posts.items()),
        ]

    @property
    def handlers(self) -> Mapping[type[Exception], ExceptionHandler]:
        return {HotfolderError: _tell, _Nonsense: _refuse}

    async def aclose(self) -> None:
        await self._sign_in.aclose()

    # --- the account ------------------------------------------------------------------------------

    async def _account(self, _: Request) -> Response:
        organizations = await self._steps.organizations()
        self._organizations = {one.id: one.name for one in organizations}
        return JSONResponse({"organizations": [{"id": one.id, "name": one.name} for one in organizations]})

    async def _show_sign_in(self, _: Request) -> Response:
        return JSONResponse(self._sign_in.facts)

    async def _begin_sign_in(self, request: Request) -> Response:
        body = await _body(request)
        match _text(body, "way"):
            case "browser":
                await self._sign_in.begin()
            case "paste":
                await self._sign_in.paste(_text(body, "token"))
            case "file":
                await self._sign_in.keep_in_file()
            case "stop":
                await self._sign_in.aclose()
            case _:
                raise _Nonsense
        return JSONResponse(self._sign_in.facts)

    async def _offer(self, request: Request) -> Response:
        organization = self._known(self._organizations, _text(await _body(request), "organization"))
        offer = self._offers[organization] = await self._steps.offer(organization)
        return JSONResponse(
            {
                "workflows": [
                    {"id": one.id, "name": one.name, "price": price_words(one.price)}
                    for one in offer.workflows
                ],
                "balance": balance_words(offer.balance),
            }
        )

    def _known(self, entries: Mapping[str, object], wanted: str) -> str:
        if wanted not in entries:
            raise _Nonsense
        return wanted

    # --- the folders ------------------------------------------------------------------------------

    async def _suggest(self, request: Request) -> Response:
        suggestion = await asyncio.to_thread(self._steps.suggest, _text(await _body(request), "workflow"))
        return JSONResponse(
            {
                "name": suggestion.name,
                "in_folder": str(suggestion.in_folder),
                "out_folder": str(suggestion.out_folder),
            }
        )

    async def _look(self, request: Request) -> Response:
        """What stands in the way, what would be made, and what lies in the in folder already."""
        draft, price, balance = self._draft(await _body(request))
        problems = await asyncio.to_thread(self._steps.problems, draft)
        inside = Inside()
        if "in_folder" not in problems:
            inside = await asyncio.to_thread(first_folders.look_into, Path(draft.in_folder))
        new = await asyncio.to_thread(_missing, draft)
        beside = first_folders.beside(Path(draft.in_folder))
        return JSONResponse(
            {
                "problems": {field: for_desktop(said) for field, said in problems.items()},
                "new": new,
                "images": inside.images,
                "words": existing_words(inside, price, balance),
                "beside": str(beside),
            }
        )

    async def _folders(self, request: Request) -> Response:
        """A folder's subfolders, for choosing; of a path that is not there, those of the next one above."""
        path = first_folders.whole(_text(await _body(request), "path"))
        listing = await asyncio.to_thread(_list, path)
        places = await asyncio.to_thread(first_folders.places)
        return JSONResponse(
            {
                "path": str(listing.path),
                "above": str(listing.above) if listing.above else None,
                "folders": [{"name": one.name, "path": str(one.path)} for one in listing.folders],
                "places": [{"name": one.name, "path": str(one.path)} for one in places],
            }
        )

    async def _new_folder(self, request: Request) -> Response:
        body = await _body(request)
        inside, name = Path(_text(body, "path")), _text(body, "name")
        made = await asyncio.to_thread(first_folders.new_folder, inside, name)
        return JSONResponse({"path": str(made)})

    # --- the end ----------------------------------------------------------------------------------

    async def _finish(self, request: Request) -> Response:
        body = await _body(request)
        draft, _, _ = self._draft(body)
        self.is_writing = True
        try:
            under_way = await asyncio.to_thread(_under_way, draft)
            made = await asyncio.to_thread(self._steps.finish, draft)
            findings = await asyncio.to_thread(try_it, self._steps.home, self._check)
            if body.get("at_login") is True:
                findings.append(await asyncio.to_thread(start_at_login, self._steps.home))
        except BaseException:
            self.is_writing = False
            raise
        answer = {
            "config": str(self._steps.home.config),
            "made": [str(folder) for folder in made],
            "in_folder": draft.in_folder,
            "out_folder": draft.out_folder,
            "under_way": under_way,
            "findings": [asdict(finding) for finding in findings],
        }
        return JSONResponse(answer, background=BackgroundTask(self._note_done))

    async def _note_done(self) -> None:
        self.is_done.set()

    async def _at_login(self, _: Request) -> Response:
        return JSONResponse({"is_installed": await asyncio.to_thread(login_items.is_installed)})

    def _draft(self, body: Mapping[str, Any]) -> tuple[Draft, int | None, int]:
        """The draft, the price of an image and the balance. Only what was offered can be chosen."""
        organization = self._known(self._organizations, _text(body, "organization"))
        offer = self._offers.get(organization)
        workflow = (
            next((w for w in offer.workflows if w.id == _text(body, "workflow")), None) if offer else None
        )
        if offer is None or workflow is None:
            raise _Nonsense
        draft = Draft(
            name=_text(body, "name").strip(),
            in_folder=str(first_folders.whole(_text(body, "in_folder"))),
            out_folder=str(first_folders.whole(_text(body, "out_folder"))),
            workflow=Choice(workflow.id, workflow.name),
            organization=Choice(organization, self._organizations[organization]),
            existing=Existing.SKIP if _text(body, "existing") == Existing.SKIP else Existing.PROCESS,
        )
        return draft, workflow.price, offer.balance


class _Nonsense(Exception):
    """Nothing that the page would send."""


def _under_way(draft: Draft) -> str:
    """What hotfolder begins with at once. Asked before the folders are made: then there is nothing in them."""
    if draft.existing is Existing.SKIP or not Path(draft.in_folder).is_dir():
        return ""
    return under_way_words(first_folders.look_into(Path(draft.in_folder)).images)


def _missing(draft: Draft) -> list[str]:
    folders = {"in_folder": draft.in_folder, "out_folder": draft.out_folder}
    return [field for field, path in folders.items() if not Path(path).is_dir()]


def _list(path: Path) -> first_folders.Listing:
    there = next((one for one in (path, *path.parents) if path.is_absolute() and one.is_dir()), Path.home())
    return first_folders.list_folder(there)


async def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise _Nonsense from None
    if not isinstance(body, dict):
        raise _Nonsense
    return body


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key, "")
    if not isinstance(value, str) or "\0" in value:
        raise _Nonsense
    return value


async def _tell(_: Request, error: Exception) -> Response:
    assert isinstance(error, HotfolderError)
    code = 401 if isinstance(error, SignInNeeded) else 409 if isinstance(error, ConfigError) else 503
    return JSONResponse({"title": for_desktop(error.title), "advice": for_desktop(error.advice)}, code)


async def _refuse(_: Request, __: Exception) -> Response:
    return JSONResponse({"title": "hotfolder does not understand that.", "advice": "Reload the page."}, 400)
