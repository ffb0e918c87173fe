"""The table of docs/reliability.md: every row is there, names tests that exist, and has a guard that is taken out."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
TABLE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = {int(number): tests for number, tests in re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", TABLE, re.MULTILINE)}
FAULTS = 36


@pytest.fixture(scope="module")
def guards() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reliability_guards", TESTS / "reliability_guards.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}


def test_every_fault_has_a_row() -> None:
    assert sorted(ROWS) == list(range(1, FAULTS + 1))


@pytest.mark.parametrize("row", sorted(ROWS))
def test_the_tests_of_a_row_exist(row: int) -> None:
    named = re.findall(r"`(test_\w+)::(test_\w+)`", ROWS[row])
    assert named
    for module, test in named:
        (path,) = TESTS.rglob(f"{module}.py")
        assert test in functions(path), f"row {row} names {module}::{test}"


def test_a_guard_of_every_row_is_taken_out(guards: ModuleType) -> None:
    assert {each.row for each in guards.GUARDS} == set(ROWS)
    for each in guards.GUARDS:
        for file, text, replaced in each.edits:
            assert text in (ROOT / "gaincell_char" / file).read_text(encoding="utf-8"), (
                f"row {each.row}: {file}: {text}"
            )
            assert text != replaced
        for test in each.tests:
            path, _, name = test.partition("::")
            assert name in functions(TESTS / path), f"row {each.row}: {test}"
            assert f"`{Path(path).stem}::{name}`" in ROWS[each.row], f"row {each.row} does not name {test}"
