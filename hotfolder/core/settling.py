"""When is nobody writing a file any more?

Size and modification time have to stay the same for the quiet time, seen by at least two looks. A
"writer closed it" or "moved in" event shortens the wait and never ends it: programs write, close, open again
and write on. A file that looks cut off goes on settling for a grace time before it is given up as broken.

Pure: every time is an argument, in seconds of one monotonic clock. The order of use is *look, then hint*:
on an event, `observe` with a fresh stamp first, then `hint`, so that what was written before the close is
already in the stamp.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

SHORTEST_CLOSED_WAIT_S = 0.3
"""Even a closed file waits this long (or the quiet time, if that is shorter)."""

SHORTEST_GRACE_S = 2.0
SHORTEST_RECHECK_S = 0.5

LONGEST_WRITER_S = 600.0
"""A program that keeps an unchanged file open for writing is waited for so long: it will not write it any more."""

MOST_WOBBLES = 5
"""Some file systems tell another change time or inode at every look: after so many looks neither is heeded."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """The one value that answers "changed?". Two stamps are equal if size and modification time are; those can be
    alike though the bytes are not, so change time and inode tell whether it is worth a look at the bytes. None: not
    known."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int | None = field(default=None, compare=False)
    inode: int | None = field(default=None, compare=False)

    def agrees_with(self, other: FileStamp | None) -> bool:
        """Whether nothing at all tells them apart; what is not known is taken for alike."""
        return (
            self == other
            and _may_be_alike(self.ctime_ns, other.ctime_ns)
            and _may_be_alike(self.inode, other.inode)
        )


def _may_be_alike(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file on its way to being settled. `path` is relative to the in folder, with `/`."""

    path: str
    stamp: FileStamp | None
    """None: not there at the last look."""
    first_seen: float
    quiet_since: float
    """Of the last change, or of the last event that named it."""
    looked_at: float
    looks: int = 1
    """Looks in a row that saw this stamp."""
    closed: bool = False
    """A close-write or moved-in event came after the last change."""
    complaints: int = 0
    """How often the image check called this stamp incomplete."""
    written_since: float | None = None
    """Since when a program has had this stamp open for writing."""
    wobbles: int = 0
    """How often only change time or inode differed."""


def detect(path: str, stamp: FileStamp | None, now: float) -> Candidate:
    """The first look."""
    return Candidate(path=path, stamp=stamp, first_seen=now, quiet_since=now, looked_at=now)


def observe(candidate: Candidate, stamp: FileStamp | None, now: float) -> Candidate:
    """Another look; a changed stamp starts the quiet time anew."""
    if is_alike(candidate, stamp):
        return replace(candidate, stamp=stamp, looked_at=now, looks=candidate.looks + 1)
    return replace(
        candidate,
        stamp=stamp,
        quiet_since=now,
        looked_at=now,
        looks=1,
        closed=False,
        complaints=0,
        written_since=None,
        wobbles=candidate.wobbles + 1 if stamp == candidate.stamp else 0,
    )


def is_alike(candidate: Candidate, stamp: FileStamp | None) -> bool:
    """Whether the file is as it was at the last look."""
    if stamp is None or candidate.stamp is None or candidate.wobbles >= MOST_WOBBLES:
        return stamp == candidate.stamp
    return stamp.agrees_with(candidate.stamp)


def hint(candidate: Candidate, closed: bool, now: float) -> Candidate:
    """An event named the file: the quiet time starts anew, as a rewrite may leave size and mtime alike."""
    return replace(candidate, quiet_since=now, closed=closed, complaints=0)


def complain(candidate: Candidate) -> Candidate:
    """The image check found this stamp incomplete (or empty): look again later, up to the grace time."""
    return replace(candidate, complaints=candidate.complaints + 1)


def wait_for_writer(candidate: Candidate, now: float) -> Candidate:
    """A program has the file open for writing: the quiet time starts anew, as long as it has."""
    since = now if candidate.written_since is None else candidate.written_since
    return replace(candidate, quiet_since=now, closed=False, complaints=0, written_since=since)


def is_worth_waiting_for_writer(candidate: Candidate, now: float) -> bool:
    since = candidate.written_since
    return since is None or now - since < LONGEST_WRITER_S


def grace_s(quiet_s: float) -> float:
    """Seconds without a change after which an incomplete file is given up as broken."""
    return max(5 * quiet_s, SHORTEST_GRACE_S)


def settles_at(candidate: Candidate, quiet_s: float) -> float:
    """When the next look is worth it: the earliest moment at which the file can count as settled."""
    wait_s = quiet_s
    if candidate.closed:
        wait_s = min(quiet_s, max(SHORTEST_CLOSED_WAIT_S, quiet_s / 4))
    if candidate.complaints:
        wait_s = min(wait_s + candidate.complaints * max(quiet_s, SHORTEST_RECHECK_S), grace_s(quiet_s))
    return candidate.quiet_since + wait_s


def is_settled(candidate: Candidate, quiet_s: float) -> bool:
    """Whether the *last look* was late enough: there, seen twice alike, and at or after `settles_at`."""
    return (
        candidate.stamp is not None
        and candidate.looks >= 2
        and candidate.looked_at >= settles_at(candidate, quiet_s)
    )


def is_given_up(candidate: Candidate, quiet_s: float) -> bool:
    """Whether a file that is still incomplete at the last look has used up its grace time."""
    return candidate.complaints > 0 and candidate.looked_at >= candidate.quiet_since + grace_s(quiet_s)
