"""Bodies that are not what their headers say, and headers that nobody asked for."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.autoretouch.unpacking import Damaged, Unpacker, unpacked
from hotfolder.errors import ResultDamaged, ServiceAway
from hotfolder.sandbox import ORGANIZATION_ID, Sandbox
from tests.adapters.autoretouch.tools import Picture, parrot_service, reply

LABELS = ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "gzip, gzip", "identity", "nonsense", ""]


@pytest.mark.parametrize("label", LABELS)
async def test_plain_bytes_that_are_labelled_packed_are_taken_as_they_are(
    picture: Picture, label: str
) -> None:
    async with parrot_service(lambda _: reply("7", 200, f"Content-Encoding: {label}")) as (service, _):
        assert await service.balance("o") == 7
    labelled = reply(picture.data, 200, f"Content-Encoding: {label}")
    async with parrot_service(lambda _: labelled) as (service, _):
        result = io.BytesIO()
        await service.download("o", "/image/h/a.jpg", result.write)
    assert result.getvalue() == picture.data


@pytest.mark.parametrize(("label", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_packed_bytes_that_nobody_asked_for_are_unpacked(
    picture: Picture, label: str, pack: object
) -> None:
    assert callable(pack)
    labelled = reply(pack(b"7"), 200, f"Content-Encoding: {label}")
    async with parrot_service(lambda _: labelled) as (service, _):
        assert await service.balance("o") == 7
    labelled = reply(pack(picture.data), 200, f"Content-Encoding: {label}")
    async with parrot_service(lambda _: labelled) as (service, _):
        result = io.BytesIO()
        await service.download("o", "/image/h/a.jpg", result.write)
    assert result.getvalue() == picture.data


async def test_a_packed_result_that_is_damaged_is_no_trouble_of_the_service(picture: Picture) -> None:
    """It is downloaded a few times and given up; as a fault of the service it would be tried for ever."""
    packed = gzip.compress(picture.data)
    for broken in (packed[:40] + b"\0" * 40, packed[: len(packed) // 2]):
        labelled = reply(broken, 200, "Content-Encoding: gzip")
        async with parrot_service(lambda _, labelled=labelled: labelled) as (service, _):  # type: ignore[misc]
            with pytest.raises(ResultDamaged):
                await service.download("o", "/image/h/a.jpg", io.BytesIO().write)
            with pytest.raises(ServiceAway):
                await service.balance("o")


async def test_a_bomb_in_an_answer_is_not_unpacked_to_its_end() -> None:
    bomb = reply(gzip.compress(bytes(64 * 1024 * 1024)), 200, "Content-Encoding: gzip")
    async with parrot_service(lambda _: bomb) as (service, _):
        with pytest.raises(ServiceAway):
            await service.balance("o")


async def test_only_plain_bodies_are_asked_for() -> None:
    async with parrot_service(lambda _: reply("7")) as (service, parrot):
        await service.balance("o")
        await service.download("o", "/image/h/a.jpg", io.BytesIO().write)
    assert [heard.headers["accept-encoding"] for heard in parrot.heard] == ["identity"] * 2


async def test_a_result_that_the_service_labels_packed_is_the_result(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture
) -> None:
    sandbox.faults.add("any", "gzip_label")
    await service.upload(picture.upload())
    execution_id = await service.create(picture.request())
    execution = await service.execution(ORGANIZATION_ID, execution_id)
    assert execution is not None
    result = io.BytesIO()
    await service.download(ORGANIZATION_ID, execution.result_path or "", result.write)
    assert result.getvalue()


async def test_no_cookie_is_kept_or_sent() -> None:
    cookies = ("Set-Cookie: a=1", "Set-Cookie: b=2; Path=/; Max-Age=9999; Domain=127.0.0.1")
    async with parrot_service(lambda _: reply("7", 200, *cookies)) as (service, parrot):
        parrot.token_answer = reply('{"access_token": "a", "expires_in": 9}', 200, *cookies)
        for _ in range(3):
            await service.balance("o")
            await service.check_sign_in()
        await service.download("o", "/image/h/a.jpg", io.BytesIO().write)
    assert [heard.headers.get("cookie") for heard in parrot.heard] == [None] * 4


@given(st.binary(max_size=200), st.sampled_from(LABELS), st.integers(1, 7))
def test_any_bytes_come_out_the_same_in_pieces_as_in_one(data: bytes, label: str, size: int) -> None:
    def in_pieces() -> Iterator[bytes]:
        unpacker = Unpacker(label)
        for at in range(0, len(data), size):
            yield from unpacker.pieces(data[at : at + size])
        yield unpacker.rest()

    try:
        whole = unpacked(data, label, 10**6)
    except Damaged:
        with pytest.raises(Damaged):
            list(in_pieces())
        return
    assert b"".join(in_pieces()) == whole
