"""Whether the service is well: when a fault of one call becomes a wait of everything (design §6).

A single fault puts off a single image. Several in a row, or a clear word from the service (429, connection refused),
close the gate: from then on only a probe goes out, at growing intervals, until one succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hotfolder.core.timing import backoff_s

FAULTS_BEFORE_CLOSING = 3
LONGEST_PROBE_S = 60.0


@dataclass(frozen=True, slots=True)
class Health:
    """`faults`: failed calls in a row; `closings`: how often the gate closed since a call last did real work;
    `probe_at`: epoch seconds of the next probe, None while the gate is open."""

    faults: int = 0
    closings: int = 0
    probe_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self.probe_at is None


def after_success(health: Health) -> Health:
    """A call did its work. (While the gate is closed it is a straggler, and only the probe opens it.)"""
    return Health() if health.is_open else health


def after_fault(
    health: Health, now: float, jitter: float, retry_after_s: float | None, *, clear: bool
) -> Health:
    """A call failed. `clear`: the service or the network said so unmistakably, so one is enough."""
    faults = health.faults + 1
    if not health.is_open:
        return replace(health, faults=faults)
    if not clear and retry_after_s is None and faults < FAULTS_BEFORE_CLOSING:
        return replace(health, faults=faults)
    return Health(faults, health.closings + 1, now + _probe_wait_s(health.closings, jitter, retry_after_s))


def after_probe(
    health: Health, now: float, jitter: float, *, well: bool, retry_after_s: float | None = None
) -> Health:
    """The probe came back. `closings` is kept until a real call succeeds, so a service that answers
    probes and nothing else is asked ever less often."""
    if well:
        return replace(health, faults=0, probe_at=None)
    wait_s = _probe_wait_s(health.closings, jitter, retry_after_s)
    return Health(health.faults + 1, health.closings + 1, now + wait_s)


def _probe_wait_s(closings: int, jitter: float, retry_after_s: float | None) -> float:
    return max(retry_after_s or 0.0, backoff_s(closings, jitter, first_s=1.0, longest_s=LONGEST_PROBE_S))
