"""What hotfolder stands on: what is gone is said, and what cannot be looked at is not gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import hotfolder
from hotfolder.adapters.ground import Ground


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "ledger.sqlite"
    path.parent.mkdir()
    path.touch()
    return path


def test_where_all_is_there_nothing_is_gone(ledger: Path) -> None:
    ground = Ground(ledger)
    ledger.write_text("changed, and still the same file")
    assert ground.gone() is None


def test_a_removed_program_is_gone(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "hotfolder"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.setattr(hotfolder, "__file__", str(package / "__init__.py"))
    ground = Ground(ledger)
    (package / "__init__.py").unlink()  # caches of Python may be left in the folder
    assert "was removed from this computer" in str(ground.gone())


def test_a_removed_frozen_program_is_gone(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "hotfolder"
    program.touch()
    monkeypatch.setattr("sys.frozen", True, raising=False)
    monkeypatch.setattr("sys.executable", str(program))
    ground = Ground(ledger)
    assert ground.gone() is None
    program.unlink()
    assert "was removed from this computer" in str(ground.gone())


def test_a_removed_home_is_gone(ledger: Path) -> None:
    ground = Ground(ledger)
    ledger.parent.rename(ledger.parent.with_name("elsewhere"))
    assert "memory was removed" in str(ground.gone())


@pytest.mark.skipif(os.name != "posix", reason="inodes")
def test_another_file_in_the_ledgers_place_is_not_the_ledger(ledger: Path) -> None:
    ground = Ground(ledger)
    other = ledger.with_name("other")
    other.touch()
    other.replace(ledger)
    assert "is another file now" in str(ground.gone())


def test_what_cannot_be_looked_at_is_not_gone(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share that does not answer: its error number is faked here."""
    ground = Ground(ledger)

    def refuse(self: Path, **_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "stat", refuse)
    assert ground.gone() is None
