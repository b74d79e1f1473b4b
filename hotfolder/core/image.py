"""The image: one source file with one content, and the states of its life (design §2, §3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hotfolder.core.settling import FileStamp


class State(StrEnum):
    """Where an image is. The values are the public words of `images --json` and `status --json`."""

    DETECTED = "detected"
    """Seen by an event or a scan; only in memory, since the next scan would find it again."""
    SETTLING = "settling"
    """Somebody may still be writing it; only in memory, like DETECTED."""
    QUEUED = "queued"
    """Hashed and in the ledger; its bytes have to go up (I1)."""
    UPLOADED = "uploaded"
    """The service has the bytes; no execution was asked for, or it is certain that none was made."""
    REQUESTED = "requested"
    """The intent to create an execution is durable; whether one exists is unknown until looked up (I2)."""
    PROCESSING = "processing"
    """The execution is known and being worked on."""
    IN_QA = "in_qa"
    """A person at the service checks it: hours, perhaps days."""
    HELD = "held"
    """Its execution waits for credits (PAYMENT_REQUIRED)."""
    RETRYING = "retrying"
    """The intent to retry the execution is durable; whether the service ran it again is unknown (I2)."""
    FINISHED = "finished"
    """The service says COMPLETED; the result is to be downloaded."""
    DELIVERED = "delivered"
    """The result stands whole and checked in the out folder (I3)."""
    FAILED = "failed"
    """Cannot be done without a person; has a reason and an advice."""
    IGNORED = "ignored"
    """Not sent, with a reason, unless a person asks for it: its bytes came from AutoRetouch."""
    DISMISSED = "dismissed"
    """Had failed or was ignored, and a person is done with it: still listed, and nobody's problem any more."""
    FORGOTTEN = "forgotten"
    """Vanished or changed before anything was paid: its row is dropped."""

    @property
    def is_final(self) -> bool:
        """Nothing more happens by itself."""
        return self in _FINAL


_FINAL = frozenset({State.DELIVERED, State.FAILED, State.IGNORED, State.DISMISSED, State.FORGOTTEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One row of the ledger. Times ending in `_at` or `_since` are seconds since the epoch, UTC.

    `wake_at` is when its next step is due (0: at once); `attempts` counts the tries of the present step,
    `looks` the complete look-ups that did not find its execution, `retries` the `retry` calls made.
    `requested_at` is the earlier of the service's clock and our own, since it is compared with the list's times (None: the
    service had told none).
    Organization, workflow, its version and the digest of the settings say what it was sent to (None: not sent yet);
    `repeat_of` is the image whose result it shares, `insisted` that a person wants it sent whatever its bytes are.
    """

    id: str
    folder: str
    path: str
    content_hash: str
    size_bytes: int
    mtime_ns: int
    content_type: str
    detected_at: float
    state: State = State.QUEUED
    state_since: float = 0.0
    wake_at: float = 0.0
    attempts: int = 0
    looks: int = 0
    retries: int = 0
    batch_id: str | None = None
    execution_id: str | None = None
    requested_at: float | None = None
    seen_finished_at: str | None = None
    service_path: str | None = None
    result_hash: str | None = None
    result_type: str | None = None
    result_name: str | None = None
    result_path: str | None = None
    credits: int | None = None
    reason: str = ""
    advice: str = ""
    note: str = ""
    delivered_at: float | None = None
    organization_id: str | None = None
    workflow_id: str | None = None
    workflow_version: str | None = None
    settings_digest: str | None = None
    repeat_of: str | None = None
    insisted: bool = False
    ctime_ns: int | None = None
    inode: int | None = None

    @property
    def stamp(self) -> FileStamp:
        """Of its file when it was hashed."""
        return FileStamp(self.size_bytes, self.mtime_ns, self.ctime_ns, self.inode)

    @property
    def may_be_paid(self) -> bool:
        """Money may have been spent on it: it is never forgotten and never created again unseen."""
        return self.execution_id is not None or self.state in (State.REQUESTED, State.RETRYING)

    @property
    def subfolder(self) -> str:
        """The folder below the in folder, with `/`; empty for the in folder itself."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]
