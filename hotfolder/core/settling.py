"""When is nobody writing a file any more?

Size and modification time have to stay the same for the quiet time, seen by at least two looks. A
"writer closed it" or "moved in" event shortens the wait and never ends it: programs write, close, open again
and write on. A file that looks cut off goes on settling for a grace time before it is given up as broken.

Pure: every time is an argument, in seconds of one monotonic clock. The order of use is *look, then hint*:
on an event, `observe` with a fresh stamp first, then `hint`, so that what was written before the close is
already in the stamp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

SHORTEST_CLOSED_WAIT_S = 0.3
"""Even a closed file waits this long (or the quiet time, if that is shorter)."""

SHORTEST_GRACE_S = 2.0
SHORTEST_RECHECK_S = 0.5


@dataclass(frozen=True, slots=True)
class FileStamp:
    """The one value that answers "changed?"."""

    size_bytes: int
    mtime_ns: int


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


def detect(path: str, stamp: FileStamp | None, now: float) -> Candidate:
    """The first look."""
    return Candidate(path=path, stamp=stamp, first_seen=now, quiet_since=now, looked_at=now)


def observe(candidate: Candidate, stamp: FileStamp | None, now: float) -> Candidate:
    """Another look; a changed stamp starts the quiet time anew."""
    if stamp == candidate.stamp:
        return replace(candidate, looked_at=now, looks=candidate.looks + 1)
    return replace(
        candidate, stamp=stamp, quiet_since=now, looked_at=now, looks=1, closed=False, complaints=0
    )


def hint(candidate: Candidate, closed: bool, now: float) -> Candidate:
    """An event named the file: the quiet time starts anew, as a rewrite may leave size and mtime alike."""
    return replace(candidate, quiet_since=now, closed=closed, complaints=0)


def complain(candidate: Candidate) -> Candidate:
    """The image check found this stamp incomplete (or empty): look again later, up to the grace time."""
    return replace(candidate, complaints=candidate.complaints + 1)


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
