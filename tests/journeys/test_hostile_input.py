"""The same as test_bad_input.py, from somebody who means it: answers wrong in every way a schema can be broken, bombs, a
service that repeats our secrets to us, names that would forge lines of the log."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import random
import re
import struct
import zlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFile

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.token_store import FileTokens, MemoryTokens
from hotfolder.core.image import State
from hotfolder.errors import HotfolderError
from hotfolder.sandbox import Sandbox
from tests.adapters.autoretouch.tools import make_picture
from tests.journeys.studio import Studio
from tests.journeys.workshop import Clock, Workshop
from tests.sandbox.caller import picture

CANARY = "canary-refresh-token-that-must-not-sing"

# -- the API's answers

EXECUTION = {
    "id": "9f1c2d3e-0000-4000-8000-000000000001",
    "status": "COMPLETED",
    "createdAt": "2026-11-24T10:00:00Z",
    "finishedAt": "2026-11-24T10:01:00Z",
    "resultPath": "/image/" + "a" * 64 + "/a.png",
    "resultContentHash": "a" * 64,
    "resultContentType": "image/png",
    "resultFileName": "a.png",
    "chargedCredits": 10,
    "labels": {"hotfolder_image_id": "image-1"},
}
WORKFLOW = {"id": "w", "name": "Fast", "version": "v", "executionPrice": 10}
PICTURE = make_picture("a.jpg")
Use = Callable[[AutoRetouch], Awaitable[object]]
CALLS: dict[str, tuple[Any, Use]] = {
    "organizations": ({"entries": [{"id": "o", "name": "Studio"}], "total": 1}, lambda s: s.organizations()),
    "workflows": ({"entries": [WORKFLOW], "total": 1}, lambda s: s.workflows("o")),
    "balance": (1000, lambda s: s.balance("o")),
    "has_image": (None, lambda s: s.has_image("o", "a" * 64)),
    "upload": ("a" * 64, lambda s: s.upload(PICTURE.upload())),
    "create": (EXECUTION["id"], lambda s: s.create(PICTURE.request())),
    "details": (EXECUTION, lambda s: s.execution("o", "e")),
    "list": ({"entries": [EXECUTION], "total": 1}, lambda s: s.executions("o", "w", 0)),
    "retry": ("", lambda s: s.retry("o", "e")),
    "download": ("bytes", lambda s: s.download("o", f"/image/{'a' * 64}/a.png", io.BytesIO().write)),
}

HUGE: list[Any] = [10**400, -(10**400), 1e308, "x" * 100_000, [[]] * 1000, {str(n): n for n in range(1000)}]
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(HUGE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


def break_schema(valid: Any, chance: random.Random, nonsense: Any) -> Any:
    """The answer with one thing in it missing, null, of another kind, doubled, or with something extra."""
    broken = copy.deepcopy(valid)
    places: list[tuple[Any, Any]] = []

    def collect(value: Any) -> None:
        keys = (
            list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        )
        for key in keys:
            places.append((value, key))
            collect(value[key])

    collect(broken)
    if not places:
        return nonsense
    holder, key = chance.choice(places)
    match chance.choice(["missing", "null", "other", "extra", "doubled"]):
        case "missing":
            del holder[key]
        case "null":
            holder[key] = None
        case "other":
            holder[key] = nonsense
        case "extra" if isinstance(holder, dict):
            holder["someday"] = nonsense
        case _ if isinstance(holder, list):
            holder.append(nonsense)
    return broken


def body_of(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_answer_broken_in_any_way_is_understood_or_an_error_in_plain_words(
    call: str, data: st.DataObject
) -> None:
    """No other exception leaves the adapter, whatever the status, the body and the headers."""
    valid, use = CALLS[call]
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    body = data.draw(
        st.one_of(
            NONSENSE.map(lambda nonsense: body_of(break_schema(valid, chance, nonsense))),
            NONSENSE.map(body_of),
            st.binary(max_size=200),
        )
    )
    status = data.draw(st.sampled_from([200, 200, 200, 200, 201, 204, 302, 400, 402, 404, 409, 422, 500]))
    headers = data.draw(
        st.dictionaries(
            st.sampled_from(["retry-after", "date", "location", "content-type", "content-encoding"]),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
        )
    )

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "access", "expires_in": 3600})
        return httpx.Response(status, content=body, headers=headers)

    async def ask() -> HotfolderError | None:
        transport = httpx.MockTransport(answer)
        service = AutoRetouch("http://api.test", "http://api.test", MemoryTokens("any"), transport=transport)
        async with service:
            try:
                await use(service)
            except HotfolderError as error:
                return error
            return None

    error = asyncio.run(ask())
    assert error is None or (error.title and "\n" not in str(error))


class BreakingTransport(httpx.AsyncBaseTransport):
    """Breaks the schema of every third JSON answer, so many times; then it is honest."""

    def __init__(self, seed: int, times: int) -> None:
        self._real = httpx.AsyncHTTPTransport()
        self._chance = random.Random(seed)
        self.left = times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._real.handle_async_request(request)
        if self.left <= 0 or request.method == "HEAD" or self._chance.random() > 0.33:
            return answer
        body = await answer.aread()
        try:
            value = json.loads(body)
        except ValueError:
            return httpx.Response(answer.status_code, headers=answer.headers, content=body)
        self.left -= 1
        nonsense = self._chance.choice(
            [None, True, -1, 10**40, 1e300, "", "no", [], {}, [None], {"id": None}]
        )
        headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
        content = body_of(break_schema(value, self._chance, nonsense))
        return httpx.Response(answer.status_code, headers=headers, content=content)

    async def aclose(self) -> None:
        await self._real.aclose()


@pytest.mark.parametrize("seed", range(4))
async def test_a_journey_through_broken_answers_ends_with_each_image_once(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    transport = BreakingTransport(seed, times=40)
    monkeypatch.setattr("hotfolder.daemon.AutoRetouch", partial(AutoRetouch, transport=transport))
    workshop.clock = Clock(20.0)
    workshop.sandbox.world.script("1.jpg", "FAILED", "COMPLETED")
    for number in range(6):
        workshop.drop(f"{number}.jpg", seed=number)
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: sum(i.state.is_final for i in workshop.images()) == 6)
        transport.left = 0
        await daemon.retry(None)
        await workshop.until_delivered(6)
    assert "Traceback" not in caplog.text
    workshop.assert_once_and_whole()


# -- images


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is that large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def test_decompression_bombs_are_refused_by_their_size_before_anything_is_decoded(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)
    sizes = [(10_001, 10), (50_000, 50_000), (2_147_483_647, 2_147_483_647)]
    for number, size in enumerate(sizes):
        (workshop.inside / f"{number}.png").write_bytes(bomb(*size))
    async with workshop.at_work():
        await workshop.until(lambda: workshop.count(State.FAILED) == len(sizes))
    assert all("too large" in image.reason and image.advice for image in workshop.images())
    assert workshop.sandbox.world.count_calls("upload") == 0


async def test_a_folder_full_of_damaged_images_is_sorted_into_delivered_and_failed_with_reasons(
    workshop: Workshop,
) -> None:
    """What looks whole may still be refused by the service: then that is the reason."""
    chance = random.Random(7)
    workshop.clock = Clock(10.0)
    for number in range(60):
        kind = ("JPEG", "PNG", "TIFF", "WEBP")[number % 4]
        data = bytearray(picture(number, kind))
        for _ in range(chance.randrange(1, 30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (workshop.inside / f"{number}.{kind.lower()}").write_bytes(data)
    async with workshop.at_work():
        await workshop.until(lambda: len(workshop.images()) == 60)
        await workshop.until(lambda: all(i.state.is_final for i in workshop.images()))
    failed = [image for image in workshop.images() if image.state is State.FAILED]
    assert failed
    assert all(image.reason and image.advice for image in failed)
    assert max(map(len, workshop.sandbox.world.executions_by_input().values())) == 1


# -- names, and the token


def test_no_file_name_can_forge_a_line_of_the_log(studio: Studio) -> None:
    forged = "a\n2026-11-24 12:00:00,000 INFO    hotfolder.daemon: forged\r\u2028x.jpg"
    studio.drop(forged)
    assert studio.once().returncode == 0
    log = (studio.home / "logs" / "hotfolder.log").read_text(encoding="utf-8")
    assert "forged" in log
    beginning = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ +hotfolder")
    assert [line for line in log.splitlines() if "forged" in line and "a\\n" not in line] == []
    assert [line for line in log.splitlines() if not beginning.match(line)] == []


class EchoTransport(httpx.AsyncBaseTransport):
    """A service that says everything it was told, in every field where a message could stand."""

    def __init__(self, seed: int, grants: bool) -> None:
        self._chance = random.Random(seed)
        self._grants = grants
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        told = f"{request.headers.raw} {(await request.aread()).decode('utf-8', 'replace')}"
        if request.url.path == "/oauth/token" and self._grants:
            return httpx.Response(200, json={"access_token": f"access-of-{CANARY}", "expires_in": 3600})
        message = {"message": told, "error": told, "error_description": told, "path": told}
        return httpx.Response(self._chance.choice([400, 403, 404, 409, 422, 429, 500, 503]), json=message)


@pytest.mark.parametrize("grants", [True, False], ids=["at the API", "at the sign-in"])
async def test_a_service_that_repeats_our_secrets_is_not_quoted_anywhere(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, grants: bool
) -> None:
    """The access token holds the canary as well here: neither may be told (keeps I8)."""
    caplog.set_level("DEBUG")
    transport = EchoTransport(1, grants)
    monkeypatch.setattr("hotfolder.daemon.AutoRetouch", partial(AutoRetouch, transport=transport))
    workshop.clock = Clock(100.0)
    workshop.tokens = MemoryTokens(CANARY)
    workshop.drop("a.jpg")
    async with workshop.at_work() as daemon:
        for _ in range(5):
            seen = transport.calls
            await daemon.retry(None)
            await workshop.until(lambda seen=seen: transport.calls > seen)  # type: ignore[misc]
        assert CANARY not in repr(daemon.holds)
    assert CANARY not in caplog.text
    files = [path for path in workshop.root.rglob("*") if path.is_file()]
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []


def test_rotating_tokens_stand_in_their_one_file_and_in_no_other_nor_in_any_argument(
    studio: Studio, sandbox: Sandbox
) -> None:
    """Every token there ever was, through errors, restarts, and a sign-in that is refused in the end."""
    tokens = sandbox.world.sign_in.refresh_tokens
    tokens.add(CANARY)
    ever = set(tokens)
    del studio.environment["AUTORETOUCH_REFRESH_TOKEN"]
    store = FileTokens(studio.home)
    store.store(CANARY)
    sandbox.world.switches.rotate_refresh_tokens = True
    sandbox.world.switches.access_token_seconds = 1
    sandbox.faults.add("any", "status", status=503, probability=0.05)
    for number in range(8):
        studio.drop(f"{number}.jpg", seed=number)
    (studio.inside / "broken.jpg").write_bytes(b"no image")
    for life in range(2):
        process = studio.start()
        studio.wait_for_results(4 * (life + 1))
        ever |= tokens
        arguments = b"".join(path.read_bytes() for path in Path("/proc").glob(f"{process.pid}/cmdline"))
        assert not any(token.encode() in arguments for token in ever)
        studio.stop()
    ever |= tokens
    sandbox.world.sign_in.revoke_everything()
    sandbox.world.sign_in.expire_access_tokens()
    studio.drop("too late.jpg", seed=77)
    assert studio.once().returncode == 3
    assert len(ever) > 2
    files = [path for path in studio.root.rglob("*") if path.is_file() and path != store.path]
    assert len(files) > 5
    found = [(path, token) for path in files for token in ever if token.encode() in path.read_bytes()]
    assert found == []
    assert store.path.stat().st_mode & 0o777 == 0o600
