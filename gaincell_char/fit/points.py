"""Points of a dataset as plain arrays, with what the fits saw of them: what a figure of residuals needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior.schema import Condition
from gaincell_char.fit import grids
from gaincell_char.fit.grids import Array
from gaincell_char.fit.held_out import held_out
from gaincell_char.sweep.dataset import Dataset


@dataclass(frozen=True)
class Points:
    """`z[i]` was measured at `x[i]`, `y[i]`; all (n,). The fit saw the `fitted` ones and is judged on the `judged`."""

    x: Array
    y: Array
    z: Array
    fitted: npt.NDArray[np.bool_]
    judged: npt.NDArray[np.bool_]


def iv_points(dataset: Dataset, condition: Condition) -> Points:
    """Stored voltage (V), bit line (V), current (A) at one condition; raises `InputError` as the fit does."""
    return _points(dataset, condition, "v_store_V", "v_bl_V", "current_A")


def pulse_points(dataset: Dataset, condition: Condition) -> Points:
    """Stored voltage (V), pulse width (s), charge (C) at one condition; raises `InputError` as the fit does."""
    return _points(dataset, condition, "v_store_V", "pulse_s", "charge_C")


def _points(dataset: Dataset, condition: Condition, x: str, y: str, value: str) -> Points:
    _, rows = grids.at_condition(dataset, condition)
    grid = grids.pivot(dataset, rows, x, y, value)
    of_x, of_y = held_out(len(grid.x))[:, None], held_out(len(grid.y))[None, :]
    return Points(
        x=np.repeat(grid.x, len(grid.y)),
        y=np.tile(grid.y, len(grid.x)),
        z=grid.z.ravel(),
        fitted=(~of_x & ~of_y).ravel(),
        judged=(of_x & of_y).ravel(),
    )
