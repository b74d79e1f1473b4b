"""Whatever stands in the environment about proxies: hotfolder starts, and uses what can be used."""

from __future__ import annotations

import logging
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.adapters.autoretouch import AutoRetouch, DeviceSignIn
from hotfolder.adapters.autoretouch.proxies import Address, Proxies, exception_in, is_this_computer
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.sandbox import ORGANIZATION_ID, Sandbox
from tests.adapters.autoretouch.tools import Parrot, parrot_service, reply

ODD_EXCEPTIONS = [
    "[::1]",
    "[::1]:8080",
    "::1",
    "[::1",
    "]",
    "fd00::/8",
    "10.0.0.0/8",
    "10.0.0.0/99",
    "*",
    "*.studio.lan",
    ".studio.lan",
    "studio.lan:8080",
    "studio.lan:*",
    "studio.lan:port",
    "http://studio.lan",
    "http://[::1]:99999/",
    "",
    " ",
    ", ,,",
    "a b\tc;d",
    "<local>",
    "192.168.*",
    "ü.example",
    "%",
    "user:secret@studio.lan",
    "localhost,127.0.0.0/8,::1,[::1]",
]
UNUSABLE = [
    "socks://127.0.0.1:9",
    "socks5://user:secret@127.0.0.1:9",
    "socks4://127.0.0.1:9",
    "gopher://user:secret@proxy",
    "http://",
    "http://:3128",
    "http://proxy:port",
    "http://proxy:99999",
    "http://user:sec#ret@proxy:3128",
    "http://[::1",
    "http://[::1]x:9",
    "http://..:3128",
    "no address",
    "://",
    "http://pro\txy",
]


@pytest.fixture(autouse=True)
def _no_proxy_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def _elsewhere() -> AutoRetouch:
    return AutoRetouch("http://api.example", "http://auth.example", MemoryTokens("r"))


async def _is_used(proxy: Parrot) -> bool:
    """Whether the sign-in goes through the proxy."""
    proxy.heard.clear()
    proxy.say = lambda _: reply('{"access_token": "a"}')
    async with _elsewhere() as service:
        await service.check_sign_in()
    return [heard.path for heard in proxy.heard] == ["http://auth.example/oauth/token"]


@pytest.mark.parametrize("exceptions", ODD_EXCEPTIONS)
async def test_no_entry_of_no_proxy_keeps_anything_from_starting(
    sandbox: Sandbox, tokens: MemoryTokens, monkeypatch: pytest.MonkeyPatch, exceptions: str
) -> None:
    monkeypatch.setenv("NO_PROXY", exceptions)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        await service.balance(ORGANIZATION_ID)
    async with DeviceSignIn(sandbox.url) as device:
        assert await device.begin()


@pytest.mark.parametrize("unusable", UNUSABLE)
async def test_a_proxy_that_cannot_be_used_is_left_out_and_the_good_one_beside_it_is_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, unusable: str
) -> None:
    async with parrot_service(lambda _: None) as (_, proxy):
        monkeypatch.setenv("all_proxy", unusable)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await _is_used(proxy)
        monkeypatch.setenv("http_proxy", unusable)
        monkeypatch.setenv("all_proxy", proxy.url)
        assert await _is_used(proxy)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [line.split()[0] for line in said] == ["all_proxy", "http_proxy"]
    assert "secret" not in caplog.text


@pytest.mark.parametrize("unusable", UNUSABLE)
async def test_with_no_usable_proxy_at_all_it_goes_directly(
    sandbox: Sandbox, tokens: MemoryTokens, monkeypatch: pytest.MonkeyPatch, unusable: str
) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, unusable)
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as service:
        await service.balance(ORGANIZATION_ID)


async def test_a_proxy_may_be_written_without_http_and_in_capital_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with parrot_service(lambda _: None) as (_, proxy):
        monkeypatch.setenv("HTTP_PROXY", f" {proxy.url.removeprefix('http://')} ")
        assert await _is_used(proxy)


async def test_an_exception_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    async with parrot_service(lambda _: None) as (_, proxy):
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "[::1],other.example")
        assert await _is_used(proxy)


@pytest.mark.parametrize(
    ("entry", "met", "not_met"),
    [
        ("*", ["a.example", "10.1.2.3", "fd00::1"], []),
        ("studio.lan", ["studio.lan", "api.studio.lan", "studio.lan."], ["mystudio.lan", "lan"]),
        (".studio.lan", ["studio.lan", "api.studio.lan"], ["mystudio.lan"]),
        ("*.Studio.LAN", ["api.studio.lan"], ["mystudio.lan"]),
        ("10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "10.example"]),
        ("192.168.*", ["192.168.3.4"], ["192.169.3.4"]),
        ("[fd00::1]", ["fd00::1"], ["fd00::2"]),
        ("fd00::/8", ["fd12::1"], ["fe80::1"]),
        ("http://studio.lan", ["studio.lan"], ["other.lan"]),
    ],
)
def test_what_an_entry_of_no_proxy_means(entry: str, met: list[str], not_met: list[str]) -> None:
    exception = exception_in(entry)
    assert exception is not None
    assert [host for host in met if not exception.meets(Address("http", host))] == []
    assert [host for host in not_met if exception.meets(Address("http", host))] == []


def test_a_port_or_a_scheme_in_an_entry_is_minded() -> None:
    with_port, with_scheme = exception_in("studio.lan:443"), exception_in("https://studio.lan")
    assert with_port is not None
    assert with_scheme is not None
    assert with_port.meets(Address("https", "studio.lan"))
    assert not with_port.meets(Address("http", "studio.lan", 8080))
    assert not with_scheme.meets(Address("http", "studio.lan"))


@given(st.text())
def test_any_text_is_an_exception_or_none(text: str) -> None:
    exception = exception_in(text)
    if exception is not None:
        exception.meets(Address("https", "api.example", 443))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "a.localhost", "127.3.2.1", "::1", "::ffff:127.0.0.1"]
)
def test_this_computer_is_never_reached_through_a_proxy(host: str) -> None:
    assert is_this_computer(host)
    assert Proxies({"http": "http://proxy"}).proxy_for(Address("http", host)) is None
