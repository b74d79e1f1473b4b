"""The ledger: hotfolder's durable memory (SQLAlchemy Core on SQLite).

Each method is one transaction, whole or not at all. There is one writing connection per home, in one thread
(`LedgerThread`): SQLite before 3.51.3 can damage a WAL that two connections write (sqlite.org/wal.html#walresetbug).
`synchronous=FULL`, because a commit lost in a power cut could be a paid execution created twice (keeps I2).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy import delete as delete_from
from sqlalchemy import update as update_of
from sqlalchemy.dialects.sqlite import insert

from hotfolder.adapters import ledger_schema as schema
from hotfolder.core.batching import Batch
from hotfolder.core.holds import ACCOUNT, PAUSED, Hold, HoldKind
from hotfolder.core.image import Image, State
from hotfolder.core.timing import LONGEST_NAMED_S

_FOLDER_NAMES = (
    schema.images.c.folder,
    schema.batches.c.folder,
    schema.holds.c.scope,
    schema.folders.c.name,
    schema.passed_over.c.folder,
    schema.not_sent.c.folder,
    schema.notices.c.folder,
)

SEEN = "problems seen"
"""The key of the notice that says up to when the person has seen what failed."""

INTENTS = "intents"
"""The counter of intents to create an execution."""

MOST_NAMED = 500
"""More names than this in one query, and reading them all is cheaper."""

_FILE_COLUMNS = frozenset({"path", "detected_at", "size_bytes", "mtime_ns", "ctime_ns", "inode"})


class Ledger:
    """The ledger of one home, synchronous. Made by `ledger_file`."""

    def __init__(self, engine: Engine, *, is_rebuilt: bool = False) -> None:
        """`is_rebuilt`: it is empty in the place of a damaged one."""
        self._engine = engine
        self.is_rebuilt = is_rebuilt

    def close(self) -> None:
        self._engine.dispose()

    def reading(self) -> AbstractContextManager[Connection]:
        """For questions of one's own (`ledger_tallies`), in the ledger's thread."""
        return self._engine.begin()

    # --- images -----------------------------------------------------------------------------------

    def add(self, image: Image, batch: Batch | None = None) -> None:
        """Put a new image into the ledger, and its batch as it is with it (keeps I1)."""
        with self._engine.begin() as db:
            if batch is not None:
                db.execute(_upsert_batch(batch))
            db.execute(schema.images.insert().values(**row_of(image)))

    def save(self, image: Image) -> None:
        """Keep an image as it is now; one that is forgotten is dropped. Where its file is and since when
        is the intake's to say, by `relocate`: a file may be moved while its image is being worked on."""
        with self._engine.begin() as db:
            _save(db, image)

    def save_intent(self, image: Image) -> int:
        """Keep an image that is about to be paid for, and count it: how many intents there have been (keeps I2, I12)."""
        table = schema.counters
        counted = insert(table).values(name=INTENTS, number=1)
        more = counted.on_conflict_do_update(index_elements=["name"], set_={"number": table.c.number + 1})
        with self._engine.begin() as db:
            _save(db, image)
            return int(db.execute(more.returning(table.c.number)).scalar_one())

    def relocate(
        self,
        image_id: str,
        path: str,
        size_bytes: int,
        mtime_ns: int,
        detected_at: float | None = None,
        *,
        ctime_ns: int | None = None,
        inode: int | None = None,
    ) -> None:
        """The image's file was moved or touched; its content is the same, so nothing is sent again. `detected_at`: when it
        came back, if it had given its place to another version."""
        table = schema.images
        values: dict[str, Any] = {"path": path, "size_bytes": size_bytes, "mtime_ns": mtime_ns}
        values |= {"ctime_ns": ctime_ns, "inode": inode}
        if detected_at is not None:
            values["detected_at"] = detected_at
        with self._engine.begin() as db:
            db.execute(update_of(table).where(table.c.id == image_id).values(**values))

    def image(self, image_id: str) -> Image | None:
        found = self._images(select(schema.images).where(schema.images.c.id == image_id))
        return found[0] if found else None

    def images(
        self, folder: str | None = None, states: Collection[State] = (), path: str | None = None
    ) -> list[Image]:
        """All images in the order they were detected, narrowed to a hot folder, states and a path."""
        query = select(schema.images).order_by(schema.images.c.detected_at, schema.images.c.path)
        if folder is not None:
            query = query.where(schema.images.c.folder == folder)
        if states:
            query = query.where(schema.images.c.state.in_([s.value for s in states]))
        if path is not None:
            query = query.where(schema.images.c.path == path)
        return self._images(query)

    def latest_failed(self, limit: int) -> list[Image]:
        """The images that failed last, the latest first."""
        table = schema.images
        failed = table.c.state == State.FAILED.value
        return self._images(select(table).where(failed).order_by(table.c.state_since.desc()).limit(limit))

    def with_content(self, folder: str, content_hash: str) -> list[Image]:
        table = schema.images
        return self._images(
            select(table).where(table.c.folder == folder, table.c.content_hash == content_hash)
        )

    def due(self, folder: str, states: Collection[State], now: float, limit: int) -> list[Image]:
        """Images of a hot folder whose next step is due, the longest waiting first."""
        table = schema.images
        query = (
            select(table)
            .where(
                table.c.folder == folder,
                table.c.state.in_([s.value for s in states]),
                table.c.wake_at <= now,
            )
            .order_by(table.c.wake_at, table.c.detected_at, table.c.path)
            .limit(limit)
        )
        return self._images(query)

    def next_wake(self, states: Collection[State], after: float) -> float | None:
        """When the next image in one of these states is due that is not due yet."""
        table = schema.images
        query = select(func.min(table.c.wake_at)).where(
            table.c.state.in_([s.value for s in states]), table.c.wake_at > after
        )
        with self._engine.begin() as db:
            found = db.execute(query).scalar()
        return None if found is None else float(found)

    def counts(self) -> dict[str, dict[State, int]]:
        """How many images each hot folder has in each state."""
        table = schema.images
        query = select(table.c.folder, table.c.state, func.count()).group_by(table.c.folder, table.c.state)
        counts: dict[str, dict[State, int]] = {}
        with self._engine.begin() as db:
            for folder, state, number in db.execute(query):
                counts.setdefault(folder, {})[State(state)] = number
        return counts

    def known_stamps(self, folder: str) -> set[tuple[str, int, int]]:
        """(path, size, mtime_ns) of every file that needs no second look."""
        found: set[tuple[str, int, int]] = set()
        with self._engine.begin() as db:
            for table in (schema.images, schema.passed_over):
                columns = (table.c.path, table.c.size_bytes, table.c.mtime_ns)
                found.update(
                    tuple(row) for row in db.execute(select(*columns).where(table.c.folder == folder))
                )
        return found

    def claim_result(
        self, image: Image, choose: Callable[[frozenset[str]], str], prefix: str | None = None
    ) -> Image:
        """Reserve a result path for the image: `choose` is given the paths other images of its hot folder have that begin
        with `prefix` (None: in the same subfolder). Path and content hash are stored before the file is put there, so
        that after a crash the file is known as ours (keeps I5)."""
        table = schema.images
        if prefix is None:
            prefix = f"{image.subfolder}/" if image.subfolder else ""
        query = select(table.c.result_path).where(
            table.c.folder == image.folder,
            table.c.id != image.id,
            table.c.result_path.is_not(None),
            table.c.result_path.startswith(prefix, autoescape=True),
        )
        with self._engine.begin() as db:
            taken = frozenset(str(path) for path in db.execute(query).scalars())
            claimed = replace(image, result_path=choose(taken))
            values = {"result_path": claimed.result_path, "result_hash": claimed.result_hash}
            db.execute(update_of(table).where(table.c.id == image.id).values(**values))
        return claimed

    def prove_writable(self) -> None:
        """A write that changes nothing; raises where the disk is full or the file cannot be written."""
        with self._engine.begin() as db:
            db.exec_driver_sql(f"PRAGMA user_version={schema.VERSION}")

    def forget_backoffs(self) -> None:
        """A person said "now": what only waits for another try is due at once. Look-ups keep their times (I2)."""
        table = schema.images
        unknown = (State.REQUESTED.value, State.RETRYING.value)
        with self._engine.begin() as db:
            db.execute(update_of(table).where(table.c.state.not_in(unknown)).values(wake_at=0.0))

    def shift_appointments(self, seconds: float) -> None:
        """The wall clock was set by so much, or the machine slept: all appointments move along."""
        with self._engine.begin() as db:
            for table in (schema.images, schema.holds):
                db.execute(
                    update_of(table).where(table.c.wake_at > 0).values(wake_at=table.c.wake_at + seconds)
                )
            until = schema.holds.c.until
            db.execute(update_of(schema.holds).where(until.is_not(None)).values(until=until + seconds))

    def limit_appointments(self, latest: float) -> None:
        """Nobody sleeps beyond `latest` (epoch seconds): after a restart the clock may be another. Where the service named a
        time itself that one counts, up to a day from when it was said."""
        holds = schema.holds
        named = holds.c.until.is_not(None) & (holds.c.until <= latest + LONGEST_NAMED_S)
        with self._engine.begin() as db:
            db.execute(update_of(holds).where(~named).values(until=None))
            for table in (schema.images, holds):
                late = table.c.wake_at > latest
                late = late & holds.c.until.is_(None) if table is holds else late
                db.execute(update_of(table).where(late).values(wake_at=latest))

    def _images(self, query: Any) -> list[Image]:
        with self._engine.begin() as db:
            return [image_in(row) for row in db.execute(query).mappings()]

    # --- batches ----------------------------------------------------------------------------------

    def latest_batch(self, folder: str, base_name: str) -> Batch | None:
        table = schema.batches
        query = (
            select(table)
            .where(table.c.folder == folder, table.c.base_name == base_name)
            .order_by(table.c.number.desc())
            .limit(1)
        )
        with self._engine.begin() as db:
            row = db.execute(query).mappings().first()
        return None if row is None else Batch(**row)

    def batch(self, batch_id: str) -> Batch | None:
        with self._engine.begin() as db:
            row = db.execute(select(schema.batches).where(schema.batches.c.id == batch_id)).mappings().first()
        return None if row is None else Batch(**row)

    def batches(self) -> list[Batch]:
        query = select(schema.batches).order_by(schema.batches.c.created_at, schema.batches.c.number)
        with self._engine.begin() as db:
            return [Batch(**row) for row in db.execute(query).mappings()]

    # --- holds, hot folders, notices --------------------------------------------------------------

    def holds(self) -> list[Hold]:
        with self._engine.begin() as db:
            rows = db.execute(select(schema.holds).order_by(schema.holds.c.since)).mappings().all()
        return [Hold(**{**row, "kind": HoldKind(row["kind"])}) for row in rows]

    def set_hold(self, hold: Hold) -> None:
        row = asdict(hold)
        statement = insert(schema.holds).values(**row)
        with self._engine.begin() as db:
            db.execute(statement.on_conflict_do_update(index_elements=["scope", "kind"], set_=row))

    def keep_holds_of(self, folders: Collection[str]) -> None:
        """Every hold of any other hot folder ends; but what a person paused stays paused, should it come back."""
        table = schema.holds
        gone = table.c.scope.not_in([ACCOUNT, *folders]) & (table.c.kind != HoldKind.PAUSED.value)
        with self._engine.begin() as db:
            db.execute(delete_from(table).where(gone))

    def release_hold(self, scope: str, kind: HoldKind) -> None:
        table = schema.holds
        with self._engine.begin() as db:
            db.execute(delete_from(table).where(table.c.scope == scope, table.c.kind == kind.value))

    def change_pauses(self, begun: Iterable[Hold], ended: Iterable[str]) -> None:
        """What a person paused and resumed: all of it, or nothing. `ended`: scopes; what rested because of them is due."""
        table, images, ended = schema.holds, schema.images, list(ended)
        paused = table.c.kind == HoldKind.PAUSED.value
        with self._engine.begin() as db:
            db.execute(delete_from(table).where(paused, table.c.scope.in_(ended)))
            if ended:
                db.execute(update_of(images).where(images.c.reason == PAUSED).values(wake_at=0.0))
            for hold in begun:
                db.execute(insert(table).values(**asdict(hold)).on_conflict_do_nothing())

    def folder_device(self, name: str) -> int | None:
        """The device the in folder was on when it was last seen with something in it; None: never scanned."""
        query = select(schema.folders.c.device).where(schema.folders.c.name == name)
        with self._engine.begin() as db:
            return db.execute(query).scalar()

    def out_folder_used(self, name: str) -> bool:
        query = select(schema.folders.c.out_used).where(schema.folders.c.name == name)
        with self._engine.begin() as db:
            return bool(db.execute(query).scalar())

    def note_folder(self, name: str, in_folder: str, device: int, now: float) -> None:
        row = {"in_folder": in_folder, "device": device, "first_scanned_at": now}
        self._note(name, row, out_used=False)

    def note_out_folder_used(self, name: str) -> None:
        self._note(name, {"out_used": True})

    def _note(self, name: str, row: dict[str, Any], **when_new: Any) -> None:
        statement = insert(schema.folders).values(name=name, **row, **when_new)
        with self._engine.begin() as db:
            db.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))

    def follow_renames(self, in_folders: Mapping[str, str]) -> list[tuple[str, str]]:
        """A hot folder that has another name in the config but the same in folder keeps its images, so that nothing
        is sent and paid again. `in_folders`: path by name, as configured now; returns (old, new) names."""
        table = schema.folders
        with self._engine.begin() as db:
            known = {row.in_folder: row.name for row in db.execute(select(table.c.in_folder, table.c.name))}
            taken = set(known.values())
            renames = [
                (known[path], name)
                for name, path in in_folders.items()
                if name not in taken and path in known and known[path] not in in_folders
            ]
            for old, new in renames:
                for column in _FOLDER_NAMES:
                    db.execute(update_of(column.table).where(column == old).values({column.name: new}))
        return renames

    def pass_over(self, folder: str, stamps: Iterable[tuple[str, int, int]]) -> None:
        """Remember files that are never to be sent as they are (`existing: skip`)."""
        rows = [
            {"folder": folder, "path": path, "size_bytes": size, "mtime_ns": mtime}
            for path, size, mtime in stamps
        ]
        if rows:
            with self._engine.begin() as db:
                db.execute(insert(schema.passed_over).on_conflict_do_nothing(), rows)

    def say_once(self, folder: str, key: str, text: str, now: float) -> bool:
        """Whether this has not been said before; from now on it has."""
        statement = insert(schema.notices).values(folder=folder, key=key, text=text, said_at=now)
        with self._engine.begin() as db:
            return db.execute(statement.on_conflict_do_nothing()).rowcount == 1

    def notices(self) -> list[tuple[str, str]]:
        """(hot folder, text) of everything that was said once and has a text, oldest first."""
        table = schema.notices
        query = select(table.c.folder, table.c.text).where(table.c.text != "").order_by(table.c.said_at)
        with self._engine.begin() as db:
            return [(row.folder, row.text) for row in db.execute(query)]

    def note_problems_seen(self, now: float, key: str = SEEN) -> None:
        """The person has seen what failed so far, or of another `key`: it is still listed, but alarms nobody any more."""
        row = {"folder": "", "key": key, "text": "", "said_at": now}
        statement = insert(schema.notices).values(**row)
        with self._engine.begin() as db:
            db.execute(
                statement.on_conflict_do_update(index_elements=["folder", "key"], set_={"said_at": now})
            )


def _save(db: Connection, image: Image) -> None:
    table = schema.images
    row = {name: value for name, value in row_of(image).items() if name not in _FILE_COLUMNS}
    if image.state is State.FORGOTTEN:
        db.execute(delete_from(table).where(table.c.id == image.id))
    else:
        db.execute(update_of(table).where(table.c.id == image.id).values(**row))


def row_of(image: Image) -> dict[str, Any]:
    """The table's row of an image."""
    return {name: getattr(image, name) for name in Image.__dataclass_fields__}


def image_in(row: Any) -> Image:
    """The image of a row of the table."""
    return Image(**{**row, "state": State(row["state"])})


def _upsert_batch(batch: Batch) -> Any:
    row = asdict(batch)
    return insert(schema.batches).values(**row).on_conflict_do_update(index_elements=["id"], set_=row)
