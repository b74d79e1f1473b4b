"""Every error hotfolder knows, sorted by *what to do next*.

    HotfolderError
    ├── TemporaryError            wait; it heals by itself (network, 5xx, 429)
    │   ├── ServiceAway           nothing came back, and nothing was done
    │   ├── TooManyRequests       slow the whole client down
    │   └── AnswerLost            the request may have taken effect: look before repeating it (I2)
    ├── ImageError                this image only
    │   ├── UnreadableImage       not an image, cut off, or of a kind nobody retouches
    │   ├── ImageRejected         the service will not have it
    │   ├── ImageNotOnService     upload it (again)
    │   ├── SourceChanged         the file is another image now
    │   ├── SourceVanished        the file is gone
    │   ├── ResultDamaged         what came down is not what was promised
    │   └── ResultInUse           its place is open in another program
    ├── NeedsPerson               hold, and say so
    │   ├── SignInNeeded          the account
    │   │   ├── SignInRefused     the person said no in the browser
    │   │   ├── SignInExpired     nobody confirmed in time
    │   │   └── KeyringNotReady   locked, or not there yet: waited for
    │   ├── OutOfCredits          the account
    │   ├── WorkflowUnavailable   one hot folder
    │   ├── FolderAway            one hot folder
    │   ├── FolderUnwritable      one hot folder (read-only, full)
    │   ├── ConfigError           nothing is started
    │   ├── AnotherDaemon         one daemon per home
    │   ├── DaemonNotRunning
    │   └── LedgerUnusable        damaged, newer than this program, read-only
    │       └── NoRoom            no working copy fits beside it: one hot folder
    └── (anything else is a bug: logged once with its traceback)

Each carries a title (what happened) and an advice (what to do), in plain words; CLI, tray and page show
the two alike. Foreign exceptions are translated at the adapter's edge and never travel further.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line ends with (design §8)."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    SIGN_IN = 3
    ANOTHER_DAEMON = 4
    NOT_RUNNING = 5
    BUG = 70


class HotfolderError(Exception):
    """Root of all errors a person may see."""

    exit_code: ExitCode = ExitCode.SOME_FAILED

    def __init__(self, title: str, advice: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.title} {self.advice}".strip()


class TemporaryError(HotfolderError):
    """Everything waits; retried with backoff. `retry_after_s` is the service's own wish, if it had one."""

    def __init__(self, title: str, advice: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(title, advice)
        self.retry_after_s = retry_after_s


class ServiceAway(TemporaryError):
    """Nothing was done: the request never got there, or may be repeated freely."""


class TooManyRequests(TemporaryError):
    """429: the request was refused, so nothing was done."""


class AnswerLost(TemporaryError):
    """The request went out and no clear answer came back: it may have taken effect."""


class ImageError(HotfolderError):
    """Concerns one image; every other goes on."""


class UnreadableImage(ImageError):
    """The file is no image that can be sent. `maybe_incomplete`: it could still be being written."""

    def __init__(self, title: str, advice: str = "", *, maybe_incomplete: bool = False) -> None:
        super().__init__(title, advice)
        self.maybe_incomplete = maybe_incomplete


class ImageRejected(ImageError):
    """400 or 422: not sent again by itself."""


class ImageNotOnService(ImageError):
    """404 for the image's bytes at create: they have to be uploaded again."""


class SourceChanged(ImageError):
    """The bytes are no longer those that were hashed."""


class SourceVanished(ImageError):
    """The file is no longer there (and its in folder is)."""


class ResultDamaged(ImageError):
    """Short, empty or not matching `resultContentHash`: downloaded again, never delivered (I3)."""


class ResultInUse(ImageError):
    """The result's place, or its earlier version, is open in another program: put off, never given up."""


class NeedsPerson(HotfolderError):
    """Held until a person does something; the queue is kept."""


class SignInNeeded(NeedsPerson):
    exit_code = ExitCode.SIGN_IN


class SignInRefused(SignInNeeded):
    """The person refused hotfolder in the browser."""


class SignInExpired(SignInNeeded):
    """The code was not confirmed in time, or was used already."""


class KeyringNotReady(SignInNeeded):
    """Locked, not answering, or not there (yet): nobody knows whether somebody is signed in."""


class OutOfCredits(NeedsPerson):
    pass


class WorkflowUnavailable(NeedsPerson):
    """403 or 404 on the organization or workflow: the hot folder is misconfigured."""


class FolderAway(NeedsPerson):
    """A missing folder, an unmounted drive, an empty mount point: never "all deleted" (I6)."""


class FolderUnwritable(NeedsPerson):
    """The out folder cannot take the result now: read-only, full, no rights, or anything nobody has seen before."""


class ConfigError(NeedsPerson):
    exit_code = ExitCode.USAGE


class AnotherDaemon(NeedsPerson):
    exit_code = ExitCode.ANOTHER_DAEMON


class DaemonNotRunning(NeedsPerson):
    exit_code = ExitCode.NOT_RUNNING


class LedgerUnusable(NeedsPerson):
    """The home cannot be written: nothing may be done that could not be remembered."""


class NoRoom(LedgerUnusable):
    """No room for a working copy on the disk of the ledger: whatever needs none goes on."""


def no_such_folder(name: str, folders: Iterable[str]) -> ConfigError:
    """No hot folder is called that."""
    return ConfigError(f"There is no hot folder {name!r}.", f"There is: {', '.join(folders) or 'none yet'}.")
