"""Images up and results down: whole, or an error that says what to do."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
from pathlib import Path
from typing import BinaryIO

import pytest

from hotfolder.adapters.autoretouch import AutoRetouch, Timeouts
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.errors import (
    HotfolderError,
    ImageRejected,
    ResultDamaged,
    ServiceAway,
    SourceChanged,
    TooManyRequests,
    WorkflowUnavailable,
)
from hotfolder.ports import Upload
from hotfolder.sandbox import ORGANIZATION_ID, Sandbox
from tests.adapters.autoretouch.tools import Heard, Picture, make_picture, parrot_service, reply

HASH = hashlib.sha256(b"an image").hexdigest()
NAMES = [
    "a b.jpg",
    "50%.jpg",
    "50%25.jpg",
    "#1.jpg",
    "why?.jpg",
    "Stiefel grün.jpg",
    "靴.jpg",
    'say "x".jpg',
    "a&b=c+d.jpg",
]


async def test_an_upload_gives_the_hash_of_its_bytes(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture
) -> None:
    assert not await service.has_image(ORGANIZATION_ID, picture.hash)
    assert await service.upload(picture.upload()) == picture.hash
    assert await service.has_image(ORGANIZATION_ID, picture.hash)
    assert sandbox.world.image(picture.hash) == picture.data


async def test_a_real_file_is_read_from_its_start_wherever_it_stands(
    service: AutoRetouch, picture: Picture, tmp_path: Path
) -> None:
    path = tmp_path / "boot.jpg"
    path.write_bytes(picture.data)
    with path.open("rb") as file:
        file.seek(100)
        assert await service.upload(dataclasses.replace(picture.upload(), source=file)) == picture.hash


@pytest.mark.parametrize("name", [*NAMES, "b\udcf6t.jpg", "two\r\nlines.jpg"])
async def test_an_upload_may_have_any_name(sandbox: Sandbox, service: AutoRetouch, name: str) -> None:
    picture = make_picture(name)
    assert await service.upload(picture.upload()) == picture.hash


@pytest.mark.parametrize("name", NAMES)
async def test_a_result_is_found_under_any_name(sandbox: Sandbox, service: AutoRetouch, name: str) -> None:
    picture = make_picture(name)
    await service.upload(picture.upload())
    execution_id = await service.create(picture.request())
    execution = await service.execution(ORGANIZATION_ID, execution_id)
    assert execution is not None
    assert execution.result_path is not None
    result = io.BytesIO()
    await service.download(ORGANIZATION_ID, execution.result_path, result.write)
    assert hashlib.sha256(result.getvalue()).hexdigest() == execution.result_hash


async def test_an_upload_tells_its_size_and_type(picture: Picture) -> None:
    async with parrot_service(lambda _: reply(picture.hash, 201)) as (service, parrot):
        await service.upload(picture.upload())
    (heard,) = parrot.heard
    assert heard.path == f"/upload?organization={ORGANIZATION_ID}"
    assert "transfer-encoding" not in heard.headers
    assert b'name="filesize"\r\n\r\n' + str(len(picture.data)).encode() in heard.body
    head = b'name="file"; filename="boot.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    assert head + picture.data + b"\r\n--" in heard.body


BYTES_OF_HASH = bytes.fromhex(HASH)


@pytest.mark.parametrize(
    "text",
    [
        HASH,
        HASH.upper(),
        f' "{HASH}"\n',
        base64.b64encode(BYTES_OF_HASH).decode(),
        base64.b64encode(BYTES_OF_HASH).decode().rstrip("="),
        base64.urlsafe_b64encode(BYTES_OF_HASH).decode(),
    ],
)
async def test_the_hash_may_come_in_hex_or_base64(picture: Picture, text: str) -> None:
    async with parrot_service(lambda _: reply(text, 201)) as (service, _):
        assert await service.upload(picture.upload()) == HASH


@pytest.mark.parametrize("text", ["", "<html></html>", HASH[:-1], "g" * 64, "a" * 42, "ß" * 43])
async def test_what_is_no_hash_is_nonsense_and_temporary(picture: Picture, text: str) -> None:
    async with parrot_service(lambda _: reply(text, 201)) as (service, _):
        with pytest.raises(ServiceAway, match="nonsense"):
            await service.upload(picture.upload())


@pytest.mark.parametrize("missing", [404, 405])
async def test_the_upload_route_that_works_is_found_and_remembered(picture: Picture, missing: int) -> None:
    def say(heard: Heard) -> bytes:
        return reply(picture.hash, 201) if heard.path.startswith("/v1/upload?") else reply("", missing)

    async with parrot_service(say) as (service, parrot):
        await service.upload(picture.upload())
        await service.upload(picture.upload())
        assert await service.has_image("o", picture.hash)
    ways = [f"{heard.method} {heard.path.partition('?')[0]}" for heard in parrot.heard]
    assert ways == ["POST /upload", "POST /v1/upload", "POST /v1/upload", "HEAD /v1/upload"]


async def test_whether_an_image_is_there_is_asked_on_both_routes_until_one_is_known(picture: Picture) -> None:
    there: list[str] = []

    def say(heard: Heard) -> bytes:
        return reply("", 200 if heard.path.partition("?")[0] in there else 404)

    async with parrot_service(say) as (service, parrot):
        assert not await service.has_image("o", picture.hash)
        there.append("/v1/upload")
        assert await service.has_image("o", picture.hash)
        there.clear()
        assert not await service.has_image("o", picture.hash)
    assert [heard.path.partition("?")[0] for heard in parrot.heard] == [
        "/upload",
        "/v1/upload",
        "/upload",
        "/v1/upload",
        "/v1/upload",
    ]


async def test_a_service_that_cannot_be_asked_for_images_has_none(picture: Picture) -> None:
    async with parrot_service(lambda _: reply("", 405)) as (service, _):
        assert not await service.has_image("o", picture.hash)


async def test_trouble_is_no_answer_to_whether_an_image_is_there(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture
) -> None:
    sandbox.faults.add("head", "status", status=503)
    with pytest.raises(ServiceAway):
        await service.has_image(ORGANIZATION_ID, picture.hash)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ImageRejected),
        (413, ImageRejected),
        (415, ImageRejected),
        (422, ImageRejected),
        (403, WorkflowUnavailable),
        (404, WorkflowUnavailable),
        (405, WorkflowUnavailable),
        (429, TooManyRequests),
        (302, ServiceAway),
        (500, ServiceAway),
    ],
)
async def test_each_refusal_of_an_upload_has_its_error(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture, status: int, kind: type[HotfolderError]
) -> None:
    sandbox.faults.add("upload", "status", status=status)
    with pytest.raises(kind):
        await service.upload(picture.upload())


async def test_the_services_reason_to_reject_an_image_is_shown(service: AutoRetouch) -> None:
    upload = dataclasses.replace(Picture("x.jpg", b"no image").upload())
    with pytest.raises(ImageRejected, match=r"x\.jpg"):
        await service.upload(upload)


@pytest.mark.parametrize("effect", ["drop", "close"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_that_breaks_during_an_upload_is_temporary(
    sandbox: Sandbox, service: AutoRetouch, effect: str, when: str
) -> None:
    big = Picture("big.jpg", make_picture("big.jpg").data + bytes(20_000_000))
    fault = sandbox.faults.add("upload", effect, when=when)  # type: ignore[arg-type]
    with pytest.raises(ServiceAway):
        await service.upload(big.upload())
    fault.release()
    await service.balance(ORGANIZATION_ID)


class Moody(io.BytesIO):
    """A file that fails at its second read."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads == 2:
            raise OSError(5, "Input/output error")
        return super().read(size)


