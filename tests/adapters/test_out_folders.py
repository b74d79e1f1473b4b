"""Results in real out folders: whole or not at all, and never over a file that is not ours."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.out_folders import OutFolders, unwritable
from hotfolder.adapters.spool import Spool
from hotfolder.core.image import Image, State
from hotfolder.core.naming import is_part_name, part_name
from hotfolder.errors import FolderUnwritable, ImageRejected
from tests.adapters.disks import tiny_disk
from tests.fakes import NOW, RESULT, an_image, hash_of


@dataclass
class Studio:
    """An out folder with its ledger. `deliver` is what the stage does with the two."""

    root: Path
    ledger: LedgerThread
    results: OutFolders

    async def enter(self, image: Image) -> Image:
        await self.ledger.call(lambda ledger: ledger.add(image))
        return image

    async def deliver(self, image: Image, content: bytes = RESULT, extension: str = "png") -> Image:
        """Claim, place until it has a place, and say so."""
        parcel = self.results.parcel()
        parcel.write(content)
        image = replace(image, result_hash=parcel.content_hash)
        try:
            claimed = await self.results.claim(image, extension)
            while not await self.results.place(claimed, parcel):
                claimed = await self.results.claim(image, extension)
        finally:
            parcel.close()
        delivered = replace(claimed, state=State.DELIVERED)
        await self.ledger.call(lambda ledger: ledger.save(delivered))
        return delivered

    def read(self, image: Image) -> bytes:
        return (self.root / (image.result_path or "")).read_bytes()

    def files(self) -> list[str]:
        return sorted(p.relative_to(self.root).as_posix() for p in self.root.rglob("*") if p.is_file())

    async def placing(self, image: Image, content: bytes = RESULT) -> bool:
        """Only the last step, under the path the image claims."""
        parcel = self.results.parcel()
        parcel.write(content)
        try:
            return await self.results.place(image, parcel)
        finally:
            parcel.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerThread]:
    one = LedgerThread(open_ledger(tmp_path / "home" / "ledger.sqlite"))
    yield one
    one.close()


def studio_at(root: Path, ledger: LedgerThread, tmp_path: Path) -> Studio:
    return Studio(root, ledger, OutFolders({"Packshots": root}, Spool(tmp_path / "home" / "spool"), ledger))


@pytest.fixture
def studio(tmp_path: Path, ledger: LedgerThread) -> Studio:
    (tmp_path / "out").mkdir()
    return studio_at(tmp_path / "out", ledger, tmp_path)


def finished(n: int = 1, path: str = "Boots 224/boot.jpg", **changes: object) -> Image:
    facts = {"id": f"image-{n}", "path": path, "content_hash": hash_of(b"%d" % n), "detected_at": NOW + n}
    return an_image(State.FINISHED, **{**facts, **changes})


# --- the plain way --------------------------------------------------------------------------------


async def test_a_result_stands_whole_in_the_same_subfolder(studio: Studio) -> None:
    delivered = await studio.deliver(await studio.enter(finished()))
    assert delivered.result_path == "Boots 224/boot.png"
    assert studio.read(delivered) == RESULT
    assert studio.files() == ["Boots 224/boot.png"], "and nothing else is left there"


async def test_a_large_result_is_written_byte_for_byte(studio: Studio) -> None:
    content = os.urandom(10 * 1024 * 1024)
    delivered = await studio.deliver(await studio.enter(finished()), content)
    assert studio.read(delivered) == content


async def test_a_result_in_place_is_known_by_its_bytes(studio: Studio) -> None:
    delivered = await studio.deliver(await studio.enter(finished()))
    assert await studio.results.is_in_place(delivered)
    (studio.root / "Boots 224/boot.png").write_bytes(b"retouched further by hand")
    assert not await studio.results.is_in_place(delivered)
    (studio.root / "Boots 224/boot.png").unlink()
    assert not await studio.results.is_in_place(delivered)
    assert not await studio.results.is_in_place(finished())
    assert not await studio.results.is_in_place(replace(delivered, result_hash=None))


async def test_a_path_is_claimed_durably_before_anything_stands_there(studio: Studio) -> None:
    image = await studio.enter(finished())
    claimed = await studio.results.claim(replace(image, result_hash=hash_of(RESULT)), "png")
    kept = await studio.ledger.call(lambda ledger: ledger.image("image-1"))
    assert kept is not None
    assert (kept.result_path, kept.result_hash) == (claimed.result_path, hash_of(RESULT))
    assert studio.files() == []


async def test_after_a_crash_behind_the_rename_the_file_is_known_as_ours(studio: Studio) -> None:
    image = await studio.enter(finished())
    claimed = await studio.results.claim(replace(image, result_hash=hash_of(RESULT)), "png")
    assert await studio.placing(claimed)
    kept = await studio.ledger.call(lambda ledger: ledger.image("image-1"))
    assert kept is not None
    assert await studio.results.is_in_place(kept)


# --- names that are taken -------------------------------------------------------------------------


async def test_a_foreign_file_is_never_overwritten(studio: Studio) -> None:
    (studio.root / "Boots 224").mkdir()
    (studio.root / "Boots 224" / "boot.png").write_bytes(b"somebody's own")
    delivered = await studio.deliver(await studio.enter(finished()))
    assert delivered.result_path == "Boots 224/boot (2).png"
    assert (studio.root / "Boots 224" / "boot.png").read_bytes() == b"somebody's own"


async def test_a_foreign_file_of_the_same_bytes_is_foreign_all_the_same(studio: Studio) -> None:
    (studio.root / "Boots 224").mkdir()
    (studio.root / "Boots 224" / "boot.png").write_bytes(RESULT)
    delivered = await studio.deliver(await studio.enter(finished()))
    assert delivered.result_path == "Boots 224/boot (2).png"


async def test_a_foreign_file_that_differs_in_case_only_is_in_the_way_too(studio: Studio) -> None:
    (studio.root / "Boots 224").mkdir()
    (studio.root / "Boots 224" / "BOOT.PNG").write_bytes(b"somebody's own")
    delivered = await studio.deliver(await studio.enter(finished()))
    assert delivered.result_path == "Boots 224/boot (2).png"


async def test_a_foreign_file_that_appears_in_the_last_moment_is_not_overwritten(studio: Studio) -> None:
    image = await studio.enter(finished())
    claimed = await studio.results.claim(replace(image, result_hash=hash_of(RESULT)), "png")
    (studio.root / "Boots 224").mkdir()
    (studio.root / "Boots 224" / "boot.png").write_bytes(b"just now")
    assert not await studio.placing(claimed)
    assert (studio.root / "Boots 224" / "boot.png").read_bytes() == b"just now"
    assert studio.files() == ["Boots 224/boot.png"], "no part file is left"
    assert (await studio.deliver(image)).result_path == "Boots 224/boot (2).png"


@pytest.mark.parametrize("kind", ["dead link", "link", "folder"])
async def test_a_link_or_folder_under_the_name_is_left_alone(
    studio: Studio, tmp_path: Path, kind: str
) -> None:
    outside = tmp_path / "outside.png"
    in_the_way = studio.root / "Boots 224" / "boot.png"
    in_the_way.parent.mkdir()
    if kind == "folder":
        in_the_way.mkdir()
    else:
        in_the_way.symlink_to(outside)
        if kind == "link":
            outside.write_bytes(b"outside")
    image = await studio.enter(finished())
    assert not await studio.placing(replace(image, result_path="Boots 224/boot.png"))
    assert (await studio.deliver(image)).result_path == "Boots 224/boot (2).png"
    assert outside.exists() is (kind == "link")
    assert not outside.exists() or outside.read_bytes() == b"outside"


async def test_two_sources_of_one_stem_get_a_result_each(studio: Studio) -> None:
    first = await studio.deliver(await studio.enter(finished(1, "a.jpg")), b"one")
    second = await studio.deliver(await studio.enter(finished(2, "a.tif")), b"two")
    assert (first.result_path, second.result_path) == ("a.png", "a.tif.png")
    assert (studio.read(first), studio.read(second)) == (b"one", b"two")


async def test_a_name_that_another_image_has_only_claimed_is_taken(studio: Studio) -> None:
    await studio.results.claim(await studio.enter(finished(1, "a.jpg")), "png")
    second = await studio.deliver(await studio.enter(finished(2, "a.tif")))
    assert second.result_path == "a.tif.png"


# --- earlier versions -----------------------------------------------------------------------------


async def test_a_new_version_of_the_same_source_replaces_our_unchanged_result(studio: Studio) -> None:
    await studio.deliver(await studio.enter(finished(1)), b"first")
    second = await studio.deliver(await studio.enter(finished(2)), b"second")
    third = await studio.deliver(await studio.enter(finished(3)), b"third")
    assert second.result_path == third.result_path == "Boots 224/boot.png"
    assert studio.files() == ["Boots 224/boot.png"]
    assert studio.read(third) == b"third"


async def test_an_earlier_result_that_the_person_changed_stays(studio: Studio) -> None:
    first = await studio.deliver(await studio.enter(finished(1)), b"first")
    (studio.root / "Boots 224" / "boot.png").write_bytes(b"finished by hand")
    second = await studio.deliver(await studio.enter(finished(2)), b"second")
    assert second.result_path == "Boots 224/boot (2).png"
    assert studio.read(first) == b"finished by hand"


async def test_an_earlier_result_that_is_changed_in_the_last_moment_stays(studio: Studio) -> None:
    await studio.deliver(await studio.enter(finished(1)), b"first")
    image = replace(await studio.enter(finished(2)), result_hash=hash_of(RESULT))
    claimed = await studio.results.claim(image, "png")
    (studio.root / "Boots 224" / "boot.png").write_bytes(b"finished by hand")
    assert not await studio.placing(claimed)
    assert (studio.root / "Boots 224" / "boot.png").read_bytes() == b"finished by hand"


async def test_an_earlier_result_that_was_taken_away_leaves_its_name_free(studio: Studio) -> None:
    """The person has moved it on; the new version comes under the name that is expected."""
    first = await studio.deliver(await studio.enter(finished(1)), b"first")
    (studio.root / (first.result_path or "")).unlink()
    second = await studio.deliver(await studio.enter(finished(2)), b"second")
    assert second.result_path == "Boots 224/boot.png"
    assert studio.read(second) == b"second"


async def test_a_name_that_another_version_has_claimed_gets_a_number(studio: Studio) -> None:
    await studio.results.claim(await studio.enter(finished(1)), "png")
    second = await studio.deliver(await studio.enter(finished(2)))
    assert second.result_path == "Boots 224/boot (2).png"


async def test_the_result_of_another_source_is_no_earlier_version(studio: Studio) -> None:
    await studio.deliver(await studio.enter(finished(1, "a.jpg")), b"one")
    second = await studio.deliver(await studio.enter(finished(2, "a.png")), b"two")
    assert second.result_path == "a.png.png"
    assert studio.files() == ["a.png", "a.png.png"]


async def test_an_older_version_that_finishes_late_does_not_replace_the_newer(studio: Studio) -> None:
    older, newer = await studio.enter(finished(1)), await studio.enter(finished(2))
    await studio.deliver(newer, b"newer")
    late = await studio.deliver(older, b"older")
    assert (studio.root / "Boots 224" / "boot.png").read_bytes() == b"newer"
    assert studio.read(late) == b"older"


# --- part files -----------------------------------------------------------------------------------


async def test_part_files_of_an_earlier_life_are_swept_and_nothing_else(studio: Studio) -> None:
    (studio.root / "Boots 224" / "deep").mkdir(parents=True)
    for place in (".", "Boots 224", "Boots 224/deep"):
        (studio.root / place / part_name("image-9")).write_bytes(b"half")
    (studio.root / "Boots 224" / "boot.png").write_bytes(b"whole")
    (studio.root / "Boots 224" / "other.part").write_bytes(b"not ours")
    studio.results.sweep()
    assert studio.files() == ["Boots 224/boot.png", "Boots 224/other.part"]


def test_sweeping_an_out_folder_that_is_away_is_no_trouble(tmp_path: Path, ledger: LedgerThread) -> None:
    studio_at(tmp_path / "unplugged" / "out", ledger, tmp_path).results.sweep()


async def test_the_check_leaves_nothing_behind(studio: Studio) -> None:
    await studio.results.check("Packshots")
    assert list(studio.root.iterdir()) == []


# --- out folders that are away --------------------------------------------------------------------


async def test_an_out_folder_that_was_never_used_is_made_below_an_existing_parent(
    tmp_path: Path, ledger: LedgerThread
) -> None:
    studio = studio_at(tmp_path / "new", ledger, tmp_path)
    await studio.results.check("Packshots")
    assert studio.root.is_dir()


async def test_no_parent_is_ever_made(tmp_path: Path, ledger: LedgerThread) -> None:
    """It would be a drive that is not plugged in."""
    studio = studio_at(tmp_path / "drive" / "out", ledger, tmp_path)
    with pytest.raises(FolderUnwritable, match="Waiting for the out folder"):
        await studio.results.check("Packshots")
    assert not (tmp_path / "drive").exists()


async def test_an_out_folder_that_was_used_is_waited_for_and_not_made_anew(studio: Studio) -> None:
    image = await studio.enter(finished())
    await studio.results.check("Packshots")
    studio.root.rmdir()
    for attempt in (studio.results.check("Packshots"), studio.results.claim(image, "png")):
        with pytest.raises(FolderUnwritable, match="Waiting for the out folder"):
            await attempt
    assert not studio.root.exists()


async def test_a_folder_that_goes_away_between_claim_and_place_is_not_made_anew(studio: Studio) -> None:
    image = await studio.enter(finished())
    claimed = await studio.results.claim(image, "png")
    studio.root.rmdir()
    with pytest.raises(FolderUnwritable):
        await studio.placing(claimed)
    assert not studio.root.exists()


async def test_a_file_in_the_out_folders_place_is_waited_for(tmp_path: Path, ledger: LedgerThread) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(FolderUnwritable):
        await studio_at(tmp_path / "out", ledger, tmp_path).results.check("Packshots")


async def test_a_file_in_a_subfolders_place_is_left_alone(studio: Studio) -> None:
    (studio.root / "Boots 224").write_text("somebody's list of boots")
    image = await studio.enter(finished())
    with pytest.raises(FolderUnwritable):
        await studio.deliver(image)
    assert (studio.root / "Boots 224").read_text() == "somebody's list of boots"


async def test_a_full_disk_is_held_and_leaves_no_half_file(tmp_path: Path, ledger: LedgerThread) -> None:
    with tiny_disk(tmp_path / "small", size_kb=512) as small:
        studio = studio_at(small, ledger, tmp_path)
        image = await studio.enter(finished(1, "boot.jpg"))
        with pytest.raises(FolderUnwritable, match="is full"):
            await studio.deliver(image, b"a" * 1024 * 1024)
        assert studio.files() == []
        (small / "somebody's").write_bytes(b"a" * 400 * 1024)
        with pytest.raises(FolderUnwritable, match="is full"):
            await studio.results.check("Packshots")
        assert studio.files() == ["somebody's"]
        (small / "somebody's").unlink()
        await studio.results.check("Packshots")
        assert studio.read(await studio.deliver(image)) == RESULT


# --- file systems without hard links --------------------------------------------------------------


@pytest.fixture
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("no_hard_links")
async def test_without_hard_links_a_result_is_renamed_into_place(studio: Studio) -> None:
    delivered = await studio.deliver(await studio.enter(finished()))
    assert studio.read(delivered) == RESULT
    assert studio.files() == ["Boots 224/boot.png"]


@pytest.mark.usefixtures("no_hard_links")
async def test_without_hard_links_a_foreign_file_is_not_overwritten_either(studio: Studio) -> None:
    image = await studio.enter(finished())
    claimed = await studio.results.claim(image, "png")
    (studio.root / "Boots 224").mkdir()
    (studio.root / "Boots 224" / "boot.png").write_bytes(b"just now")
    assert not await studio.placing(claimed)
    assert studio.files() == ["Boots 224/boot.png"]


async def test_any_other_trouble_of_linking_is_told(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", fail)
    image = await studio.enter(finished())
    with pytest.raises(FolderUnwritable, match="Input/output error"):
        await studio.deliver(image)
    assert not any(is_part_name(name.rpartition("/")[2]) for name in studio.files())


# --- the order of effects -------------------------------------------------------------------------


async def test_the_bytes_are_on_the_disk_before_they_get_their_name(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write, fsync the file, link, fsync the folder: a power cut leaves a part file or the whole result."""
    order: list[str] = []
    sync, link = os.fsync, os.link

    def note_sync(descriptor: int) -> None:
        order.append("sync folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "sync file")  # noqa: PTH112
        sync(descriptor)

    def note_link(source: Path, target: Path) -> None:
        assert source.read_bytes() == RESULT
        assert source.parent == target.parent
        order.append("link")
        link(source, target)

    image = await studio.enter(finished())
    claimed = await studio.results.claim(image, "png")
    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "link", note_link)
    assert await studio.placing(claimed)
    if sys.platform == "linux":
        assert order == ["sync file", "link", "sync folder"]


# --- the system's words in ours -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EROFS, "cannot be written"),
        (errno.EACCES, "cannot be written"),
        (errno.EIO, "Waiting for"),
        (errno.ESTALE, "Waiting for"),
        (errno.EHOSTDOWN, "Waiting for"),
    ],
)
def test_what_the_system_says_of_an_out_folder_holds_it_with_a_reason(code: int, words: str) -> None:
    error = unwritable(Path("/out"), OSError(code, os.strerror(code)))
    assert isinstance(error, FolderUnwritable)
    assert words in error.title
    assert error.advice


@pytest.mark.parametrize("code", [errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL])
def test_a_name_that_the_folder_refuses_is_that_images_trouble_alone(code: int) -> None:
    error = unwritable(Path("/out"), OSError(code, os.strerror(code)))
    assert isinstance(error, ImageRejected)
    assert "Rename" in error.advice
