"""AutoRetouch, one method per operation (docs: the contract, with the sources [D], [C], [G]).

This never repeats what may cost credits: `create` and `retry` go out once, and a second time only after a 401,
which is a refusal (keeps I2).
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

from hotfolder.adapters.autoretouch.auth import AccessTokens
from hotfolder.adapters.autoretouch.connecting import Timeouts, Transport
from hotfolder.adapters.autoretouch.faults import error_of_answer, image_missing, message_of
from hotfolder.adapters.autoretouch.http import Answer, Call, Http
from hotfolder.adapters.autoretouch.images import Images
from hotfolder.adapters.autoretouch.payloads import (
    OrganizationPayload,
    WorkflowPayload,
    balance_in,
    execution_in,
    execution_page_in,
    id_in,
)
from hotfolder.adapters.autoretouch.routes import PAGE, base_url, segment
from hotfolder.adapters.autoretouch.signed import SignedCalls, readable
from hotfolder.adapters.autoretouch.transfer import TransferThreads, encodable
from hotfolder.adapters.token_store import TokenSource
from hotfolder.errors import HotfolderError, ImageRejected
from hotfolder.ports import Execution, ExecutionPage, ExecutionRequest, Organization, Upload, Workflow

EXECUTIONS = "/v1/workflow/execution"


class AutoRetouch:
    """The `ports.Service` over HTTP. How many calls run at once is the caller's to limit.

    Cancelling a call is safe but leaks a little of httpx's pool, so let calls under way end where possible.
    """

    def __init__(
        self,
        api_url: str,
        auth_url: str,
        tokens: TokenSource,
        proxy: str | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  frozen
        *,
        transport: Transport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`proxy`: instead of the environment's or system's; raises `ConfigError` for unusable addresses."""
        api_url, auth_url = base_url(api_url, "api_url"), base_url(auth_url, "auth_url")
        self._threads = TransferThreads()
        self._http = Http(proxy, timeouts, self._threads, transport, monotonic)
        self._access = AccessTokens(self._http, auth_url, tokens, monotonic)
        self._calls = SignedCalls(api_url, self._http, self._access, monotonic)
        self._images = Images(self._calls, self._http, self._threads)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._access.aclose()
        await self._http.aclose()
        self._threads.close()

    def now(self) -> float | None:
        """The service's clock in epoch seconds, None while it has told none."""
        return self._calls.clock.now()

    async def check_sign_in(self) -> None:
        """Get a new access token now; raises `SignInNeeded` when the refresh token is refused or missing."""
        await self._access.renewed()

    def forget_refusal(self) -> None:
        """A refresh token that was refused is asked about less and less; from now on, anew."""
        self._access.forget_refusal()

    def begin_sign_out(self) -> None:
        """From here on nothing goes out that spends, for good or until `sign_out` has ended (keeps I14)."""
        self._access.begin_sign_out()

    async def sign_out(self, forget: Callable[[], None]) -> None:
        """Drop the sign-in; `forget` is called when no refresh is under way, to have the token source give none."""
        await self._access.sign_out(forget)

    async def look_at_sign_in(self) -> None:
        """Notice that the stored sign-in has gone or changed. Asks nobody; raises `SignInNeeded` where there is none."""
        await self._access.look_at_store()

    def ask_before_spending(self, question: Callable[[], Awaitable[None]]) -> None:
        """Asked before each call that spends: what it raises is the answer, and nothing goes out."""
        self._calls.before_spending = question

    def hold_back(self, why: HotfolderError | None) -> None:
        """Send nothing that spends: it raises this. None: it may go on."""
        self._calls.held_back_by = why

    async def revoke(self, refresh_token: str) -> None:
        """Make the refresh token worthless [C]; an unknown one is no error. The caller has to forget it."""
        await self._access.revoke(refresh_token)

    async def organizations(self) -> list[Organization]:
        """All the account has [D]."""
        entries = await self._calls.all_pages("/v1/organization", {}, OrganizationPayload)
        return [entry.value() for entry in entries]

    async def workflows(self, organization_id: str) -> list[Workflow]:
        """All of the organization [D]; prices in credits per execution."""
        only = {"organization": organization_id}
        entries = await self._calls.all_pages("/v1/workflow", only, WorkflowPayload)
        return [entry.value() for entry in entries]

    async def balance(self, organization_id: str) -> int:
        """In credits [C]."""
        url = self._calls.url("/v1/organization/balance", organization=organization_id)
        return await self._calls.read(url, balance_in)

    async def has_image(self, organization_id: str, content_hash: str) -> bool:
        """Whether the service has these bytes [D]; no where it does not say."""
        return await self._images.has(organization_id, content_hash)

    async def upload(self, upload: Upload) -> str:
        """Send the bytes, streamed; the content hash the service computed, as hex. May be repeated freely."""
        return await self._images.upload(upload)

    async def create(self, request: ExecutionRequest) -> str:
        """Start one paid execution; its id. One call is one charge, and is never repeated here (keeps I2)."""
        url = self._calls.url(
            f"{EXECUTIONS}/create",
            workflow=request.target.workflow_id,
            version=request.target.version or None,
            organization=request.target.organization_id,
        )
        answer = await self._calls.ask(_post_json(url, _create_body(request)), spends=True)
        if answer.status == 404:
            raise await self._missing_at_create(request, answer)
        if not answer.is_success:
            raise error_of_answer(answer, spends=True)
        return readable(answer, id_in, spends=True)

    async def _missing_at_create(self, request: ExecutionRequest, answer: Answer) -> HotfolderError:
        """A 404 is of the image, or of the workflow or organization: the message tells, else the image is asked
        for. (`path` is no help: the call's own has "workflow" in it.)"""
        message = message_of(answer).lower()
        of_image = "image" in message or "content hash" in message or "contenthash" in message
        of_workflow = "workflow" in message or "organization" in message
        if of_image == of_workflow:
            of_image = not await self.has_image(request.target.organization_id, request.content_hash)
        return image_missing(answer) if of_image else error_of_answer(answer)

    async def retry(self, organization_id: str, execution_id: str) -> None:
        """Run a FAILED or PAYMENT_REQUIRED execution again, same id [C]. May charge, so never repeated here."""
        url = self._calls.url(f"{EXECUTIONS}/{segment(execution_id)}/retry", organization=organization_id)
        answer = await self._calls.ask(Call(method="POST", url=url), spends=True)
        if answer.status == 404:
            raise ImageRejected("AutoRetouch does not know this execution any more.", "Use `hotfolder redo`.")
        if not answer.is_success:
            raise error_of_answer(answer, spends=True)

    async def execution(self, organization_id: str, execution_id: str) -> Execution | None:
        """One execution [D G], None when the service does not know it (404)."""
        url = self._calls.url(f"{EXECUTIONS}/{segment(execution_id)}", organization=organization_id)
        answer = await self._calls.ask(Call(method="GET", url=url))
        if answer.status == 404:
            return None
        if not answer.is_success:
            raise error_of_answer(answer)
        return readable(answer, execution_in)

    async def executions(self, organization_id: str, workflow_id: str, offset: int) -> ExecutionPage:
        """A page of the workflow's executions [C], whole or not at all: never one with holes."""
        url = self._calls.url(
            EXECUTIONS, workflow=workflow_id, organization=organization_id, limit=PAGE, offset=offset
        )
        return await self._calls.read(url, execution_page_in)

    async def download(
        self, organization_id: str, service_path: str, write: Callable[[bytes], object]
    ) -> None:
        """The result's bytes to `write`, in pieces of up to 1 MiB, each in a thread. What `write` raises
        comes through; after any error the pieces so far are worthless."""
        await self._images.download(organization_id, service_path, write)


def _post_json(url: str, body: Mapping[str, object]) -> Call:
    headers = {"Content-Type": "application/json"}
    text = json.dumps(body, default=str)  # YAML makes dates of what `settings` may have meant as text
    return Call(method="POST", url=url, headers=headers, body=text.encode())


def _create_body(request: ExecutionRequest) -> dict[str, object]:
    body: dict[str, object] = {
        "image": {
            "name": encodable(request.name),
            "contentHash": request.content_hash,
            "contentType": request.content_type,
        },
        "labels": {encodable(key): encodable(value) for key, value in request.labels.items()},
        "settings": dict(request.settings),
    }
    if request.webhooks:
        body["webhooks"] = list(request.webhooks)
    return body
