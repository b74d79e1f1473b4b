"""Which hot folder's images go next: higher priority first, equal ones share fairly (design §8)."""

from __future__ import annotations

from collections.abc import Mapping


def share(
    free: int, waiting: Mapping[str, int], running: Mapping[str, int], priority: Mapping[str, int]
) -> dict[str, int]:
    """How many of `free` places each hot folder gets: always to the one of the highest priority that has images
    waiting and the fewest under way."""
    given = dict.fromkeys(waiting, 0)
    for _ in range(free):
        wanting = [name for name in waiting if waiting[name] > given[name]]
        if not wanting:
            break
        chosen = min(wanting, key=lambda n: (-priority.get(n, 0), running.get(n, 0) + given[n]))
        given[chosen] += 1
    return {name: number for name, number in given.items() if number}
