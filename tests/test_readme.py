"""The README tells the truth: its commands exist, its config loads, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from hotfolder.adapters.config_file import load_config
from hotfolder.cli.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str, page: str = README) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", page, re.MULTILINE | re.DOTALL)
    return ["\n".join(line.removeprefix(indent) for line in text.splitlines()) for indent, text in found]


def commands() -> dict[str, set[str]]:
    """Every command of the program with its options."""
    group = get_command(app)
    assert hasattr(group, "commands")
    return {name: _options(command) for name, command in group.commands.items()}


def _options(command: Any) -> set[str]:
    """Its own, and those of its subcommands."""
    own = {option for parameter in command.params for option in parameter.opts}
    return own.union(*(_options(one) for one in getattr(command, "commands", {}).values()))


SHELL_LINES = sorted(
    {
        line.partition(" #")[0]
        for page in PAGES
        for block in blocks("sh", page.read_text("utf-8"))
        for line in block.splitlines()
    }
)


@pytest.mark.parametrize("line", [line for line in SHELL_LINES if line.startswith("hotfolder")])
def test_every_command_in_the_readme_exists_with_its_options(line: str) -> None:
    _, name, *rest = line.split()
    assert name in commands()
    assert {word for word in rest if word.startswith("--")} <= commands()[name]


@pytest.mark.parametrize("line", [line for line in SHELL_LINES if line.startswith("make")])
def test_every_make_target_in_the_readme_exists(line: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE)


def test_the_commands_named_in_the_text_exist() -> None:
    named = set(re.findall(r"`hotfolder ([a-z]+)", README))
    assert len(named) > 5
    assert named <= set(commands())


def test_the_config_in_the_readme_loads(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert load_config(tmp_path / "config.yaml").folders[0].name == "Packshots"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_changelog_names_every_command() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [
        name for name in commands() if f"`{name}" not in changelog and f"hotfolder {name}" not in changelog
    ] == []
