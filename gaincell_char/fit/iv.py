"""The direct current of the read branch over stored voltage and bit line, corner by corner."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from gaincell_char.behavior.schema import Condition, Corner, IvSurface
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.fit.grids import Array, Grid
from gaincell_char.fit.held_out import fit_error, held_out
from gaincell_char.fit.linearity import least_squares_slope, linear_range, zero_crossing
from gaincell_char.fit.polynomial import PUBLISHED_DEGREE, choose_degree, fit_polynomial, polynomial_error
from gaincell_char.fit.spline import choose_surface
from gaincell_char.sweep.dataset import Dataset

_FEWEST = 9
NOMINAL_TEMPERATURE_C = 27.0


def fit_iv(dataset: Dataset, temperature_C: float = NOMINAL_TEMPERATURE_C) -> dict[Corner, IvSurface]:
    """A surface for every corner of an `iv` dataset, at the temperature swept that is nearest to `temperature_C`.

    Raises
    ------
    InputError
        The grid has holes or is too coarse, a corner has several supplies, or the voltage at which the bit line is held
        (`gain_cell.bl_V`; VDD/2 where the dataset does not say) is outside those swept.
    GaincellError
        The current does not cross zero.
    """
    surfaces: dict[Corner, IvSurface] = {}
    found = list(grids.by_condition(dataset))
    nearest = min((c.temperature_C for c, _ in found), key=lambda t: abs(t - temperature_C))
    for condition, rows in found:
        if condition.temperature_C != nearest:
            continue
        if condition.corner in surfaces:
            raise InputError(f"{grids.name(dataset)}: several supplies at corner {condition.corner}; fit one at a time")
        surfaces[condition.corner] = _surface(dataset, rows, condition)
    return surfaces


def hold_line(dataset: Dataset, grid: Grid, hold_V: float) -> Array:
    """Current (A) over the stored voltages of `grid` with the bit line at `hold_V`: as swept, or between lines swept.

    Raises
    ------
    InputError
        `hold_V` is outside the bit-line voltages swept.
    """
    if not grid.y[0] <= hold_V <= grid.y[-1]:
        raise InputError(
            f"{grids.name(dataset)}: the bit line is held at {hold_V:g} V, but v_bl_V runs from {grid.y[0]:g} to "
            f"{grid.y[-1]:g} V; widen the axis"
        )
    return np.asarray(CubicSpline(grid.y, grid.z, axis=1)(hold_V))


def _surface(dataset: Dataset, rows: pd.DataFrame, condition: Condition) -> IvSurface:
    grid = grids.pivot(dataset, rows, "v_store_V", "v_bl_V", "current_A")
    grids.at_least(dataset, "v_bl_V", grid.y, _FEWEST)
    center = condition.vdd_V / 2
    hold_V = grids.parameter(dataset, "gain_cell.bl_V", center)
    stored = grids.stored(grid.x, condition.vdd_V)
    x, line = grid.x[stored], hold_line(dataset, grid, hold_V)[stored]
    grids.at_least(dataset, "v_store_V", x, _FEWEST)
    scale = float(np.abs(line).max())
    low, high = float(x[0]), float(x[-1])
    surface = choose_surface(grid, ("V", "V", "A"), scale)
    cubic = fit_polynomial(x, line, PUBLISHED_DEGREE, center, "V", "A")
    polynomial = choose_degree(x, line, center, "V", "A", scale)
    held = held_out(len(grid.x)), held_out(len(grid.y))
    seen = int((~held[0]).sum() * (~held[1]).sum())

    def current(v_store: Array) -> Array:
        return surface(v_store, hold_V)

    return IvSurface(
        condition=condition,
        published_degree=cubic,
        polynomial=polynomial,
        surface=surface,
        published_degree_error=polynomial_error(cubic, x, line, scale),
        polynomial_error=polynomial_error(polynomial, x, line, scale),
        surface_error=fit_error(surface(grid.x[:, None], grid.y), grid.z, scale, seen, *held),
        zero_crossing_V=zero_crossing(current, low, high),
        slope_A_per_V=least_squares_slope(current, low, high),
        linear_range=linear_range(current, low, high),
    )
