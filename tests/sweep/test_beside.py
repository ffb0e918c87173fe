"""Devices under test that share decks: the same dataset as a deck each, and one that fails does not fail the others."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rc_bench
from conftest import Command, make_spec
from rc_bench import CORNER_SCALE, AnalyticEngine, analytic

from gaincell_char.circuits.testbench import testbench
from gaincell_char.paths import data_folder
from gaincell_char.spice.side_by_side import SharedDeck
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms
from gaincell_char.sweep.beside import write
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.plan import plan
from gaincell_char.sweep.point import find
from gaincell_char.sweep.run import prepare, run_sweep
from gaincell_char.sweep.spec import load_spec
from gaincell_char.sweep.survey import survey

SPEC = """
name: rc
testbench: rc.step
axes: {v_step_V: [0.5, 1.0], rc.r: {start: 1k, stop: 12k, num: 12}}
corners: [tt, ss]
devices_per_deck: 3
"""


class SideBySide(AnalyticEngine):
    """Knows the answer for every device of a deck, notes in `folder` what it runs, and does what `faults` there say:
    lines of a kind (or `die`), and of a text that a deck must hold for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
        with (self._folder / "ran").open("a") as log:
            log.write(f"{len(deck.names) if isinstance(deck, SharedDeck) else 1}\n")
        for fault in (self._folder / "faults").read_text().splitlines() if (self._folder / "faults").exists() else ():
            kind, _, text = fault.partition(" ")
            if text in deck.text and kind == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if text in deck.text:
                raise SimulationFailure(FailureKind(kind), f"because of {text}", "the log")
        if not isinstance(deck, SharedDeck):
            return super().run(deck, timeout_s)
        words = {line.split()[0]: line.split() for line in deck.text.splitlines()}
        step, scale = float(words["vin"][4]), CORNER_SCALE[words[".lib"][-1]]
        time = np.linspace(0, float(words[".tran"][2]), 2001)
        vectors = {}
        for number, names in enumerate(deck.names):
            r, c = (float(words[f"x1__{number}"][at].split("=")[1]) for at in (4, 5))
            vectors[names["v(out)"]] = np.array([analytic(t, step, 0.0, r * scale, c) for t in time])
        return Waveforms("time", time, vectors)


