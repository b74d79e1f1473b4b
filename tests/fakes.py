"""What the tests of core, stages and pipeline share: an image to begin with, a hand-turned clock, and small second
implementations of the Protocols in `hotfolder.ports`. All that happens is written into one list, in its order."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from hotfolder.core.image import Image, State
from hotfolder.core.life import Event, step
from hotfolder.core.repeats import Remembered
from hotfolder.errors import HotfolderError
from hotfolder.pipeline.surroundings import Surroundings
from hotfolder.ports import (
    Execution,
    ExecutionPage,
    ExecutionRequest,
    Organization,
    Parcel,
    Target,
    Upload,
    Workflow,
)

NOW = 1_800_000_000.0
CONTENT = b"the bytes of boot.jpg"
RESULT = b"the bytes of the result"
TARGET = Target("org-1", "flow-1", "Fast", None, 10)


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def an_image(state: State = State.QUEUED, **changes: Any) -> Image:
    """An image of the hot folder "Packshots"; those states that need an execution have one."""
    facts: dict[str, Any] = {
        "id": "image-1",
        "folder": "Packshots",
        "path": "Boots 224/boot.jpg",
        "content_hash": hash_of(CONTENT),
        "size_bytes": len(CONTENT),
        "mtime_ns": 1_700_000_000_000_000_000,
        "content_type": "image/jpeg",
        "detected_at": NOW - 60.0,
        "state": state,
        "state_since": NOW - 50.0,
    }
    if state in _WITH_EXECUTION:
        facts["execution_id"] = "execution-1"
    return Image(**{**facts, **changes})


_WITH_EXECUTION = frozenset(
    {State.PROCESSING, State.IN_QA, State.HELD, State.RETRYING, State.FINISHED, State.DELIVERED}
)


def an_execution(status: str = "ACTIVE", **changes: Any) -> Execution:
    return replace(Execution(id="execution-1", status=status, created_at=NOW), **changes)


def a_completed_execution(result: bytes = RESULT, **changes: Any) -> Execution:
    facts: dict[str, Any] = {
        "finished_at": "2027-01-15T08:00:00Z",
        "result_path": f"/image/{hash_of(result)}/boot.png",
        "result_hash": hash_of(result),
        "result_type": "image/png",
        "result_name": "boot.png",
        "credits": 10,
    }
    return an_execution("COMPLETED", **{**facts, **changes})


@dataclass
class HandClock:
    """Stands still until it is turned."""

    now: float = NOW
    jitter: float = 0.5

    def turn(self, seconds: float) -> None:
        self.now += seconds

    @property
    def surroundings(self) -> Surroundings:
        return Surroundings(lambda: self.now, lambda: self.now, lambda: self.jitter)


@dataclass
class Diary:
    """What happened, in order: events as their class names, calls as words."""

    lines: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        self.lines.append(line)


class PlainProgress:
    """Implements `ports.Progress` without a ledger: every event goes through the table."""

    def __init__(self, image: Image, diary: Diary | None = None, now: float = NOW) -> None:
        self.image = image
        self.events: list[Event] = []
        self._diary = diary or Diary()
        self._now = now

    async def record(self, event: Event) -> None:
        self.image, _ = step(self.image, event, self._now)
        self.events.append(event)
        self._diary.note(type(event).__name__)

    def adopt(self, image: Image) -> None:
        self.image = image


@dataclass
class FakeService:
    """Implements `ports.Service`. `trouble` is raised by the call of that name, before it has any
    effect."""

    diary: Diary = field(default_factory=Diary)
    trouble: dict[str, Exception] = field(default_factory=dict)
    executions_known: dict[str, Execution] = field(default_factory=dict)
    uploaded: set[str] = field(default_factory=set)
    received_hash: str | None = None
    results: dict[str, bytes] = field(default_factory=dict)
    clock: float | None = NOW
    credits: int = 1000
    requests: list[ExecutionRequest] = field(default_factory=list)
    pages: Callable[[int], ExecutionPage] | None = None

    def _heard(self, call: str) -> None:
        self.diary.note(call)
        if call in self.trouble:
            raise self.trouble[call]

    async def organizations(self) -> list[Organization]:
        self._heard("organizations")
        return [Organization("org-1", "Studio")]

    async def workflows(self, organization_id: str) -> list[Workflow]:
        self._heard("workflows")
        return [Workflow("flow-1", "Fast", None, 10)]

    async def balance(self, organization_id: str) -> int:
        self._heard("balance")
        return self.credits

    async def has_image(self, organization_id: str, content_hash: str) -> bool:
        self._heard("has_image")
        return content_hash in self.uploaded

    async def upload(self, upload: Upload) -> str:
        self._heard("upload")
        content = upload.source.read()
        assert len(content) == upload.size_bytes
        self.uploaded.add(hash_of(content))
        return self.received_hash or hash_of(content)

    async def create(self, request: ExecutionRequest) -> str:
        self._heard("create")
        self.requests.append(request)
        execution_id = f"execution-{len(self.requests)}"
        self.executions_known[execution_id] = Execution(
            id=execution_id, status="CREATED", created_at=self.clock, labels=request.labels
        )
        return execution_id

    async def execution(self, organization_id: str, execution_id: str) -> Execution | None:
        self._heard("execution")
        return self.executions_known.get(execution_id)

    async def executions(self, organization_id: str, workflow_id: str, offset: int) -> ExecutionPage:
        self._heard("executions")
        if self.pages is not None:
            return self.pages(offset)
        entries = list(reversed(self.executions_known.values()))
        return ExecutionPage(entries[offset : offset + 50], len(entries))

    async def retry(self, organization_id: str, execution_id: str) -> None:
        self._heard("retry")

    async def download(
        self, organization_id: str, service_path: str, write: Callable[[bytes], object]
    ) -> None:
        self._heard("download")
        result = self.results[service_path]
        for start in range(0, len(result), 5):
            write(result[start : start + 5])

    def now(self) -> float | None:
        return self.clock


@dataclass
class FakeSources:
    """Implements `ports.Sources`: every file holds `content`."""

    diary: Diary = field(default_factory=Diary)
    content: bytes = CONTENT
    unchanged: bool = True
    trouble: HotfolderError | None = None
    opened: list[BinaryIO] = field(default_factory=list)

    async def open_exact(self, image: Image) -> BinaryIO:
        self.diary.note("open_exact")
        if self.trouble is not None:
            raise self.trouble
        self.opened.append(io.BytesIO(self.content))
        return self.opened[-1]

    async def is_unchanged(self, image: Image) -> bool:
        self.diary.note("is_unchanged")
        if self.trouble is not None:
            raise self.trouble
        return self.unchanged


class MemoryParcel:
    """Implements `ports.Parcel`."""

    def __init__(self) -> None:
        self.content = b""
        self.closed = False

    def write(self, piece: bytes) -> None:
        self.content += piece

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    @property
    def content_hash(self) -> str:
        return hash_of(self.content)

    def close(self) -> None:
        self.closed = True


@dataclass
class MemoryResults:
    """Implements `ports.Results`: a dictionary for an out folder. `intruders`: so often a foreign file appears under
    the claimed name in the last moment."""

    diary: Diary = field(default_factory=Diary)
    files: dict[str, bytes] = field(default_factory=dict)
    trouble: dict[str, HotfolderError] = field(default_factory=dict)
    intruders: int = 0
    parcels: list[MemoryParcel] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    claims: int = 0

    async def prove(self, image: Image) -> None:
        self._heard("prove")

    def parcel(self) -> MemoryParcel:
        self.parcels.append(MemoryParcel())
        return self.parcels[-1]

    async def is_in_place(self, image: Image) -> bool:
        content = self.files.get(image.result_path or "")
        return content is not None and hash_of(content) == image.result_hash

    async def find(self, image: Image, extension: str) -> Image | None:
        path = f"{image.path.rpartition('.')[0]}.{extension}"
        content = self.files.get(path)
        is_ours = content is not None and hash_of(content) == image.result_hash
        return replace(image, result_path=path) if is_ours else None

    async def known(self, image: Image) -> MemoryParcel | None:
        content = self.kept.get(image.id)
        if content is None or image.result_hash not in (None, hash_of(content)):
            return None
        self.parcel().write(content)
        return self.parcels[-1]

    async def keep(self, image: Image, parcel: Parcel) -> None:
        self.diary.note("keep")
        assert isinstance(parcel, MemoryParcel)
        self.kept[image.id] = parcel.content

    async def let_go(self, image: Image) -> None:
        self.kept.pop(image.id, None)

    async def claim(self, image: Image, extension: str) -> Image:
        self._heard("claim")
        self.claims += 1
        stem = image.path.rpartition(".")[0]
        number = f" ({self.claims})" if self.claims > 1 else ""
        return replace(image, result_path=f"{stem}{number}.{extension}")

    async def place(self, image: Image, parcel: Parcel) -> bool:
        self._heard("place")
        assert isinstance(parcel, MemoryParcel)
        if self.intruders:
            self.intruders -= 1
            return False
        self.files[image.result_path or ""] = parcel.content
        return True

    def _heard(self, call: str) -> None:
        self.diary.note(call)
        if call in self.trouble:
            raise self.trouble[call]


@dataclass
class FakePurse:
    """Implements `ports.Purse`."""

    diary: Diary = field(default_factory=Diary)
    credits: int = 1000
    trouble: HotfolderError | None = None

    is_trying: bool = False

    async def reserve(self, target: Target) -> bool:
        self.diary.note("reserve")
        if self.trouble is not None:
            raise self.trouble
        self.credits -= 0 if self.is_trying else target.price or 0
        return not self.is_trying

    async def reserve_again(self, target: Target, image_id: str, *, may_retry: bool) -> bool:
        return await self.reserve(target) if may_retry or self.trouble else False

    def give_back(self, target: Target) -> None:
        self.diary.note("give_back")
        self.credits += target.price or 0

    def settle(self, target: Target) -> None: ...

    def refused(self, target: Target) -> None:
        self.diary.note("refused")

    def accepted(self, target: Target, image_id: str) -> None: ...

    def not_retried(self, target: Target, image_id: str) -> None: ...


def pages_of(entries: Sequence[Execution], size: int = 50) -> Callable[[int], ExecutionPage]:
    """The list of executions as it is, in pages."""
    return lambda offset: ExecutionPage(entries[offset : offset + size], len(entries))


def a_remembered(**changes: Any) -> Remembered:
    """An execution of these bytes as the service's list tells of it."""
    facts: dict[str, Any] = {
        "execution_id": "execution-1",
        "organization_id": "org-1",
        "workflow_id": "flow-1",
        "workflow_version": None,
        "settings_digest": None,
        "image_id": "image of another life",
        "content_hash": hash_of(CONTENT),
        "input_name": "boot.jpg",
        "status": "COMPLETED",
        "created_at": NOW - 3600.0,
        "batch_name": None,
        "service_path": f"/image/{hash_of(RESULT)}/boot.png",
        "result_hash": hash_of(RESULT),
        "result_type": "image/png",
        "result_name": "boot.png",
        "credits": 10,
    }
    return Remembered(**{**facts, **changes})
