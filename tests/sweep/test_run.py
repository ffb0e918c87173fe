"""Sweeps with an engine that knows the answer, and with one that fails in every way a worker can."""

from __future__ import annotations

import functools
import logging
import math
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import rc_bench
from conftest import make_spec
from rc_bench import AnalyticEngine, analytic

from gaincell_char.errors import EnvironmentFault, GaincellError
from gaincell_char.spice.types import Deck, Engine, FailureKind, SimulationFailure, Waveforms
from gaincell_char.sweep import worker
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.run import prepare, run_sweep
from gaincell_char.sweep.survey import survey

OpenEngine = Callable[[], Engine]


class FaultyEngine(AnalyticEngine):
    """Does `fault` on the decks whose step is 1 V, as often as there are files in `folder` to take away."""

    def __init__(self, fault: str, folder: Path) -> None:
        self._fault, self._folder = fault, folder

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        if "vin in 0 dc 1.0\n" in deck.text and (left := list(self._folder.glob("fault*"))):
            left[0].unlink()
            if self._fault == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            elif self._fault == "hang":
                time.sleep(600)
            elif self._fault == "fail":
                raise SimulationFailure(FailureKind.NO_CONVERGENCE, "at node out,\nat 1 us", "the log")
            elif self._fault == "surprise":
                raise KeyError("out")
            elif self._fault == "environment":
                raise EnvironmentFault("no room in /tmp")
            elif self._fault == "simulator":
                raise SimulationFailure(FailureKind.NO_SIMULATOR, "no ngspice on PATH")
            elif self._fault == "disk":
                raise SimulationFailure(FailureKind.DISK, "12 bytes are free")
        return super().run(deck, timeout_s)


@pytest.fixture
def faulty(tmp_path: Path) -> Callable[[str, int], OpenEngine]:
    def make(fault: str, times: int) -> OpenEngine:
        for number in range(times):
            (tmp_path / f"fault{number}").touch()
        return functools.partial(FaultyEngine, fault, tmp_path)

    return make