def _closed() -> BinaryIO:
    file = io.BytesIO(b"data")
    file.close()
    return file


@pytest.mark.parametrize(
    ("source", "size_bytes"),
    [(io.BytesIO(b"short"), 6), (io.BytesIO(b"grown"), 4), (Moody(bytes(10**6)), 10**6), (_closed(), 4)],
    ids=["shrunk", "grown", "unreadable", "closed"],
)
async def test_a_file_that_changes_while_it_is_sent_is_looked_at_again(
    sandbox: Sandbox, service: AutoRetouch, source: BinaryIO, size_bytes: int
) -> None:
    upload = Upload(
        organization_id=ORGANIZATION_ID,
        name="a.jpg",
        content_type="image/jpeg",
        size_bytes=size_bytes,
        source=source,
    )
    with pytest.raises(SourceChanged):
        await service.upload(upload)
    await service.balance(ORGANIZATION_ID)
    assert sandbox.world.calls_to("upload", status=201) == []


async def _result_of(service: AutoRetouch, picture: Picture) -> str:
    await service.upload(picture.upload())
    execution = await service.execution(ORGANIZATION_ID, await service.create(picture.request()))
    assert execution is not None
    assert execution.result_path is not None
    return execution.result_path


async def test_a_download_that_ends_early_is_damaged(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture
) -> None:
    path = await _result_of(service, picture)
    sandbox.faults.add("download", "cut")
    with pytest.raises(ResultDamaged, match="ended early"):
        await service.download(ORGANIZATION_ID, path, io.BytesIO().write)


async def test_a_download_in_chunks_that_ends_early_is_damaged() -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    async with parrot_service(lambda _: chunks) as (service, _):
        with pytest.raises(ResultDamaged, match="ended early"):
            await service.download("o", "/image/h/a.png", io.BytesIO().write)


