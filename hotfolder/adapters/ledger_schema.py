"""The ledger's tables and the steps that lead from one version to the next.

A new ledger is made whole from the tables below. An older one is led up by `MIGRATIONS`, one step a version; a
step that was released is never changed. The version is kept in SQLite's `user_version`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData()


class Digits(TypeDecorator[int]):
    """A whole number of any size, kept as text: SQLite's own end at 63 bits, but a device number of Windows has 64 and a
    time in the year 2400, in nanoseconds, 64 as well."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: int | None, _: object) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _: object) -> int | None:
        return None if value is None else int(value)


images = Table(
    "images",
    metadata,
    Column("id", String, primary_key=True),
    Column("folder", String, nullable=False),
    Column("path", String, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("mtime_ns", Digits, nullable=False),
    Column("content_type", String, nullable=False),
    Column("detected_at", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("state_since", Float, nullable=False),
    Column("wake_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("batch_id", String),
    Column("execution_id", String),
    Column("requested_at", Float),
    Column("seen_finished_at", String),
    Column("service_path", String),
    Column("result_hash", String),
    Column("result_type", String),
    Column("result_name", String),
    Column("result_path", String),
    Column("credits", Integer),
    Column("reason", String, nullable=False),
    Column("advice", String, nullable=False),
    Column("note", String, nullable=False),
    Column("delivered_at", Float),
    Column("organization_id", String),
    Column("workflow_id", String),
    Column("workflow_version", String),
    Column("settings_digest", String),
    Column("repeat_of", String),
    Column("insisted", Boolean, nullable=False, server_default="0"),
    Column("ctime_ns", Digits),
    Column("inode", Digits),
    UniqueConstraint("folder", "path", "content_hash", name="one_row_per_image"),
    Index("images_due", "folder", "state", "wake_at"),
    Index("images_by_content", "folder", "content_hash"),
    Index("images_by_result", "folder", "result_path"),
    Index("images_by_bytes", "content_hash"),
    Index("images_by_result_bytes", "result_hash"),
    Index("images_by_execution", "execution_id"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String, primary_key=True),
    Column("folder", String, nullable=False),
    Column("base_name", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    Column("last_joined_at", Float, nullable=False),
    Column("images", Integer, nullable=False),
    UniqueConstraint("folder", "base_name", "number", name="one_number_per_batch"),
)

holds = Table(
    "holds",
    metadata,
    Column("scope", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("advice", String, nullable=False),
    Column("since", Float, nullable=False),
    Column("wake_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("until", Float),
)

folders = Table(
    "folders",
    metadata,
    Column("name", String, primary_key=True),
    Column("in_folder", String),
    Column("device", Digits),
    Column("first_scanned_at", Float),
    Column("out_used", Boolean, nullable=False),
)

passed_over = Table(
    "passed_over",
    metadata,
    Column("folder", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("size_bytes", Integer, primary_key=True),
    Column("mtime_ns", Digits, primary_key=True),
)
"""Files that were there at the very first start of a hot folder with `existing: skip`."""

not_sent = Table(
    "not_sent",
    metadata,
    Column("folder", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("group", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("advice", String, nullable=False),
    Column("first_seen", Float, nullable=False),
)
"""What lies in an in folder, is no image to send and may have been meant as one, as it was found last."""

notices = Table(
    "notices",
    metadata,
    Column("folder", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("text", String, nullable=False),
    Column("said_at", Float, nullable=False),
)
"""What was said once and is not said again."""

remembered = Table(
    "remembered",
    metadata,
    Column("execution_id", String, primary_key=True),
    Column("organization_id", String, nullable=False),
    Column("workflow_id", String, nullable=False),
    Column("workflow_version", String),
    Column("settings_digest", String),
    Column("image_id", String, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("input_name", String, nullable=False),
    Column("status", String, nullable=False),
    Column("created_at", Float),
    Column("batch_name", String),
    Column("service_path", String),
    Column("result_hash", String),
    Column("result_type", String),
    Column("result_name", String),
    Column("credits", Integer),
    Column("wanted", Boolean, nullable=False, server_default="0"),
    Index("remembered_by_bytes", "content_hash"),
    Index("remembered_by_result_bytes", "result_hash"),
)
"""Executions under our labels as the service listed them when they were read (adoption). `wanted`: a person fetches the
result though its source is not here."""

readings = Table(
    "readings",
    metadata,
    Column("organization_id", String, primary_key=True),
    Column("workflow_id", String, primary_key=True),
    Column("offset", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("read_at", Float),
    Column("recovered_at", Float),
)
"""How far a workflow's list has been read for what this ledger does not know. `read_at`: by the service's clock;
`recovered_at`: by our own, when executions were last found that this ledger had lost."""

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("number", Integer, nullable=False),
)


def _to_version_2(db: Connection) -> None:
    """Large numbers become text; images know what they were sent to; what the service remembers has its tables."""
    _retype(db, "images", "mtime_ns INTEGER", "mtime_ns VARCHAR")
    _retype(db, "passed_over", "mtime_ns INTEGER", "mtime_ns VARCHAR")
    _retype(db, "folders", "device INTEGER", "device VARCHAR")
    for name in ("organization_id", "workflow_id", "workflow_version", "settings_digest", "repeat_of"):
        db.exec_driver_sql(f"ALTER TABLE images ADD COLUMN {name} VARCHAR")
    db.exec_driver_sql("ALTER TABLE images ADD COLUMN insisted BOOLEAN NOT NULL DEFAULT 0")
    db.exec_driver_sql("ALTER TABLE holds ADD COLUMN until FLOAT")
    for statement in _VERSION_2:
        db.exec_driver_sql(statement)


_VERSION_2 = (
    "CREATE INDEX images_due ON images (folder, state, wake_at)",
    "CREATE INDEX images_by_content ON images (folder, content_hash)",
    "CREATE INDEX images_by_result ON images (folder, result_path)",
    "CREATE INDEX images_by_bytes ON images (content_hash)",
    "CREATE INDEX images_by_result_bytes ON images (result_hash)",
    "CREATE INDEX images_by_execution ON images (execution_id)",
    "CREATE TABLE remembered (execution_id VARCHAR NOT NULL PRIMARY KEY, organization_id VARCHAR NOT NULL,"
    " workflow_id VARCHAR NOT NULL, workflow_version VARCHAR, settings_digest VARCHAR, image_id VARCHAR NOT NULL,"
    " content_hash VARCHAR NOT NULL, input_name VARCHAR NOT NULL, status VARCHAR NOT NULL, created_at FLOAT,"
    " batch_name VARCHAR, service_path VARCHAR, result_hash VARCHAR, result_type VARCHAR, result_name VARCHAR,"
    " credits INTEGER, wanted BOOLEAN NOT NULL DEFAULT 0)",
    "CREATE INDEX remembered_by_bytes ON remembered (content_hash)",
    "CREATE INDEX remembered_by_result_bytes ON remembered (result_hash)",
    "CREATE TABLE readings (organization_id VARCHAR NOT NULL, workflow_id VARCHAR NOT NULL,"
    ' "offset" INTEGER NOT NULL, complete BOOLEAN NOT NULL, read_at FLOAT, recovered_at FLOAT,'
    " PRIMARY KEY (organization_id, workflow_id))",
    "CREATE TABLE counters (name VARCHAR NOT NULL PRIMARY KEY, number INTEGER NOT NULL)",
)


def _list_what_is_not_sent(db: Connection) -> None:
    """To version 3: what lies in an in folder and is not sent is kept with its reason. The next scan fills it."""
    db.exec_driver_sql(
        "CREATE TABLE not_sent (folder VARCHAR NOT NULL, path VARCHAR NOT NULL,"
        ' "group" VARCHAR NOT NULL, reason VARCHAR NOT NULL, advice VARCHAR NOT NULL, first_seen FLOAT NOT NULL,'
        " PRIMARY KEY (folder, path))"
    )


def _retype(db: Connection, table: str, before: str, after: str) -> None:
    """Give a column another type. SQLite has no statement for it, so the table is made anew and filled from the old one
    (sqlite.org/lang_altertable.html); its indexes go with the old one."""
    found = db.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type='table' AND name=?", (table,))
    definition = str(found.scalar_one())
    retyped, count = re.subn(rf"\b{before}\b", after, definition)
    if count != 1:
        raise AssertionError(f"{table} has no column {before!r}")
    db.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {table}_before")
    db.exec_driver_sql(retyped)
    db.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM {table}_before")
    db.exec_driver_sql(f"DROP TABLE {table}_before")


def _to_version_3(db: Connection) -> None:
    """Images know the change time and the inode of their files, where they have been looked at since."""
    for name in ("ctime_ns", "inode"):
        db.exec_driver_sql(f"ALTER TABLE images ADD COLUMN {name} VARCHAR")


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _to_version_2,
    _to_version_3,
    _list_what_is_not_sent,
)
"""`MIGRATIONS[n]` leads from version n + 1 to n + 2."""

VERSION = len(MIGRATIONS) + 1