@pytest.fixture
def store(rc: Path, tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


ONE_DECK_EACH = {"axes": {"v_step_V": ["0.5", "1", "2"]}, "corners": ["tt"]}


def run(store: Path, engine: OpenEngine = AnalyticEngine, workers: int = 2, **changes: object) -> Dataset:
    return run_sweep(make_spec(**changes), store=store, workers=workers, engine=engine, timeout_s=30)


def test_the_dataset_says_what_the_circuit_does(store: Path) -> None:
    dataset = run(store)
    frame = dataset.frame
    assert list(frame.columns) == ["point_id", "corner", "temperature_C", "vdd_V", "rc.r", "time_s", "v_step_V",
                                   "v_start_V", "v_out_V", "status", "reason"]  # fmt: skip
    assert len(frame) == 2 * 2 * 3 * 3
    assert frame["point_id"].is_unique
    for _, row in frame.iterrows():
        scale = rc_bench.CORNER_SCALE[row["corner"]]
        wanted = analytic(row["time_s"], row["v_step_V"], row["v_start_V"], row["rc.r"] * scale, 1e-9)
        assert row["v_out_V"] == pytest.approx(wanted, rel=1e-5)
    assert dataset.metadata["parameters"] == {"rc.c": 1e-9}
    assert dataset.metadata["units"]["v_out_V"] == "V"
    assert dataset.metadata["points_without_result"] == 0
    assert set(dataset.metadata["netlists"]) == {"rc.lib", "devices.lib", "values.lib"}
    assert str(store.parent) not in str(dataset.metadata)


def test_the_same_bytes_whatever_the_workers_and_the_order(store: Path, tmp_path: Path) -> None:
    first = run(store, workers=1).to_bytes()
    assert run(tmp_path / "two.sqlite", workers=2).to_bytes() == first
    assert run(store, workers=2).to_bytes() == first
    run(tmp_path / "parts.sqlite", corners=["ss"])
    assert run(tmp_path / "parts.sqlite").to_bytes() == first


def test_a_second_run_simulates_nothing(store: Path) -> None:
    run(store)
    steps: list[tuple[int, int]] = []
    run_sweep(
        make_spec(), store=store, engine=AnalyticEngine, progress=lambda done, total, note: steps.append((done, total))
    )
    assert steps == [(36, 36)]
    more = make_spec(temperatures_C=["27", "85"])
    run_sweep(more, store=store, engine=AnalyticEngine, progress=lambda done, total, note: steps.append((done, total)))
    assert steps[1] == (36, 72)
    assert steps[-1] == (72, 72)


@pytest.mark.parametrize("fault", ["die", "surprise", "fail"])
def test_a_fault_costs_its_deck_and_not_the_others(
    store: Path, faulty: Callable[[str, int], OpenEngine], fault: str
) -> None:
    dataset = run(store, faulty(fault, 2), **ONE_DECK_EACH)
    bad = dataset.frame[dataset.frame["status"] != "ok"]
    kind, reason = {
        "die": ("crashed", "the worker process died twice on this deck"),
        "surprise": ("measure_failed", "KeyError: 'out'"),
        "fail": ("no_convergence", "at node out, at 1 us"),
    }[fault]
    assert set(bad["v_step_V"]) == {1.0}
    assert len(bad) == 3
    assert set(bad["time_s"]) == {0.5e-6, 1e-6, 2e-6}
    assert bad["v_out_V"].isna().all()
    assert set(bad["status"]) == {kind}
    assert set(bad["reason"]) == {reason}
    assert dataset.good["v_out_V"].notna().all()
    (failed,) = survey(prepare(make_spec(**ONE_DECK_EACH), engine=AnalyticEngine), store).failures()
    assert failed.deck is not None
    assert failed.deck.read_text().startswith("rc step\n")


def test_a_dead_worker_is_forgiven_once(store: Path, faulty: Callable[[str, int], OpenEngine], tmp_path: Path) -> None:
    dataset = run(store, faulty("die", 1), **ONE_DECK_EACH)
    assert set(dataset.frame["status"]) == {"ok"}
    assert dataset.to_bytes() == run(tmp_path / "other.sqlite", **ONE_DECK_EACH).to_bytes()


def test_failed_decks_are_tried_again_and_then_forgotten(store: Path, faulty: Callable[[str, int], OpenEngine]) -> None:
    run(store, faulty("fail", 1), **ONE_DECK_EACH)
    assert len(list(store.with_name("store.failed").iterdir())) == 2  # the deck and its log
    assert set(run(store, **ONE_DECK_EACH).frame["status"]) == {"ok"}
    assert list(store.with_name("store.failed").iterdir()) == []


def test_a_hang_is_a_timeout(
    store: Path, faulty: Callable[[str, int], OpenEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaincell_char.sweep.execute._GRACE_S", 0.5)
    spec = make_spec(**ONE_DECK_EACH)
    dataset = run_sweep(spec, store=store, workers=2, engine=faulty("hang", 1), timeout_s=1.0)
    assert dict(zip(dataset.frame["v_step_V"], dataset.frame["status"], strict=True)) == {
        0.5: "ok",
        1.0: "timeout",
        2.0: "ok",
    }


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("environment", "no room in /tmp"),
        ("simulator", "no ngspice on PATH"),
        ("disk", "12 bytes are free; what was fin"),
    ],
)
def test_what_every_deck_needs_stops_the_sweep(
    store: Path, faulty: Callable[[str, int], OpenEngine], fault: str, line: str
) -> None:
    with pytest.raises(GaincellError, match=line):
        run(store, faulty(fault, 1), **ONE_DECK_EACH)


def test_idle_workers_may_die(store: Path) -> None:
    """A killed worker that holds no deck breaks pebble's pool; the sweep goes on with another."""

    class Killer(AnalyticEngine):
        def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
            time.sleep(0.05)
            return super().run(deck, timeout_s)

    stop = threading.Event()

    def kill_now_and_then() -> None:
        for _ in range(4):
            time.sleep(0.25)
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            if stop.is_set():
                return
            for child in children:
                os.kill(int(child), signal.SIGKILL)

    thread = threading.Thread(target=kill_now_and_then)
    thread.start()
    try:
        dataset = run(store, Killer, axes={"v_step_V": {"start": "0", "stop": "1", "num": "20"}})
    finally:
        stop.set()
        thread.join()
    assert set(dataset.frame["status"]) <= {"ok", "crashed"}
    assert set(run(store, axes={"v_step_V": {"start": "0", "stop": "1", "num": "20"}}).frame["status"]) == {"ok"}


def test_a_damaged_result_is_computed_again(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = run(store).to_bytes()
    with sqlite3.connect(store) as raw:
        raw.execute("UPDATE result SET payload = substr(payload, 1, 20) WHERE rowid = 3")
    raw.close()
    with caplog.at_level(logging.WARNING):
        assert run(store).to_bytes() == before
    assert len([record for record in caplog.records if "damaged" in record.message]) == 1


def test_an_edited_netlist_is_a_miss_and_explained(store: Path, rc: Path) -> None:
    run(store)
    (rc / "values.lib").write_text(".param unit=1.0\n")
    states = list(survey(prepare(make_spec(), engine=AnalyticEngine), store))
    assert {(state.state, state.reason) for state in states} == {("missing", "values.lib was edited")}
    assert states[-1].condition == "ss, 27 C, 0.9 V, rc.r=2000, v_step_V=2, v_start_V=0"


def test_threads_are_limited_and_temporary_files_are_ours(store: Path) -> None:
    class Nosy(AnalyticEngine):
        def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
            import tempfile

            folder = tempfile.mkdtemp()
            assert Path(folder).parent == store.with_name(".store.sqlite.scratch")
            assert os.environ["OMP_THREAD_LIMIT"] == "1"
            return super().run(deck, timeout_s)

    before = os.environ.get("OMP_THREAD_LIMIT")
    assert set(run(store, Nosy).frame["status"]) == {"ok"}
    assert os.environ.get("OMP_THREAD_LIMIT") == before
    assert sorted(path.name for path in store.parent.iterdir()) == ["netlists", "store.sqlite", "store.sqlite.lock"]


def test_another_thread_may_sweep(store: Path) -> None:
    found: list[pd.DataFrame] = []
    thread = threading.Thread(target=lambda: found.append(run(store).frame))
    thread.start()
    thread.join()
    assert set(found[0]["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "0 rows for 1 points"),
        ([{"time_s": 1.0}], "row 0 has"),
        ([{"time_s": 1.0, "v_step_V": 1.0, "v_start_V": 0.0, "v_out_V": math.nan}], "v_out_V of row 0 is nan"),
        ([{"time_s": 1.0, "v_step_V": 1.0, "v_start_V": 0.0, "v_out_V": math.inf}], "v_out_V of row 0 is inf"),
    ],
)
def test_rows_that_are_no_result(rows: list[dict[str, float]], reason: str) -> None:
    setting = rc_bench.BENCH, rc_bench.Setting(axes={"time_s": (1.0,), "v_step_V": (1.0,), "v_start_V": (0.0,)})
    outcome = worker.columns(*setting, rows)
    assert isinstance(outcome, worker.Failed)
    assert outcome.kind is FailureKind.MEASURE_FAILED
    assert outcome.reason.startswith(reason)


@pytest.mark.ngspice
@pytest.mark.parametrize("engine", ["batch", "session"])
def test_ngspice_charges_the_capacitor_as_the_formula_says(store: Path, engine: str) -> None:
    frame = run_sweep(make_spec(), store=store, workers=2, engine=engine).frame
    assert set(frame["status"]) == {"ok"}
    for _, row in frame.iterrows():
        scale = rc_bench.CORNER_SCALE[row["corner"]]
        wanted = analytic(row["time_s"], row["v_step_V"], row["v_start_V"], row["rc.r"] * scale, 1e-9)
        assert row["v_out_V"] == pytest.approx(wanted, rel=5e-4)


@pytest.mark.ngspice
def test_a_failed_measurement_of_a_real_run(store: Path) -> None:
    frame = run_sweep(make_spec(axes={"v_step_V": ["-1", "1"]}, corners=["tt"]), store=store, workers=2).frame
    assert list(frame["status"]) == ["measure_failed"] * 3 + ["ok"] * 3
    assert set(frame["reason"]) == {"a step below 0 V", ""}
