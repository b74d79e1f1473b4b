"""The sandbox as the server, and the adapter on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.sandbox import REFRESH_TOKEN, Sandbox
from tests.adapters.autoretouch.tools import Picture, make_picture


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.world.switches.execution_s = 0.0
        yield running


@pytest.fixture
def tokens() -> MemoryTokens:
    return MemoryTokens(REFRESH_TOKEN)


@pytest.fixture
async def service(sandbox: Sandbox, tokens: MemoryTokens) -> AsyncIterator[AutoRetouch]:
    async with AutoRetouch(sandbox.url, sandbox.url, tokens) as running:
        yield running


@pytest.fixture
def picture() -> Picture:
    return make_picture("boot.jpg")
