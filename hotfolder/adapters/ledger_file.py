"""The ledger's file: opened, checked, led up to the newest version, and begun anew where it is damaged."""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, exc, select
from sqlalchemy.pool import StaticPool

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import Ledger
from hotfolder.core.holds import HoldKind
from hotfolder.errors import LedgerUnusable

log = logging.getLogger(__name__)

BUSY_S = 5.0
"""How long somebody else may hold the ledger before it counts as unusable."""


def open_ledger(path: Path, *, busy_s: float = BUSY_S) -> Ledger:
    """Open the ledger for writing, making or migrating it where needed. Raises `LedgerUnusable` for one that is newer
    than this program, or that cannot be written. A damaged one is set aside under a new name, and an empty one begun
    in its place: what was paid for is taken over from the service before anything is sent (`Ledger.is_rebuilt`)."""
    try:
        return _opened(path, busy_s)
    except (exc.DatabaseError, sqlite3.DatabaseError, OSError) as error:
        if not _is_damage(getattr(error, "orig", None) or error):
            raise _unusable(path, error) from error
        damaged = error
    try:
        kept = _set_aside(path)
        ledger = _opened(path, busy_s)
    except (exc.DatabaseError, sqlite3.DatabaseError, OSError) as error:
        raise _unusable(path, error) from error
    text = _AFTER_DAMAGE.format(reason=_short(damaged), kept=kept)
    log.warning(text)
    ledger.say_once("", f"damaged {kept.name}", text, time.time())
    _carry_over_pauses(kept, ledger)
    return ledger


_AFTER_DAMAGE = (
    "hotfolder's memory, the ledger, was damaged ({reason}). It was set aside as {kept}, and is made anew from what"
    " AutoRetouch remembers: nothing that was paid for is paid again. You need not do anything."
)


def _opened(path: Path, busy_s: float) -> Ledger:
    engine = _engine(path, read_only=False, busy_s=busy_s)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with engine.connect() as db:
            _check_whole(db)
        _migrate(engine)
        with engine.connect() as db:
            is_empty = db.execute(select(schema.images.c.id).limit(1)).first() is None
    except BaseException:
        engine.dispose()  # before it is set aside: a late close would remove the WAL of whatever is there by then
        raise
    return Ledger(engine, is_rebuilt=is_empty and _was_damaged(path))


def _was_damaged(path: Path) -> bool:
    return any(path.parent.glob(f"{path.name}.damaged-*[0-9]"))


def _carry_over_pauses(damaged: Path, ledger: Ledger) -> None:
    """What a person paused stays paused, as far as it can still be read."""
    with suppress(exc.DatabaseError, sqlite3.DatabaseError, ValueError):
        engine = _engine(damaged, read_only=True, busy_s=BUSY_S)
        try:
            pauses = [hold for hold in Ledger(engine).holds() if hold.kind is HoldKind.PAUSED]
        finally:
            engine.dispose()
        ledger.change_pauses(pauses, ())


def read_ledger(path: Path) -> Ledger | None:
    """Open the ledger for looking only; None where there is none (yet). Raises `LedgerUnusable` for one that is newer
    than this program, or damaged."""
    if not path.exists():
        return None
    engine = _engine(path, read_only=True, busy_s=BUSY_S)
    try:
        with engine.connect() as db:
            _check_version(_version(db))
            _check_whole(db)
    except (exc.DatabaseError, sqlite3.DatabaseError) as error:
        engine.dispose()
        raise LedgerUnusable(f"The ledger {path} cannot be read ({_short(error)}).", _START_AGAIN) from error
    except BaseException:
        engine.dispose()
        raise
    return Ledger(engine)


_START_AGAIN = "Start hotfolder again: it makes the ledger anew from what AutoRetouch remembers."


def _engine(path: Path, *, read_only: bool, busy_s: float) -> Engine:
    mode = "ro" if read_only else "rwc"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=busy_s),
        poolclass=StaticPool,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun by hand, below
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA fullfsync=1")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        db.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


class _Damaged(sqlite3.DatabaseError):
    """`PRAGMA quick_check` found something."""


def _check_whole(db: Connection) -> None:
    answer = db.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if answer != "ok":
        raise _Damaged(str(answer))


def _version(db: Connection) -> int:
    return int(db.exec_driver_sql("PRAGMA user_version").scalar() or 0)


def _check_version(version: int) -> None:
    if version > schema.VERSION:
        raise LedgerUnusable(
            "The ledger was written by a newer hotfolder.",
            "Install that version again; this one must not touch it.",
        )


def _migrate(engine: Engine) -> None:
    with engine.begin() as db:
        version = _version(db)
        _check_version(version)
        if version == 0:
            schema.metadata.create_all(db)
        for migrate in schema.MIGRATIONS[max(version, 1) - 1 :] if version else ():
            migrate(db)
        db.exec_driver_sql(f"PRAGMA user_version={schema.VERSION}")


def _unusable(path: Path, error: Exception) -> LedgerUnusable:
    return LedgerUnusable(
        f"The ledger {path} cannot be used now ({_short(error)}).",
        "Make room on the disk or give this user the right to write there, then start again.",
    )


def unusable_now(error: Exception) -> LedgerUnusable:
    if _is_damage(getattr(error, "orig", None) or error):
        return LedgerUnusable(f"The ledger is damaged ({_short(error)}).", _START_AGAIN)
    return LedgerUnusable(
        f"The ledger cannot be written now ({_short(error)}).",
        "Make room on the disk, or give this user the right to write there.",
    )


def _is_damage(error: object) -> bool:
    text = str(error).lower()
    return isinstance(error, _Damaged) or "malformed" in text or "not a database" in text


def _set_aside(path: Path) -> Path:
    """Rename the damaged ledger (and its WAL) so that nothing overwrites what may still be rescued from it."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept


def _short(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
