"""What a fetched result is called, whatever names came from outside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotfolder.core.fetching import image_of, path_of
from hotfolder.core.image import State
from hotfolder.core.naming import choose_result_path
from hotfolder.core.repeats import NO_SETTINGS
from tests.fakes import NOW, a_remembered


@pytest.mark.parametrize(
    ("order", "name", "path"),
    [
        ("Boots 224", "boot.jpg", "Boots 224/boot.jpg"),
        ("Spring/Boots", "boot.jpg", "Spring/Boots/boot.jpg"),
        (None, "boot.jpg", "boot.jpg"),
        ("../../etc", "passwd", "etc/passwd"),
        ("/abs", "../up.jpg", "abs/.._up.jpg"),
        ("C:\\", "a\nb.jpg", "C__/a_b.jpg"),
        ("..", "", "execution-1"),
    ],
)
def test_a_fetched_result_stays_below_the_out_folder(order: str | None, name: str, path: str) -> None:
    found = replace(a_remembered(), batch_name=order, input_name=name)
    assert path_of(found) == path
    assert ".." not in choose_result_path(path_of(found), "jpg", (), ()).split("/")


def test_a_fetched_image_has_its_execution_and_is_asked_about() -> None:
    image = image_of(a_remembered(), "Packshots", "image-9", NOW)
    assert (image.state, image.execution_id, image.settings_digest) == (
        State.PROCESSING,
        "execution-1",
        NO_SETTINGS,
    )