@pytest.mark.parametrize("effect", ["drop", "close"])
async def test_a_download_that_never_began_is_temporary(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture, effect: str
) -> None:
    path = await _result_of(service, picture)
    sandbox.faults.add("download", effect)  # type: ignore[arg-type]
    with pytest.raises(ServiceAway):
        await service.download(ORGANIZATION_ID, path, io.BytesIO().write)


async def test_a_download_that_stalls_is_temporary(
    sandbox: Sandbox, service: AutoRetouch, tokens: MemoryTokens, picture: Picture
) -> None:
    path = await _result_of(service, picture)
    async with AutoRetouch(sandbox.url, sandbox.url, tokens, timeouts=Timeouts(read_s=1)) as hasty:
        await hasty.check_sign_in()
        sandbox.faults.add("download", "hang")
        with pytest.raises(ServiceAway, match="in time"):
            await hasty.download(ORGANIZATION_ID, path, io.BytesIO().write)


@pytest.mark.parametrize("status", [202, 204, 206, 404, 400, 410])
async def test_a_result_that_is_not_there_is_damaged(status: int) -> None:
    async with parrot_service(lambda _: reply("", status)) as (service, _):
        with pytest.raises(ResultDamaged):
            await service.download("o", "/image/h/a.png", io.BytesIO().write)


async def test_a_download_that_meets_a_401_is_repeated_with_a_new_token(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture
) -> None:
    path = await _result_of(service, picture)
    sandbox.world.sign_in.expire_access_tokens()
    result = io.BytesIO()
    await service.download(ORGANIZATION_ID, path, result.write)
    assert sandbox.world.result_of(sandbox.world.executions[0]) == result.getvalue()


async def test_a_result_is_looked_for_without_v1_and_as_given_too() -> None:
    async with parrot_service(lambda _: reply("", 404)) as (service, parrot):
        with pytest.raises(ResultDamaged):
            await service.download("o", "/image/h/a%20b.png", io.BytesIO().write)
    assert [heard.path for heard in parrot.heard] == [
        "/v1/image/h/a%2520b.png?organization=o",
        "/image/h/a%2520b.png?organization=o",
        "/v1/image/h/a%20b.png?organization=o",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "image/h/a",
        "/image/",
        "/image/../v1/x",
        "/image/h/..",
        "//evil/image/h",
        "http://evil/image/h/a",
    ],
)
async def test_a_place_that_is_no_results_is_not_asked(path: str) -> None:
    async with parrot_service(lambda _: reply("x")) as (service, parrot):
        with pytest.raises(ResultDamaged):
            await service.download("o", path, io.BytesIO().write)
    assert parrot.heard == []


async def test_a_full_disk_is_told_as_it_is(sandbox: Sandbox, service: AutoRetouch, picture: Picture) -> None:
    def write(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    path = await _result_of(service, picture)
    with pytest.raises(OSError, match="No space left"):
        await service.download(ORGANIZATION_ID, path, write)
    await service.download(ORGANIZATION_ID, path, io.BytesIO().write)


async def test_a_redirect_on_the_same_host_keeps_the_token() -> None:
    def say(heard: Heard) -> bytes:
        return reply("result") if heard.path == "/there" else reply("", 302, "Location: /there")

    result = io.BytesIO()
    async with parrot_service(say) as (service, parrot):
        await service.download("o", "/image/h/a.png", result.write)
    assert result.getvalue() == b"result"
    assert [heard.headers.get("authorization") for heard in parrot.heard] == ["Bearer parrot-access"] * 2


async def test_a_redirect_elsewhere_goes_without_the_token() -> None:
    async with parrot_service(lambda _: reply("result")) as (_, storage):
        away = reply("", 307, f"Location: {storage.url}/bucket/a.png?signature=1")
        async with parrot_service(lambda _: away) as (service, _):
            result = io.BytesIO()
            await service.download("o", "/image/h/a.png", result.write)
    (heard,) = storage.heard
    assert result.getvalue() == b"result"
    assert heard.path == "/bucket/a.png?signature=1"
    assert "authorization" not in heard.headers


@pytest.mark.parametrize(
    "location", ["http://evil.example/a", "ftp://evil.example/a", "file:///etc/passwd", "http://["]
)
async def test_a_redirect_to_an_unsafe_place_is_not_followed(location: str) -> None:
    async with parrot_service(lambda _: reply("", 302, f"Location: {location}")) as (service, _):
        with pytest.raises(ServiceAway, match="unsafe"):
            await service.download("o", "/image/h/a.png", io.BytesIO().write)


async def test_redirects_in_circles_come_to_an_end() -> None:
    async with parrot_service(lambda _: reply("", 302, "Location: /again")) as (service, _):
        with pytest.raises(ServiceAway, match="circles"):
            await service.download("o", "/image/h/a.png", io.BytesIO().write)
