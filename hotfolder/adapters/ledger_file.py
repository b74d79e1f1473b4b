"""The ledger's file: opened, checked, led up to the newest version, and set aside where it is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import StaticPool

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import Ledger
from hotfolder.errors import LedgerUnusable

BUSY_S = 5.0
"""How long somebody else may hold the ledger before it counts as unusable."""


def open_ledger(path: Path, *, busy_s: float = BUSY_S) -> Ledger:
    """Open the ledger for writing, making or migrating it where needed. Raises `LedgerUnusable` for one that is
    newer than this program, that cannot be written, or that is damaged (which is set aside under a new name, and
    never replaced by an empty one: to a ledger that remembers nothing every image is new, and would be paid again)."""
    _refuse_to_begin_anew(path)
    engine = _engine(path, read_only=False, busy_s=busy_s)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with engine.connect() as db:
            _check_whole(db)
        _migrate(engine)
    except (exc.DatabaseError, sqlite3.DatabaseError, OSError) as error:
        engine.dispose()  # before it is set aside: a late close would remove the WAL of whatever is there by then
        raise _unusable(path, error) from error
    except BaseException:
        engine.dispose()
        raise
    return Ledger(engine)


def read_ledger(path: Path) -> Ledger | None:
    """Open the ledger for looking only; None where there is none yet. Raises `LedgerUnusable` for one that is newer
    than this program, damaged, or set aside."""
    _refuse_to_begin_anew(path)
    if not path.exists():
        return None
    engine = _engine(path, read_only=True, busy_s=BUSY_S)
    try:
        with engine.connect() as db:
            _check_version(_version(db))
            _check_whole(db)
    except (exc.DatabaseError, sqlite3.DatabaseError) as error:
        engine.dispose()
        raise LedgerUnusable(
            f"The ledger {path} cannot be read ({_short(error)}).", "Run `hotfolder check` for what to do."
        ) from error
    except BaseException:
        engine.dispose()
        raise
    return Ledger(engine)


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
    original = getattr(error, "orig", None) or error
    if _is_damage(original):
        kept = _set_aside(path)
        return LedgerUnusable(
            f"The ledger is damaged ({_short(error)}). It was set aside as {kept}.", _after_damage(path)
        )
    return LedgerUnusable(
        f"The ledger {path} cannot be used now ({_short(error)}).",
        "Make room on the disk or give this user the right to write there, then start again.",
    )


def unusable_now(error: Exception) -> LedgerUnusable:
    if _is_damage(getattr(error, "orig", None) or error):
        return LedgerUnusable(
            f"The ledger is damaged ({_short(error)}).",
            "Start hotfolder again: it sets the ledger aside and says how to go on.",
        )
    return LedgerUnusable(
        f"The ledger cannot be written now ({_short(error)}).",
        "Make room on the disk, or give this user the right to write there.",
    )


def _refuse_to_begin_anew(path: Path) -> None:
    """Where a damaged ledger was set aside and nothing stands in its place, only the person may begin anew (I2)."""
    kept = sorted(path.parent.glob(f"{path.name}.damaged-*[0-9]"))
    if kept and not path.exists():
        raise LedgerUnusable(
            f"The ledger was damaged and set aside as {kept[-1]}; nothing is in its place.",
            _after_damage(path),
        )


def _after_damage(path: Path) -> str:
    return (
        "No image was touched, and nothing is sent until you decide. What a ledger does not know is sent, and paid,"
        " once more: so first move out of the in folders what has been paid for since your last backup, or all of it if"
        f" there is none. Then put the backup in its place, as {path}, or move the set-aside file away to begin anew."
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
