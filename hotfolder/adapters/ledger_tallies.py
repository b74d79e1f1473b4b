"""What the faces and the look-up want to know, asked of the ledger, however many images it holds. All run in the
ledger's thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, func, select

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import SEEN, Ledger
from hotfolder.core.batching import Batch
from hotfolder.core.image import State
from hotfolder.core.telling_batches import BatchKey, Tally

_AT_ONCE = 500
"""Names in one query; SQLite allows 999."""


def delivered_since(ledger: Ledger, time: float) -> int:
    """How many images were delivered since then (epoch seconds)."""
    table = schema.images.c
    with ledger.reading() as db:
        return int(db.execute(select(func.count()).where(table.delivered_at >= time)).scalar() or 0)


def failed_unseen(ledger: Ledger) -> int:
    """How many images have failed since the person last said to have seen them."""
    table, notices = schema.images.c, schema.notices.c
    seen = select(func.max(notices.said_at)).where(notices.key == SEEN).scalar_subquery()
    failed = table.state == State.FAILED.value
    query = select(func.count()).where(failed, table.state_since > func.coalesce(seen, 0.0))
    with ledger.reading() as db:
        return int(db.execute(query).scalar() or 0)


def intents_of(ledger: Ledger, ids: Collection[str]) -> dict[str, float]:
    """When the executions of these images were intended (epoch seconds), as far as that is known."""
    table, wanted = schema.images.c, list(ids)
    query = select(table.id, table.requested_at).where(table.requested_at.is_not(None))
    found: dict[str, float] = {}
    with ledger.reading() as db:
        for start in range(0, len(wanted), _AT_ONCE):
            rows = db.execute(query.where(table.id.in_(wanted[start : start + _AT_ONCE])))
            found.update((row.id, float(row.requested_at)) for row in rows)
    return found


def batch_tallies(ledger: Ledger, keys: Sequence[BatchKey]) -> dict[BatchKey, Tally]:
    """A batch that the ledger does not know has none."""
    ids = [key.batch_id for key in keys if key.batch_id is not None]
    found: dict[BatchKey, Tally] = {}
    with ledger.reading() as db:
        by_id: dict[str, Tally] = {}
        for start in range(0, len(ids), _AT_ONCE):
            by_id.update(_tallies(db, ids[start : start + _AT_ONCE]))
        for key in keys:
            if key.batch_id is None:
                found[key] = Tally(name=key.folder, open=_open_ones_in_no_batch(db, key.folder))
            elif key.batch_id in by_id:
                found[key] = by_id[key.batch_id]
    return found


def _tallies(db: Connection, ids: Sequence[str]) -> dict[str, Tally]:
    images, batches = schema.images.c, schema.batches.c
    counts: dict[str, Counter[State]] = {}
    query = select(images.batch_id, images.state, func.count()).where(images.batch_id.in_(ids))
    for batch_id, state, number in db.execute(query.group_by(images.batch_id, images.state)):
        counts.setdefault(batch_id, Counter())[State(state)] = number
    rows = db.execute(select(schema.batches).where(batches.id.in_(ids))).mappings()
    return {row["id"]: _tally(Batch(**row).name, counts.get(row["id"], Counter())) for row in rows}


def _tally(name: str, counts: Counter[State]) -> Tally:
    return Tally(
        name=name,
        open=sum(number for state, number in counts.items() if not state.is_final),
        delivered=counts[State.DELIVERED],
        failed=counts[State.FAILED],
    )


def _open_ones_in_no_batch(db: Connection, folder: str) -> int:
    table = schema.images.c
    final = [state.value for state in State if state.is_final]
    query = select(func.count()).where(
        table.folder == folder, table.batch_id.is_(None), table.state.not_in(final)
    )
    return int(db.execute(query).scalar() or 0)
