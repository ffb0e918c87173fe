"""An adaptive axis: the answer of a much finer grid from a few points, the same points for every run."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from conftest import make_spec
from hypothesis import given
from hypothesis import strategies as st
from rc_bench import AnalyticEngine, analytic

from gaincell_char.errors import GaincellError, InputError
from gaincell_char.spice.types import Deck, FailureKind, SimulationFailure, Waveforms
from gaincell_char.sweep.adaptive import _between
from gaincell_char.sweep.dataset import Dataset
from gaincell_char.sweep.measures.crossing import crossing
from gaincell_char.sweep.measures.kink import kink as bend
from gaincell_char.sweep.measures.table import measured
from gaincell_char.sweep.run import prepare, run_sweep, stored
from gaincell_char.sweep.spec import Spec

# v_out(r) = 1 - exp(-1 us / (r 1 nF)) crosses 0.45 at r = -1e3 / ln(0.55)
TEXT = """
name: edge
testbench: rc.step
axes: {rc.r: {start: 0.5k, stop: 4k, num: COUNT}, time_s: [1u]}
corners: [tt, ff]
measures: {edge_ohm: {function: crossing, of: v_out_V, over: rc.r, options: {level: 0.45}}}
"""
EDGE = -1e3 / math.log(0.55)


def spec(count: int, tolerance: str = "") -> Spec:
    text = TEXT.replace("COUNT", str(count))
    return make_spec(text + (f"adaptive: {{measure: edge_ohm, tolerance: {tolerance}}}\n" if tolerance else ""))


def edges(made: Spec, dataset: Dataset) -> list[float]:
    return [float(value) for value in measured("edge_ohm", made.measures["edge_ohm"], dataset)["edge_ohm"]]


def uniform(count: int, scale: float) -> float:
    """The edge that a uniform grid of `count` resistors finds, one corner."""
    r = np.linspace(0.5e3, 4e3, count)
    return crossing(r, np.array([analytic(1e-6, 1.0, 0.0, each * scale, 1e-9) for each in r]), 0.45)


def test_the_answer_of_a_ten_times_finer_grid_from_a_fifth_of_its_points(rc: Path, tmp_path: Path) -> None:
    made = spec(6, "17.5")
    dataset = run_sweep(made, store=tmp_path / "s.sqlite", engine=AnalyticEngine, workers=1)
    for found, scale in zip(edges(made, dataset), (1.0, 0.9), strict=True):
        coarse, fine = (uniform(count, scale) for count in (21, 201))
        assert fine == pytest.approx(EDGE / scale, abs=0.05)
        assert abs(found - fine) < 0.03, "the engine reads off a table: 1.5e-5"
        assert abs(coarse - fine) > 0.1
    assert len(dataset.frame) / 2 <= 201 / 5


def test_the_same_bytes_after_a_stop_with_other_workers_and_from_the_store(rc: Path, tmp_path: Path) -> None:
    made = spec(8, "10")
    whole = run_sweep(made, store=tmp_path / "1.sqlite", engine=AnalyticEngine, workers=1).to_bytes()

    class Stopped(AnalyticEngine):
        """The power goes after a round."""

        def run(self, deck: Deck, timeout_s: float = 120.0) -> Waveforms:
            if (tmp_path / "2.sqlite").stat().st_size and deck.text not in first:
                raise SimulationFailure(FailureKind.KILLED, "power")
            return super().run(deck, timeout_s)

    first = {task.deck.text for task in prepare(made, engine=AnalyticEngine).tasks}
    part = run_sweep(made, store=tmp_path / "2.sqlite", engine=Stopped, workers=2)
    assert part.metadata["points_without_result"] > 0
    assert run_sweep(made, store=tmp_path / "2.sqlite", engine=AnalyticEngine, workers=2).to_bytes() == whole
    assert stored(prepare(made, engine=AnalyticEngine), tmp_path / "2.sqlite").to_bytes() == whole


@given(kink=st.floats(0.05, 0.95), count=st.integers(4, 12))
def test_a_kink_is_found_wherever_it_is(kink: float, count: int) -> None:
    x = np.linspace(0, 1, count)
    for _ in range(40):
        added = list(_between(x, bend(x, np.maximum(x - kink, 0) * 3 + 0.1 * x), 1e-3))
        if not added:
            break
        x = np.sort([*x, *added])
    assert abs(bend(x, np.maximum(x - kink, 0) * 3 + 0.1 * x) - kink) <= 1e-3
    assert len(x) < count + 40


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("adaptive: {measure: nothing, tolerance: 1}", "adaptive.measure: unknown measure 'nothing'"),
        ("adaptive: {measure: edge_ohm, tolerance: 0}", "adaptive.tolerance: 0 is no tolerance"),
        ("adaptive: {measure: slope, tolerance: 1}", "slope finds no place on rc.r; one of crossing, "),
    ],
)
def test_refused(rc: Path, text: str, line: str) -> None:
    more = "  slope: {function: slope, of: v_out_V, over: rc.r}\n"
    body = TEXT.replace("COUNT", "8").replace("measures: {", "measures:\n  ").replace("}}\n", "}\n")
    with pytest.raises(InputError, match=line):
        prepare(make_spec(body + more + text), engine=AnalyticEngine)


def test_a_tolerance_that_is_never_reached_ends(rc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaincell_char.sweep.adaptive.MAX_ROUNDS", 2)
    with pytest.raises(GaincellError, match="edge_ohm is not within 1e-06 after 2 rounds"):
        run_sweep(spec(8, "1u"), store=tmp_path / "s.sqlite", engine=AnalyticEngine, workers=1)
