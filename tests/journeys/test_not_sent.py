"""Whatever lies in an in folder and is not sent is listed with its reason, told once, and gone when it is gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from hotfolder.adapters.ledger_file import read_ledger
from hotfolder.adapters.ledger_not_sent import list_not_sent
from hotfolder.core.image import State
from hotfolder.core.not_sent import Listed
from tests.journeys.workshop import Workshop

MANY = 10_000


def listed(workshop: Workshop) -> dict[str, Listed]:
    ledger = read_ledger(workshop.home.ledger)
    if ledger is None:
        return {}
    try:
        return {entry.path: entry for entry in list_not_sent(ledger)}
    finally:
        ledger.close()


def save(workshop: Workshop, *names: str) -> None:
    for name in names:
        place = workshop.inside / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"anything")


async def test_a_drop_of_raw_files_is_listed_and_not_silence(workshop: Workshop) -> None:
    save(workshop, *(f"Boots/{number}.CR2" for number in range(10)), "notes.docx", ".hidden", "a.xmp")
    outcome = await workshop.once()
    assert outcome.delivered == outcome.failed == 0
    found = listed(workshop)
    assert set(found) == {*(f"Boots/{number}.CR2" for number in range(10)), "notes.docx"}
    assert "RAW" in found["Boots/0.CR2"].reason
    assert found["Boots/0.CR2"].advice


async def test_what_comes_while_it_watches_is_listed_at_once(workshop: Workshop) -> None:
    """By the event: the next scan is an hour away."""
    workshop.folders[0]["rescan"] = "1h"
    told: list[tuple[Mapping[str, int], frozenset[str]]] = []
    async with workshop.at_work() as daemon:
        daemon._intakes["Studio"].passed_over.on_change = lambda _, groups, new: told.append(
            (dict(groups), new)
        )
        workshop.drop("a.jpg")
        await workshop.until_delivered(1)
        save(workshop, "a.CR2", "b.pdf", "c.CR2")
        (workshop.inside / "link.jpg").symlink_to("a.jpg")
        await workshop.until(lambda: daemon.not_sent()["Studio"] == {"CR2": 2, "PDF": 1, "link": 1})
        assert sorted(listed(workshop)) == ["a.CR2", "b.pdf", "c.CR2", "link.jpg"]
        (workshop.inside / "a.CR2").unlink()
        (workshop.inside / "b.pdf").unlink()
        await workshop.until(lambda: daemon.not_sent()["Studio"] == {"CR2": 1, "link": 1})
    assert sorted(listed(workshop)) == ["c.CR2", "link.jpg"]
    first = [group for _, new in told for group in new]
    assert sorted(first) == ["CR2", "PDF", "link"], "each kind is new once"


async def test_what_becomes_an_image_is_no_longer_listed(workshop: Workshop) -> None:
    save(workshop, "a.txt")
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: daemon.not_sent()["Studio"] == {"other": 1})
        workshop.drop("b.jpg").replace(workshop.inside / "a.jpg")
        (workshop.inside / "a.txt").unlink()
        await workshop.until_delivered(1)
        await workshop.until(lambda: not daemon.not_sent()["Studio"])
    assert not listed(workshop)


async def test_a_path_too_long_for_the_system_is_listed(workshop: Workshop) -> None:
    workshop.drop("good.jpg")
    _make_deep(workshop.inside)
    outcome = await workshop.once()
    assert outcome.delivered == 1
    (found,) = listed(workshop).values()
    assert found.group == "long"
    assert "too long" in found.reason
    assert "shorter" in found.advice


def _make_deep(inside: Path) -> None:
    """Folder by folder, since the whole path could not be made."""
    here = os.open(inside, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("a.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


async def test_names_that_are_not_unicode_are_listed(workshop: Workshop) -> None:
    (workshop.inside / os.fsdecode(b"sch\xfch.jpg")).write_bytes(b"x")
    (workshop.inside / os.fsdecode(b"gr\xfcn")).mkdir()
    (workshop.inside / os.fsdecode(b"gr\xfcn/a.CR2")).write_bytes(b"x")
    await workshop.once()
    assert {path: entry.group for path, entry in listed(workshop).items()} == {
        "sch\\udcfch.jpg": "name",
        "gr\\udcfcn/a.CR2": "CR2",
    }


async def test_an_image_of_the_far_future_is_sent_like_any_other(workshop: Workshop) -> None:
    for name, year_s in (("future.jpg", 2**33), ("past.jpg", -(2**33))):
        os.utime(workshop.drop(name, seed=abs(year_s) % 7), (year_s, year_s))
    assert (await workshop.once()).delivered == 2
    assert not listed(workshop)


async def test_an_image_that_cannot_be_entered_is_listed_until_it_can(workshop: Workshop) -> None:
    workshop.drop("a.jpg")
    workshop.drop("b.jpg", seed=1)
    is_broken = True
    async with workshop.at_work() as daemon:
        enqueuer = daemon._intakes["Studio"].enqueuer
        enter = type(enqueuer).enqueue

        class Broken(type(enqueuer)):  # type: ignore[misc]
            async def enqueue(self, found: object) -> None:
                if is_broken and getattr(found, "path", "") == "a.jpg":
                    raise ZeroDivisionError
                await enter(self, found)  # type: ignore[arg-type]

        fields = {name: getattr(enqueuer, name) for name in enqueuer.__dataclass_fields__}
        daemon._intakes["Studio"].enqueuer = Broken(**fields)
        await workshop.until_delivered(1)
        await workshop.until(lambda: daemon.not_sent()["Studio"] == {"stuck": 1})
        assert list(listed(workshop)) == ["a.jpg"]
        is_broken = False
        await workshop.until_delivered(2)
        await workshop.until(lambda: not daemon.not_sent()["Studio"])


async def test_it_survives_a_restart_and_keeps_when_it_was_seen_first(workshop: Workshop) -> None:
    save(workshop, "a.CR2", "gone.CR2")
    await workshop.once()
    first = listed(workshop)
    (workshop.inside / "gone.CR2").unlink()
    told: list[frozenset[str]] = []
    async with workshop.at_work() as daemon:
        daemon._intakes["Studio"].passed_over.on_change = lambda _, groups, new: told.append(new)
        await workshop.until(lambda: daemon.not_sent()["Studio"] == {"CR2": 1})
    assert listed(workshop) == {"a.CR2": first["a.CR2"]}
    assert not frozenset().union(*told), "the kind was told by the earlier life"


async def test_ten_thousand_are_counted_in_memory_and_written_once(workshop: Workshop) -> None:
    save(workshop, *(f"{number % 50}/{number}.NEF" for number in range(MANY)))
    async with workshop.at_work() as daemon:
        await workshop.until(lambda: daemon.not_sent()["Studio"] == {"NEF": MANY}, limit_s=120)
        intake, before = daemon._intakes["Studio"], daemon._intakes["Studio"].scans
        writes: list[object] = []
        intake.passed_over.on_change = lambda *_: writes.append(_)
        await workshop.until(lambda: intake.scans > before + 2, limit_s=120)
        assert not writes, "a scan that finds the same writes nothing"
        await asyncio.sleep(0)
    assert len(listed(workshop)) == MANY


async def test_a_result_that_comes_back_is_counted_with_them(workshop: Workshop) -> None:
    workshop.drop("a.jpg")
    await workshop.once()
    (result,) = [place for place in workshop.outside.rglob("*") if place.is_file()]
    (workshop.inside / "again.png").write_bytes(result.read_bytes())
    save(workshop, "a.CR2")
    await workshop.once()
    assert workshop.state_of("again.png") is State.IGNORED
    assert list(listed(workshop)) == ["a.CR2"]
