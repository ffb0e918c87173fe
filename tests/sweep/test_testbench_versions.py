"""The version of a testbench guards its stored results: code that measures does not change behind it.

The deck's text is in every key, the code of `measure` is not: its integer `version` stands for it. Where that code
changed, raise `version` if a row can come out differently, then remake the record:

    python tests/sweep/test_testbench_versions.py
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from gaincell_char import keys
from gaincell_char.circuits.testbench import Testbench, circuit, circuits

RECORD = Path(__file__).with_name("testbench_versions.json")


def benches() -> dict[str, Testbench]:
    return {f"{each.circuit}.{each.name}": each for name in circuits() for each in circuit(name).testbenches}


def measuring_code(function: Callable[..., Any]) -> dict[str, str]:
    """`function` and every function and plain constant of this package that it reaches, by name, as bare source."""
    found: dict[str, str] = {}
    pending: list[Any] = [function]
    while pending:
        each = pending.pop()
        name = f"{each.__module__}.{each.__qualname__}"
        if name in found:
            continue
        found[name] = bare_source(each)
        for code in (each.__code__, *(c for c in each.__code__.co_consts if inspect.iscode(c))):
            for used in code.co_names:
                value = each.__globals__.get(used)
                if isinstance(value, FunctionType) and value.__module__.startswith("gaincell_char."):
                    pending.append(value)
                elif isinstance(value, int | float | str):
                    found[f"{each.__module__}.{used}"] = repr(value)
    return found


def bare_source(function: Callable[..., Any]) -> str:
    """The source without docstring, comment lines and layout: a formatter changes nothing."""
    text = textwrap.dedent(inspect.getsource(function))
    lines = text.splitlines()
    definition = ast.parse(text).body[0]
    assert isinstance(definition, ast.FunctionDef)
    if ast.get_docstring(definition) is not None:
        first, last = definition.body[0].lineno, definition.body[0].end_lineno
        lines[first - 1 : last] = []
    code = "".join("".join(line.split()) for line in lines if not line.lstrip().startswith("#"))
    return re.sub(r",(?=[)\]}])", "", code)


def record(bench: Testbench) -> dict[str, Any]:
    return {"version": bench.version, "measure": keys.key(measuring_code(bench.measure))}


@pytest.mark.parametrize("name", sorted(benches()))
def test_measuring_code_does_not_change_behind_its_version(name: str) -> None:
    recorded = json.loads(RECORD.read_text()).get(name)
    found = record(benches()[name])
    if recorded == found:
        return
    if recorded is None:
        pytest.fail(f"{name} is new: run `python {Path(__file__).name}` in tests/sweep")
    if recorded["version"] == found["version"]:
        pytest.fail(
            f"the code that measures {name} changed: raise its version where rows change, then remake the record"
        )
    pytest.fail(
        f"{name} is of version {found['version']} now, the record is of {recorded['version']}: remake the record"
    )


def test_the_hash_sees_a_helper_and_not_a_comment() -> None:
    assert "returnvalue" in bare_source(_example)
    assert "why" not in bare_source(_example)
    assert "docstring" not in bare_source(_example)
    code = measuring_code(benches()["gain_cell.iv"].measure)
    assert "gaincell_char.circuits.gain_cell.iv.measure" in code
    assert any(name.startswith("gaincell_char.circuits.settings.") for name in code)


def _example(value: float) -> float:
    """A docstring."""
    # why
    return value


if __name__ == "__main__":
    RECORD.write_text(json.dumps({name: record(bench) for name, bench in sorted(benches().items())}, indent=2) + "\n")
