"""The sandbox as a process of its own, as `hotfolder sandbox` runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from hotfolder.sandbox import PACKSHOT_ID, REFRESH_TOKEN, Sandbox

SERVE = (
    "from hotfolder.sandbox import Sandbox; Sandbox().serve_forever(lambda banner: print(banner, flush=True))"
)


def test_it_serves_until_a_signal_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            assert httpx.get(f"{found[0]}/health", timeout=20, trust_env=False).status_code == 200
        finally:
            process.terminate()
        process.stdout.read()
    if sys.platform != "win32":  # where terminate is no signal
        assert process.returncode == 0
        assert list(tmp_path.iterdir()) == []


def test_the_banner_names_what_one_needs(sandbox: Sandbox) -> None:
    banner = sandbox.banner()
    for needed in (sandbox.url, REFRESH_TOKEN, "Sandbox Studio", "Packshot", PACKSHOT_ID, "/sandbox/state"):
        assert needed in banner


def test_a_running_sandbox_says_so() -> None:
    sandbox = Sandbox()
    said = [sandbox.is_running]
    with sandbox:
        said.append(sandbox.is_running)
    assert [*said, sandbox.is_running] == [False, True, False]
