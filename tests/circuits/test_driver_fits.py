"""From datasets of counter, drivers and disturb to sections of the model: made-up rows whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gaincell_char.errors import InputError
from gaincell_char.fit.counter import boundary_s, fit_counter, shortest_period_s
from gaincell_char.fit.disturb import fit_read_disturb
from gaincell_char.fit.drivers import fit_word_line_driver, fit_write_driver
from gaincell_char.sweep.dataset import Dataset

PERIOD_S = 120e-12
PARAMETERS = {"pulse_counter.pulse_lag_s": 30e-12, "pulse_counter.columns": 64.0}


def dataset(rows: pd.DataFrame, corners=("tt",)) -> Dataset:
    frames = [rows.assign(corner=corner, temperature_C=27.0, vdd_V=0.9, status="ok", reason="") for corner in corners]
    return Dataset(pd.concat(frames, ignore_index=True), {"testbench": "made_up", "parameters": PARAMETERS})


COUNTS = pd.DataFrame({"count": [0.0, 8.0, 16.0], "energy_J": [30e-15, 86e-15, 142e-15], "clock_energy_J": 1.6e-12})
PHASE = pd.DataFrame({"wait": [0.0, 0.5], "clock_period_s": PERIOD_S, "first_edge_s": [700e-12, 640e-12]})
APERTURE = pd.DataFrame({"margin_s": [-160e-12, -156e-12, -152e-12], "seen": [0.0, 0.0, 1.0], "decision_s": 0.0})
MAXIMUM = pd.DataFrame({"clock_period_s": [100e-12, 80e-12, 60e-12, 50e-12], "miscount": [0.0, 0.0, -1.0, 0.0]})


def counter(corners=("tt",), **changes: pd.DataFrame):
    parts = {"counts": COUNTS, "phase": PHASE, "aperture": APERTURE, "maximum": MAXIMUM} | changes
    return fit_counter(**{name: dataset(rows, corners) for name, rows in parts.items()})


def test_the_counter_s_section_adds_up() -> None:
    made = counter(corners=("tt", "ss"))
    assert [figures.condition.corner for figures in made.figures] == ["tt", "ss"]
    figures = made.figures[0]
    assert (made.bits, made.largest_count) == (5, 16)
    assert made.clock_period_s == pytest.approx(8 * PERIOD_S)
    assert made.phase_spread_s == PERIOD_S
    assert figures.phase_s == pytest.approx(670e-12 - 154e-12 - 30e-12)
    assert figures.maximum_clock_Hz == pytest.approx(1 / (8 * 80e-12))
    assert figures.energy_per_count_J == pytest.approx(7e-15)
    assert figures.energy_per_conversion_J == pytest.approx(30e-15 + 2 * 1.6e-12 / 64)


def test_a_clock_beyond_one_that_miscounts_does_not_count() -> None:
    assert shortest_period_s(MAXIMUM) == 80e-12
    with pytest.raises(InputError, match="miscounts at the slowest clock"):
        shortest_period_s(MAXIMUM.assign(miscount=1.0))


@pytest.mark.parametrize("seen", [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
def test_a_boundary_that_was_not_swept_is_refused(seen) -> None:
    with pytest.raises(InputError, match="expected one"):
        boundary_s(APERTURE.assign(seen=seen))


def test_sweeps_without_a_common_condition_are_refused() -> None:
    parts = [dataset(rows) for rows in (COUNTS, PHASE, APERTURE)]
    with pytest.raises(InputError, match="no condition in common"):
        fit_counter(*parts, dataset(MAXIMUM, corners=("ff",)))


def test_conditions_of_fewer_widths_are_added_and_those_of_all_widths_are_kept() -> None:
    few = COUNTS.iloc[[0, 2]].assign(energy_J=[40e-15, 136e-15])
    corners = ("tt", "ss")
    made = fit_counter(
        dataset(COUNTS),
        *(dataset(rows, corners) for rows in (PHASE, APERTURE, MAXIMUM)),
        corners=dataset(few, corners),
    )
    energies = {figures.condition.corner: figures.energy_per_count_J for figures in made.figures}
    assert energies == pytest.approx({"tt": 7e-15, "ss": 6e-15})


WIDTHS = pd.DataFrame({"level": np.arange(16.0), "energy_J": 1e-13})
WIDTHS["width_s"], WIDTHS["width_b_s"] = WIDTHS["level"] * 1.002e-9, WIDTHS["level"] * 1.004e-9
BUFFER = pd.DataFrame(
    {"width_s": [5e-9, 1e-9], "rise_s": [3e-11, 9e-11], "fall_s": [4e-11, 9e-11]}
    | {"stretch_s": [2e-12, 9e-12], "stretch_b_s": [-4e-12, 9e-12]}
)


def test_the_word_line_s_widths_are_the_mean_of_both_lines() -> None:
    made = fit_word_line_driver(dataset(WIDTHS), dataset(BUFFER))
    assert made.widths_s == pytest.approx(np.arange(16) * 1.003e-9)
    assert (made.rise_s, made.fall_s) == (3e-11, 4e-11)
    assert made.buffer_stretch_s == pytest.approx(-1e-12)
    with pytest.raises(InputError, match="each of the levels 0 to 15 once"):
        fit_word_line_driver(dataset(WIDTHS[1:]), dataset(BUFFER))


def test_the_write_driver_s_section() -> None:
    levels = np.tile(np.arange(8.0), 2)
    rows = pd.DataFrame({"level": levels, "previous_level": np.repeat([0.0, 7.0], 8), "pulse_s": 5e-9})
    rows["driven_V"] = levels / 7 * 0.9
    rows["v_store_V"] = rows["driven_V"] + np.where(rows["previous_level"] == 0, -1e-3, 3e-3)
    rows["settle_s"], rows["energy_J"] = 1e-9 + levels * 1e-10, 2e-13
    neighbors = pd.DataFrame({"shift_V": [1e-9, -3e-9]})
    made = fit_write_driver(dataset(rows), dataset(neighbors))
    assert np.array(made.stored_V) - made.driven_V == pytest.approx(1e-3)
    assert made.settle_s == pytest.approx(1.7e-9)
    assert made.neighbor_shift_V == 3e-9
    assert fit_write_driver(dataset(rows)).neighbor_shift_V is None


def reads(bend: float = 0.0) -> pd.DataFrame:
    grid = [(level, count) for level in (0.0, 0.9) for count in (1.0, 50.0, 100.0, 200.0, 300.0)]
    rows = pd.DataFrame(grid, columns=["v_level_V", "reads"])
    sign = np.where(rows["v_level_V"] > 0.45, -1.0, 1.0)
    rows["shift_V"] = sign * (250e-6 + 1e-9 * rows["reads"] + bend * rows["reads"] ** 2)
    return rows.assign(pulse_s=15e-9, period_s=20e-9)


def test_ten_thousand_reads_are_the_line_of_the_measured_ones() -> None:
    made = fit_read_disturb(dataset(reads()))
    assert made.reads == [1, 100, 10_000]
    rising = 250e-6 + 1e-9 * np.array(made.reads)
    assert np.array(made.shift_V) == pytest.approx(np.stack([rising, -rising]), rel=1e-9)


def test_a_shift_that_bends_is_not_extrapolated() -> None:
    with pytest.raises(InputError, match="off the line through fewer"):
        fit_read_disturb(dataset(reads(bend=1e-9)))
    with pytest.raises(InputError, match="needs 1, 100 and at least three"):
        fit_read_disturb(dataset(reads().query("reads != 100")))
