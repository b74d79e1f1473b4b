"""Bad input: whatever comes in, there is no crash, no hang, one clear reason, and the token is nowhere."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotfolder.adapters.image_check import check_image
from hotfolder.core.image import State
from hotfolder.errors import ExitCode, UnreadableImage
from hotfolder.sandbox import REFRESH_TOKEN
from tests.journeys.studio import Studio
from tests.journeys.workshop import Workshop
from tests.sandbox.caller import picture

NAMES = [
    "grün ü 東京.jpg",
    "new\nline.jpg",
    "#% ?&=+.jpg",
    "CON.jpg",
    "nul.tar.jpg",
    "trailing dot..jpg",
    "'quotes' \"double\".jpg",
    f"{'long ' * 49}.jpg",
    "-rf.jpg",
    "a\\b.jpg",
    "e\u0301 and é.jpg",
]


async def test_images_of_any_name_are_delivered_under_it(workshop: Workshop) -> None:
    for number, name in enumerate(NAMES):
        workshop.drop(name, seed=number)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.assert_once_and_whole()
    assert set(workshop.results()) == set(NAMES)


async def test_a_name_that_is_no_unicode_is_pointed_out_and_stops_no_other(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    workshop.drop("good.jpg")
    (workshop.inside / "bad \udcff.jpg").write_bytes(picture(1))
    assert (await workshop.once()).exit_code is ExitCode.DONE
    assert workshop.count(State.DELIVERED) == 1
    assert "rename" in caplog.text.lower()


def reason_of(path: Path) -> str | None:
    """None: an image; else what is wrong with it and what to do, both told."""
    try:
        check_image(path)
    except UnreadableImage as error:
        return error.title and error.advice
    return None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["JPEG", "PNG", "TIFF", "WEBP"]), st.integers(0, 2**32), st.integers(1, 40))
def test_the_bytes_of_an_image_changed_at_will_are_an_image_or_have_one_clear_reason(
    tmp_path: Path, kind: str, seed: int, changes: int
) -> None:
    chance = random.Random(seed)
    data = bytearray(picture(seed % 50, kind))
    for _ in range(changes):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if chance.random() < 0.3:
        del data[chance.randrange(len(data)) :]
    path = tmp_path / "any.jpg"
    path.write_bytes(data)
    assert reason_of(path) != ""


ANSWERS: list[dict[str, Any]] = [
    {"effect": "garbage"},
    {"effect": "empty"},
    {"effect": "truncate"},
    {"effect": "content_type", "content_type": "text/html"},
]


@pytest.mark.parametrize(
    "endpoint", ["organizations", "workflows", "balance", "upload", "create", "details", "list"]
)
@pytest.mark.parametrize("answer", ANSWERS, ids=[answer["effect"] for answer in ANSWERS])
async def test_a_nonsense_answer_costs_nothing_and_is_asked_for_again(
    workshop: Workshop, endpoint: str, answer: dict[str, Any]
) -> None:
    workshop.clock.speed = 20.0
    workshop.drop("a.jpg")
    if endpoint == "list":
        workshop.sandbox.faults.add("create", "drop", when="after", times=1)
    workshop.sandbox.faults.add(endpoint, times=1, **answer)
    assert (await workshop.once()).exit_code is ExitCode.DONE
    workshop.assert_once_and_whole()


def test_the_token_is_in_no_file_no_output_and_no_argument(studio: Studio) -> None:
    """A canary through a journey full of errors (keeps I8)."""
    faults = studio.sandbox.faults
    faults.add("any", "status", status=503, probability=0.1)
    faults.add("download", "corrupt", times=2)
    faults.add("token", "status", status=500, times=2)
    (studio.inside / "broken.jpg").write_bytes(b"no image")
    for number in range(6):
        studio.drop(f"{number}.jpg", seed=number)
    process = studio.start()
    studio.wait_for_results(3)
    assert REFRESH_TOKEN not in Path(f"/proc/{process.pid}/cmdline").read_text()
    assert studio.stop() == 0
    said = [studio.call(*words) for words in (("check",), ("status",), ("images",), ("balance",))]
    assert all(REFRESH_TOKEN not in answer.stdout + answer.stderr for answer in said)
    files = [path for path in studio.root.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if REFRESH_TOKEN.encode() in path.read_bytes()] == []
