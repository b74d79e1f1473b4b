"""What the ledger knows of an image's bytes, and what it was told of executions that it does not know (keeps I12).

All run in the ledger's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select
from sqlalchemy import update as update_of
from sqlalchemy.dialects.sqlite import insert

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import INTENTS, Ledger, image_in, row_of
from hotfolder.core.fetching import image_of
from hotfolder.core.image import Image, State
from hotfolder.core.repeats import Memory, Remembered


def memory_of(ledger: Ledger, image: Image) -> Memory:
    """Everything known of this image's bytes, in whatever hot folder. Of most images it is nothing, which takes one look."""
    images, remembered = schema.images, schema.remembered
    with ledger.reading() as db:
        if not db.execute(_IS_KNOWN, {"id": image.id, "content_hash": image.content_hash}).scalar():
            return Memory()
        return Memory(
            same=_images(db, (images.c.content_hash == image.content_hash) & (images.c.id != image.id)),
            makers=_images(db, images.c.result_hash == image.content_hash),
            remembered=_unclaimed(db, remembered.c.content_hash == image.content_hash),
            makers_remembered=_unclaimed(db, remembered.c.result_hash == image.content_hash),
        )


_SAID: ColumnElement[str] = bindparam("content_hash")
_ID: ColumnElement[str] = bindparam("id")
_IS_KNOWN = select(
    or_(
        select(schema.images.c.id)
        .where(schema.images.c.content_hash == _SAID, schema.images.c.id != _ID)
        .exists(),
        select(schema.images.c.id).where(schema.images.c.result_hash == _SAID).exists(),
        select(schema.remembered.c.execution_id).where(schema.remembered.c.content_hash == _SAID).exists(),
        select(schema.remembered.c.execution_id).where(schema.remembered.c.result_hash == _SAID).exists(),
    )
)
"""Made once: building a statement takes longer than asking it."""


def _images(db: Connection, which: ColumnElement[bool]) -> list[Image]:
    return [image_in(row) for row in db.execute(select(schema.images).where(which)).mappings()]


def _unclaimed(db: Connection, which: ColumnElement[bool]) -> list[Remembered]:
    table = schema.remembered
    claimed = select(schema.images.c.id).where(schema.images.c.execution_id == table.c.execution_id)
    rows = db.execute(select(table).where(which, ~claimed.exists()).order_by(table.c.created_at)).mappings()
    return [Remembered(**{key: value for key, value in row.items() if key != "wanted"}) for row in rows]


def unclaimed(ledger: Ledger) -> list[Remembered]:
    """Executions under our labels that no image of this ledger has: their sources are not here."""
    with ledger.reading() as db:
        return _unclaimed(db, schema.remembered.c.execution_id.is_not(None))


# --- reading the service's list -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a workflow's list was read: the next offset, whether to its end, and when (epoch seconds, service's clock).
    `recovered_at`: when (our own clock) executions were last found that this ledger did not know."""

    offset: int = 0
    complete: bool = False
    read_at: float | None = None
    recovered_at: float | None = None


def reading_of(ledger: Ledger, organization_id: str, workflow_id: str) -> Reading:
    table = schema.readings.c
    query = select(table.offset, table.complete, table.read_at, table.recovered_at).where(
        table.organization_id == organization_id, table.workflow_id == workflow_id
    )
    with ledger.reading() as db:
        row = db.execute(query).first()
    return Reading() if row is None else Reading(*row)


def remember(
    ledger: Ledger, organization_id: str, workflow_id: str, found: Sequence[Remembered], reading: Reading
) -> None:
    """Keep a page's executions together with how far the list was read, so that a restart goes on there."""
    row = {"organization_id": organization_id, "workflow_id": workflow_id, **asdict(reading)}
    with ledger.reading() as db:
        for execution in found:
            facts = asdict(execution)
            statement = insert(schema.remembered).values(**facts)
            db.execute(statement.on_conflict_do_update(index_elements=["execution_id"], set_=facts))
        statement = insert(schema.readings).values(**row)
        keys = ["organization_id", "workflow_id"]
        db.execute(statement.on_conflict_do_update(index_elements=keys, set_=row))


