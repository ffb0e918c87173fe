"""The measured currents of a cell over the shifts of its wires, as tables that NumPy evaluates for a whole tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import TileCurrent
from gaincell_char.errors import InputError

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Law:
    """Current of a branch = sum_t f_t(v_store) x^a y^b z^c over the terms t = (a, b, c) of `powers`, in unit currents.

    x is the shift of the bit line (V, up), y the rise of VSS, z the drop of VDD; f_t on the intervals of `knots` is a
    polynomial: `sink` and `source` are (terms, intervals, orders).
    """

    powers: tuple[tuple[int, int, int], ...]
    knots: npt.NDArray[np.float64]
    sink: npt.NDArray[np.float64]
    source: npt.NDArray[np.float64]
    largest_bl_shift_V: float
    largest_rail_shift_V: float

    def of_bit_line(self) -> npt.NDArray[np.float64]:
        """Table of the current into the cell over the bit line's *drop* alone: (powers, intervals, orders)."""
        highest = max(a for a, b, c in self.powers if b == c == 0)
        table = np.zeros((highest + 1, *self.sink.shape[1:]))
        for term, (a, b, c) in enumerate(self.powers):
            if b == c == 0:
                table[a] = (-1) ** a * (self.sink[term] - self.source[term])
        return table

    def evaluate(self, table: npt.NDArray[np.float64], stored: Array) -> Array:
        """The functions of `table` (terms, intervals, orders) at `stored` (...) V: (terms, ...), dtype of `stored`.

        Beyond the knots the value at the last one is held.
        """
        dtype = stored.dtype
        knots = self.knots.astype(dtype)
        inside = np.clip(stored, knots[0], knots[-1])
        interval = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, len(knots) - 2)
        offset = inside - knots[interval]
        values = np.empty((len(table), *stored.shape), dtype)
        for value, rows in zip(values, table.astype(dtype), strict=True):
            np.take(rows[:, -1], interval, out=value)
            for order in range(table.shape[2] - 2, -1, -1):
                value *= offset
                value += rows[:, order][interval]
        return values


def law(current: TileCurrent, unit_current_A: float) -> Law:
    """The law of a model's tile, in unit currents.

    Raises
    ------
    InputError
        The functions of the terms have different knots: they could not be looked up together.
    """
    knots = current.sink_A[0].knots
    if any(function.knots != knots for function in (*current.sink_A, *current.source_A)):
        raise InputError("array.current: every function of sink_A and source_A needs the same knots")
    return Law(
        powers=tuple(current.powers),
        knots=np.asarray(knots),
        sink=_table(current.sink_A, unit_current_A),
        source=_table(current.source_A, unit_current_A),
        largest_bl_shift_V=current.largest_bl_shift_V,
        largest_rail_shift_V=current.largest_rail_shift_V,
    )


def _table(functions: list[PiecewisePolynomial], unit_current_A: float) -> npt.NDArray[np.float64]:
    orders = max(len(function.coefficients[0]) for function in functions)
    table = np.zeros((len(functions), len(functions[0].coefficients), orders))
    for rows, function in zip(table, functions, strict=True):
        rows[:, : len(function.coefficients[0])] = function.coefficients
    return table / unit_current_A
