"""docs/trust.md promises a proof for every row: each test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRUST = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", TRUST)))
ROWS = [line for line in TRUST.splitlines() if re.match(r"\| (?!what happens|---)", line)]


def test_there_are_rows_and_proofs_to_look_at() -> None:
    assert len(ROWS) > 40
    assert len(NAMED) > 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_every_row_names_its_proof(row: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`[^|]*\|$", row)


@pytest.mark.parametrize("named", NAMED)
def test_every_named_test_is_there(named: str) -> None:
    path, _, name = named.partition("::")
    assert name in functions_in(ROOT / path)


def functions_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
