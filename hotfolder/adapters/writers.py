"""Is a program still writing this file? Asked of the system, where it can tell.

Linux: a lease for reading is refused while anybody has the file open for writing (fcntl(2), F_SETLEASE). Windows:
opening it without letting others write is refused then (CreateFileW, dwShareMode). Elsewhere, on network mounts, and
of files of other owners nobody can tell.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from pathlib import Path
from typing import BinaryIO

_SET_SIGNAL = 10
"""F_SETSIG of Linux, which Python does not name."""


def has_writer(path: Path) -> bool:
    """Whether some program has the file open for writing. False where nobody can tell."""
    if sys.platform == "win32":
        return _is_shared_for_writing(path)
    return sys.platform.startswith("linux") and _is_lease_refused(path)


def _is_lease_refused(path: Path) -> bool:
    """Not to be asked on a network mount: there the lease is the server's, and a refusal says nothing."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    try:
        # Who opens the file for writing in this very moment waits until the lease is given back, and we are sent a
        # signal: one that is ignored by default, since the usual one, SIGIO, would end the process.
        fcntl.fcntl(descriptor, _SET_SIGNAL, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


if sys.platform == "win32":

    def _is_shared_for_writing(path: Path) -> bool:
        import ctypes
        from ctypes import wintypes

        read, share_read_and_delete, existing, sharing_violation = 0x80000000, 0x1 | 0x4, 3, 32
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        handle = kernel.CreateFileW(str(path), read, share_read_and_delete, None, existing, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            return ctypes.get_last_error() == sharing_violation
        kernel.CloseHandle(wintypes.HANDLE(handle))
        return False


def has_hole(file: BinaryIO) -> bool:
    """Whether a part of the file was never written: it was preallocated. Some programs leave out zeros on purpose, too."""
    seek_hole = getattr(os, "SEEK_HOLE", None)
    if seek_hole is None:
        return False
    with contextlib.suppress(OSError):
        return os.lseek(file.fileno(), 0, seek_hole) < os.fstat(file.fileno()).st_size
    return False
