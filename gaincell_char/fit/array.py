"""The currents of a cell in a tile over its stored voltage and the shifts of its wires: dataset to `TileCurrent`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaincell_char.behavior.schema import Condition, FitError, TileCurrent
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.fit.grids import Array
from gaincell_char.fit.held_out import held_out
from gaincell_char.fit.spline import interpolating_piecewise
from gaincell_char.sweep.dataset import Dataset

_SHIFTS = ("bl_shift_V", "vss_rise_V", "vdd_drop_V")
_HIGHEST_ALONE, _HIGHEST_MIXED, _HIGHEST_RAIL, _HIGHEST_TOTAL = 8, 3, 2, 4
_FEWEST_STORES = 9
_FEWEST_SHIFTS = {"bl_shift_V": 5, "vss_rise_V": 2, "vdd_drop_V": 2}


def fit_tile_current(dataset: Dataset, condition: Condition | None = None) -> TileCurrent:
    """Both branch currents of an `array.read` (or `array.direct`) dataset at one condition.

    At every stored voltage the current without shifts is kept exactly. What a shift of the bit line alone changes is a
    polynomial in it; what the rails change beyond that is one in all three. Both are least squares of the change
    relative to the shift, so that small drops have small errors. Every second stored voltage is held out of the splines
    over it, and `error` is that of those.

    Raises
    ------
    InputError
        The condition was not swept, the grid has holes, or has too few points of a shift for the polynomials.
    """
    condition, rows = grids.at_condition(dataset, condition)
    stores, shifts, tables = _tables(dataset, rows)
    seen = ~held_out(len(stores))
    powers = _powers(shifts)
    sink, source = (_terms(shifts, table[seen], powers) for table in tables)
    current = TileCurrent(
        condition=condition,
        hold_V=grids.parameter(dataset, "gain_cell.bl_V", condition.vdd_V / 2),
        powers=powers,
        sink_A=[interpolating_piecewise(stores[seen], term, "V", "A") for term in sink],
        source_A=[interpolating_piecewise(stores[seen], term, "V", "A") for term in source],
        largest_bl_shift_V=float(np.abs(shifts[:, 0]).max()),
        largest_rail_shift_V=float(np.abs(shifts[:, 1:]).max()),
        error=FitError(rms=0.0, maximum=0.0, full_scale=1.0, n_fit=0, n_held_out=0),
    )
    return current.model_copy(update={"error": _error(current, stores, shifts, tables, seen)})


def _tables(dataset: Dataset, rows: pd.DataFrame) -> tuple[Array, Array, tuple[Array, Array]]:
    """Stored voltages (n,), shifts (points, 3), and sink and source currents (n, points)."""
    tables = []
    for column in ("sink_A", "source_A"):
        table = rows.pivot_table(index="v_store_V", columns=list(_SHIFTS), values=column)
        if table.isna().to_numpy().any() or len(rows) != table.size:
            raise InputError(f"{grids.name(dataset)}: the grid of v_store_V and {', '.join(_SHIFTS)} has holes")
        tables.append(table)
    stores = tables[0].index.to_numpy(dtype=float)
    grids.at_least(dataset, "v_store_V", stores, _FEWEST_STORES)
    shifts = np.array([list(point) for point in tables[0].columns], dtype=float)
    for column, points in zip(_SHIFTS, shifts.T, strict=True):
        grids.at_least(dataset, column, np.unique(points), _FEWEST_SHIFTS[column])
    if not (np.abs(shifts).max(axis=1) == 0).any():
        raise InputError(f"{grids.name(dataset)}: no point without shifts; let every shift's axis have 0")
    return stores, shifts, (tables[0].to_numpy(), tables[1].to_numpy())


def _powers(shifts: Array) -> list[tuple[int, int, int]]:
    """The constant, the bit line's powers, and those with the rails, as high as the points allow."""
    distinct = [len(np.unique(axis)) for axis in shifts.T]
    alone = [(a, 0, 0) for a in range(min(_HIGHEST_ALONE, distinct[0] - 2) + 1)]
    mixed = [
        (a, b, c)
        for a in range(min(_HIGHEST_MIXED, distinct[0] - 1) + 1)
        for b in range(min(_HIGHEST_RAIL, distinct[1] - 1) + 1)
        for c in range(min(_HIGHEST_RAIL, distinct[2] - 1) + 1)
        if b + c > 0 and a + b + c <= _HIGHEST_TOTAL
    ]
    return alone + mixed


def _terms(shifts: Array, currents: Array, powers: list[tuple[int, int, int]]) -> Array:
    """Coefficients (terms, stored voltages) of `currents` (stored voltages, points)."""
    size = np.abs(shifts).max(axis=1)
    origin = int(np.argmin(size))
    changes = currents - currents[:, [origin]]
    exponents = np.array(powers)
    coefficients = np.zeros((len(powers), len(currents)))
    coefficients[0] = currents[:, origin]
    alone = (exponents[:, 1:] == 0).all(axis=1) & (exponents[:, 0] > 0)
    railed = (exponents[:, 1:] > 0).any(axis=1)
    for terms, points in ((alone, (shifts[:, 1:] == 0).all(axis=1)), (railed, (shifts[:, 1:] > 0).any(axis=1))):
        if terms.any():
            at = points & (size > 0)
            coefficients[terms] = _least_squares(shifts[at], changes[:, at], exponents[terms])
            changes = changes - (_monomials(shifts, exponents[terms]) @ coefficients[terms]).T
    return coefficients


def _least_squares(shifts: Array, changes: Array, exponents: Array) -> Array:
    scale = np.maximum(np.abs(shifts).max(axis=0), 1e-12)
    weight = 1 / np.abs(shifts).max(axis=1)
    design = _monomials(shifts / scale, exponents) * weight[:, np.newaxis]
    found, *_ = np.linalg.lstsq(design, (changes * weight).T, rcond=None)
    coefficients: Array = found / np.prod(scale**exponents, axis=1)[:, np.newaxis]
    return coefficients


def _monomials(shifts: Array, exponents: Array) -> Array:
    """(points, terms)"""
    values: Array = np.prod(shifts[:, np.newaxis] ** exponents, axis=2)
    return values


def _error(
    current: TileCurrent, stores: Array, shifts: Array, tables: tuple[Array, Array], seen: npt.NDArray[np.bool_]
) -> FitError:
    monomials = _monomials(shifts, np.array(current.powers))
    off = np.concatenate(
        [
            monomials @ np.stack([function(stores[~seen]) for function in functions]) - table[~seen].T
            for functions, table in zip((current.sink_A, current.source_A), tables, strict=True)
        ]
    )
    return FitError(
        rms=float(np.sqrt(np.mean(off**2))),
        maximum=float(np.abs(off).max()),
        full_scale=float(np.abs(np.concatenate(tables)).max()),
        n_fit=int(seen.sum()) * len(shifts) * 2,
        n_held_out=off.size,
    )