@pytest.fixture
def folder(rc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Resistors of the RC circuit may stand side by side."""
    bench = dataclasses.replace(rc_bench.BENCH, side_by_side=frozenset(("rc.r",)))
    monkeypatch.setattr(rc_bench, "CIRCUIT", dataclasses.replace(rc_bench.CIRCUIT, testbenches=(bench,)))
    return tmp_path


def run(folder: Path, store: str = "s", workers: int = 1, **changes: object) -> Dataset:
    (folder / "ran").unlink(missing_ok=True)
    spec = make_spec(SPEC, **changes)
    engine = SideBySide(folder)
    return run_sweep(spec, store=folder / f"{store}.sqlite", workers=workers, engine=lambda: engine, timeout_s=30)


def ran(folder: Path) -> list[int]:
    """How many devices each deck had that was run."""
    log = folder / "ran"
    return sorted(map(int, log.read_text().split())) if log.exists() else []


def test_decks_are_even_parts_of_what_differs_in_nothing_else(folder: Path) -> None:
    layout = plan(make_spec(SPEC), testbench("rc.step"))
    found = [(s.corner, s.axes["v_step_V"], [each["rc.r"] for each in s.beside]) for s in layout.settings]
    quarters = [[1e3, 2e3, 3e3], [4e3, 5e3, 6e3], [7e3, 8e3, 9e3], [10e3, 11e3, 12e3]]
    assert found == [(c, (v,), part) for c in ("tt", "ss") for part in quarters for v in (0.5, 1.0)]
    assert layout.points == 2 * 2 * 12 * 3
    assert sorted(layout.order or ()) == list(range(48))


@pytest.mark.parametrize(
    ("devices", "size", "wanted"),
    [(200, 100, [100, 100]), (201, 100, [50, 50, 50, 51]), (7, 100, [3, 4]), (2, 9, [1, 1]), (5, 2, [1, 1, 1, 2])],
)
def test_decks_come_in_even_numbers_and_none_is_too_large(
    folder: Path, devices: int, size: int, wanted: list[int]
) -> None:
    axes = {"rc.r": {"start": "1k", "stop": "9k", "num": str(devices)}}
    layout = plan(make_spec(SPEC, axes=axes, corners=["tt"], devices_per_deck=str(size)), testbench("rc.step"))
    assert sorted(layout.devices(deck) for deck in range(len(layout.settings))) == wanted


def test_the_dataset_is_that_of_a_deck_each_in_the_same_order(folder: Path) -> None:
    shared = run(folder).frame
    assert ran(folder) == [3] * 16
    alone = run(folder, "alone", devices_per_deck=1).frame
    assert ran(folder) == [1] * 48
    assert shared.drop(columns="point_id").equals(alone.drop(columns="point_id"))
    assert shared["point_id"].is_unique
    assert (shared["status"] == "ok").all()


def test_the_plan_fixes_the_decks_so_workers_and_kills_change_no_byte(folder: Path) -> None:
    whole = run(folder).to_bytes()
    assert run(folder, "two", workers=2).to_bytes() == whole
    with sqlite3.connect(folder / "two.sqlite") as raw:
        raw.execute("DELETE FROM result WHERE rowid IN (SELECT rowid FROM result LIMIT 5)")
    assert run(folder, "two").to_bytes() == whole
    assert ran(folder) == [3] * 5
    assert run(folder, "two").to_bytes() == whole
    assert ran(folder) == []


def test_a_device_that_fails_does_not_fail_its_neighbors(folder: Path, gaincell: Command) -> None:
    (folder / "faults").write_text("no_convergence r=5000.0\n")
    frame = run(folder, corners=["tt"]).frame
    assert ran(folder) == [1] * 6 + [3] * 8, "two decks fail, their six devices run alone"
    failed = frame[frame["status"] != "ok"]
    assert set(failed["rc.r"]) == {5e3}
    assert set(failed["reason"]) == {"because of r=5000.0"}
    assert len(failed) == 6
    assert frame["v_out_V"].notna().sum() == 66
    run(folder, corners=["tt"])
    assert ran(folder) == [1, 1], "only what failed is tried again"

    (folder / "faults").unlink()
    healed = run(folder, corners=["tt"])
    assert ran(folder) == [1, 1]
    clean = run(folder, "clean", corners=["tt"])
    same = ["rc.r", "v_step_V", "time_s", "v_out_V", "status"]
    assert healed.frame[same].equals(clean.frame[same])


def test_states_and_points_name_the_device(folder: Path) -> None:
    (folder / "faults").write_text("singular r=5000.0\n")
    frame = run(folder, corners=["tt"]).frame
    prepared = prepare(make_spec(SPEC, corners=["tt"]), engine=lambda: SideBySide(folder))
    found = survey(prepared, folder / "s.sqlite")
    assert found.counts == {"stored": 6, "failed": 2, "missing": 0}
    states = [(each.condition, each.state) for each in found.failures()]
    assert ("tt, 27 C, 0.9 V, rc.r=5000, v_step_V=1, v_start_V=0", "failed") in states
    assert ("tt, 27 C, 0.9 V, rc.r=6000, v_step_V=1, v_start_V=0", "stored") in states
    assert "rc.r=1000..3000, v_step_V=0.5, v_start_V=0, 3 devices" in next(iter(found)).condition

    for r in (2e3, 5e3):  # from a shared deck, and from one of its own
        row = frame[(frame["rc.r"] == r) & (frame["time_s"] == 1e-6)].iloc[0]
        task, at = find(prepared, row["point_id"])
        assert (task.setting.parameters["rc.r"], task.setting.axes["time_s"][at or 0]) == (r, 1e-6)
        assert not task.setting.beside


@pytest.mark.parametrize("fault", ["killed", "timeout", "crashed", "die"])
def test_what_the_machine_did_to_a_shared_deck_is_made_good_by_the_next_run(folder: Path, fault: str) -> None:
    whole = run(folder, "clean").to_bytes()
    (folder / "faults").write_text(f"{fault} x1__1 in out\n{fault} x1__2 in\n")
    assert (run(folder).frame["status"] == "ok").all(), "its devices run alone"
    assert ran(folder).count(1) == 48
    (folder / "faults").unlink()
    assert run(folder).to_bytes() == whole
    assert ran(folder) == [3] * 16


def test_stop_after_counts_devices(folder: Path, monkeypatch: pytest.MonkeyPatch, gaincell: Command) -> None:
    monkeypatch.setattr("gaincell_char.sweep.run.open_engine", lambda kind: SideBySide(folder))
    (folder / "faults").write_text("no_convergence corner\nno_convergence x1\n")
    path = folder / "rc.yaml"
    path.write_text(SPEC)
    status, _, err = gaincell("sweep", "run", path, "--store", folder / "s.sqlite", "-j", 1, "--stop-after", 3)
    assert status == 3
    assert ran(folder)[:3] == [1, 1, 1]
    assert ran(folder).count(1) < 8
    assert "no_convergence: because of x1" in err


@pytest.mark.parametrize(
    "changes",
    [
        {"devices_per_deck": 1},
        {"retries": [{"reltol": "1m"}]},
        {"axes": {"v_step_V": [0.5, 1.0]}, "parameters": {"rc.r": "2k"}},
        {"axes": {"rc.c": ["1n", "2n"]}},
    ],
)
def test_what_does_not_share_decks(folder: Path, changes: dict[str, object]) -> None:
    layout = plan(make_spec(SPEC, **changes), testbench("rc.step"))
    assert not layout.shares
    assert all(not setting.beside for setting in layout.settings)


def test_the_number_of_devices_is_a_part_of_the_spec_only_where_it_is_given() -> None:
    plain = make_spec(SPEC.replace("devices_per_deck: 3\n", ""))
    assert plain.digest != make_spec(SPEC).digest
    assert "devices_per_deck" not in plain.document()


@pytest.mark.parametrize("path", sorted(data_folder("sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_bundled_sweeps_have_a_deck_each_as_their_goldens_and_the_model_were_made(path: Path) -> None:
    spec = load_spec(path)
    assert not plan(spec, testbench(spec.testbench)).shares


def _benches() -> Iterator[tuple[str, str]]:
    for name in ("gain_cell.pulse", "gain_cell.write"):
        for parameter in sorted(testbench(name).side_by_side):
            yield name, parameter


@pytest.mark.parametrize(("name", "parameter"), list(_benches()))
def test_every_parameter_that_may_differ_is_in_lines_of_elements_only(name: str, parameter: str) -> None:
    bench = testbench(name)
    axes = {axis.name: axis.default if axis.shared else axis.default[:1] for axis in bench.axes}
    values = {each.name: each.default for each in bench.parameters}
    sizes = [factor * values[parameter] for factor in (1, 1.25, 1.5, 1.75)]
    spec = make_spec(f"{{name: x, testbench: {name}, axes: {{{parameter}: {sizes}}}}}", devices_per_deck=2)
    settings = plan(spec, bench).settings
    assert all(len(setting.beside) == 2 for setting in settings)
    deck = write(bench, dataclasses.replace(settings[0], axes=axes))
    assert isinstance(deck, SharedDeck)


@pytest.mark.ngspice
@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("gain_cell.pulse", {"v_store_V": ["0", "0.3", "0.9"], "pulse_s": ["5n"]}),
        ("gain_cell.write", {"v_level_V": ["0", "0.9"], "v_previous_V": ["0", "0.9"], "pulse_s": ["1n"]}),
    ],
)
def test_cells_that_share_a_deck_are_as_near_the_truth_as_those_with_a_deck_each(
    tmp_path: Path, name: str, axes: dict[str, list[str]]
) -> None:
    """They share its time steps, so their rows differ, but by no more than the tolerances of either allow."""
    of = {
        "gain_cell.wn": {"low": "60n", "high": "400n", "scale": "log"},
        "gain_cell.storage_F": {"low": "5f", "high": "20f"},
    }
    sizes = {"method": "latin_hypercube", "count": 5, "seed": "2", "of": of}
    kinds: tuple[dict[str, object], ...] = (
        {},
        {"devices_per_deck": 1},
        {"devices_per_deck": 1, "numerics": {"reltol": "10u"}},
    )
    shared, alone, tight = (
        run_sweep(
            make_spec(f"{{name: x, testbench: {name}}}", axes=axes, draws={"d": sizes}, **kind),
            store=tmp_path / f"{number}",
            workers=1,
        )
        for number, kind in enumerate(kinds)
    )
    assert (shared.frame["status"] == "ok").all()
    for column in shared.measured_columns:
        ours, each, truth = (part.frame[column] for part in (shared, alone, tight))
        assert np.abs(ours - each).max() > 0
        assert np.abs(ours - truth).max() < 1.5 * np.abs(each - truth).max(), column
