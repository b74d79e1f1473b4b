"""The ledger's tables and the steps that lead from one version to the next.

A new ledger is made whole from the tables below. An older one is led up by `MIGRATIONS`, one step a version; a
step that was released is never changed. The version is kept in SQLite's `user_version`.
"""

from __future__ import annotations

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
    UniqueConstraint,
)

metadata = MetaData()

images = Table(
    "images",
    metadata,
    Column("id", String, primary_key=True),
    Column("folder", String, nullable=False),
    Column("path", String, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
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
    UniqueConstraint("folder", "path", "content_hash", name="one_row_per_image"),
    Index("images_due", "folder", "state", "wake_at"),
    Index("images_by_content", "folder", "content_hash"),
    Index("images_by_result", "folder", "result_path"),
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
)

folders = Table(
    "folders",
    metadata,
    Column("name", String, primary_key=True),
    Column("in_folder", String),
    Column("device", Integer),
    Column("first_scanned_at", Float),
    Column("out_used", Boolean, nullable=False),
)

passed_over = Table(
    "passed_over",
    metadata,
    Column("folder", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("size_bytes", Integer, primary_key=True),
    Column("mtime_ns", Integer, primary_key=True),
)
"""Files that were there at the very first start of a hot folder with `existing: skip`."""

notices = Table(
    "notices",
    metadata,
    Column("folder", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("text", String, nullable=False),
    Column("said_at", Float, nullable=False),
)
"""What was said once and is not said again."""


MIGRATIONS: tuple[Callable[[Connection], None], ...] = ()
"""`MIGRATIONS[n]` leads from version n + 1 to n + 2."""

VERSION = len(MIGRATIONS) + 1
