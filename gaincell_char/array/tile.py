"""Currents and charges of a tile's bit lines: with `ideal` wires, with their effect to first order, `exact`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.array import exact, fast
from gaincell_char.array.intervals import intervals
from gaincell_char.array.law import Law, law
from gaincell_char.behavior.schema import BehavioralModel, TileCurrent, Wires
from gaincell_char.errors import InputError, unknown_name

Array = npt.NDArray[np.floating[Any]]
TIERS = ("ideal", "fast", "exact")
_CELLS_AT_ONCE = 1 << 16
"""Cells x sets of rows that one solve takes: its arrays stay in the processor's cache."""


@dataclass(frozen=True)
class Tile:
    """A cell's law, and the resistance of a segment of the bit line and of each rail, V a unit current.

    Row 0 is the cell next to the clamp. Stored voltages are (rows, columns) V, float32 or float64; results are of their
    dtype. Columns share no wire that carries direct current, so any number of them is a tile.
    """

    law: Law
    bl_V: float
    rail_V: float

    def currents(self, stored: Array, on: Array, tier: str = "exact") -> Array:
        """Direct currents from the clamps into the columns, unit currents: (columns, queries).

        Parameters
        ----------
        on
            (rows, queries), 1 where a row is on in a query, 0 where it is not.
        tier
            `ideal` or `exact`: the fast tier is one of charges.

        Raises
        ------
        InputError
            Another tier.
        GaincellError
            A wire moves farther than the law was measured.
        """
        if tier == "ideal":
            return self._unloaded(stored).T @ on
        if tier == "exact":
            return self._solve(stored, on)
        raise unknown_name("tier of currents", tier, ("ideal", "exact"))

    def charges(self, stored: Array, pulses: Array, tier: str = "exact") -> Array:
        """Charges from the clamps into the columns, unit currents x T_max: (columns, queries).

        `pulses` (rows, queries) are widths in T_max, >= 0; all start together, and the wires settle at once.

        Raises
        ------
        InputError
            An unknown tier.
        GaincellError
            A wire moves farther than the law was measured.
        """
        if tier == "ideal":
            return self._unloaded(stored).T @ pulses
        return self.charges(stored, pulses, "ideal") + self._correction(stored, pulses, tier)

    def correction(
        self, stored: Array, pulses: Array, tier: str, first_row: int = 0, modes: int = fast.MODES
    ) -> Array:  # fmt: skip
        """What the wires add to the charges of ideal ones, unit currents x T_max: (..., columns, queries).

        For any number of tiles at once: `stored` (..., rows, columns), `pulses` (..., rows, queries) as in `charges`.
        Between the first of these rows and the clamp there are `first_row` others, which are off. `modes`: of the fast
        tier, see `fast.Pulses`.

        Raises
        ------
        InputError
            An unknown tier.
        GaincellError
            A wire moves farther than the law was measured.
        """
        many, columns = stored.shape[:-2], stored.shape[-1]
        added = np.empty((*many, columns, pulses.shape[-1]), stored.dtype)
        for which in np.ndindex(*many):
            added[which] = self._correction(stored[which], pulses[which], tier, first_row, modes)
        return added

    def _correction(
        self, stored: Array, pulses: Array, tier: str, first_row: int = 0, modes: int = fast.MODES
    ) -> Array:  # fmt: skip
        if tier == "fast":
            which = np.arange(stored.size).reshape(stored.shape)
            return self.cells(stored.ravel()).correction(which, fast.Pulses(pulses, first_row, modes))
        if tier == "exact" and first_row:
            before = ((first_row, 0), (0, 0))
            return self._correction(np.pad(stored, before, mode="edge"), np.pad(pulses, before), tier)
        if tier == "exact":
            return self._exact_charges(stored, pulses) - self._unloaded(stored).T @ pulses
        if tier == "ideal":
            return np.zeros((stored.shape[1], pulses.shape[1]), stored.dtype)
        raise unknown_name("tier", tier, TIERS)

    def cells(self, volts: Array, full_scale: float = 1.0) -> fast.Cells:
        """What the fast tier knows of cells at `volts` (n,), for corrections in units of `full_scale`."""
        return fast.Cells(self.law, volts, self.bl_V, self.rail_V, full_scale)

    def _unloaded(self, stored: Array) -> Array:
        """Currents of the cells without any shift, (rows, columns)."""
        current: Array = self.law.evaluate(self.law.sink[:1] - self.law.source[:1], stored)[0]
        return current

    def _solve(self, stored: Array, on: Array) -> Array:
        """Currents of the columns for each set of rows that are on: (rows, sets) -> (columns, sets)."""
        solve = self.solver(stored)
        together = max(1, _CELLS_AT_ONCE // stored.size)
        found = np.empty((stored.shape[1], on.shape[1]), stored.dtype)
        for first in range(0, on.shape[1], together):
            sets = slice(first, first + together)
            found[:, sets] = solve(np.ascontiguousarray(on[:, np.newaxis, sets])).current.sum(axis=0)
        return found

    def solver(self, stored: Array) -> Callable[[Array], exact.Solution]:
        """The network of these cells: a function of the rows that are on, (rows, 1 or columns, sets) of 1 or 0, which
        gives the cells' currents and the shifts of their wires."""
        if self.rail_V == 0:
            cells = self.law.evaluate(self.law.of_bit_line(), stored)
            return lambda on: exact.bit_line(self.law, cells, on, self.bl_V)
        sinks, sources = (self.law.evaluate(table, stored) for table in (self.law.sink, self.law.source))
        return lambda on: exact.with_rails(self.law, sinks, sources, on, self.bl_V, self.rail_V)

    def _exact_charges(self, stored: Array, pulses: Array) -> Array:
        cut = intervals(pulses)
        count, queries = cut.on.shape[1:]
        durations = np.broadcast_to(cut.durations, (count, queries)).ravel()
        (lasting,) = np.nonzero(durations)
        charges = np.zeros((stored.shape[1], count * queries), stored.dtype)
        charges[:, lasting] = self._solve(stored, cut.on.reshape(len(pulses), -1)[:, lasting]) * durations[lasting]
        total: Array = charges.reshape(len(charges), count, queries).sum(axis=1)
        return total


def tile(model: BehavioralModel, wires: Wires | None = None) -> Tile:
    """The tile of a model's cells; `wires` None: with the model's wires.

    Raises
    ------
    InputError
        The model has no currents of a cell in a tile.
    """
    if model.array is None or model.array.current is None:
        raise InputError(
            f"model {model.name}: array.current is missing, so what its wires do is not known; characterize the array"
        )
    return tile_of(model.array.current, model.array.wires if wires is None else wires, model.cell.unit_current_A)


def tile_of(current: TileCurrent, wires: Wires, unit_current_A: float) -> Tile:
    """The tile of cells with these currents."""
    return Tile(
        law(current, unit_current_A),
        wires.bl_resistance_ohm * unit_current_A,
        wires.rail_resistance_ohm * unit_current_A,
    )
