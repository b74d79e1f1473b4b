"""A photographer's studio: folders, a config, and hotfolder as a process of its own beside a sandbox."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hotfolder.adapters.ledger_file import read_ledger
from hotfolder.core.naming import is_part_name
from hotfolder.core.snapshot import image_facts
from hotfolder.sandbox import REFRESH_TOKEN, Execution, Sandbox, World
from tests.cli.person import NO_DESKTOP
from tests.sandbox.caller import picture

LIMIT_S = 120.0
IMAGE_LABEL = "hotfolder_image_id"


class Studio:
    """One hot folder named Studio, quick to settle, on the sandbox's cheapest workflow."""

    def __init__(self, root: Path, sandbox: Sandbox, **service: str) -> None:
        self.root = root
        self.sandbox = sandbox
        self.inside = root / "in"
        self.outside = root / "out"
        self.home = root / "home"
        self.inside.mkdir(parents=True)
        self.environment = {
            "AUTORETOUCH_REFRESH_TOKEN": REFRESH_TOKEN,
            "AUTORETOUCH_API_URL": sandbox.url,
            "AUTORETOUCH_AUTH_URL": sandbox.url,
            **NO_DESKTOP,
        }
        self.configure(service=service)
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, service: Mapping[str, str] | None = None, **folder: Any) -> None:
        """Write the config; keys given here go into the hot folder."""
        hot_folder = {
            "name": "Studio",
            "in": str(self.inside),
            "out": str(self.outside),
            "workflow": "Fast",
            "settle": "200ms",
            "rescan": "1s",
        }
        quick = {"poll": "100ms", "listing_lag": "1s", **(service or {})}
        text = yaml.safe_dump({"folders": [{**hot_folder, **folder}], "service": quick})
        self.home.mkdir(exist_ok=True)
        (self.home / "config.yaml").write_text(text, encoding="utf-8")

    def drop(self, path: str, seed: int = 0, kind: str = "JPEG") -> Path:
        """Save an image into the in folder."""
        target = self.inside / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture(seed, kind))
        return target

    # --- the program ------------------------------------------------------------------------------

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "hotfolder", "--home", str(self.home), *arguments]

    def call(self, *arguments: str, limit_s: float = LIMIT_S) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )

    def once(self, limit_s: float = LIMIT_S) -> subprocess.CompletedProcess[str]:
        return self.call("run", "--once", limit_s=limit_s)

    def start(self) -> subprocess.Popen[bytes]:
        with (self.root / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                self.command("run"),
                env={**os.environ, **self.environment},
                stdout=output,
                stderr=output,
            )
        return self._process

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(LIMIT_S)
        self._process = None
        return code

    def images(self) -> list[dict[str, Any]]:
        """What `images --json` lists, read here in the test's own process, which spares a second each time."""
        ledger = read_ledger(self.home / "ledger.sqlite")
        if ledger is None:
            return []
        try:
            batches = {batch.id: batch for batch in ledger.batches()}
            return [image_facts(image, batches, ledger.holds()) for image in ledger.images()]
        finally:
            ledger.close()

    def status(self) -> dict[str, Any]:
        answer = self.call("status", "--json")
        assert answer.returncode == 0, answer.stderr
        status: dict[str, Any] = json.loads(answer.stdout)
        return status

    # --- what is there at the end -----------------------------------------------------------------

    def result_paths(self) -> list[Path]:
        """Every file in the out folder that is no part file of ours."""
        files = (path for path in sorted(self.outside.rglob("*")) if not is_part_name(path.name))
        return [path for path in files if path.is_file()]

    def results(self) -> dict[str, bytes]:
        """Their bytes, by their path with `/`."""
        return {path.relative_to(self.outside).as_posix(): path.read_bytes() for path in self.result_paths()}

    def part_files(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if is_part_name(path.name)]

    def sources(self) -> list[Path]:
        return [path for path in sorted(self.inside.rglob("*")) if path.is_file()]

    def executions_of(self, image_id: str) -> list[Execution]:
        return list(self.sandbox.world.executions_labelled(IMAGE_LABEL, image_id))

    def wait_for_results(self, number: int, limit_s: float = LIMIT_S) -> None:
        """Until so many results stand there, and the ledger says so, too."""

        def are_delivered() -> bool:
            there = len(self.result_paths()) >= number
            return there and sum(image["state"] == "delivered" for image in self.images()) >= number

        wait_until(are_delivered, limit_s, self.tail)

    def tail(self) -> str:
        """The end of the log, for the message of a failed test."""
        log = self.home / "logs" / "hotfolder.log"
        return log.read_text(encoding="utf-8")[-3000:] if log.exists() else "no log"

    def assert_once_and_whole(self) -> None:
        """Every source has one execution and one result, byte for byte the service's; and nothing else is there."""
        assert self.part_files() == []
        assert_once_and_whole(self.images(), self.sources(), self.results(), self.sandbox.world, self.tail())


def assert_once_and_whole(
    images: Sequence[Mapping[str, Any]],
    sources: Sequence[Path],
    results: Mapping[str, bytes],
    world: World,
    explanation: str = "",
) -> None:
    """In = out: one image, one execution and one result for each source, byte for byte the service's; nothing else."""
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in sources}
    assert {i["state"] for i in images} <= {"delivered"}, (images, explanation)
    assert len(images) == len(sources), explanation
    assert {i["content_hash"] for i in images} == hashes
    ours = world.executions_by_label(IMAGE_LABEL)
    assert {label: len(found) for label, found in ours.items()} == {i["id"]: 1 for i in images}, explanation
    unknown = dict(results)
    for image in images:
        (execution,) = world.executions_labelled(IMAGE_LABEL, image["id"])
        assert execution.id == image["execution_id"]
        assert unknown.pop(image["result_path"]) == world.result_of(execution)
    assert unknown == {}, "files nobody knows"


def wait_until(condition: Callable[[], bool], limit_s: float, explain: Callable[[], str] = str) -> None:
    """Wait for the condition, with a limit."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"not within {limit_s} s: {explain()}"
        time.sleep(0.02)
