"""An older ledger is led up to the newest version and loses nothing; numbers of any size are kept as they are."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from hotfolder.adapters.ledger import Ledger
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.core.image import State
from tests.fakes import NOW, an_image

VERSION_1 = (Path(__file__).parent / "ledger_version_1.sql").read_text(encoding="utf-8")
OLD_IMAGE = {
    "id": "image-1",
    "folder": "Packshots",
    "path": "Boots 224/boot.jpg",
    "content_hash": "ab" * 32,
    "size_bytes": 12,
    "mtime_ns": 1_700_000_000_123_456_789,
    "content_type": "image/jpeg",
    "detected_at": NOW,
    "state": "delivered",
    "state_since": NOW,
    "wake_at": 0.0,
    "attempts": 0,
    "looks": 0,
    "retries": 0,
    "execution_id": "execution-1",
    "reason": "",
    "advice": "",
    "note": "",
}


@pytest.fixture
def old_path(tmp_path: Path) -> Path:
    """A ledger of version 1 with something in every table that changes."""
    path = tmp_path / "ledger.sqlite"
    db = sqlite3.connect(path)
    db.executescript(VERSION_1)
    columns = ", ".join(OLD_IMAGE)
    db.execute(
        f"INSERT INTO images ({columns}) VALUES ({', '.join('?' * len(OLD_IMAGE))})", list(OLD_IMAGE.values())
    )
    db.execute("INSERT INTO passed_over VALUES ('Packshots', 'old.jpg', 7, 1700000000987654321)")
    db.execute("INSERT INTO folders VALUES ('Packshots', '/in', 2049, 5.0, 1)")
    db.commit()
    db.close()
    return path


def test_a_ledger_of_version_1_keeps_everything(old_path: Path) -> None:
    ledger = open_ledger(old_path)
    (image,) = ledger.images()
    assert (image.id, image.mtime_ns, image.state) == ("image-1", OLD_IMAGE["mtime_ns"], State.DELIVERED)
    assert (image.workflow_id, image.insisted) == (None, False)
    assert (image.ctime_ns, image.inode) == (None, None)
    assert ledger.folder_device("Packshots") == 2049
    assert ("old.jpg", 7, 1_700_000_000_987_654_321) in ledger.known_stamps("Packshots")
    ledger.close()


def test_a_ledger_of_version_1_becomes_like_a_new_one(old_path: Path, tmp_path: Path) -> None:
    open_ledger(old_path).close()
    new_path = tmp_path / "new.sqlite"
    open_ledger(new_path).close()
    assert shape_of(old_path) == shape_of(new_path)


def shape_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Columns with type, duty and key, and the indexes with theirs, by table."""
    db = sqlite3.connect(path)
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")]
    shape: dict[str, list[tuple[object, ...]]] = {}
    for table in tables:
        columns = [
            (name, kind, duty, key)
            for _, name, kind, duty, _, key in db.execute(f"PRAGMA table_info('{table}')")
        ]
        indexes = [
            (unique, tuple(row[2] for row in db.execute(f"PRAGMA index_info('{name}')")))
            for _, name, unique, _, _ in db.execute(f"PRAGMA index_list('{table}')")
        ]
        shape[table] = [*columns, *sorted(indexes)]
    db.close()
    return shape


@pytest.mark.parametrize("device", [2**63, 2**64 - 1, 0, 2049])
def test_a_device_number_of_any_size_is_kept(ledger: Ledger, device: int) -> None:
    """Windows has unsigned 64-bit ones with newer Pythons; SQLite's numbers end at 63 bits."""
    ledger.note_folder("Packshots", "/in", device, NOW)
    assert ledger.folder_device("Packshots") == device


@pytest.mark.parametrize("mtime_ns", [13_569_465_600_000_000_000, -11_644_473_600_000_000_000, 2**70])
def test_a_time_of_any_year_is_kept(ledger: Ledger, mtime_ns: int) -> None:
    """The year 2400, and 1601, where Windows begins to count."""
    image = replace(an_image(), mtime_ns=mtime_ns)
    ledger.add(image)
    ledger.pass_over("Packshots", [("old.jpg", 7, mtime_ns)])
    assert ledger.images() == [image]
    stamps = {(image.path, image.size_bytes, mtime_ns), ("old.jpg", 7, mtime_ns)}
    assert ledger.known_stamps("Packshots") == stamps
    ledger.relocate(image.id, "elsewhere.jpg", 8, mtime_ns + 1)
    assert ledger.images()[0].mtime_ns == mtime_ns + 1
