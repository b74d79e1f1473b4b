"""Images up and results down. All of it is free of charge and may be repeated."""

from __future__ import annotations

from collections.abc import Callable

from hotfolder.adapters.autoretouch.faults import error_of_answer, error_of_trouble, one_line
from hotfolder.adapters.autoretouch.http import Answer, Call, Http, Reach, Trouble
from hotfolder.adapters.autoretouch.payloads import hash_in
from hotfolder.adapters.autoretouch.routes import (
    UPLOAD_ROUTES,
    host_of,
    is_result_path,
    is_same_origin,
    redirect_target,
    result_paths,
)
from hotfolder.adapters.autoretouch.signed import SignedCalls, readable
from hotfolder.adapters.autoretouch.transfer import MultipartUpload, TransferThreads
from hotfolder.errors import ResultDamaged, ServiceAway, WorkflowUnavailable
from hotfolder.ports import Upload

MOST_REDIRECTS = 5

_ADVICE = "It is downloaded again by itself."


class Images:
    """The service's store of images."""

    def __init__(self, calls: SignedCalls, http: Http, threads: TransferThreads) -> None:
        self._calls = calls
        self._http = http
        self._threads = threads
        self._route: str | None = None
        """The one of `UPLOAD_ROUTES` that is known to work."""

    async def has(self, organization_id: str, content_hash: str) -> bool:
        """Where the service does not say (404, 405) the answer is no: uploading again is free."""
        for route in (self._route,) if self._route else UPLOAD_ROUTES:
            url = self._calls.url(route, contentHash=content_hash, organization=organization_id)
            answer = await self._calls.ask(Call(method="HEAD", url=url))
            if answer.is_success:
                self._route = route
                return True
            if answer.status not in (404, 405):
                raise error_of_answer(answer)
        return False

    async def upload(self, upload: Upload) -> str:
        """The route that worked last goes first; a 404 or 405 may mean the route, so the other is tried."""
        for route in sorted(UPLOAD_ROUTES, key=lambda route: route != self._route):
            answer = await self._calls.ask(self._upload_call(route, upload))
            if answer.is_success:
                self._route = route
                return readable(answer, hash_in)
            if answer.status not in (404, 405):
                break
        if answer.status == 405:
            raise WorkflowUnavailable("AutoRetouch takes no uploads there.", "Check `service.api_url`.")
        raise error_of_answer(answer)

    def _upload_call(self, route: str, upload: Upload) -> Call:
        body = MultipartUpload(upload, self._threads)
        url = self._calls.url(route, organization=upload.organization_id)
        return Call(method="POST", url=url, headers=body.headers, body=body.chunks)

    async def download(self, organization_id: str, path: str, write: Callable[[bytes], object]) -> None:
        """Raises `ResultDamaged` where the bytes are not there or end early."""
        if not is_result_path(path):
            raise ResultDamaged("AutoRetouch names no usable place for the result.", _ADVICE)
        for spelling in result_paths(path):
            answer = await self._fetch(self._calls.url(spelling, organization=organization_id), write)
            if answer.status != 404:
                break
        if answer.status == 200:
            return
        if answer.is_success or answer.status == 404:
            raise ResultDamaged("The result is not there yet.", _ADVICE)
        raise error_of_answer(answer, refusal=ResultDamaged)

    async def _fetch(self, url: str, write: Callable[[bytes], object]) -> Answer:
        """Follows redirects by hand: elsewhere without the access token."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._fetch_once(Call(method="GET", url=url), write)
            location = answer.headers.get("location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer
            target = redirect_target(url, location, self._calls.api_url)
            if target is None:
                where = one_line(host_of(location)) or "it names no usable address"
                raise ServiceAway(f"AutoRetouch sends the download to an unsafe place ({where}).", _ADVICE)
            url = target
        raise ServiceAway("AutoRetouch sends the download in circles.", _ADVICE)

    async def _fetch_once(self, call: Call, write: Callable[[bytes], object]) -> Answer:
        async def send(call: Call) -> Answer:
            return await self._http.download(call, write)

        try:
            if is_same_origin(call.url, self._calls.api_url):
                return await self._calls.send(call, send)
            return await send(call)
        except Trouble as trouble:
            if trouble.reach is Reach.CUT:
                raise ResultDamaged("The download ended early.", _ADVICE) from None
            raise error_of_trouble(trouble) from None
