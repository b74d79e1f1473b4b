"""Where AutoRetouch sends a call on: within its own origin it is followed, anywhere else it is said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from hotfolder.adapters.autoretouch import AutoRetouch, DeviceSignIn
from hotfolder.adapters.autoretouch.routes import next_hop
from hotfolder.errors import AnswerLost, HotfolderError, ServiceAway, SignInNeeded
from hotfolder.sandbox import ORGANIZATION_ID, Sandbox
from tests.adapters.autoretouch.tools import Heard, Picture, parrot_service, reply

Ask = Callable[[AutoRetouch, Picture], Awaitable[object]]


async def _create(service: AutoRetouch, picture: Picture) -> object:
    await service.upload(picture.upload())
    return await service.create(picture.request())


async def _upload(service: AutoRetouch, picture: Picture) -> object:
    return await service.upload(picture.upload())


async def _balance(service: AutoRetouch, _: Picture) -> object:
    return await service.balance(ORGANIZATION_ID)


async def _has(service: AutoRetouch, picture: Picture) -> object:
    return await service.has_image(ORGANIZATION_ID, picture.hash)


@pytest.mark.parametrize("status", [301, 307, 308])
@pytest.mark.parametrize(
    ("endpoint", "ask"),
    [("create", _create), ("upload", _upload), ("balance", _balance), ("head", _has)],
)
async def test_a_redirect_within_the_service_is_followed(
    sandbox: Sandbox, service: AutoRetouch, picture: Picture, endpoint: str, ask: Ask, status: int
) -> None:
    redirect = sandbox.faults.add(endpoint, "redirect", status=status, times=1)
    await ask(service, picture)
    assert redirect.hits == 1
    assert len(sandbox.world.executions) == (1 if endpoint == "create" else 0)


async def test_the_whole_file_is_sent_again_where_an_upload_is_sent_on(picture: Picture) -> None:
    def say(heard: Heard) -> bytes:
        return reply(picture.hash) if heard.path == "/there" else reply("", 307, "Location: /there")

    async with parrot_service(say) as (service, parrot):
        await service.upload(picture.upload())
    first, second = parrot.heard
    assert (first.method, second.method) == ("POST", "POST")
    assert picture.data in first.body
    assert picture.data in second.body


@pytest.mark.parametrize("status", [300, 302, 303, 304, 305])
async def test_any_other_redirect_of_what_costs_is_looked_up_and_not_sent_again(
    picture: Picture, status: int
) -> None:
    async with parrot_service(lambda _: reply("", status, "Location: /there")) as (service, parrot):
        with pytest.raises(AnswerLost, match=f"code {status}"):
            await service.create(picture.request())
    assert len(parrot.heard) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_leads_to_another_origin_and_the_host_is_said(
    picture: Picture, status: int
) -> None:
    async with parrot_service(lambda _: reply("7")) as (_, elsewhere):
        away = reply("", status, f"Location: {elsewhere.url.replace('127.0.0.1', 'localhost')}/login")
        async with parrot_service(lambda _: away) as (service, parrot):
            for ask in (_balance, _upload, _has):
                with pytest.raises(ServiceAway, match="sends hotfolder on to localhost"):
                    await ask(service, picture)
            with pytest.raises(AnswerLost, match="sends hotfolder on to localhost"):
                await service.create(picture.request())
            parrot.token_answer = away
            with pytest.raises(ServiceAway, match="sends hotfolder on to localhost"):
                await service.check_sign_in()
    assert elsewhere.heard == []


async def test_a_sign_in_in_the_browser_that_is_sent_elsewhere_says_so() -> None:
    away = reply("", 302, "Location: https://login.hotel.example/")
    async with parrot_service(lambda _: away) as (_, parrot), DeviceSignIn(parrot.url) as device:
        with pytest.raises(HotfolderError, match=r"login\.hotel\.example"):
            await device.begin()


async def test_a_call_that_is_sent_in_circles_comes_to_an_end(picture: Picture) -> None:
    async with parrot_service(lambda heard: reply("", 307, f"Location: {heard.path}")) as (service, parrot):
        with pytest.raises(ServiceAway, match="circles"):
            await service.balance(ORGANIZATION_ID)
        assert len(parrot.heard) < 10
        with pytest.raises(AnswerLost, match="circles"):
            await service.create(picture.request())


@pytest.mark.parametrize(
    "location", ["", "http://[", "//", "https://", "/a b", "\x7f", "ftp://127.0.0.1/", "ü"]
)
async def test_a_location_that_makes_no_sense_is_no_answer(location: str) -> None:
    async with parrot_service(lambda _: reply("", 307, f"Location: {location}")) as (service, _):
        with pytest.raises(ServiceAway):
            await service.balance(ORGANIZATION_ID)


async def test_the_sign_in_goes_on_within_its_own_server(sandbox: Sandbox, service: AutoRetouch) -> None:
    sandbox.faults.add("token", "redirect", times=1)
    await service.check_sign_in()
    sandbox.faults.add("token", "redirect", location="https://elsewhere.example/", times=1)
    with pytest.raises(HotfolderError) as caught:
        await service.check_sign_in()
    assert not isinstance(caught.value, SignInNeeded)


@pytest.mark.parametrize(
    ("source", "location", "target"),
    [
        ("https://a.example/v1/x", "/v2/x", "https://a.example/v2/x"),
        ("https://a.example/x", "https://A.example:443/y", "https://A.example:443/y"),
        ("http://a.example/x", "https://a.example/x", "https://a.example/x"),
        ("https://a.example/x", "http://a.example/x", None),
        ("https://a.example/x", "https://b.example/x", None),
        ("https://a.example/x", "https://a.example:8443/x", None),
        ("http://a.example:8080/x", "https://a.example/x", None),
    ],
)
def test_only_the_own_origin_and_upward_is_followed(source: str, location: str, target: str | None) -> None:
    assert next_hop("POST", source, 308, location) == target
