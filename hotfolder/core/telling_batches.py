"""When a batch is finished: none of its images is open any more, and nothing has happened to it for a while.

Then it is asked about (`to_check`), and the ledger's answer (`note_tallies`) says whether it is, and what is told of it.
Only what happened in this life of the program is remembered here. A batch that is first seen with more results than
that, and without an image that was open at the start, was told by an earlier life: the rest is "more".

No clock: every time is an argument, in seconds of one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hotfolder.core.image import Image, State

QUIET_S = 5.0
"""Nothing has happened to a batch for so long: it is asked about."""

LATE_QUIET_S = 60.0
"""The same for a batch that was told already: files that come one by one are told together."""


@dataclass(frozen=True, slots=True)
class BatchKey:
    """`batch_id` None: the images of the hot folder that are in no batch (`batch.per: none`)."""

    folder: str
    batch_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the ledger has of a batch, under its name. Of images in no batch only `open` counts."""

    name: str
    open: int
    delivered: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A batch with no open image any more. `delivered` and `failed` are of the whole batch, or where `is_more` of what
    came after it was told. `broken` counts the files of its subfolders that are no images; `subfolder` is None where
    they come from several."""

    key: BatchKey
    name: str
    delivered: int
    failed: int
    broken: int
    is_more: bool
    subfolder: str | None
    failed_ids: frozenset[str] = frozenset()

    @property
    def need_person(self) -> int:
        return self.failed + self.broken

    def joined_by(self, later: Finished, tally: Tally) -> Finished:
        """It finished again before it was told: one message for both."""
        whole = not self.is_more and self.key.batch_id is not None
        return replace(
            later,
            delivered=tally.delivered if whole else self.delivered + later.delivered,
            failed=tally.failed if whole else self.failed + later.failed,
            broken=self.broken + later.broken,
            is_more=self.is_more,
            subfolder=self.subfolder if self.subfolder == later.subfolder else None,
            failed_ids=self.failed_ids | later.failed_ids,
        )


@dataclass(slots=True)
class _Progress:
    """What happened to a batch since it was told last, in this life."""

    touched_at: float
    is_checked: bool = False
    was_open: bool = False
    """One of its images was open when this life began."""
    delivered: int = 0
    failed: set[str] = field(default_factory=set)
    subfolders: set[str] = field(default_factory=set)


class BatchWatch:
    """The batches that something happened to since they were told."""

    def __init__(self) -> None:
        self._batches: dict[BatchKey, _Progress] = {}
        self._told: set[BatchKey] = set()
        self._fresh: set[str] = set()
        """The open images that came, or were tried again, in this life."""
        self._broken: dict[tuple[str, str], set[str]] = {}
        """Failed images in no batch, by hot folder and subfolder, that no batch has counted yet."""

    def note_new(self, image: Image, now: float) -> None:
        if image.state is State.FAILED:
            self._broken.setdefault((image.folder, image.subfolder), set()).add(image.id)
        else:
            self._fresh.add(image.id)
            self._touch(image, now)

    def note_tried_again(self, failed: Image) -> None:
        self._fresh.add(failed.id)
        self.note_dismissed(failed)

    def note_dismissed(self, failed: Image) -> None:
        """It no longer counts as failed."""
        self._broken.get((failed.folder, failed.subfolder), set()).discard(failed.id)
        progress = self._batches.get(_key(failed))
        if progress is not None:
            progress.failed.discard(failed.id)

    def note_end(self, image: Image, now: float) -> None:
        """An open image is delivered, failed or forgotten."""
        progress = self._touch(image, now)
        if image.id not in self._fresh:
            progress.was_open = True
        self._fresh.discard(image.id)
        if image.state is State.DELIVERED:
            progress.delivered += 1
        elif image.state is State.FAILED:
            progress.failed.add(image.id)

    def _touch(self, image: Image, now: float) -> _Progress:
        progress = self._batches.setdefault(_key(image), _Progress(now))
        progress.touched_at = now
        progress.is_checked = False
        progress.subfolders.add(image.subfolder)
        return progress

    # --- asking -----------------------------------------------------------------------------------

    def to_check(self, now: float, *, last: bool = False) -> list[BatchKey]:
        """The batches whose tallies are wanted. `last`: there is no later, so the quiet time is not waited for."""
        return [key for key, check_at in self._checks() if last or check_at <= now]

    def due_at(self) -> float | None:
        """When `to_check` gives something; None: nothing waits."""
        return min((check_at for _, check_at in self._checks()), default=None)

    def _checks(self) -> Iterator[tuple[BatchKey, float]]:
        for key, progress in self._batches.items():
            if not progress.is_checked:
                yield key, progress.touched_at + (LATE_QUIET_S if key in self._told else QUIET_S)

    def put_off(self, keys: Sequence[BatchKey], now: float) -> None:
        """Unless their tallies are noted first, they are asked about again after the quiet time."""
        for key in keys:
            if key in self._batches:
                self._batches[key].touched_at = now

    def note_tallies(
        self, keys: Sequence[BatchKey], tallies: Mapping[BatchKey, Tally], asked_at: float
    ) -> list[Finished]:
        """The ledger's answer about `keys` (one without a tally is gone): the batches that are finished and have something
        to tell. What was touched since is asked about again."""
        found = []
        for key in keys:
            progress = self._batches.get(key)
            if progress is None or progress.touched_at > asked_at:
                continue
            progress.is_checked = True
            tally = tallies.get(key)
            if tally is not None and tally.open:
                continue
            del self._batches[key]
            finished = self._finished(key, tally, progress) if tally else None
            if finished is not None:
                found.append(finished)
        return found

    def _finished(self, key: BatchKey, tally: Tally, progress: _Progress) -> Finished | None:
        is_loose = key.batch_id is None
        seen = progress.delivered + len(progress.failed)
        told_before = not progress.was_open and tally.delivered + tally.failed > seen
        is_more = not is_loose and (key in self._told or told_before)
        only_seen = is_loose or is_more
        delivered = progress.delivered if only_seen else tally.delivered
        failed = len(progress.failed) if only_seen else tally.failed
        if not delivered and (only_seen or not failed):
            return None
        self._told.add(key)
        broken = [self._broken.pop((key.folder, subfolder), set()) for subfolder in progress.subfolders]
        return Finished(
            key=key,
            name=tally.name,
            delivered=delivered,
            failed=failed,
            broken=sum(map(len, broken)),
            is_more=is_more,
            subfolder=next(iter(progress.subfolders)) if len(progress.subfolders) == 1 else None,
            failed_ids=frozenset(progress.failed).union(*broken),
        )


def _key(image: Image) -> BatchKey:
    return BatchKey(image.folder, image.batch_id)
