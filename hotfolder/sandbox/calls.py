"""The log of calls: what came in, in order, for tests to count."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Call:
    """One request. `status` is None as long as nothing was answered, for ever when nothing ever was."""

    endpoint: str
    method: str
    template: str
    path: str
    query: dict[str, str]
    at: float
    subject: str = ""
    """The execution's id or the image's hash, as soon as it is known."""
    image_name: str = ""
    status: int | None = None
    faults: list[str] = field(default_factory=list)
    """The effects of the faults that met this call."""
