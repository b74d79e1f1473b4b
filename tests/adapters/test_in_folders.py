"""What is read from an in folder: the bytes that were hashed, or a reason why not."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hotfolder.adapters.in_folders import InFolders
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.spool import IN_MEMORY_BYTES, Spool
from hotfolder.core.image import Image
from hotfolder.errors import FolderAway, SourceChanged, SourceVanished, UnreadableImage
from tests.fakes import CONTENT, an_image, hash_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in" / "Boots 224").mkdir(parents=True)
    return tmp_path / "in"


@pytest.fixture
def folders(root: Path, tmp_path: Path) -> Iterator[InFolders]:
    ledger = LedgerThread(open_ledger(tmp_path / "ledger.sqlite"))
    yield InFolders({"Packshots": root}, Spool(tmp_path / "spool"), ledger)
    ledger.close()


def put(root: Path, content: bytes = CONTENT, **changes: str) -> Image:
    """A file in the in folder, as it was hashed."""
    image = an_image(**changes, content_hash=hash_of(content), size_bytes=len(content))  # type: ignore[arg-type]
    path = root / image.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return replace(image, mtime_ns=path.stat().st_mtime_ns)


def unplug(root: Path) -> None:
    root.rename(root.with_name("unplugged"))


def left_in(spool: Path) -> list[Path]:
    return list(spool.iterdir())


@pytest.mark.parametrize(
    "content", [b"x", CONTENT, b"large" * (IN_MEMORY_BYTES // 4)], ids=["tiny", "small", "large"]
)
async def test_what_is_opened_is_what_was_hashed_from_its_beginning(
    folders: InFolders, root: Path, content: bytes
) -> None:
    with await folders.open_exact(put(root, content)) as copy:
        assert copy.read() == content
        copy.seek(0)
        assert copy.read(1) == content[:1]


async def test_the_copy_is_private_and_survives_what_happens_to_the_file(
    folders: InFolders, root: Path
) -> None:
    image = put(root)
    with await folders.open_exact(image) as copy:
        (root / image.path).write_bytes(b"other bytes")
        (root / image.path).unlink()
        assert copy.read() == CONTENT


async def test_the_original_is_neither_changed_nor_touched(folders: InFolders, root: Path) -> None:
    image = put(root)
    before = (root / image.path).stat()
    (await folders.open_exact(image)).close()
    after = (root / image.path).stat()
    assert (root / image.path).read_bytes() == CONTENT
    assert (before.st_mtime_ns, before.st_ino, before.st_mode) == (
        after.st_mtime_ns,
        after.st_ino,
        after.st_mode,
    )


async def test_changed_bytes_are_noticed_even_at_the_same_size_and_time(
    folders: InFolders, root: Path
) -> None:
    image = put(root)
    (root / image.path).write_bytes(CONTENT[::-1])
    os.utime(root / image.path, ns=(image.mtime_ns, image.mtime_ns))
    with pytest.raises(SourceChanged):
        await folders.open_exact(image)


async def test_a_file_that_is_gone_has_vanished(folders: InFolders, root: Path) -> None:
    image = put(root)
    (root / image.path).unlink()
    for look in (folders.open_exact, folders.is_unchanged):
        with pytest.raises(SourceVanished, match="is gone"):
            await look(image)


async def test_a_subfolder_that_is_gone_takes_only_its_files_with_it(folders: InFolders, root: Path) -> None:
    image = put(root)
    (root / image.path).unlink()
    (root / image.subfolder).rmdir()
    with pytest.raises(SourceVanished):
        await folders.open_exact(image)


async def test_a_missing_in_folder_is_never_read_as_a_vanished_file(folders: InFolders, root: Path) -> None:
    image = put(root)
    unplug(root)
    for look in (folders.open_exact, folders.is_unchanged):
        with pytest.raises(FolderAway):
            await look(image)


async def test_a_link_in_the_files_place_is_not_followed(
    folders: InFolders, root: Path, tmp_path: Path
) -> None:
    image = put(root)
    (tmp_path / "elsewhere.jpg").write_bytes(CONTENT)
    (root / image.path).unlink()
    (root / image.path).symlink_to(tmp_path / "elsewhere.jpg")
    with pytest.raises((SourceVanished, UnreadableImage)):
        await folders.open_exact(image)


async def test_a_folder_in_the_files_place_is_no_image(folders: InFolders, root: Path) -> None:
    image = put(root)
    (root / image.path).unlink()
    (root / image.path).mkdir()
    with pytest.raises((SourceVanished, UnreadableImage)):
        await folders.open_exact(image)


async def test_a_file_that_may_not_be_read_says_so(
    folders: InFolders, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused at the system's edge, since root may read everything."""
    image = put(root)

    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("hotfolder.adapters.in_folders.os.open", refuse)
    with pytest.raises(UnreadableImage, match="cannot be read") as caught:
        await folders.open_exact(image)
    assert "right to read" in caught.value.advice


async def test_an_untouched_file_is_unchanged(folders: InFolders, root: Path) -> None:
    assert await folders.is_unchanged(put(root))


async def test_a_touched_or_grown_file_is_not_unchanged(folders: InFolders, root: Path) -> None:
    image = put(root)
    assert not await folders.is_unchanged(replace(image, mtime_ns=image.mtime_ns + 1))
    assert not await folders.is_unchanged(replace(image, size_bytes=image.size_bytes + 1))


async def test_nothing_is_left_behind_by_a_copy_that_failed(
    folders: InFolders, root: Path, tmp_path: Path
) -> None:
    image = put(root, b"large" * (IN_MEMORY_BYTES // 4))
    with pytest.raises(SourceChanged):
        await folders.open_exact(replace(image, content_hash=hash_of(b"other")))
    assert left_in(tmp_path / "spool") == []
