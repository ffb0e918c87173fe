"""Stages run once, in order, and nothing finished is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
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


def sleep(inputs: dict[str, Any], products: Mapping[str, bytes]) -> bytes:
    Path(inputs["pid"]).write_text(str(os.getpid()))
    time.sleep(60)
    return b""


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


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_parent(ending: signal.Signals, tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_stages import sleep
        from gaincell_char.pipeline.artifacts import ArtifactFolder
        from gaincell_char.pipeline.stages import Stage, run_stages
        if __name__ == "__main__":
            stage = Stage("s", sleep, 1, {{"pid": {str(tmp_path / "pid")!r}}})
            run_stages([stage], ArtifactFolder(Path({str(tmp_path / "out")!r})), workers=1)
    """)
    (tmp_path / "script.py").write_text(script)
    parent = subprocess.Popen([sys.executable, str(tmp_path / "script.py")])
    pid = tmp_path / "pid"
    wait_until(lambda: pid.is_file() and pid.read_text() != "")
    worker = Path("/proc") / pid.read_text()
    assert worker.is_dir()
    parent.send_signal(ending)
    parent.wait(10)
    wait_until(lambda: not worker.is_dir() or "\nState:\tZ" in (worker / "status").read_text())


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "still waiting"
        time.sleep(0.05)
