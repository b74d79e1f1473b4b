"""The one `run --desktop` of a home, and the word that a later one leaves for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from filelock import FileLock, Timeout

from hotfolder.adapters.home import Home, is_running

TAKEN_UP_WITHIN_S = 5.0
LOOK_S = 0.2


@contextmanager
def first_click(home: Home) -> Iterator[bool]:
    """Whether this is the only `run --desktop` of the home, for as long as the block lasts. A home that cannot be written is
    told of by whatever comes next."""
    try:
        home.make()
        lock = FileLock(home.desktop_lock)
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError:
        yield True
        return
    try:
        with suppress(OSError):
            home.click.unlink(missing_ok=True)
        yield True
    finally:
        lock.release()


def was_clicked(home: Home) -> bool:
    """Whether somebody clicked again since the last time this was asked."""
    try:
        home.click.unlink()
    except OSError:
        return False
    return True


def leave_word(home: Home) -> bool:
    """For the `run --desktop` that holds the home's desktop. Whether it took it up; if not, it may be at work by now."""
    with suppress(OSError):
        home.click.touch()
    end = time.monotonic() + TAKEN_UP_WITHIN_S
    while time.monotonic() < end and not is_running(home):
        if not home.click.exists():
            return True
        time.sleep(LOOK_S)
    with suppress(OSError):
        home.click.unlink(missing_ok=True)
    return False
