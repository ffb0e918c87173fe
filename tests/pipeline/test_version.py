"""Stored products are found by key, and the code is in the key as an integer: it must not change behind it.

python tests/pipeline/test_version.py      records the source of today, for a VERSION that was raised, or for an edit
                                           that cannot change a result
"""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path

import gaincell_char
from gaincell_char.pipeline.run import REPORT_VERSION
from gaincell_char.pipeline.work import VERSION

RECORD = Path(__file__).with_name("version.json")
ROOMS = (
    *("adaptation", "array", "attention", "behavior", "corpus", "evaluation", "fit", "gpt2", "report"),
    "pipeline/work.py",
)


def source_hash() -> str:
    """Hash of all code that a product depends on, without comments, docstrings and layout."""
    package = Path(gaincell_char.__file__).parent
    files = [path for room in ROOMS for path in sorted((package / room).rglob("*.py")) or [package / room]]
    total = hashlib.sha256()
    for path in files:
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [line for line in body if not _is_text(line)]
        total.update(f"{path.relative_to(package).as_posix()}\n{_dump(tree)}\n".encode())
    return total.hexdigest()


def record() -> dict[str, object]:
    """What is recorded of today's source."""
    return {"version": VERSION, "report_version": REPORT_VERSION, "source": source_hash()}


def _dump(tree: ast.AST) -> str:
    """The tree in a form that Python 3.11 to 3.13 agree on (3.12 added `type_params`, 3.13 leaves empty lists out)."""
    if isinstance(tree, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(tree) if value not in (None, []))
        return f"{type(tree).__name__}({', '.join(f'{name}={_dump(value)}' for name, value in fields)})"
    if isinstance(tree, list):
        return f"[{', '.join(map(_dump, tree))}]"
    return repr(tree)


def _is_text(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def test_code_does_not_change_behind_its_version() -> None:
    recorded = json.loads(RECORD.read_text())
    assert recorded == record(), (
        "code that products of `gaincell run` depend on has changed: if a result can change, raise VERSION "
        "(pipeline/work.py), or REPORT_VERSION (pipeline/run.py) for the page; then run "
        "`python tests/pipeline/test_version.py`"
    )


if __name__ == "__main__":
    RECORD.write_text(json.dumps(record(), indent=1) + "\n")
