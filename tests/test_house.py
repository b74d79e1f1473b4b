"""Rules of the house that no linter knows: nothing swallows an exception, and every invariant is cited where it is kept."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parents[1] / "hotfolder").rglob("*.py"))
BROAD = frozenset({"Exception", "BaseException"})
LOGS = frozenset({"exception", "error", "critical", "warning"})

ALLOWED = {
    "cli/entry.py: _keep_bug": "the last net: where even the log cannot be written, the sentence says so",
    "adapters/observer.py: dispatch": "the failure has been logged; this is the hint that something was missed",
    "adapters/observer.py: _stop": "a dead observer is let go in a thread of its own, and nobody waits for its answer",
}
"""The only places that may let an exception go, each with its reason."""


def functions(tree: ast.AST, name: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every node, with the name of the innermost function it stands in."""
    for node in ast.iter_child_nodes(tree):
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else name
        yield inner, node
        yield from functions(node, inner)


def names_in(node: ast.AST | None) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node is not None else set(BROAD)


def hands_on(handler: ast.ExceptHandler) -> bool:
    """Raises, writes the traceback into the log, or uses the caught error in what it does next."""
    for node in ast.walk(ast.Module(handler.body, [])):
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Name) and node.id == handler.name):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            has_traceback = any(keyword.arg == "exc_info" for keyword in node.keywords)
            if node.func.attr == "exception" or (node.func.attr in LOGS and has_traceback):
                return True
    return False


def swallowing(source: str) -> list[str]:
    """The functions that catch everything, by `except` or by `suppress`, and do nothing with it."""
    found = []
    for function, node in functions(ast.parse(source)):
        is_broad = isinstance(node, ast.ExceptHandler) and names_in(node.type) & BROAD
        if is_broad and isinstance(node, ast.ExceptHandler) and not hands_on(node):
            found.append(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            found += [function] if any(names_in(argument) & BROAD for argument in node.args) else []
    return found


def everywhere() -> list[str]:
    root = Path(__file__).parents[1] / "hotfolder"
    return [
        f"{path.relative_to(root).as_posix()}: {function}"
        for path in SOURCES
        for function in swallowing(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(
    ("body", "swallows"),
    [
        ("except Exception: pass", True),
        ("except: return None", True),
        ("except (ValueError, Exception): log.debug('oh')", True),
        ("except BaseException as error: x = 1", True),
        ("except Exception: log.exception('oh')", False),
        ("except Exception as error: decide(error)", False),
        ("except BaseException: close(); raise", False),
        ("except ValueError: pass", False),
    ],
)
def test_the_rule_knows_a_handler_that_swallows(body: str, swallows: bool) -> None:
    assert swallowing(f"def f():\n try: work()\n {body}\n") == (["f"] if swallows else [])


def test_the_rule_knows_a_suppression_of_everything() -> None:
    assert swallowing("def f():\n with contextlib.suppress(Exception): work()\n") == ["f"]
    assert swallowing("def f():\n with suppress(OSError): work()\n") == []


def test_no_broad_handler_swallows_what_it_caught() -> None:
    assert [place for place in everywhere() if place not in ALLOWED] == []


def test_every_exception_to_the_rule_is_still_needed() -> None:
    assert set(ALLOWED) <= set(everywhere())


@pytest.mark.parametrize("invariant", [f"I{number}" for number in (*range(1, 13), 14)])
def test_every_invariant_is_cited_where_it_is_kept(invariant: str) -> None:
    """As "keeps I2", or as "(I2)" beside the name of what it is about."""
    citation = re.compile(rf"keeps (?:I\d+(?:,| and)? )*{invariant}\b|\((?:I\d+, )*{invariant}(?:, I\d+)*\)")
    assert [p.name for p in SOURCES if citation.search(p.read_text(encoding="utf-8"))]
