"""A small text file that only its owner may read, replaced whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

_LARGEST_BYTES = 64 * 1024


class FileTooOpen(Exception):
    """Group or others have rights on the file (POSIX)."""


def read_private(path: Path) -> str | None:
    """The text, None when there is no file. Raises `FileTooOpen` rather than trust what others could write.
    Windows has no such mode bits: there the user's profile folder is the protection."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if os.name == "posix" and stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            raise FileTooOpen
        return file.read(_LARGEST_BYTES).decode("utf-8")


def write_private(path: Path, text: str) -> None:
    """Durable when it returns. Crash here: a `.<name>.<random>.tmp` is left that nobody else can read;
    the next write sweeps it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, text.encode("utf-8"))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _fsync_folder(path.parent)


def remove_private(path: Path) -> None:
    path.unlink(missing_ok=True)
    _sweep(path)


def _write_new(path: Path, data: bytes) -> None:
    """O_EXCL follows no link and opens no file of somebody else's."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sweep(path: Path) -> None:
    for left_over in path.parent.glob(f".{path.name}.*.tmp"):
        left_over.unlink(missing_ok=True)


def _fsync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