def known_executions(ledger: Ledger, ids: Collection[str]) -> set[str]:
    """Which of these the ledger's images have."""
    table = schema.images.c
    with ledger.reading() as db:
        return set(db.execute(select(table.execution_id).where(table.execution_id.in_(list(ids)))).scalars())


def newest_request(ledger: Ledger, organization_id: str, workflow_id: str) -> float | None:
    """When this ledger last meant to create an execution of the workflow (epoch seconds): what the list holds up to then
    is known. None: never, or it cannot be told."""
    table = schema.images.c
    query = select(func.max(table.requested_at)).where(
        table.organization_id == organization_id, table.workflow_id == workflow_id
    )
    with ledger.reading() as db:
        found = db.execute(query).scalar()
    return None if found is None else float(found)


# --- waking ---------------------------------------------------------------------------------------


def wake_unsent(ledger: Ledger, folders: Collection[str]) -> None:
    """Images of these hot folders that were not sent yet are looked at now."""
    table = schema.images
    _wake(ledger, table.c.folder.in_(list(folders)))


def wake_twins(ledger: Ledger, content_hash: str) -> None:
    """Images of these bytes that were not sent yet are looked at now."""
    _wake(ledger, schema.images.c.content_hash == content_hash)


def _wake(ledger: Ledger, which: ColumnElement[bool]) -> None:
    table = schema.images
    unsent = table.c.state.in_([State.QUEUED.value, State.UPLOADED.value])
    with ledger.reading() as db:
        db.execute(update_of(table).where(unsent, which, table.c.wake_at > 0).values(wake_at=0.0))


# --- counting intents -----------------------------------------------------------------------------


def intents(ledger: Ledger) -> int:
    """How many intents this ledger has seen committed."""
    query = select(schema.counters.c.number).where(schema.counters.c.name == INTENTS)
    with ledger.reading() as db:
        return int(db.execute(query).scalar() or 0)


def note_intents(ledger: Ledger, number: int) -> None:
    """From now on the count begins at this number."""
    row = {"name": INTENTS, "number": number}
    statement = insert(schema.counters).values(**row)
    with ledger.reading() as db:
        db.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))


def note_workflow(ledger: Ledger, folder: str, organization_id: str, workflow_id: str, digest: str) -> None:
    """Images that were sent before the ledger kept where to: to what their hot folder sends to now."""
    table = schema.images
    sent = table.c.execution_id.is_not(None) | (table.c.state == State.REQUESTED.value)
    values = {"organization_id": organization_id, "workflow_id": workflow_id, "settings_digest": digest}
    with ledger.reading() as db:
        db.execute(
            update_of(table)
            .where(table.c.folder == folder, table.c.workflow_id.is_(None), sent)
            .values(**values)
        )


# --- fetching -------------------------------------------------------------------------------------


def want(ledger: Ledger, execution_ids: Collection[str]) -> int:
    """A person wants these results though their sources are not here; how many they are."""
    table = schema.remembered
    with ledger.reading() as db:
        chosen = table.c.execution_id.in_(list(execution_ids))
        return db.execute(update_of(table).where(chosen).values(wanted=True)).rowcount


def has_wanted(ledger: Ledger, workflows: Collection[tuple[str, str]]) -> bool:
    """Whether a wanted result of one of these (organization, workflow) was not entered yet."""
    with ledger.reading() as db:
        wanted = _unclaimed(db, schema.remembered.c.wanted.is_(True))
    return any((found.organization_id, found.workflow_id) in workflows for found in wanted)


def enter_wanted(
    ledger: Ledger, folders: Mapping[tuple[str, str], str], now: float, new_id: Callable[[], str]
) -> list[Image]:
    """Make images of the wanted executions, for the hot folders by organization and workflow. One that is in the ledger
    already, by its execution or by its path and bytes, is left out."""
    entered = []
    with ledger.reading() as db:
        for found in _unclaimed(db, schema.remembered.c.wanted.is_(True)):
            folder = folders.get((found.organization_id, found.workflow_id))
            if folder is None:
                continue
            image = image_of(found, folder, new_id(), now)
            statement = insert(schema.images).values(**row_of(image)).on_conflict_do_nothing()
            if db.execute(statement).rowcount:
                entered.append(image)
            done = schema.remembered.c.execution_id == found.execution_id
            db.execute(update_of(schema.remembered).where(done).values(wanted=False))
    return entered
