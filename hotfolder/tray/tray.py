"""The tray: an icon that shows the latest glance, on whatever desktop this is.

    tray = open_tray(on_action, on_ready)    # any thread; NoTray at once where there can never be one
    tray.show(glance)                        # any thread, as often as one likes
    tray.run()                               # the main thread; NoTray after waiting in vain for a panel
    tray.stop()                              # any thread; run() returns

Signal handlers set before `run` stay in force during it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

from hotfolder.core.glance import Action, Glance
from hotfolder.errors import HotfolderError
from hotfolder.tray.pace import Changes, Pace

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
PATIENCE_S = 60.0
"""At login the panel may come up after us."""


class NoTray(HotfolderError):
    """No icon can be shown; everything else works without it."""


class Tray(Protocol):
    def run(self) -> None:
        """In the main thread. Returns after `stop`, and when the screen is gone: then the person's session is over.

        Raises NoTray when no panel took the icon within the patience, or when the icon broke: go on without it. A panel
        that goes away later is waited for.
        """
        ...

    def show(self, glance: Glance) -> None:
        """From any thread, without waiting. Drawn at most once a second; only the latest counts."""
        ...

    def stop(self) -> None:
        """From any thread or signal handler, without waiting; at any time, and as often as one likes."""
        ...


class Face(Protocol):
    """One icon, in one way of showing it. Only `run` is called in the main thread."""

    nudge_s: float | None
    """How often `nudge` is to be called; None: never."""

    def run(self, setup: Callable[[Face], None]) -> None:
        """Until `stop`, or until the icon is gone for good. `setup` gets a thread of its own once `draw` may be called."""
        ...

    def draw(self, changes: Changes) -> None:
        """The first time, the icon comes up."""
        ...

    def nudge(self) -> None: ...

    def stop(self) -> None: ...


class System(Protocol):
    """What this desktop can do."""

    def look(self) -> Callable[[Callable[[Action], None]], Face] | None:
        """Makes a face; None while no panel would take an icon."""
        ...

    def why_not(self) -> NoTray:
        """Why `look` gave None, and what to do about it."""
        ...

    def has_screen(self) -> bool: ...


def open_tray(
    on_action: Callable[[Action], None],
    on_ready: Callable[[], None] = lambda: None,
    *,
    patience_s: float = PATIENCE_S,
) -> Tray:
    """Shows nothing yet: `Tray.run` does.

    `on_action` is called in the tray's thread with what was clicked and must not wait; `on_ready` once, in another thread,
    when the icon is up. Raises NoTray where there is no screen at all.
    """
    from hotfolder.tray.systems import this_system

    return PystrayTray(this_system(), on_action, on_ready, patience_s)


class PystrayTray:
    def __init__(
        self,
        system: System,
        on_action: Callable[[Action], None],
        on_ready: Callable[[], None],
        patience_s: float,
    ) -> None:
        self._system = system
        self._on_action = on_action
        self._on_ready = on_ready
        self._patience_s = patience_s
        self._latest: Glance | None = None
        self._ended = False
        self._bell = _Bell()
        self._artist: _Artist | None = None

    def run(self) -> None:
        make = self._found(self._patience_s)
        while make is not None:
            self._artist = artist = _Artist(lambda: self._latest, lambda: self._ended, self._up)
            try:
                make(self._clicked).run(artist.keep_drawn)
            except Exception as error:
                log.exception("the icon in the tray broke")
                raise NoTray("The icon in the tray broke; all else goes on.", "The log says why.") from error
            finally:
                artist.lay_down()
            self._rest()
            make = self._found(None)

    def show(self, glance: Glance) -> None:
        self._latest = glance
        self._ring()

    def stop(self) -> None:
        self._ended = True
        self._ring()

    def _ring(self) -> None:
        self._bell.ring()
        if self._artist is not None:
            self._artist.bell.ring()

    def _found(self, patience_s: float | None) -> Callable[[Callable[[Action], None]], Face] | None:
        """A way to show the icon; None after `stop`. `patience_s` None: one was shown, so as long as there is a screen."""
        since_s = time.monotonic()
        while not self._ended:
            if patience_s is None and not self._system.has_screen():
                return None
            make = self._system.look()
            if make is not None:
                return make
            if patience_s is not None and time.monotonic() - since_s >= patience_s:
                raise self._system.why_not()
            self._rest()
        return None

    def _rest(self) -> None:
        """Until it is time to look again, or the end."""
        next_look_s = time.monotonic() + LOOK_EVERY_S
        while not self._ended and (rest_s := next_look_s - time.monotonic()) > 0:
            self._bell.wait(rest_s)

    def _up(self) -> None:
        """The icon stands; told once."""
        on_ready, self._on_ready = self._on_ready, lambda: None
        on_ready()

    def _clicked(self, action: Action) -> None:
        try:
            self._on_action(action)
        except Exception:
            log.exception("a click in the tray was lost: %s", action)


class _Bell:
    """For one who waits. Unlike an Event it may be rung in a signal handler that interrupts the one who waits."""

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        self._rings.put(None)

    def wait(self, limit_s: float | None) -> None:
        with suppress(Empty):
            self._rings.get(timeout=limit_s)


class _Artist:
    """Keeps one face drawn, in a thread beside it."""

    def __init__(
        self, latest: Callable[[], Glance | None], has_ended: Callable[[], bool], on_up: Callable[[], None]
    ) -> None:
        self.bell = _Bell()
        self._latest = latest
        self._has_ended = has_ended
        self._on_up = on_up
        self._pace = Pace()
        self._draws_well = True
        self._face_is_gone = False

    def lay_down(self) -> None:
        self._face_is_gone = True
        self.bell.ring()

    def keep_drawn(self, face: Face) -> None:
        """Until the face is gone, or the tray is stopped: then the face is."""
        while not (self._has_ended() or self._face_is_gone):
            self._draw(face)
            rest_s = self._pace.rest_s(self._latest(), time.monotonic())
            self.bell.wait(min((s for s in (rest_s, face.nudge_s) if s is not None), default=None))
        if not self._face_is_gone:
            face.stop()

    def _draw(self, face: Face) -> None:
        """What fails is told once in the log, and drawn again."""
        try:
            changes = self._pace.due(self._latest(), time.monotonic())
            if changes is not None:
                face.draw(changes)
                self._draws_well = True
                self._on_up()
            elif face.nudge_s is not None:
                face.nudge()
        except Exception:
            self._pace.forget()
            if self._draws_well and not self._face_is_gone:
                log.exception("the icon in the tray could not be drawn")
            self._draws_well = False
