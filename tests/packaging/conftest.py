"""The builds that several tests look at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packaging.tools import ROOT, built_once, run


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def dist(shelf: Path) -> Path:
    """The sdist, and the wheel that was built from it."""

    def build(folder: Path) -> None:
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)

    return built_once(shelf / "dist", build)


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    (only,) = dist.glob("*.whl")
    return only


@pytest.fixture(scope="session")
def sdist(dist: Path) -> Path:
    (only,) = dist.glob("*.tar.gz")
    return only
