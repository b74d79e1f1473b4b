"""Gates: what is held right now, mirrored in the ledger, and the service's health."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace

from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.core import health
from hotfolder.core.holds import (
    ACCOUNT,
    Hold,
    HoldKind,
    is_paused,
    pause_of,
    paused_by,
    rests,
    stopping,
    until_words,
)
from hotfolder.core.image import State
from hotfolder.core.life import COMMANDS, Command
from hotfolder.core.trouble import hold_of, next_check_s
from hotfolder.errors import LedgerUnusable, NeedsPerson, TemporaryError, TooManyRequests
from hotfolder.pipeline.surroundings import Surroundings

log = logging.getLogger(__name__)


class Gates:
    """All holds of one daemon. `on_change` is called after each change."""

    def __init__(
        self, ledger: LedgerThread, surroundings: Surroundings, on_change: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._surroundings = surroundings
        self._on_change = on_change
        self._holds: dict[tuple[str, HoldKind], Hold] = {}
        self._health = health.Health()

    async def load(self, folders: Collection[str]) -> None:
        """Take up the holds of an earlier life (keeps I9). Those of hot folders that are no longer in the config end, as
        nobody could ever end them. All but the service is checked at once: a restart is what people do when they have mended
        something."""
        await self._ledger.call(lambda ledger: ledger.keep_holds_of(folders))
        for hold in await self._ledger.call(lambda ledger: ledger.holds()):
            if hold.scope not in (ACCOUNT, *folders):
                continue
            if hold.kind is HoldKind.SERVICE:
                self._holds[hold.scope, hold.kind] = hold
                self._health = health.Health(closings=hold.attempts, probe_at=hold.wake_at)
            else:
                self._holds[hold.scope, hold.kind] = replace(hold, wake_at=0.0, attempts=0)

    def shift(self, seconds: float) -> None:
        """The clock was set by so much: the checks move along, as they did in the ledger."""
        for key, hold in self._holds.items():
            if hold.wake_at > 0:
                until = None if hold.until is None else hold.until + seconds
                self._holds[key] = replace(hold, wake_at=hold.wake_at + seconds, until=until)

    def changed(self) -> None:
        """Something that images may have waited for has come."""
        self._on_change()

    @property
    def holds(self) -> list[Hold]:
        return list(self._holds.values())

    def stopping(self, command: Command, folder: str, besides: HoldKind | None = None) -> Hold | None:
        """What stops this step; `besides`: a kind of hold that does not count."""
        holds = (hold for hold in self._holds.values() if hold.kind is not besides)
        return stopping(command, folder, holds)

    def person_hold(self, state: State, folder: str) -> Hold | None:
        """What keeps images of this hot folder in this state until a person does something."""
        hold = self.stopping(COMMANDS[state], folder)
        return hold if hold is not None and hold.needs_person else None

    def get(self, scope: str, kind: HoldKind) -> Hold | None:
        return self._holds.get((scope, kind))

    def due(self, now: float) -> list[Hold]:
        """The holds whose next check is due. A pause is not asked about: the person ends it."""
        return [h for h in self._holds.values() if h.wake_at <= now and h.kind is not HoldKind.PAUSED]

    @property
    def paused(self) -> frozenset[str]:
        """The scopes that a person has paused."""
        return paused_by(self._holds.values())

    def is_paused(self, folder: str) -> bool:
        return is_paused(folder, self._holds.values())

    def rests(self, state: State, folder: str) -> bool:
        """Whether images of this hot folder in this state wait for a person to resume it."""
        return rests(COMMANDS[state], folder, self._holds.values())

    async def set_paused(self, scopes: frozenset[str]) -> None:
        """Pause just these scopes, durably. What is running finishes. Raises `LedgerUnusable`: then nothing is changed."""
        pauses = [pause_of(scope, self._surroundings.now()) for scope in sorted(scopes - self.paused)]
        ended = sorted(self.paused - scopes)
        await self._ledger.call(lambda ledger: ledger.change_pauses(pauses, ended))
        for scope in ended:
            del self._holds[scope, HoldKind.PAUSED]
        self._holds.update({(pause.scope, pause.kind): pause for pause in pauses})
        self._on_change()

    async def hold(self, error: NeedsPerson, folder: str) -> None:
        """Hold what the error asks to hold; said once, however many images run into it."""
        await self._set(hold_of(error, folder, self._surroundings.now()))

    async def put_off(self, hold: Hold) -> None:
        """A check was in vain: the next one later."""
        hold = self._holds.get((hold.scope, hold.kind), hold)
        now, jitter = self._surroundings.now(), self._surroundings.jitter()
        later = replace(hold, attempts=hold.attempts + 1, wake_at=now + next_check_s(hold, jitter))
        await self._store(later)

    async def check_soon(self) -> None:
        """A person said "try again": every hold is checked at once."""
        for hold in self.holds:
            await self._store(replace(hold, wake_at=0.0, attempts=0, until=None))

    async def release(self, scope: str, kind: HoldKind) -> None:
        hold = self._holds.pop((scope, kind), None)
        if hold is None:
            return
        if kind is not HoldKind.LEDGER:
            await self._ledger.call(lambda ledger: ledger.release_hold(scope, kind))
        log.info("%sgoes on: no longer %r", f"{scope}: " if scope else "", hold.reason)
        self._on_change()

    async def _set(self, hold: Hold) -> None:
        known = self._holds.get((hold.scope, hold.kind))
        if known is not None and known.reason == hold.reason:
            return
        await self._store(replace(hold, since=known.since if known else hold.since))
        scope, until = f"{hold.scope}: " if hold.scope else "", until_words(hold.since, hold.until)
        log.warning("%s%s %s%s", scope, hold.reason, hold.advice, f" Waits{until}." if until else "")

    async def _store(self, hold: Hold) -> None:
        self._holds[hold.scope, hold.kind] = hold
        self._on_change()
        if hold.kind is not HoldKind.LEDGER:
            try:
                await self._ledger.call(lambda ledger: ledger.set_hold(hold))
            except LedgerUnusable as error:
                await self.hold(error, ACCOUNT)

    # --- the service's health ---------------------------------------------------------------------

    def note_success(self) -> None:
        self._health = health.after_success(self._health)

    async def note_fault(self, error: TemporaryError) -> None:
        """A call failed; several in a row, or a clear word, close the gate for everybody."""
        was_open = self._health.is_open
        now, jitter = self._surroundings.now(), self._surroundings.jitter()
        clear = isinstance(error, TooManyRequests)
        self._health = health.after_fault(self._health, now, jitter, error.retry_after_s, clear=clear)
        if was_open and not self._health.is_open:
            await self._set(self._service_hold(error, now))

    async def note_probe(self, error: TemporaryError | None) -> None:
        """The probe came back, with this error or without one."""
        now, jitter = self._surroundings.now(), self._surroundings.jitter()
        retry_after_s = error.retry_after_s if error else None
        self._health = health.after_probe(
            self._health, now, jitter, well=error is None, retry_after_s=retry_after_s
        )
        if error is None:
            await self.release(ACCOUNT, HoldKind.SERVICE)
        else:
            known = self._holds.get((ACCOUNT, HoldKind.SERVICE))
            await self._store(replace(self._service_hold(error, now), since=known.since if known else now))

    def _service_hold(self, error: TemporaryError, now: float) -> Hold:
        return Hold(
            scope=ACCOUNT,
            kind=HoldKind.SERVICE,
            reason=error.title,
            advice="Nothing to do: everything waits and goes on by itself.",
            since=now,
            wake_at=self._health.probe_at or now,
            attempts=self._health.closings,
            until=self._health.probe_at if error.retry_after_s else None,
        )
