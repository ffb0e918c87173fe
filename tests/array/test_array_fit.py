"""From datasets to a model's array: the law of cells that are known, delays, checks, and what is refused."""

from __future__ import annotations

import nodal
import numpy as np
import pandas as pd
import pytest
import synthetic_tile

from gaincell_char.behavior.functions import Polynomial
from gaincell_char.circuits.array.patterns import pattern
from gaincell_char.errors import InputError
from gaincell_char.fit.array import fit_tile_current
from gaincell_char.fit.array_model import fit_array
from gaincell_char.sweep.dataset import Dataset

PARAMETERS = {
    "gain_cell.bl_V": 0.45,
    "array.rows": 6.0,
    "array.bl_ohm": 100.0,
    "array.bl_F": 1e-16,
    "array.wl_ohm": 1.0,
    "array.wl_F": 1e-16,
    "array.rail_ohm": 40.0,
}
NO_CHARGE = Polynomial(center=0.45, coefficients=[0.0], domain=(0.0, 0.9), x_unit="V", y_unit="C")


def dataset(name: str, frame: pd.DataFrame) -> Dataset:
    rows = frame.assign(corner="tt", temperature_C=27.0, vdd_V=0.9, status="ok", reason="")
    return Dataset(rows, {"testbench": f"array.{name}", "parameters": PARAMETERS})


def currents() -> pd.DataFrame:
    grid = np.meshgrid(
        np.linspace(0, 0.9, 29), np.linspace(-0.06, 0.06, 13), (0, 0.015, 0.03), (0, 0.015, 0.03), indexing="ij"
    )
    points = [axis.ravel() for axis in grid]
    names = ("v_store_V", "bl_shift_V", "vss_rise_V", "vdd_drop_V")
    sink, source = synthetic_tile.branches(*points)
    return pd.DataFrame(dict(zip(names, points, strict=True)) | {"sink_A": sink, "source_A": source})


def test_the_law_is_the_cells() -> None:
    law = fit_tile_current(dataset("read", currents()))
    assert law.error.maximum_relative < 1e-5
    assert (law.largest_bl_shift_V, law.largest_rail_shift_V) == (0.06, 0.03)
    store = np.array([0.1, 0.62])
    slope = synthetic_tile.K_A * (store + store**3) * synthetic_tile.SLOPE
    np.testing.assert_allclose(law.sink_A[law.powers.index((1, 0, 0))](store), slope, rtol=1e-4)


def test_a_grid_that_cannot_be_fitted_is_refused() -> None:
    frame = currents()
    with pytest.raises(InputError, match="holes"):
        fit_tile_current(dataset("read", frame.iloc[1:]))
    with pytest.raises(InputError, match="vss_rise_V has 1 values"):
        fit_tile_current(dataset("read", frame[frame["vss_rise_V"] == 0]))
    with pytest.raises(InputError, match="no point without shifts"):
        fit_tile_current(dataset("read", frame[frame["bl_shift_V"].abs() > 1e-9]))
    with pytest.raises(InputError, match=r"no dataset of array\.read"):
        fit_array({}, 1e-7, NO_CHARGE)


def test_the_section_has_wires_delays_and_every_pattern_checked() -> None:
    applied = pattern(3, 6, 64)
    on = (applied.widths > 0).astype(float)
    truth = [
        nodal.column_current(applied.levels[:, column] * 0.9, on, synthetic_tile.branches, 100.0, 40.0)[0]
        for column in (0, 40)
    ]
    mesh = pd.DataFrame({"pattern": 3.0, "column": [0.0, 40.0], "current_A": truth, "bl_shift_V": [0.001, 0.002]})
    late = pd.DataFrame({"row": [0.0, 5.0], "onset_s": [2.0e-9, 1.9e-9], "current_A": 1e-6})
    words = pd.DataFrame({"column": [0.0, 63.0], "delay_s": [0.0, 3e-12]})
    read = dataset("read", currents())
    array = fit_array(
        {
            "read": read,
            "direct": read,
            "dc": dataset("dc", mesh),
            "bit_line": dataset("bit_line", late),
            "word_line": dataset("word_line", words),
        },
        synthetic_tile.UNIT_A,
        NO_CHARGE,
    )
    assert (array.rows, array.wires.bl_resistance_ohm, array.wires.rail_resistance_ohm) == (6, 100.0, 40.0)
    assert array.bl_delay_s == pytest.approx(1e-10)
    assert array.wl_delay_s == pytest.approx(3e-12)
    (check,) = array.checks
    assert (check.pattern, check.quantity, check.largest_drop_V) == ("corner", "direct", 0.002)
    assert check.exact < 1e-6 < 1e-4 < check.ideal
    assert check.exact < check.fast < check.ideal / 10
