"""Results that follow their renamed sources: never over anything, and known whatever crashes (I5)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters import ledger_results
from hotfolder.adapters.ledger_file import open_ledger
from hotfolder.adapters.ledger_thread import LedgerThread
from hotfolder.adapters.out_folders import OutFolders
from hotfolder.adapters.spool import Spool
from hotfolder.core.image import Image, State
from tests.fakes import an_image, hash_of


class Shelf:
    """Delivered results in an out folder; each holds its own first name."""

    def __init__(self, root: Path, ledger: LedgerThread, spool: Path) -> None:
        self.root = root
        self.ledger = ledger
        self.results = OutFolders({"Packshots": root}, Spool(spool), ledger)

    async def put(self, path: str, result_path: str | None = None) -> Image:
        result_path = result_path or path
        content = path.encode()
        image = an_image(
            State.DELIVERED, id=path, path=path, content_hash=hash_of(content), result_path=result_path
        )
        image = replace(image, result_hash=hash_of(content))
        (self.root / result_path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / result_path).write_bytes(content)
        await self.ledger.call(lambda ledger: ledger.add(image))
        return image

    async def follow(self, names: dict[str, str]) -> None:
        """Rename the sources that had the first names."""
        images = {i.id: i for i in await self.ledger.call(lambda ledger: ledger.images())}
        await self.results.follow([replace(images[old], path=new) for old, new in names.items()])

    def files(self) -> dict[str, str]:
        found = sorted(path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in found}

    async def rows(self) -> dict[str, str | None]:
        """Result path by first name."""
        return {i.id: i.result_path for i in await self.ledger.call(lambda ledger: ledger.images())}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    (tmp_path / "out").mkdir()
    ledger = LedgerThread(open_ledger(tmp_path / "home" / "ledger.sqlite"))
    yield Shelf(tmp_path / "out", ledger, tmp_path / "home" / "spool")
    ledger.close()


async def test_a_result_takes_its_sources_new_name_and_subfolder(shelf: Shelf) -> None:
    await shelf.put("Boots/a.jpg", "Boots/a.png")
    await shelf.follow({"Boots/a.jpg": "Spring/Boots/b.tif"})
    assert shelf.files() == {"Spring/Boots/b.png": "Boots/a.jpg"}
    assert await shelf.rows() == {"Boots/a.jpg": "Spring/Boots/b.png"}


async def test_two_results_trade_names(shelf: Shelf) -> None:
    await shelf.put("a.jpg")
    await shelf.put("b.jpg")
    await shelf.follow({"a.jpg": "b.jpg", "b.jpg": "a.jpg"})
    assert shelf.files() == {"a.jpg": "b.jpg", "b.jpg": "a.jpg"}
    assert await shelf.rows() == {"a.jpg": "b.jpg", "b.jpg": "a.jpg"}


async def test_a_chain_of_numbers_moves_on_by_one(shelf: Shelf) -> None:
    names = {f"boot-{n}.jpg": f"boot-{n + 1}.jpg" for n in range(5)}
    for name in names:
        await shelf.put(name)
    await shelf.follow(names)
    assert shelf.files() == {new: old for old, new in names.items()}


async def test_a_file_of_somebody_else_and_another_images_result_are_never_overwritten(shelf: Shelf) -> None:
    await shelf.put("a.jpg")
    await shelf.put("c.jpg")
    (shelf.root / "b.jpg").write_text("somebody's")
    await shelf.follow({"a.jpg": "b.jpg"})
    assert shelf.files() == {"b (2).jpg": "a.jpg", "b.jpg": "somebody's", "c.jpg": "c.jpg"}
    await shelf.follow({"a.jpg": "c.jpg"})
    assert shelf.files()["c.jpg"] == "c.jpg"
    assert (await shelf.rows())["a.jpg"] in shelf.files()


async def test_a_result_that_was_edited_or_taken_away_stays_as_it_is(shelf: Shelf) -> None:
    await shelf.put("a.jpg")
    await shelf.put("b.jpg")
    (shelf.root / "a.jpg").write_text("edited")
    (shelf.root / "b.jpg").unlink()
    await shelf.follow({"a.jpg": "x.jpg", "b.jpg": "y.jpg"})
    assert shelf.files() == {"a.jpg": "edited"}
    assert await shelf.rows() == {"a.jpg": "a.jpg", "b.jpg": "b.jpg"}


def refuse_names_with(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    for name in ("link", "replace"):
        operation = getattr(os, name)

        def refuse(*paths: Any, operation: Any = operation, **more: Any) -> Any:
            if text in str(paths[-1]):
                raise OSError(errno.EINVAL, "no")
            return operation(*paths, **more)

        monkeypatch.setattr(os, name, refuse)


async def test_a_new_name_that_is_refused_becomes_a_safe_one(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf.put("a.jpg")
    await shelf.put("b.jpg")
    refuse_names_with(monkeypatch, ":")
    await shelf.follow({"a.jpg": "12:30.jpg", "b.jpg": "c.jpg"})
    await shelf.follow({"a.jpg": "12:30.jpg"})
    assert shelf.files() == {"12_30.jpg": "a.jpg", "c.jpg": "b.jpg"}
    assert await shelf.rows() == {"a.jpg": "12_30.jpg", "b.jpg": "c.jpg"}


async def test_what_cannot_be_moved_stays_and_the_others_follow(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf.put("a.jpg")
    await shelf.put("b.jpg")
    refuse_names_with(monkeypatch, "x.jpg")
    await shelf.follow({"a.jpg": "x.jpg", "b.jpg": "y.jpg"})
    assert shelf.files() == {"a.jpg": "a.jpg", "y.jpg": "b.jpg"}
    assert await shelf.rows() == {"a.jpg": "a.jpg", "b.jpg": "y.jpg"}


@pytest.mark.parametrize("where", ["record", "unlink"])
async def test_a_crash_in_the_middle_is_made_up_for_when_it_follows_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Between the rename and its record; and between the two halves of the rename, where the file has both names."""
    await shelf.put("a.jpg")
    await shelf.put("b.jpg")
    names = {"a.jpg": "b.jpg", "b.jpg": "c.jpg"}

    class Crash(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Crash

    if where == "record":
        monkeypatch.setattr(ledger_results, "note_result_path", die)
    else:
        monkeypatch.setattr(Path, "unlink", die)
    with pytest.raises(Crash):
        await shelf.follow(names)
    monkeypatch.undo()
    await shelf.follow(names)
    assert shelf.files() == {"b.jpg": "a.jpg", "c.jpg": "b.jpg"}
    assert await shelf.rows() == {"a.jpg": "b.jpg", "b.jpg": "c.jpg"}


async def test_an_out_folder_that_is_away_raises_nothing(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.put("a.jpg")
    shelf.root.rename(tmp_path / "away")
    await shelf.follow({"a.jpg": "b.jpg"})
    assert await shelf.rows() == {"a.jpg": "a.jpg"}
    assert not shelf.root.exists()
