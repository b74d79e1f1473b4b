"""What is told to the person, and when: one message for each finished batch, one when something needs the person, and
never a flood.

What finishes at the very end of a life of the program, after the last `take`, is not told by the next one; nothing else gets
lost, and nothing is told twice. No clock: every time is an argument, in seconds of one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hotfolder.core.config import Notifications
from hotfolder.core.desktop_words import for_desktop
from hotfolder.core.glance import Action
from hotfolder.core.holds import Hold
from hotfolder.core.image import Image, State
from hotfolder.core.telling_batches import BatchKey, BatchWatch, Finished, Tally
from hotfolder.core.telling_holds import HoldWatch
from hotfolder.core.telling_ration import Limits, Ration
from hotfolder.core.telling_words import (
    Notification,
    NotSentNews,
    Places,
    batches_told,
    deliveries_told,
    failures_told,
    hold_key,
    holds_told,
    not_sent_key,
    not_sent_told,
    problem_key,
)

PROBLEM_AGAIN_S = 1800.0
"""The same words about a problem are not said again within this time."""

BATCHES = Limits(burst=4, window_s=3600.0, spacing_s=600.0, calm_s=20.0, longest_s=120.0)
FAILURES = Limits(burst=2, window_s=900.0, spacing_s=600.0, calm_s=30.0, longest_s=90.0, singly=False)
"""Calm for longer than a batch takes to be told, so that it tells what failed in it, and nothing else does."""

DELIVERIES = Limits(burst=4, window_s=600.0, spacing_s=60.0, calm_s=20.0, longest_s=60.0)
NOT_SENT = Limits(burst=3, window_s=600.0, spacing_s=60.0, calm_s=5.0, longest_s=30.0, singly=False)
"""Calm for as long as a drop may take to come in, so that the numbers are true."""

PROBLEMS = Limits(burst=3, window_s=600.0, spacing_s=60.0, calm_s=0.0, longest_s=0.0)


class Telling:
    """Everything that is to be told. `started_at`: epoch seconds, to know the holds of an earlier life."""

    def __init__(self, started_at: float) -> None:
        self._batches = BatchWatch()
        self._holds = HoldWatch(started_at)
        self._finished: Ration[Finished] = Ration(BATCHES)
        self._failures: Ration[Image] = Ration(FAILURES)
        self._deliveries: Ration[Image] = Ration(DELIVERIES)
        self._problems: Ration[Notification] = Ration(PROBLEMS)
        self._not_sent: Ration[NotSentNews] = Ration(NOT_SENT)
        self._said_at: dict[Notification, float] = {}
        self._on_screen: dict[str, set[str]] = {}
        """By the key of a message: the failed images, or the kinds not sent, that it told and that are still there."""
        self._over: list[str] = []

    # --- what happens -----------------------------------------------------------------------------

    def note_new(self, image: Image, now: float) -> None:
        self._batches.note_new(image, now)
        if image.state is State.FAILED:
            self._failures.offer(image.id, image, now)

    def note_change(self, before: Image, after: Image, now: float) -> None:
        if before.state is after.state:
            return
        if after.state is State.DISMISSED:
            self._batches.note_dismissed(before)
            self._failures.withdraw(before.id)
            return
        if before.state is State.FAILED:
            self._batches.note_tried_again(before)
            self._failures.withdraw(before.id)
            self._forget_cause(before.id)
        if after.state.is_final:
            self._batches.note_end(after, now)
        if after.state is State.DELIVERED:
            self._deliveries.offer(after.id, after, now)
        elif after.state is State.FAILED:
            self._failures.offer(after.id, after, now)

    def note_holds(self, holds: Sequence[Hold], now: float) -> None:
        """All that is held now."""
        self._holds.note(holds, now)

    def note_problem(self, title: str, text: str, now: float, action: Action | None = None) -> None:
        """Something else that needs the person, as a broken config.yaml. A newer one of that title takes its place."""
        said = for_desktop(title).strip() or "hotfolder needs you"
        told = Notification(said, for_desktop(text), action=action, key=problem_key(title))
        if now >= self._said_at.get(told, -PROBLEM_AGAIN_S) + PROBLEM_AGAIN_S:
            self._problems.offer(title, told, now)

    def note_not_sent(self, news: NotSentNews, now: float) -> None:
        """What is not sent of a hot folder has changed. Told are kinds that were not met there before; numbers alone are
        only brought up to date as long as they wait to be told."""
        waiting = self._not_sent.waiting(news.folder)
        new = news.new | (waiting.new if waiting else frozenset())
        there = frozenset(group for group in new if news.groups.get(group))
        for group in self._on_screen.get(not_sent_key(news.folder), set()) - {
            g for g in news.groups if news.groups[g]
        }:
            self._forget_cause(group, not_sent_key(news.folder))
        if there:
            self._not_sent.offer(news.folder, replace(news, new=there), now)
        else:
            self._not_sent.withdraw(news.folder)

    def note_no_problem(self, title: str) -> None:
        """What `note_problem` told under that title is mended."""
        self._problems.withdraw(title)
        if any(told.key == problem_key(title) for told in self._said_at):
            self._over.append(problem_key(title))
            self._said_at = {t: at for t, at in self._said_at.items() if t.key != problem_key(title)}

    def _forget_cause(self, cause: str, key: str | None = None) -> None:
        for shown in [key] if key is not None else list(self._on_screen):
            causes = self._on_screen.get(shown, set())
            if cause in causes:
                causes.discard(cause)
                if not causes:
                    del self._on_screen[shown]
                    self._over.append(shown)

    def take_back(self) -> list[str]:
        """The keys of messages whose cause is gone, each once."""
        over = [*self._over, *(hold_key(kind) for kind in self._holds.take_over())]
        self._over.clear()
        return over

    def batches_to_check(self, now: float, *, last: bool = False) -> list[BatchKey]:
        """The batches whose tallies are wanted: nothing has happened to them for a while. `last`: there is no later."""
        return self._batches.to_check(now, last=last)

    def put_off(self, keys: Sequence[BatchKey], now: float) -> None:
        """Unless their tallies are noted first, they are asked about again after the quiet time."""
        self._batches.put_off(keys, now)

    def note_tallies(
        self, keys: Sequence[BatchKey], tallies: Mapping[BatchKey, Tally], asked_at: float, now: float
    ) -> None:
        """The ledger's answer about `keys`; one without a tally is gone."""
        for finished in self._batches.note_tallies(keys, tallies, asked_at):
            name = repr(finished.key)
            waiting = self._finished.waiting(name)
            joined = waiting.joined_by(finished, tallies[finished.key]) if waiting else finished
            self._finished.offer(name, joined, now)

    # --- what is told -----------------------------------------------------------------------------

    def take(
        self, now: float, level: Notifications, places: Places, *, last: bool = False
    ) -> list[Notification]:
        """What is told now, each once. `last`: there is no later, so nothing is kept back."""
        self._forget_unwanted(level)
        if level is Notifications.OFF:
            return []
        told = [problem for group in self._problems.take(now, last=last) for problem in group]
        self._said_at.update(dict.fromkeys(told, now))
        told += [holds_told(group) for group in self._holds.take(now, level)]
        told += [self._tell_batches(group, places) for group in self._finished.take(now, last=last)]
        told += [
            self._tell_not_sent(news, places)
            for group in self._not_sent.take(now, last=last)
            for news in group
        ]
        told += [self._tell_failures(group, places) for group in self._failures.take(now, last=last)]
        told += [deliveries_told(group, places) for group in self._deliveries.take(now, last=last)]
        return told

    def _tell_failures(self, images: Sequence[Image], places: Places) -> Notification:
        told = failures_told(images, places)
        self._on_screen[told.key] = {image.id for image in images}
        return told

    def _tell_not_sent(self, news: NotSentNews, places: Places) -> Notification:
        told = not_sent_told(news, places)
        self._on_screen[told.key] = set(news.new)
        return told

    def _forget_unwanted(self, level: Notifications) -> None:
        if level is not Notifications.ALL:
            self._deliveries.clear()
        if level in (Notifications.PROBLEMS, Notifications.OFF):
            self._finished.clear()
        if level is Notifications.OFF:
            self._failures.clear()
            self._problems.clear()
            self._not_sent.clear()

    def _tell_batches(self, batches: Sequence[Finished], places: Places) -> Notification:
        """The failed images that a batch counts are not told a second time."""
        ids = sorted(one for batch in batches for one in batch.failed_ids)
        failed = [image for one in ids if (image := self._failures.waiting(one)) is not None]
        for one in ids:
            self._failures.withdraw(one)
        return batches_told(batches, failed, places)

    def due_at(self, now: float, level: Notifications) -> float | None:
        """When there is something to ask or to tell next; None: nothing waits."""
        return min(self._dues(now, level), default=None)

    def _dues(self, now: float, level: Notifications) -> Iterator[float]:
        dues = [self._batches.due_at()]
        if level is not Notifications.OFF:
            rations: tuple[Ration[Any], ...] = (
                self._finished,
                self._failures,
                self._deliveries,
                self._problems,
                self._not_sent,
            )
            dues += [self._holds.due_at(level), *(ration.due_at(now) for ration in rations)]
        yield from (due_at for due_at in dues if due_at is not None)
