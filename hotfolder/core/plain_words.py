"""What the system says is wrong, in words that everybody knows: no face shows the words of an errno."""

from __future__ import annotations

import errno
from collections.abc import Mapping

TOO_LONG = "its path is too long for this system"

_NOT_THERE = "it is not there"
_NO_RIGHT = "this user has no right to it"
_DRIVE = "its drive reports an error"
_NO_ANSWER = "its drive does not answer"
_BUSY = "another program has it open"
_FULL = "the disk is full"
_NOT_DONE = "its disk cannot do that"

_BY_NAME = {
    **dict.fromkeys(("ENOENT", "ENXIO", "ENODEV"), _NOT_THERE),
    **dict.fromkeys(("EACCES", "EPERM"), _NO_RIGHT),
    **dict.fromkeys(("EIO", "EBADMSG", "EUCLEAN", "EREMOTEIO", "EMEDIUMTYPE", "ENOMEDIUM"), _DRIVE),
    **dict.fromkeys(
        ("ESTALE", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENOTCONN", "ECONNREFUSED"),
        _NO_ANSWER,
    ),
    **dict.fromkeys(("ECONNRESET", "ECONNABORTED", "EPIPE", "ESHUTDOWN", "ENOLINK", "ECOMM"), _NO_ANSWER),
    **dict.fromkeys(("EBUSY", "ETXTBSY", "EDEADLK", "EAGAIN", "ENOLCK"), _BUSY),
    **dict.fromkeys(("ENOSPC", "EFBIG"), _FULL),
    **dict.fromkeys(("EOPNOTSUPP", "ENOTSUP", "ENOSYS", "EXDEV", "EINVAL"), _NOT_DONE),
    "ENAMETOOLONG": TOO_LONG,
    "EDQUOT": "this user's share of the disk is used up",
    "EROFS": "it can only be read",
    "ENOTDIR": "a part of its path is no folder",
    "EISDIR": "it is a folder",
    "EEXIST": "it is there already",
    "ENOTEMPTY": "it is not empty",
    "ELOOP": "the links on the way to it lead in a circle",
    "EMFILE": "too many files are open",
    "ENFILE": "too many files are open",
    "ENOMEM": "the computer's memory is full",
    "EILSEQ": "the disk does not take its name",
    "EADDRINUSE": "another program is there already",
}  # fmt: skip

_WORDS: Mapping[int, str] = {
    getattr(errno, name): words for name, words in _BY_NAME.items() if hasattr(errno, name)
}
"""Not every system knows every one."""

_IN_USE_ON_WINDOWS = frozenset({32, 33})
"""ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION: Python makes EACCES of both."""


def plain_reason(error: BaseException) -> str:
    """Why it did not work, as half a sentence that goes on after "…: "."""
    if isinstance(error, OSError):
        if getattr(error, "winerror", None) in _IN_USE_ON_WINDOWS:
            return _BUSY
        return _words_of(error.errno)
    if isinstance(error, UnicodeError | ValueError):
        return "its name or what is in it is damaged"
    return "the system reports an error"


def _words_of(number: int | None) -> str:
    if number is None:
        return "the system reports an error"
    return _WORDS.get(number, f"the system reports error {number}")
