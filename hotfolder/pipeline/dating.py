"""Dating: which time it is for what other people read, and for waits that outlive the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hotfolder.adapters.ledger import Ledger
from hotfolder.core.image import State
from hotfolder.core.timing import dated_by, look_after_restart
from hotfolder.pipeline.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Dating:
    """Our own clock, unless it cannot be right: then the service's. `services`: None while it has told none."""

    own: Surroundings
    services: Callable[[], float | None]

    def is_known(self) -> bool:
        """Before that no order can be dated, and nothing could be sent."""
        return dated_by(self.own.now(), self.services()) is not None

    def now(self) -> float:
        dated = dated_by(self.own.now(), self.services())
        return self.own.now() if dated is None else dated

    @property
    def surroundings(self) -> Surroundings:
        """The same surroundings with this clock in them."""
        return replace(self.own, now=self.now)


def wait_anew_for_lists(ledger: Ledger, now: float, listing_lag_s: float) -> None:
    """At the start: nobody knows how the clock was set since the last life, so no wait for a list is taken as over. Runs in
    the ledger's thread."""
    for image in ledger.images(states=(State.REQUESTED, State.RETRYING)):
        ledger.save(replace(image, wake_at=look_after_restart(image, now, listing_lag_s)))
