"""Stages run once, in order, and nothing finished is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gaincell_char.errors import InputError
from gaincell_char.pipeline.artifacts import ArtifactFolder
from gaincell_char.pipeline.stages import Stage, run_stages


def count(inputs: dict[str, Any], products: Mapping[str, bytes]) -> bytes:
    """The sum of `add` and of the products, so that every change shows; leaves a mark each time it runs."""
    Path(inputs["marks"]).joinpath(f"{inputs['name']}-{time.monotonic_ns()}").touch()
    return str(inputs["add"] + sum(int(p) for p in products.values())).encode()


def fail(inputs: dict[str, Any], products: Mapping[str, bytes]) -> bytes:
    raise InputError("stage fail: nothing to give")


def graph(marks: Path, add: int = 1) -> list[Stage]:
    marks.mkdir(exist_ok=True)

    def stage(name: str, add: int, *needs: str, in_parent: bool = False) -> Stage:
        return Stage(name, count, 1, {"marks": str(marks), "name": name, "add": add}, needs, in_parent)

    return [stage("a", add, in_parent=True), stage("b", 10), stage("c", 100, "a", "b"), stage("d", 1000, "b")]


def ran(marks: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in marks.iterdir())


def test_products_follow_the_graph(tmp_path: Path) -> None:
    results = run_stages(graph(tmp_path / "marks"), ArtifactFolder(tmp_path / "out"), workers=2)
    assert {name: int(r.artifact.content) for name, r in results.items()} == {"a": 1, "b": 10, "c": 111, "d": 1010}


def test_second_run_runs_nothing_and_a_change_runs_what_depends_on_it(tmp_path: Path) -> None:
    folder = ArtifactFolder(tmp_path / "out")
    run_stages(graph(tmp_path / "marks"), folder, workers=2)
    again = run_stages(graph(tmp_path / "marks"), folder, workers=2)
    assert not any(r.ran for r in again.values())
    changed = run_stages(graph(tmp_path / "marks", add=2), folder, workers=2)
    assert {name for name, r in changed.items() if r.ran} == {"a", "c"}
    assert ran(tmp_path / "marks") == ["a", "a", "b", "c", "c", "d"]


@pytest.mark.parametrize("damage", [b"", b"112"], ids=["truncated", "flipped"])
def test_a_damaged_product_is_made_again(tmp_path: Path, damage: bytes) -> None:
    folder = ArtifactFolder(tmp_path / "out")
    first = run_stages(graph(tmp_path / "marks"), folder, workers=1)
    folder.path("c", first["c"].artifact.key).write_bytes(damage)
    again = run_stages(graph(tmp_path / "marks"), folder, workers=1)
    assert {name for name, r in again.items() if r.ran} == {"c"}
    assert again["c"].artifact.content == b"111"
    assert folder.damaged == [folder.path("c", first["c"].artifact.key)]


def test_a_failure_is_raised_and_what_was_done_is_kept(tmp_path: Path) -> None:
    folder = ArtifactFolder(tmp_path / "out")
    stages = [*graph(tmp_path / "marks"), Stage("e", fail, 1, {}, ("a",))]
    with pytest.raises(InputError, match="nothing to give"):
        run_stages(stages, folder, workers=1)
    again = run_stages(graph(tmp_path / "marks"), folder, workers=1)
    assert not again["a"].ran
    assert not again["b"].ran


def test_a_need_that_nothing_makes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs nowhere"):
        run_stages([Stage("x", count, 1, {}, ("nowhere",))], ArtifactFolder(tmp_path), workers=1)


def test_kill_and_resume(tmp_path: Path) -> None:
    """kill -9 between two stages: the first is found, the result is the same."""
    script = textwrap.dedent(f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_stages import graph
        from gaincell_char.pipeline.artifacts import ArtifactFolder
        from gaincell_char.pipeline.stages import run_stages
        kill = lambda done, total, name: os.kill(os.getpid(), signal.SIGKILL) if name == "a" else None
        run_stages(graph(Path({str(tmp_path / "marks")!r})), ArtifactFolder(Path({str(tmp_path / "out")!r})), workers=1,
                   report=kill)
    """)
    done = subprocess.run([sys.executable, "-c", script], check=False, env=os.environ, timeout=60)
    assert done.returncode == -signal.SIGKILL
    results = run_stages(graph(tmp_path / "marks"), ArtifactFolder(tmp_path / "out"), workers=1)
    assert not results["a"].ran
    assert int(results["c"].artifact.content) == 111
