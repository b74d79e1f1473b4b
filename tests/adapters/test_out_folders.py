"""Results in real out folders: whole or not at all, and never over a file that is not ours."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters import probes
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.out_folders import OutFolders
from hotfolder.adapters.spool import Spool
from hotfolder.core.image import Image, State
from hotfolder.core.naming import is_part_name, part_name, path_key
from hotfolder.errors import FolderUnwritable, ResultInUse
from tests.adapters.disks import resize, tiny_disk
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


async def test_a_name_that_an_older_version_has_only_claimed_is_the_newers(studio: Studio) -> None:
    """The older one is overtaken, and gets no place beside it."""
    await studio.results.claim(await studio.enter(finished(1)), "png")
    second = await studio.deliver(await studio.enter(finished(2)))
    assert second.result_path == "Boots 224/boot.png"


async def test_a_name_that_a_newer_version_has_claimed_is_not_taken_by_the_older(studio: Studio) -> None:
    older = await studio.enter(finished(1))
    await studio.results.claim(await studio.enter(finished(2)), "png")
    assert (await studio.deliver(older)).result_path == "Boots 224/boot (2).png"


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
        with pytest.raises(FolderUnwritable, match="is full"):
            await studio.results.check("Packshots")  # the largest that waits finds no room
        resize(small, size_kb=2048)
        (small / "somebody's").write_bytes(b"a" * 1400 * 1024)
        with pytest.raises(FolderUnwritable, match="is full"):
            await studio.results.check("Packshots")
        assert studio.files() == ["somebody's"]
        (small / "somebody's").unlink()
        await studio.results.check("Packshots")
        assert len(studio.read(await studio.deliver(image, b"a" * 1024 * 1024))) == 1024 * 1024


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


# --- proven before anything is paid ----------------------------------------------------------------


def queued(path: str, n: int = 1) -> Image:
    return replace(finished(n, path), state=State.UPLOADED, execution_id=None)


async def test_a_proof_leaves_its_subfolder_and_nothing_else(studio: Studio) -> None:
    await studio.results.prove(await studio.enter(queued("Boots 224/left/a.jpg")))
    assert studio.files() == []
    assert (studio.root / "Boots 224" / "left").is_dir()


async def test_a_subfolder_is_proven_once_and_again_for_a_stranger_or_longer_name(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    proven: list[str] = []
    prove = probes.prove_path

    def noted(root: Path, source_path: str, *more: Any) -> None:
        proven.append(source_path)
        prove(root, source_path, *more)

    monkeypatch.setattr(probes, "prove_path", noted)
    names = ("x/a.jpg", "x/b.jpg", "x/12:30.jpg", "x/13:15.jpg", f"x/{'long' * 20}.jpg", "y/a.jpg", "x/c.jpg")
    for path in names:
        await studio.results.prove(queued(path))
    assert proven == ["x/a.jpg", "x/12:30.jpg", f"x/{'long' * 20}.jpg", "y/a.jpg"]


async def test_a_proof_counts_no_more_after_something_failed(studio: Studio) -> None:
    image = await studio.enter(queued("Boots/a.jpg"))
    await studio.results.prove(image)
    (studio.root / "Boots").rmdir()
    (studio.root / "Boots").write_text("a list")
    with pytest.raises(FolderUnwritable, match="Boots is a file"):
        await studio.placing(replace(image, result_path="Boots/a.png"))
    for attempt in (studio.results.prove(image), studio.results.check("Packshots")):
        with pytest.raises(FolderUnwritable, match="Boots is a file"):
            await attempt
    (studio.root / "Boots").unlink()
    await studio.results.check("Packshots")
    await studio.results.prove(image)


async def test_a_subfolder_that_failed_is_forgotten_when_nothing_waits_for_it_any_more(
    studio: Studio,
) -> None:
    image = await studio.enter(queued("Boots/a.jpg"))
    (studio.root / "Boots").write_text("a list")
    with pytest.raises(FolderUnwritable):
        await studio.results.prove(image)
    await studio.ledger.call(lambda ledger: ledger.save(replace(image, state=State.FORGOTTEN)))
    await studio.results.check("Packshots")


async def test_a_root_that_is_a_file_is_named_as_one(tmp_path: Path, ledger: LedgerThread) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(FolderUnwritable, match="out is a file"):
        await studio_at(tmp_path / "out", ledger, tmp_path).results.prove(queued("a.jpg"))


@pytest.mark.parametrize("name", ["stat", "lstat"])
async def test_a_look_that_times_out_is_the_folders_trouble(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A share that is away: faked, since no share is at hand. `Path.is_dir` would raise it unguarded."""
    image = await studio.enter(finished())
    claimed = await studio.results.claim(replace(image, result_hash=hash_of(RESULT)), "png")
    look = getattr(Path, name)

    def time_out(path: Path, **more: Any) -> Any:
        if path.is_relative_to(studio.root):
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), str(path))
        return look(path, **more)

    monkeypatch.setattr(Path, name, time_out)
    with pytest.raises(FolderUnwritable, match="Waiting for"):
        await studio.placing(claimed)


