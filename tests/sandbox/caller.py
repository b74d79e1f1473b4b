"""A bare client for the contract suite: it knows the addresses, and nothing of hotfolder's own client."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx
from PIL import Image

from hotfolder.sandbox import CLIENT_ID, FAST_ID, ORGANIZATION_ID, REFRESH_TOKEN, Sandbox

EXECUTION = "/v1/workflow/execution"
LIMIT_S = 20.0


def picture(seed: int = 0, kind: str = "JPEG", size: tuple[int, int] = (48, 64)) -> bytes:
    """A small image; another for each seed."""
    image = Image.new("RGB", size, (200, 198, 190))
    image.paste(
        (seed * 37 % 256, 60, seed * 11 % 256),
        (size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4),
    )
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


class HandClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += seconds


class Caller:
    """Calls the sandbox as the contract says."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(base_url=sandbox.url, timeout=LIMIT_S, trust_env=False)
        self.sign_in()

    def sign_in(self, refresh_token: str = REFRESH_TOKEN) -> dict[str, Any]:
        answer = self.token(grant_type="refresh_token", refresh_token=refresh_token)
        answer.raise_for_status()
        tokens: dict[str, Any] = answer.json()
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return tokens

    def token(self, **form: str) -> httpx.Response:
        return self.http.post("/oauth/token", data={"client_id": CLIENT_ID, **form})

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(path, params={"organization": ORGANIZATION_ID, **params})

    def post(self, path: str, json: Any = None, **params: Any) -> httpx.Response:
        return self.http.post(path, params={"organization": ORGANIZATION_ID, **params}, json=json)

    def upload(
        self, data: bytes | None = None, name: str = "boot.jpg", path: str = "/upload", **form: str
    ) -> httpx.Response:
        files = {"file": (name, picture() if data is None else data, "image/jpeg")}
        return self.http.post(path, params={"organization": ORGANIZATION_ID}, files=files, data=form)

    def has(self, content_hash: str) -> int:
        params = {"organization": ORGANIZATION_ID, "contentHash": content_hash}
        return self.http.head("/upload", params=params).status_code

    def create(
        self, content_hash: str, name: str = "boot.jpg", workflow: str = FAST_ID, **more: Any
    ) -> httpx.Response:
        image = {"name": name, "contentHash": content_hash, "contentType": "image/jpeg"}
        return self.post(f"{EXECUTION}/create", {"image": image, **more}, workflow=workflow)

    def run(self, name: str = "boot.jpg", workflow: str = FAST_ID, seed: int = 0, **more: Any) -> str:
        """Upload and create; the execution's id."""
        answer = self.create(self.upload(picture(seed), name).text, name, workflow, **more)
        assert answer.status_code == 201, answer.text
        return answer.text

    def details(self, execution_id: str) -> dict[str, Any]:
        answer = self.get(f"{EXECUTION}/{execution_id}")
        assert answer.status_code == 200, answer.text
        execution: dict[str, Any] = answer.json()
        return execution

    def wait_for(self, execution_id: str, status: str = "COMPLETED") -> dict[str, Any]:
        found: dict[str, Any] = wait_until(
            lambda: (now := self.details(execution_id))["status"] == status and now,
            f"execution {execution_id} is not {status}",
        )
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()


def wait_until(condition: Callable[[], Any], complaint: str) -> Any:
    """What the condition gives as soon as it is true; fails after a limit."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{complaint}, after {LIMIT_S} s")
