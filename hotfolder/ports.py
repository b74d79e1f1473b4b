"""What the stages need of the world, as Protocols, and the values that cross them.

The service's answers are kept as small as their use: an `Execution` holds what a decision needs and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from hotfolder.core.config_values import IMAGE_LABEL as IMAGE_LABEL
from hotfolder.core.config_values import SETTINGS_LABEL as SETTINGS_LABEL
from hotfolder.core.execution import Execution as Execution
from hotfolder.core.image import Image
from hotfolder.core.life import Event


@dataclass(frozen=True, slots=True)
class Organization:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """`price`: credits per execution, None when the service does not say."""

    id: str
    name: str
    version: str | None = None
    price: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where the images of a hot folder go: resolved once from the config's ids or names."""

    organization_id: str
    workflow_id: str
    workflow_name: str
    version: str | None
    price: int | None
    current_version: str | None = None
    """The version an execution would run now: the one the config asks for, else the workflow's newest."""
    reachable: frozenset[str] = frozenset()
    """The organizations of the account that is signed in, by id; empty where nobody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One image's bytes, ready to be read from `source` (a seekable binary file at any position)."""

    organization_id: str
    name: str
    content_type: str
    size_bytes: int
    source: BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    target: Target
    name: str
    content_hash: str
    content_type: str
    labels: Mapping[str, str]
    settings: Mapping[str, object] = field(default_factory=dict)
    webhooks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """`total` is the service's count of all entries, None when it does not say."""

    entries: Sequence[Execution]
    total: int | None


class Service(Protocol):
    """AutoRetouch, as the stages speak to it. Every method raises only `errors.HotfolderError`s:
    `TemporaryError` where waiting helps, `AnswerLost` (create and retry only) where the effect is unknown."""

    async def organizations(self) -> list[Organization]: ...

    async def workflows(self, organization_id: str) -> list[Workflow]: ...

    async def balance(self, organization_id: str) -> int: ...

    async def has_image(self, organization_id: str, content_hash: str) -> bool: ...

    async def upload(self, upload: Upload) -> str:
        """The content hash the service computed, 64 lower-case hex digits."""
        ...

    async def create(self, request: ExecutionRequest) -> str:
        """The new execution's id. One call is one charge: never repeated by the adapter itself (I2), except
        after a 401, which is a refusal."""
        ...

    async def execution(self, organization_id: str, execution_id: str) -> Execution | None:
        """None when the service does not know it (404)."""
        ...

    async def executions(self, organization_id: str, workflow_id: str, offset: int) -> ExecutionPage:
        """Up to 50 entries from `offset`; the order is the service's own."""
        ...

    async def retry(self, organization_id: str, execution_id: str) -> None: ...

    async def download(
        self, organization_id: str, service_path: str, write: Callable[[bytes], object]
    ) -> None:
        """Hand the result's bytes to `write`, piece by piece; raises `ResultDamaged` when they end early."""
        ...

    def now(self) -> float | None:
        """The service's clock in epoch seconds, from its answers' `Date`; None while it has told none."""
        ...


class Progress(Protocol):
    """One image on its way through a stage. `image` is always what the ledger holds."""

    @property
    def image(self) -> Image: ...

    async def record(self, event: Event) -> None:
        """Let the event happen to the image and commit it before returning."""
        ...

    def adopt(self, image: Image) -> None:
        """The ledger already holds the image like this (a claimed result path)."""
        ...


class Sources(Protocol):
    """The in folders."""

    async def open_exact(self, image: Image) -> BinaryIO:
        """The bytes that were hashed, as a private copy nobody else can change. Raises `SourceChanged`,
        `SourceVanished`, `FolderAway`, `UnreadableImage`."""
        ...

    async def is_unchanged(self, image: Image) -> bool:
        """Whether the file still has the size and mtime it was hashed with; raises like `open_exact`."""
        ...


class Parcel(Protocol):
    """A result on its way down, kept apart from the out folder until it is whole."""

    def write(self, piece: bytes) -> object:
        """Raises `LedgerUnusable` when the home's disk is full."""
        ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def content_hash(self) -> str:
        """SHA-256 of what was written so far, as hex."""
        ...

    def close(self) -> None: ...


class Results(Protocol):
    """The out folders. All but `parcel` may raise `FolderUnwritable` (the hot folder waits) and `ResultInUse`."""

    async def prove(self, image: Image) -> None:
        """Raise `FolderUnwritable` unless the image's result can be placed, before it is paid for (I11)."""
        ...

    def parcel(self) -> Parcel: ...

    async def is_in_place(self, image: Image) -> bool:
        """Whether the file at the image's claimed `result_path` is its result, byte for byte."""
        ...

    async def find(self, image: Image, extension: str) -> Image | None:
        """The image with the path where its very result stands already, claimed; None where it has to be put there."""
        ...

    async def known(self, image: Image) -> Parcel | None:
        """The image's result without a download: kept since an earlier one, or delivered before; its hash is checked."""
        ...

    async def keep(self, image: Image, parcel: Parcel) -> None:
        """Keep what came down until it is placed, across restarts."""
        ...

    async def let_go(self, image: Image) -> None:
        """The result stands in its place: what was kept is not needed any more."""
        ...

    async def claim(self, image: Image, extension: str) -> Image:
        """The image with the `result_path` reserved for it, durably."""
        ...

    async def place(self, image: Image, parcel: Parcel) -> bool:
        """Put the parcel under `image.result_path`: whole, fsynced, renamed (I3). False when another name is to be claimed:
        a file that is not ours has appeared there (I5), or the file system refused this one."""
        ...


class Purse(Protocol):
    """The account's credits, as far as they are known."""

    async def reserve(self, target: Target) -> bool:
        """Set the price of one new execution aside; raises `OutOfCredits`. False, with nothing set aside, while it is being
        found out whether the service takes payment for this workflow."""
        ...

    async def reserve_again(self, target: Target, image_id: str, *, may_retry: bool) -> bool:
        """The same for this image's unpaid execution, which is to be run again; True only where it `may_retry` now."""
        ...

    def give_back(self, target: Target) -> None:
        """What was set aside was certainly not spent."""
        ...

    def settle(self, target: Target) -> None:
        """The call for which it was set aside is over, however it ended: once for each reservation."""
        ...

    def refused(self, target: Target) -> None:
        """The service wants payment for an execution that seemed to be paid for."""
        ...

    def accepted(self, target: Target, image_id: str) -> None:
        """The service works on this image's execution."""
        ...

    def not_retried(self, target: Target, image_id: str) -> None:
        """The execution of this image was certainly not run again."""
        ...