async def test_what_cannot_be_removed_does_not_pile_up(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    for _ in range(5):
        with pytest.raises(FolderUnwritable, match="cannot be written"):
            await studio.results.check("Packshots")
    assert len(studio.files()) <= 2
    monkeypatch.undo()
    await studio.results.check("Packshots")
    assert studio.files() == []


# --- names that are refused -------------------------------------------------------------------------


@pytest.fixture
def no_colons(monkeypatch: pytest.MonkeyPatch) -> None:
    """As NTFS and exFAT are, without either: names and folders with a colon are refused."""
    for name in ("link", "replace", "mkdir"):
        operation = getattr(os, name)

        def refuse(*paths: Any, operation: Any = operation, **more: Any) -> Any:
            if any(":" in str(path) for path in paths):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(paths[-1]))
            return operation(*paths, **more)

        monkeypatch.setattr(os, name, refuse)


@pytest.mark.usefixtures("no_colons")
async def test_a_name_that_is_refused_gets_a_safe_one_and_so_does_a_subfolder(studio: Studio) -> None:
    first = await studio.deliver(await studio.enter(finished(1, "12:30.jpg")), b"one")
    second = await studio.deliver(await studio.enter(finished(2, "12?30.jpg")), b"two")
    third = await studio.deliver(await studio.enter(finished(3, "at 12:30/a.jpg")), b"three")
    fourth = await studio.deliver(await studio.enter(finished(4, "at 12?30/a:b.jpg")), b"four")
    assert first.result_path == "12_30.png"
    assert second.result_path == "12?30.png"
    assert (third.result_path, fourth.result_path) == ("at 12_30/a.png", "at 12_30/a_b.png")
    assert [studio.read(i) for i in (first, second, third, fourth)] == [b"one", b"two", b"three", b"four"]


@pytest.mark.usefixtures("no_colons")
async def test_two_sources_whose_safe_names_meet_get_a_result_each_and_foreign_files_stay(
    studio: Studio,
) -> None:
    (studio.root / "a_b (2).png").write_bytes(b"somebody's")
    sources = ("a:b.jpg", "a_b.jpg", "a:b.tif", "A:B.jpg")
    done = [
        await studio.deliver(await studio.enter(finished(n, path)), b"%d" % n)
        for n, path in enumerate(sources)
    ]
    assert len({path_key(image.result_path or "") for image in done}) == len(sources)
    assert [studio.read(image) for image in done] == [b"%d" % n for n in range(len(sources))]
    assert (studio.root / "a_b (2).png").read_bytes() == b"somebody's"


@pytest.mark.usefixtures("no_colons")
async def test_a_new_version_takes_the_place_of_the_old_one_under_its_safe_name_too(studio: Studio) -> None:
    await studio.deliver(await studio.enter(finished(1, "12:30.jpg")), b"first")
    second = await studio.deliver(await studio.enter(finished(2, "12:30.jpg")), b"second")
    assert second.result_path == "12_30.png"
    assert studio.files() == ["12_30.png"]
    assert studio.read(second) == b"second"


async def test_where_every_name_is_refused_it_is_the_folders_trouble_with_the_first_reason(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object, target: object, **__: object) -> None:
        raise OSError(errno.EIO if "ä:b" in str(target) else errno.ETIMEDOUT, "refused", str(target))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    image = await studio.enter(finished(1, "ä:b.jpg"))
    with pytest.raises(FolderUnwritable, match="its drive reports an error"):
        await studio.deliver(image)
    assert studio.files() == []


