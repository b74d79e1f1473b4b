"""What is not sent, in the ledger: kept as it was found last, so that commands can list it whether hotfolder runs or not.
All run in the ledger's thread."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import delete as delete_from
from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import Ledger
from hotfolder.core.not_sent import Listed, NotSent, printable_path

NOT_SENT_SEEN = "not sent seen"
"""The key of the notice that says up to when the person has seen what is not sent."""

_AT_ONCE = 500
"""Names in one query; SQLite allows 999."""


def note_not_sent(
    ledger: Ledger, folder: str, found: Mapping[str, NotSent], gone: Collection[str], now: float
) -> None:
    """These are not sent; those are gone, or sent by now. Who was seen before keeps the time it was seen first."""
    table = schema.not_sent
    rows = [
        {
            "folder": folder,
            "path": printable_path(path),
            "group": entry.group,
            "reason": printable_path(entry.reason),
            "advice": entry.advice,
            "first_seen": now,
        }
        for path, entry in found.items()
    ]
    lost = [printable_path(path) for path in gone]
    with ledger.reading() as db:
        for start in range(0, len(lost), _AT_ONCE):
            named = table.c.path.in_(lost[start : start + _AT_ONCE])
            db.execute(delete_from(table).where(table.c.folder == folder, named))
        if rows:
            new = insert(table)
            kept = {name: new.excluded[name] for name in ("group", "reason", "advice")}
            db.execute(new.on_conflict_do_update(index_elements=["folder", "path"], set_=kept), rows)


def not_sent(ledger: Ledger, folder: str) -> dict[str, NotSent]:
    """What was found last in a hot folder, by (printable) path."""
    table = schema.not_sent.c
    query = select(schema.not_sent).where(table.folder == folder)
    with ledger.reading() as db:
        rows = db.execute(query).mappings()
        return {row["path"]: NotSent(row["group"], row["reason"], row["advice"]) for row in rows}


def list_not_sent(ledger: Ledger, folders: Iterable[str] | None = None) -> list[Listed]:
    """All of these hot folders, or of all."""
    table = schema.not_sent
    query = select(table).order_by(table.c.folder, table.c.path)
    if folders is not None:
        query = query.where(table.c.folder.in_(list(folders)))
    with ledger.reading() as db:
        return [Listed(**row) for row in db.execute(query).mappings()]


def count_not_sent(ledger: Ledger) -> dict[str, dict[str, int]]:
    """How many of each group there are in each hot folder."""
    table = schema.not_sent.c
    query = select(table.folder, table.group, func.count()).group_by(table.folder, table.group)
    counts: dict[str, dict[str, int]] = {}
    with ledger.reading() as db:
        for folder, group, number in db.execute(query):
            counts.setdefault(folder, {})[group] = number
    return counts


def not_sent_unseen(ledger: Ledger, folders: Iterable[str]) -> int:
    """How many were found in these hot folders since the person last said to have seen them."""
    table, notices = schema.not_sent.c, schema.notices.c
    seen = select(func.max(notices.said_at)).where(notices.key == NOT_SENT_SEEN).scalar_subquery()
    query = select(func.count()).where(
        table.folder.in_(list(folders)), table.first_seen > func.coalesce(seen, 0.0)
    )
    with ledger.reading() as db:
        return int(db.execute(query).scalar() or 0)
