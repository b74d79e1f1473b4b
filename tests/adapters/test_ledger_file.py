"""Ledger files that cannot be used are explained and lose nothing; who only looks changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters import ledger_schema as schema
from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger, read_ledger
from hotfolder.core.holds import HoldKind, pause_of
from hotfolder.core.image import State
from hotfolder.core.life import Uploaded, step
from hotfolder.errors import LedgerUnusable
from tests.adapters.ledgers import another, asked
from tests.fakes import NOW, an_image

# --- ledgers that cannot be used ------------------------------------------------------------------


def test_a_newer_ledger_is_refused_and_not_touched(ledger: Ledger, path: Path) -> None:
    ledger.add(an_image())
    with ledger._engine.begin() as db:
        db.exec_driver_sql(f"PRAGMA user_version={schema.VERSION + 1}")
    ledger.close()
    for opening in (open_ledger, read_ledger):
        with pytest.raises(LedgerUnusable, match="newer"):
            opening(path)
    assert asked(path, "PRAGMA user_version") == [(schema.VERSION + 1,)]
    assert list(path.parent.glob("*damaged*")) == []


def migrated(*migrations: Callable[[Any], None]) -> tuple[Callable[[Any], None], ...]:
    return migrations


def test_an_older_ledger_is_led_up_step_by_step(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.add(an_image())
    ledger.close()
    steps = migrated(
        *schema.MIGRATIONS,
        lambda db: db.exec_driver_sql("CREATE TABLE later (n INTEGER)"),
        lambda db: db.exec_driver_sql("INSERT INTO later VALUES (1)"),
    )
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "VERSION", len(steps) + 1)
    for _ in range(2):
        again = open_ledger(path)
        assert again.images() == [an_image()]
        again.close()
    assert asked(path, "SELECT n FROM later") == [(1,)]
    assert asked(path, "PRAGMA user_version") == [(schema.VERSION,)]


def test_a_failing_step_leaves_the_ledger_as_it_was(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.close()
    steps = migrated(
        *schema.MIGRATIONS,
        lambda db: db.exec_driver_sql("CREATE TABLE later (n INTEGER)"),
        lambda db: db.exec_driver_sql("INSERT INTO nowhere VALUES (1)"),
    )
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", steps)
        patched.setattr(schema, "VERSION", len(steps) + 1)
        with pytest.raises(LedgerUnusable):
            open_ledger(path)
    assert asked(path, "SELECT name FROM sqlite_master WHERE name = 'later'") == []
    open_ledger(path).close()


@pytest.mark.parametrize("damage", ["no database", "torn in the middle"])
def test_a_damaged_ledger_is_set_aside_with_its_bytes_and_a_new_one_is_begun_with_a_word(
    path: Path, damage: str
) -> None:
    ledger = open_ledger(path)
    for n in range(300):
        ledger.add(another(n))
    ledger.close()
    if damage == "no database":
        path.write_bytes(b"this is no database at all" * 300)
    else:
        whole = bytearray(path.read_bytes())
        whole[8192:] = b"\xa5" * (len(whole) - 8192)
        path.write_bytes(whole)
    bytes_before = path.read_bytes()
    ledger = open_ledger(path)
    kept = path.with_name("ledger.sqlite.damaged-1")
    assert kept.read_bytes() == bytes_before
    assert (ledger.images(), ledger.is_rebuilt) == ([], True)
    ((folder, text),) = ledger.notices()
    assert folder == ""
    assert str(kept) in text
    assert "nothing that was paid for is paid again" in text
    ledger.close()


def test_a_rebuilt_ledger_is_known_as_one_until_it_holds_something(path: Path) -> None:
    """So that a start which was cut short before AutoRetouch was asked is followed by one that asks (keeps I12)."""
    path.parent.mkdir()
    path.write_bytes(b"nonsense" * 400)
    for _ in range(2):
        ledger = open_ledger(path)
        assert ledger.is_rebuilt
        ledger.close()
    ledger = open_ledger(path)
    ledger.add(an_image())
    ledger.close()
    ledger = open_ledger(path)
    assert not ledger.is_rebuilt
    ledger.close()


def test_a_second_damaged_ledger_does_not_replace_the_first(path: Path) -> None:
    path.parent.mkdir()
    for content in (b"first" * 400, b"second" * 400):
        path.write_bytes(content)
        open_ledger(path).close()
    kept = sorted(p.read_bytes()[:6] for p in path.parent.glob("*damaged*"))
    assert kept == [b"firstf", b"second"]


def test_what_a_person_paused_stays_paused_where_a_damaged_ledger_can_still_tell(path: Path) -> None:
    ledger = open_ledger(path)
    ledger.change_pauses([pause_of("Packshots", NOW)], ())
    for n in range(300):
        ledger.add(another(n))
    ledger.close()
    whole = bytearray(path.read_bytes())
    whole[-8192:] = b"\xa5" * 8192
    path.write_bytes(whole)
    ledger = open_ledger(path)
    assert ledger.is_rebuilt
    assert [(hold.scope, hold.kind) for hold in ledger.holds()] == [("Packshots", HoldKind.PAUSED)]
    ledger.close()


def test_a_backup_in_the_place_of_a_damaged_ledger_is_taken(path: Path) -> None:
    ledger = open_ledger(path)
    ledger.add(an_image())
    ledger.close()
    backup = path.read_bytes()
    path.write_bytes(b"nonsense" * 400)
    open_ledger(path).close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(backup)
    ledger = open_ledger(path)
    assert ledger.images() == [an_image()]
    assert not ledger.is_rebuilt
    ledger.close()


def test_a_home_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(LedgerUnusable, match="cannot be used now") as caught:
        open_ledger(tmp_path / "home" / "ledger.sqlite")
    assert caught.value.advice


def test_a_folder_in_the_ledgers_place_is_explained_and_left_alone(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(LedgerUnusable):
        open_ledger(path)
    assert path.is_dir()


def test_a_ledger_that_somebody_else_holds_is_explained_and_not_set_aside(ledger: Ledger, path: Path) -> None:
    ledger.close()
    stranger = sqlite3.connect(path, isolation_level=None)
    stranger.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(LedgerUnusable, match="locked"):
            open_ledger(path, busy_s=0.05)
    finally:
        stranger.close()
    assert list(path.parent.glob("*damaged*")) == []
    open_ledger(path).close()


# --- looking only ---------------------------------------------------------------------------------


def test_there_is_nothing_to_read_before_the_first_start(path: Path) -> None:
    assert read_ledger(path) is None
    assert not path.parent.exists()


def test_a_reader_sees_what_the_writer_commits_and_cannot_write(ledger: Ledger, path: Path) -> None:
    ledger.add(an_image())
    reader = read_ledger(path)
    assert reader is not None
    assert reader.images() == [an_image()]
    ledger.save(step(an_image(), Uploaded(), NOW)[0])
    assert reader.images()[0].state is State.UPLOADED
    with pytest.raises(Exception, match="readonly"):
        reader.add(another(2))
    reader.close()


def test_reading_changes_no_byte_of_the_ledger(ledger: Ledger, path: Path) -> None:
    ledger.add(an_image())
    ledger.close()
    before = path.read_bytes(), path.stat().st_mtime_ns
    reader = read_ledger(path)
    assert reader is not None
    assert reader.images() == [an_image()]
    reader.close()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_damaged_ledger_is_only_explained_to_a_reader(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"nonsense" * 400)
    with pytest.raises(LedgerUnusable, match="cannot be read"):
        read_ledger(path)
    assert path.read_bytes() == b"nonsense" * 400
