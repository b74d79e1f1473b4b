"""httpx at home: nothing of it gets out, and it goes where it should."""

from __future__ import annotations

import asyncio
import io
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.autoretouch.http import FOREIGN, Reach, trouble_of
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.errors import AnswerLost, ConfigError, HotfolderError, ServiceAway
from hotfolder.sandbox import ORGANIZATION_ID, Sandbox
from tests.adapters.autoretouch.tools import Picture, parrot_service, reply


def _all_kinds(*roots: type[Exception]) -> Iterator[type[Exception]]:
    for kind in roots:
        yield kind
        yield from _all_kinds(*kind.__subclasses__())


KINDS = sorted(
    {
        kind
        for kind in _all_kinds(httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)
        if kind.__module__.startswith("httpx")
    },
    key=lambda kind: kind.__name__,
)
NEVER_SENT = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
    "InvalidURL",
}


def _instance(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)
    Exception.__init__(error, "Bearer secret")
    return error


class Failing(httpx.AsyncBaseTransport):
    """Gives an access token; every other request fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "secret", "expires_in": 900})
        raise self._error


def _failing(kind: type[Exception]) -> AutoRetouch:
    address = "https://service.example"
    return AutoRetouch(address, address, MemoryTokens("r"), transport=Failing(_instance(kind)))


def test_every_exception_httpx_exports_is_known() -> None:
    exported = {
        value for value in vars(httpx).values() if isinstance(value, type) and issubclass(value, Exception)
    }
    assert {kind for kind in exported if not issubclass(kind, FOREIGN)} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_exception_of_httpx_has_its_meaning(kind: type[Exception]) -> None:
    trouble = trouble_of(_instance(kind), "api.example")
    assert (trouble.reach is Reach.NOWHERE) == (kind.__name__ in NEVER_SENT)
    assert trouble.words


@pytest.mark.parametrize("kind", KINDS)
async def test_no_exception_of_httpx_gets_out_of_a_read(kind: type[Exception]) -> None:
    async with _failing(kind) as service:
        with pytest.raises(ServiceAway):
            await service.balance("o")
        with pytest.raises(ServiceAway):
            await service.download("o", "/image/h/a.png", io.BytesIO().write)


@pytest.mark.parametrize("kind", KINDS)
async def test_create_is_lost_unless_it_was_certainly_never_sent(
    kind: type[Exception], picture: Picture
) -> None:
    async with _failing(kind) as service:
        with pytest.raises(HotfolderError) as caught:
            await service.create(picture.request())
    assert type(caught.value) is (ServiceAway if kind.__name__ in NEVER_SENT else AnswerLost)


async def test_after_a_pool_full_of_ghosts_a_new_one_is_taken() -> None:
    async with _failing(httpx.PoolTimeout) as service:
        before = service._http._client
        with pytest.raises(ServiceAway):
            await service.balance("o")
        assert service._http._client is not before
        assert not before.is_closed
    assert before.is_closed


async def test_calls_that_are_cancelled_at_any_moment_do_not_block_later_ones(
    sandbox: Sandbox, service: AutoRetouch
) -> None:
    await service.check_sign_in()
    for moment in range(150):
        call = asyncio.create_task(service.balance(ORGANIZATION_ID))
        for _ in range(moment % 30):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(service.balance(ORGANIZATION_ID))


async def test_an_answer_without_end_is_not_taken_in(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotfolder.adapters.autoretouch.http.LARGEST_ANSWER_BYTES", 1000)
    async with parrot_service(lambda _: reply("x" * 5000)) as (service, _):
        with pytest.raises(ServiceAway):
            await service.balance("o")
        with pytest.raises(AnswerLost):
            await service.create(picture.request())


async def test_a_refusal_counts_even_if_its_body_is_cut_off(picture: Picture) -> None:
    cut = b"HTTP/1.1 422 Said\r\nContent-Length: 5000\r\n\r\nhalf"
    async with parrot_service(lambda _: cut) as (service, _):
        with pytest.raises(HotfolderError, match="refuses") as caught:
            await service.create(picture.request())
    assert not isinstance(caught.value, AnswerLost)


async def test_loopback_is_reached_directly_whatever_proxy_the_environment_names(
    sandbox: Sandbox, tokens: MemoryTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        await service.balance(ORGANIZATION_ID)


def _elsewhere(proxy: str | None) -> AutoRetouch:
    return AutoRetouch("http://api.example", "http://auth.example", MemoryTokens("r"), proxy)


async def test_the_configured_proxy_is_used() -> None:
    async with parrot_service(lambda _: reply("7")) as (_, proxy):
        proxy.say = lambda heard: (
            reply('{"access_token": "a"}') if heard.path.endswith("/oauth/token") else reply("7")
        )
        async with _elsewhere(proxy.url) as service:
            assert await service.balance("o") == 7
    assert proxy.heard[-1].path == "http://api.example/v1/organization/balance?organization=o"


async def test_without_a_configured_proxy_the_environments_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with parrot_service(lambda _: reply('{"access_token": "a"}')) as (_, proxy):
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        async with _elsewhere(None) as service:
            await service.check_sign_in()
    assert proxy.heard[-1].path == "http://auth.example/oauth/token"


@pytest.mark.parametrize("proxy", ["no address", "gopher://user:secret@proxy", "socks5://user:secret@proxy"])
def test_an_unusable_proxy_is_said_without_repeating_it(proxy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AutoRetouch("https://a.example", "https://b.example", MemoryTokens(), proxy)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["", "api.autoretouch.com", "ftp://a.example", "http://", "https://a:b:c", "http://["]
)
def test_an_unusable_address_is_said(address: str) -> None:
    with pytest.raises(ConfigError, match="api_url"):
        AutoRetouch(address, "https://b.example", MemoryTokens())
    with pytest.raises(ConfigError, match="auth_url"):
        AutoRetouch("https://b.example", address, MemoryTokens())


async def test_an_address_may_end_in_a_slash_or_v1(sandbox: Sandbox, tokens: MemoryTokens) -> None:
    for end in ("/", "/v1", "/v1/"):
        async with AutoRetouch(sandbox.url + end, sandbox.url + "/", tokens) as service:
            await service.balance(ORGANIZATION_ID)


async def test_a_certificate_nobody_vouches_for_is_not_accepted(picture: Picture, tmp_path: Path) -> None:
    async with parrot_service(lambda _: reply("7"), _nobodys_certificate(tmp_path)) as (service, parrot):
        with pytest.raises(ServiceAway, match="certificate"):
            await service.create(picture.request())
    assert parrot.heard == []


def _nobodys_certificate(folder: Path) -> ssl.SSLContext:
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    extension = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [openssl, *command.split(), *files, *extension], check=True, capture_output=True, timeout=60
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
