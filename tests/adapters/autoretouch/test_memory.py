"""A large image passes through; it is never held in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hotfolder.sandbox import Sandbox
from tests.adapters.autoretouch.tools import make_picture

SIZE_BYTES = 300_000_000
MOST_GROWTH_BYTES = 40_000_000

TRANSFER = """
import asyncio, hashlib, resource, sys
from pathlib import Path
from hotfolder.adapters.autoretouch import AutoRetouch
from hotfolder.adapters.token_store import MemoryTokens
from hotfolder.ports import Upload
from hotfolder.sandbox import ORGANIZATION_ID, REFRESH_TOKEN

def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

async def main(url, path):
    async with AutoRetouch(url, url, MemoryTokens(REFRESH_TOKEN)) as service:
        await service.balance(ORGANIZATION_ID)
        before = peak_bytes()
        with path.open("rb") as file:
            upload = Upload(organization_id=ORGANIZATION_ID, name="large.jpg", content_type="image/jpeg",
                            size_bytes=path.stat().st_size, source=file)
            content_hash = await service.upload(upload)
        result, sizes = hashlib.sha256(), []
        await service.download(ORGANIZATION_ID, f"/image/{content_hash}/large.jpg",
                               lambda piece: (result.update(piece), sizes.append(len(piece))))
        assert result.hexdigest() == content_hash
        assert sum(sizes) == path.stat().st_size
        print(peak_bytes() - before)

asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no `resource` to measure with")
def test_memory_stays_flat_for_a_large_upload_and_download(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(make_picture("large.jpg").data)
    with path.open("r+b") as file:
        file.truncate(SIZE_BYTES)
    run = subprocess.run(
        [sys.executable, "-c", TRANSFER, sandbox.url, str(path)], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < MOST_GROWTH_BYTES
