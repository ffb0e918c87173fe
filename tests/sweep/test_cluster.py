"""Sweeps on a Dask cluster of this machine: the same dataset as with processes, whatever happens to a worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

from gaincell_char.errors import EnvironmentFault
from gaincell_char.sweep.overrides import parse_overrides
from gaincell_char.sweep.run import Prepared, prepare, run_prepared
from gaincell_char.sweep.spec import load_spec

distributed = pytest.importorskip("distributed")

from gaincell_char.sweep import cluster  # noqa: E402

pytestmark = pytest.mark.ngspice


@pytest.fixture(scope="module")
def local() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50, memory_limit=0
    ) as running:
        yield running


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """Six decks of a few points."""
    widths = "gain_cell.wn=100n,120n,140n,160n,180n,200n"
    axes = (widths, "v_store_V=0:0.9:3", "v_bl_V=0.45,0.5")
    return prepare(load_spec("gain_cell_iv"), overrides=parse_overrides((), axes, "tt", "27", "0.9", None))


def quiet(done: int, total: int, note: str) -> None: ...


def test_a_cluster_gives_the_dataset_that_processes_give(local: Any, prepared: Prepared, tmp_path: Path) -> None:
    here = run_prepared(prepared, tmp_path / "here.sqlite", 2, progress=quiet)
    there = run_prepared(prepared, tmp_path / "there.sqlite", 2, progress=quiet, dask=local.scheduler_address)
    assert there.metadata["points_without_result"] == 0
    assert there.to_bytes() == here.to_bytes()


def test_a_worker_killed_in_the_middle_costs_nothing(local: Any, prepared: Prepared, tmp_path: Path) -> None:
    victims = [local.workers[0].pid]

    def kill(done: int, total: int, note: str) -> None:
        if done and victims:
            os.kill(victims.pop(), signal.SIGKILL)

    whole = run_prepared(prepared, tmp_path / "killed.sqlite", 2, progress=kill, dask=local.scheduler_address)
    assert not victims
    assert whole.metadata["points_without_result"] == 0
    assert whole.to_bytes() == run_prepared(prepared, tmp_path / "here.sqlite", 2, progress=quiet).to_bytes()


@pytest.mark.parametrize("fault", ["simulator", "netlist"])
def test_a_worker_that_would_simulate_something_else_is_refused(prepared: Prepared, fault: str) -> None:
    task = prepared.tasks[0]
    engine = prepared.open_engine().identity if fault == "netlist" else "ngspice-1 batch"
    run = cluster.Run(fault, prepared.open_engine, prepared.testbench, engine)
    files = {path: "0" * 64 if fault == "netlist" else cluster.content_digest(path) for path in task.deck.files}
    with pytest.raises(EnvironmentFault, match={"simulator": "ngspice-1 batch", "netlist": "differs"}[fault]):
        cluster.simulate(run, files, task.setting, task.deck, 30.0, ())


def test_no_scheduler_at_the_address(gaincell: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1.0)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        status, _, err = gaincell("sweep", "run", "gain_cell_iv", "--store", tmp_path / "s.sqlite", "--dask", address)
        assert status == 4
        assert err.startswith(f"gaincell: {address}: no Dask scheduler")
        assert err.count("\n") == 1


def test_a_scheduler_that_is_not_needed_is_not_asked(
    gaincell: Command, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = ["sweep", "run", "gain_cell_iv", "--axis", "v_store_V=0:0.9:3", "--corner", "ss", "--store",
                 tmp_path / "s.sqlite"]  # fmt: skip
    gaincell(*arguments)
    _, out, _ = gaincell(*arguments, "--dask", "tcp://127.0.0.1:9")
    assert "nothing is left to simulate; the scheduler at tcp://127.0.0.1:9 was not asked" in caplog.messages
    assert "gain_cell_iv: 51 of 51 points" in out
