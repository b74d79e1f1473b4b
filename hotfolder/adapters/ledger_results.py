"""What the out folders ask of the ledger, and keep in it: whose result stands where. All run in the ledger's thread."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy import update as update_of

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import Ledger
from hotfolder.core.image import Image, State


def paths_of_others(ledger: Ledger, image: Image, prefix: str) -> frozenset[str]:
    """The result paths that other images of the hot folder have or claim, of those that begin with `prefix`."""
    table = schema.images.c
    query = select(table.result_path).where(
        table.folder == image.folder,
        table.id != image.id,
        table.result_path.is_not(None),
        table.result_path.startswith(prefix, autoescape=True),
    )
    with ledger.reading() as db:
        return frozenset(str(path) for path in db.execute(query).scalars())


def claim_exactly(ledger: Ledger, image: Image, path: str) -> bool:
    """Reserve this result path for the image, unless another image of the hot folder has it."""
    table = schema.images
    same = select(table.c.id).where(
        table.c.folder == image.folder, table.c.result_path == path, table.c.id != image.id
    )
    with ledger.reading() as db:
        if db.execute(same).first() is not None:
            return False
        values = {"result_path": path, "result_hash": image.result_hash}
        db.execute(update_of(table).where(table.c.id == image.id).values(**values))
    return True


def supersede(ledger: Ledger, image: Image) -> None:
    """The image's result has taken the place of an earlier version's: that one has no result any more."""
    table = schema.images
    earlier = update_of(table).where(
        table.c.folder == image.folder,
        table.c.result_path == image.result_path,
        table.c.id != image.id,
        table.c.state == State.DELIVERED.value,
    )
    with ledger.reading() as db:
        db.execute(earlier.values(result_path=None))


def is_overtaken(ledger: Ledger, image: Image) -> bool:
    """Whether the result of a newer version of the same source stands, or is about to, where this one's would."""
    table = schema.images
    now_at = ledger.image(image.id) or image
    newer = select(table.c.id).where(
        table.c.folder == now_at.folder,
        table.c.path == now_at.path,
        table.c.id != now_at.id,
        table.c.detected_at > now_at.detected_at,
        table.c.result_path.is_not(None),
        table.c.state.in_([State.DELIVERED.value, State.FINISHED.value]),
    )
    with ledger.reading() as db:
        return db.execute(newer).first() is not None


def newest_of_path(ledger: Ledger, image: Image, path: str) -> float | None:
    """When the newest other version of the file at this path was detected; None where there is none."""
    table = schema.images.c
    query = select(func.max(table.detected_at)).where(
        table.folder == image.folder, table.path == path, table.id != image.id
    )
    with ledger.reading() as db:
        found = db.execute(query).scalar()
    return None if found is None else float(found)


def with_result(ledger: Ledger, image: Image, folders: Collection[str]) -> list[Image]:
    """Delivered images of these hot folders with the same source bytes and the same result. Asked by the source's bytes,
    which the ledger finds at once among a hundred thousand rows."""
    table = schema.images
    query = select(table.c.id).where(
        table.c.folder.in_(list(folders)),
        table.c.content_hash == image.content_hash,
        table.c.result_hash == image.result_hash,
        table.c.result_path.is_not(None),
        table.c.state == State.DELIVERED.value,
        table.c.id != image.id,
    )
    with ledger.reading() as db:
        ids = [str(one) for one in db.execute(query).scalars()]
    return [found for one in ids if (found := ledger.image(one)) is not None]


def note_result_path(ledger: Ledger, image_id: str, path: str) -> None:
    """The image's result stands here now."""
    table = schema.images
    with ledger.reading() as db:
        db.execute(update_of(table).where(table.c.id == image_id).values(result_path=path))
