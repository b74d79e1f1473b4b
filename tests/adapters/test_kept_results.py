"""Results that came down and wait for their place."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from hotfolder.adapters.kept_results import KeptResults, are_of
from hotfolder.adapters.spool import IN_MEMORY_BYTES, Spool, SpoolParcel
from tests.adapters.disks import tiny_disk
from tests.fakes import hash_of


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def kept(spool: Spool) -> KeptResults:
    return KeptResults(spool.folder)


def keep(kept: KeptResults, spool: Spool, image_id: str, content: bytes) -> None:
    parcel = spool.parcel()
    parcel.write(content)
    try:
        kept.keep(image_id, parcel)
    finally:
        parcel.close()


def content_of(parcel: SpoolParcel | None) -> bytes | None:
    if parcel is None:
        return None
    parcel.file.seek(0)
    content = parcel.file.read()
    parcel.close()
    return content


@pytest.mark.parametrize("size_bytes", [7, IN_MEMORY_BYTES + 1])
def test_what_was_kept_is_given_back_by_another_life(
    kept: KeptResults, spool: Spool, size_bytes: int
) -> None:
    content = os.urandom(size_bytes)
    keep(kept, spool, "image-1", content)
    again = KeptResults(spool.folder)
    assert again.parcel("image-2", hash_of(content)) is None
    parcel = again.parcel("image-1", hash_of(content))
    assert parcel is not None
    assert (parcel.size_bytes, parcel.content_hash) == (size_bytes, hash_of(content))
    assert content_of(parcel) == content
    assert content_of(again.parcel("image-1", None)) == content


def test_only_the_result_that_is_wanted_is_given_back(kept: KeptResults, spool: Spool) -> None:
    """The execution ran again, and its result is another one."""
    keep(kept, spool, "image-1", b"old")
    assert kept.parcel("image-1", hash_of(b"new")) is None
    assert list(spool.folder.iterdir()) == []


@pytest.mark.parametrize("wanted", [hash_of(b"whole"), None])
def test_what_was_damaged_on_the_disk_is_never_given_back(
    kept: KeptResults, spool: Spool, wanted: str | None
) -> None:
    keep(kept, spool, "image-1", b"whole")
    (place,) = spool.folder.iterdir()
    place.write_bytes(b"who")
    assert kept.parcel("image-1", wanted) is None
    assert list(spool.folder.iterdir()) == []


def test_what_has_its_place_is_let_go_and_nothing_else(kept: KeptResults, spool: Spool) -> None:
    keep(kept, spool, "image-1", b"one")
    keep(kept, spool, "image-1-2", b"two")
    kept.let_go("image-1")
    assert kept.parcel("image-1", None) is None
    assert content_of(kept.parcel("image-1-2", None)) == b"two"


def test_the_sweep_leaves_what_is_still_waited_for(kept: KeptResults, spool: Spool) -> None:
    keep(kept, spool, "waits", b"one")
    keep(kept, spool, "delivered meanwhile", b"two")
    (spool.folder / "spool-left").write_bytes(b"half")
    spool.sweep(partial(are_of, {"waits"}))
    assert [path.name for path in spool.folder.iterdir()] == [f"kept-waits-{hash_of(b'one')}.part"]


def test_the_oldest_go_when_there_are_too_many_and_never_the_newest(spool: Spool) -> None:
    kept = KeptResults(spool.folder, most_bytes=25)
    for number in range(4):
        keep(kept, spool, f"image-{number}", b"%d" % number * 10)
        for path in spool.folder.glob(f"kept-image-{number}-*"):
            os.utime(path, (number, number))
    assert [content_of(kept.parcel(f"image-{n}", None)) is not None for n in range(4)] == [
        False,
        False,
        True,
        True,
    ]
    keep(kept, spool, "large", b"a" * 100)
    assert content_of(kept.parcel("large", None)) == b"a" * 100


def test_without_room_for_it_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "small") as small:
        elsewhere = Spool(tmp_path / "elsewhere")
        kept = KeptResults(Spool(small / "spool").folder)
        keep(kept, elsewhere, "image-1", b"a" * 1024 * 1024)
        assert kept.parcel("image-1", None) is None
        assert list((small / "spool").iterdir()) == []
