"""The switches: how the whole sandbox behaves, changed at any time, from Python or over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Switches:
    """How the service behaves as a whole. Single calls are disturbed by `faults` instead."""

    outage: Literal["", "unavailable", "reset"] = ""
    """`unavailable`: every call is a 503. `reset`: every connection is reset. (Refused: `Sandbox.stop`.)"""
    access_token_seconds: float = 86_400
    """24 h [D]."""
    rotate_refresh_tokens: bool = False
    """Each refresh answers a new refresh token, and the old one is dead at once [?]."""
    device_expires_s: float = 900
    device_interval_s: float = 5
    confirm_devices: bool = False
    """A person who confirms every device at once."""
    listing_order: Literal["newest", "oldest", "random", "shuffled"] = "newest"
    """`random` is the same at each call, `shuffled` is another at each call [?]."""
    listing_lag_s: float = 0
    """An execution appears in the list only this long after its creation [?]."""
    listing_limit: int = 50
    """The highest `limit` that is honoured [?]."""
    date_offset_s: float = 0
    """How far the clock of the answers (`Date`) is ahead [?]."""
    created_offset_s: float = 0
    """How far the clock of the lists (`createdAt` of new executions) is ahead [?]."""
    execution_s: float | None = None
    """How long every execution takes; None: as its workflow says."""
    qa_s: float = 2
    hold_qa: bool = False
    """The quality check ends only with `World.release`."""
    rejected_names: tuple[str, ...] = ()
    """Images whose name matches one of these patterns are a 422 (at upload and at create)."""
    hide_prices: bool = False
    """The workflows do not say what they cost."""
    told_price: int | None = None
    """What every workflow says that it costs; None: what it really costs."""
    webhook_copies: int = 1
    """0: webhooks get lost, 2: they come twice [?]."""
