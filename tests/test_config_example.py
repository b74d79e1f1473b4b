"""config.example.yaml says what the models say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from hotfolder.adapters.config_file import load_config
from hotfolder.adapters.config_yaml import read_yaml
from hotfolder.cli.not_yet import _OF_A_HOT_FOLDER, _OF_THE_FILE
from hotfolder.core.config import SECTIONS, Section

EXAMPLE = Path(__file__).parent.parent / "config.example.yaml"
WITHOUT_DEFAULT = {"name", "in", "out", "workflow", "organization", "originals_to", "proxy", "folders"}


def with_everything_uncommented() -> str:
    return re.sub(r"(?m)^#( *[a-z_]+:)", r"\1", EXAMPLE.read_text(encoding="utf-8"))


def section_data(name: str) -> Any:
    data: Any = read_yaml(with_everything_uncommented()).data
    for part in name.split(".") if name else []:
        data = data["folders"][0] if part == "folders[]" else data[part]
    return data


@pytest.fixture
def uncommented(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(with_everything_uncommented(), encoding="utf-8")
    return path


def test_the_example_loads_as_it_is() -> None:
    config = load_config(EXAMPLE)
    assert [folder.name for folder in config.folders] == ["Packshots"]
    assert config.model_fields_set == {"folders"}


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_of_the_models_stands_in_the_example_and_no_other(name: str) -> None:
    assert sorted(section_data(name)) == sorted(SECTIONS[name].file_keys())


def test_every_default_in_the_example_is_the_default_of_the_model(uncommented: Path) -> None:
    config = load_config(uncommented)
    sections: dict[str, Section] = {
        "": config,
        "folders[]": config.folders[0],
        "folders[].batch": config.folders[0].batch,
        "limits": config.limits,
        "budget": config.budget,
        "webhooks": config.webhooks,
        "service": config.service,
    }
    assert sections.keys() == SECTIONS.keys()
    for section in sections.values():
        for name, field in type(section).model_fields.items():
            if (field.alias or name) not in WITHOUT_DEFAULT and not isinstance(field.default, Section):
                assert getattr(section, name) == field.default, name


def test_every_commented_setting_can_be_uncommented_alone(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    top_level = [number for number, line in enumerate(lines) if re.match(r"#( {4})?[a-z_]+:.", line)]
    assert len(top_level) > 10
    for number in top_level:
        mended = [*lines[:number], lines[number].removeprefix("#"), *lines[number + 1 :]]
        path = tmp_path / "config.yaml"
        path.write_text("\n".join(mended), encoding="utf-8")
        load_config(path)


def test_what_is_not_in_force_yet_says_so_in_the_example() -> None:
    """Every key of `cli.not_yet`, and the budget, has a word about it in the lines above it."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for key in (*_OF_THE_FILE, *_OF_A_HOT_FOLDER, "budget"):
        name = key.partition(":")[0].rpartition(".")[2]
        (at,) = [number for number, line in enumerate(lines) if re.match(rf"# *{name}:", line)]
        assert "in this version" in " ".join(lines[max(0, at - 6) : at]).lower(), key