async def test_a_link_that_was_made_though_the_answer_was_lost_is_seen(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share asks twice, and the second answer is "exists"."""
    link = os.link
    for error in (FileExistsError(errno.EEXIST, "exists"), OSError(errno.EIO, "lost")):

        def lose(source: Path, target: Path, error: OSError = error) -> None:
            link(source, target)
            raise error

        monkeypatch.setattr(os, "link", lose)
        name = type(error).__name__
        delivered = await studio.deliver(await studio.enter(finished(len(name), f"{name}.jpg")))
        assert delivered.result_path == f"{name}.png"
        assert f"{name}.png" in studio.files()
        assert not any(is_part_name(path) for path in studio.files())


# --- what another program holds open ----------------------------------------------------------------


async def test_a_result_whose_place_is_open_elsewhere_is_that_images_trouble_alone(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows' 5 and 32, faked."""
    first = await studio.deliver(await studio.enter(finished(1)), b"first")
    image = replace(await studio.enter(finished(2)), result_hash=hash_of(RESULT))
    replace_file = os.replace
    for number in (5, 32):
        error = PermissionError(errno.EACCES, "in use")
        error.winerror = number  # type: ignore[attr-defined]

        def refuse(*_: Any, error: OSError = error, **__: Any) -> None:
            raise error

        monkeypatch.setattr(os, "replace", refuse)
        claimed = await studio.results.claim(image, "png")
        with pytest.raises(ResultInUse, match=r"open in another program: .*boot\.png"):
            await studio.placing(claimed)
    assert studio.read(first) == b"first"
    monkeypatch.setattr(os, "replace", replace_file)
    claimed = await studio.results.claim(image, "png")
    assert await studio.placing(claimed)


# --- found, copied, superseded ----------------------------------------------------------------------


def with_hash(image: Image, content: bytes = RESULT) -> Image:
    return replace(image, result_hash=hash_of(content))


async def test_a_result_that_stands_under_one_of_its_names_is_found_and_claimed(studio: Studio) -> None:
    (studio.root / "Boots 224").mkdir()
    (studio.root / "Boots 224" / "boot.png").write_bytes(b"somebody's")
    (studio.root / "Boots 224" / "boot (2).png").write_bytes(RESULT)
    found = await studio.results.find(with_hash(await studio.enter(finished())), "png")
    assert found is not None
    assert found.result_path == "Boots 224/boot (2).png"
    kept = await studio.ledger.call(lambda ledger: ledger.image("image-1"))
    assert kept is not None
    assert (kept.result_path, kept.result_hash) == (found.result_path, hash_of(RESULT))


async def test_nothing_is_found_behind_a_free_name_or_under_another_images(studio: Studio) -> None:
    image = await studio.enter(finished())
    assert await studio.results.find(with_hash(image), "png") is None
    (studio.root / "Boots 224").mkdir()
    (studio.root / "Boots 224" / "boot (3).png").write_bytes(RESULT)
    assert await studio.results.find(with_hash(image), "png") is None
    await studio.deliver(await studio.enter(finished(2, "Boots 224/boot.tif")), RESULT)
    assert await studio.results.find(with_hash(image), "png") is None
    assert await studio.results.find(image, "png") is None, "whose hash nobody knows"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
async def test_a_pipe_or_a_link_under_the_name_is_neither_waited_for_nor_followed(
    studio: Studio, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere.png").write_bytes(RESULT)
    (studio.root / "Boots 224").mkdir()
    os.mkfifo(studio.root / "Boots 224" / "boot.png")
    (studio.root / "Boots 224" / "boot (2).png").symlink_to(tmp_path / "elsewhere.png")
    assert await studio.results.find(with_hash(await studio.enter(finished())), "png") is None


async def test_a_result_with_the_same_bytes_of_the_same_source_is_copied_and_a_changed_one_is_not(
    studio: Studio,
) -> None:
    first = await studio.deliver(await studio.enter(finished(1, "a.jpg")))
    twin = await studio.enter(finished(2, "b.jpg", content_hash=first.content_hash))
    parcel = await studio.results.known(with_hash(twin))
    assert parcel is not None
    assert parcel.content_hash == hash_of(RESULT)
    assert await studio.results.place(replace(with_hash(twin), result_path="b.png"), parcel)
    parcel.close()
    for path in studio.files():
        (studio.root / path).write_bytes(b"edited")
    assert await studio.results.known(with_hash(twin)) is None


async def test_an_earlier_version_whose_place_was_taken_has_no_result_any_more(studio: Studio) -> None:
    first = await studio.deliver(await studio.enter(finished(1)), b"first")
    second = await studio.deliver(await studio.enter(finished(2)), b"second")
    rows = {i.id: i.result_path for i in await studio.ledger.call(lambda ledger: ledger.images())}
    assert rows == {first.id: None, second.id: "Boots 224/boot.png"}


async def test_a_crash_between_the_replacement_and_its_record_is_repaired(studio: Studio) -> None:
    first = await studio.deliver(await studio.enter(finished(1)), b"first")
    image = with_hash(await studio.enter(finished(2)))
    claimed = await studio.results.claim(image, "png")
    (studio.root / "Boots 224" / "boot.png").write_bytes(RESULT)
    assert await studio.results.is_in_place(claimed)
    kept = await studio.ledger.call(lambda ledger: ledger.image(first.id))
    assert kept is not None
    assert kept.result_path is None
