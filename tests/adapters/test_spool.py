"""Private copies of bytes on their way up or down."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotfolder.adapters.spool import IN_MEMORY_BYTES, Spool, SpoolParcel
from hotfolder.errors import LedgerUnusable
from tests.adapters.disks import tiny_disk
from tests.fakes import hash_of


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "data" / "spool")


def test_a_parcel_gives_back_what_was_written_with_its_size_and_hash(spool: Spool) -> None:
    parcel = spool.parcel()
    for piece in (b"one ", b"", b"two"):
        parcel.write(piece)
    parcel.file.seek(0)
    assert parcel.file.read() == b"one two"
    assert (parcel.size_bytes, parcel.content_hash) == (7, hash_of(b"one two"))
    parcel.close()


def test_an_empty_parcel_has_no_bytes(spool: Spool) -> None:
    parcel = spool.parcel()
    assert (parcel.size_bytes, parcel.content_hash) == (0, hash_of(b""))
    parcel.close()


def test_a_large_parcel_goes_to_the_local_disk_and_leaves_nothing_there(spool: Spool, tmp_path: Path) -> None:
    parcel, piece = spool.parcel(), b"a" * (IN_MEMORY_BYTES // 2 + 1)
    for _ in range(3):
        parcel.write(piece)
    parcel.file.seek(0)
    assert hash_of(parcel.file.read()) == parcel.content_hash
    parcel.close()
    assert list((tmp_path / "data" / "spool").iterdir()) == []


def test_two_parcels_do_not_mix(spool: Spool) -> None:
    one, other = spool.parcel(), spool.parcel()
    one.write(b"one")
    other.write(b"other")
    assert (one.content_hash, other.content_hash) == (hash_of(b"one"), hash_of(b"other"))
    one.close()
    other.close()


def test_what_an_earlier_life_left_is_swept(spool: Spool, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "spool"
    (folder / "spool-left").write_bytes(b"half an image")
    (folder / "a folder").mkdir()
    spool.sweep()
    assert [p.name for p in folder.iterdir()] == ["a folder"]


def test_a_spool_that_is_there_already_is_used_again(spool: Spool, tmp_path: Path) -> None:
    again = Spool(tmp_path / "data" / "spool")
    again.parcel().close()


def test_a_full_disk_is_the_homes_trouble_and_no_images(tmp_path: Path) -> None:
    """It would otherwise be taken for an unreadable original, or for a bug, and the image would fail."""
    with tiny_disk(tmp_path / "small") as small:
        parcel = Spool(small / "spool").parcel()
        with pytest.raises(LedgerUnusable, match="no room for working copies") as caught:
            parcel.write(b"a" * (IN_MEMORY_BYTES + 1))
        assert "goes on by itself" in caught.value.advice
        parcel.close()


def write_all(parcel: SpoolParcel, megabytes: int) -> None:
    for _ in range(megabytes):
        parcel.write(b"\1" * 1024 * 1024)


def test_room_is_there_again_only_when_what_found_none_would_find_it(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", size_kb=12 * 1024) as disk:
        spool = Spool(disk / "spool")
        spool.prove_room()
        filler = disk / "filler"
        filler.write_bytes(b"\0" * (6 * 1024 * 1024))
        parcel = spool.parcel(9 * 1024 * 1024)
        with pytest.raises(LedgerUnusable):
            write_all(parcel, 9)
        parcel.close()
        with pytest.raises(LedgerUnusable, match="no room for working copies"):
            spool.prove_room()
        filler.unlink()
        spool.prove_room()
        filler.write_bytes(b"\0" * (6 * 1024 * 1024))
        spool.prove_room()
        assert list((disk / "spool").iterdir()) == []
