"""The nonlinear wire network of a tile's columns, solved by a fixed point that always contracts.

The cell in row i draws I_i(y_i) from its bit line, where y is the drop of the bit line; the wire answers y = G I(y).
With a conductance g taken out of the cells and put into the wire, y = (1 + G g)^-1 G (I(y) + g y), each pass shrinks
the error by max|dI/dy + g| / (g + 1/|G|) < 1 or more, for cells whose conductance is between 0 and 2 g. The wire's
matrix is the same for all columns, patterns and inputs: a pass is one matrix product.

Arrays are (rows, columns, queries); currents in unit currents, a resistance in V a unit current, so drops in V.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gaincell_char.array.law import Law
from gaincell_char.array.wire import drops, loaded
from gaincell_char.errors import GaincellError

Array = npt.NDArray[np.floating[Any]]
_PASSES = 60
_NEGLIGIBLE = 1e-9
"""Unit currents of a cell."""


class Solution(NamedTuple):
    """Currents of the cells (rows, columns, queries) and the shifts of their wires where they are resistive."""

    current: Array
    bl_drop: Array
    vss_rise: Array | None
    vdd_drop: Array | None
    passes: int


def tolerance(dtype: np.dtype[Any]) -> float:
    """The change of a drop (V) between two passes at which the network counts as solved."""
    return 1e-9 if dtype == np.float64 else 3e-8


def bit_line(law: Law, coefficients: Array, on: Array, resistance: float) -> Solution:
    """Cells on resistive bit lines, rails ideal.

    Parameters
    ----------
    coefficients
        Current of each cell over the powers of its drop, (powers, rows, columns), of `Law.of_bit_line`.
    on
        1 where a cell's row is on, 0 where not: (rows, 1 or columns, queries).
    resistance
        Of a segment, V a unit current.

    Raises
    ------
    GaincellError
        The bit line moves farther than the law was measured.
    """
    rows = coefficients.shape[1]
    cells = coefficients[..., np.newaxis]
    wire = _Wire(rows, resistance, coefficients[1])
    conductance = wire.conductance
    drop = wire(cells[0] * on)
    # far outside, the law's powers would only make the passes run away
    _require(drop / 2, law.largest_bl_shift_V, "bit line")
    current, change = np.empty_like(drop), np.empty_like(drop)
    cells = cells[: _powers_that_matter(coefficients, float(np.abs(drop).max()))]
    for passes in range(1, _PASSES + 1):
        _horner(cells, drop, current)
        current *= on
        np.multiply(drop, conductance, out=change)
        current += change
        wire(current, out=change)
        drop, change = change, drop
        change -= drop
        if float(np.abs(change, out=change).max()) <= tolerance(drop.dtype):
            _require(drop, law.largest_bl_shift_V, "bit line")
            _horner(cells, drop, current)
            current *= on
            return Solution(current, drop, None, None, passes)
    raise _no_solution()


class _Wire:
    """The wire with the cells' middle conductance: called with currents, gives drops."""

    def __init__(self, rows: int, resistance: float, conductances: Array) -> None:
        # the current falls as the drop rises: the slope over the drop is minus the conductance
        self.conductance = conductances.dtype.type(max(0.0, float(-conductances.min())) / 2)
        self._matrix = loaded(rows, resistance, float(self.conductance)).astype(conductances.dtype)

    def __call__(self, currents: Array, out: Array | None = None) -> Array:
        rows = len(currents)
        drops = np.empty_like(currents) if out is None else out
        np.matmul(self._matrix, currents.reshape(rows, -1), out=drops.reshape(rows, -1))
        return drops


def _powers_that_matter(coefficients: Array, drop: float) -> int:
    """How many powers of a drop carry current."""
    sizes = np.abs(coefficients).reshape(len(coefficients), -1).max(axis=1) * drop ** np.arange(len(coefficients))
    return max(2, int(np.flatnonzero(sizes > _NEGLIGIBLE).max(initial=0)) + 1)


def _horner(cells: Array, x: Array, out: Array) -> None:
    np.multiply(cells[-1], x, out=out)
    for coefficient in cells[-2:0:-1]:
        out += coefficient
        out *= x
    out += cells[0]


def _require(shift: Array, largest_V: float, what: str) -> None:
    reached = float(np.abs(shift).max())
    if not reached <= largest_V:
        raise GaincellError(
            f"the {what} of the tile moves by {reached * 1e3:.3g} mV, and the model's cell is measured to "
            f"{largest_V * 1e3:.3g} mV; use wires of less resistance"
        )


def _no_solution() -> GaincellError:
    return GaincellError(f"the tile's wires have no solution after {_PASSES} passes; use wires of less resistance")


def with_rails(law: Law, sinks: Array, sources: Array, on: Array, bl: float, rail: float) -> Solution:
    """Cells on resistive bit lines and rails; `sinks` and `sources` (terms, rows, columns) of `Law.evaluate`.

    Raises
    ------
    GaincellError
        A wire moves farther than the law was measured, or there is no solution.
    """
    current: Array = (sinks[0] - sources[0])[..., np.newaxis] * on
    shifts = bl * drops(current), *(rail * drops(cells[0][..., np.newaxis] * on) for cells in (sinks, sources))
    # far outside, the law's powers would only make the passes run away
    largest = [2 * float(np.abs(shift).max()) for shift in shifts]
    branches = [_Branch(law, cells, largest, shifts[0]) for cells in (sinks, sources)]
    for passes in range(2, _PASSES + 1):
        sink, source = (branch(*shifts) * on for branch in branches)
        before = shifts
        shifts = bl * drops(sink - source), rail * drops(sink), rail * drops(source)
        bl_drop, rise, fall = shifts
        _require(bl_drop, law.largest_bl_shift_V, "bit line")
        _require(np.maximum(rise, fall), law.largest_rail_shift_V, "supply")
        change = max(float(np.abs(new - old).max()) for new, old in zip(shifts, before, strict=True))
        if change <= tolerance(bl_drop.dtype):
            return Solution(sink - source, bl_drop, rise, fall, passes)
    raise _no_solution()


class _Branch:
    """The current of a branch: for each pair of powers of the rails, a polynomial in the bit line's drop.

    Powers that carry no current at shifts as large as `largest` are left out.
    """

    def __init__(self, law: Law, cells: Array, largest: list[float], like: Array) -> None:
        self._work = np.empty_like(like), np.empty_like(like)
        terms: dict[tuple[int, int], dict[int, Array]] = {}
        for (a, b, c), term in zip(law.powers, cells, strict=True):
            size = float(np.abs(term).max()) * largest[0] ** a * largest[1] ** b * largest[2] ** c
            if size > _NEGLIGIBLE or a == b == c == 0:
                terms.setdefault((b, c), {})[a] = (-1) ** a * term[..., np.newaxis]
        self._terms = terms

    def __call__(self, bl_drop: Array, rise: Array, fall: Array) -> Array:
        """Of cells that are on, (rows, columns, queries); memory of the next call."""
        part, total = self._work
        total.fill(0)
        for (b, c), powers in self._terms.items():
            part.fill(0)
            for a in range(max(powers), -1, -1):
                part *= bl_drop
                if a in powers:
                    part += powers[a]
            for shift, power in ((rise, b), (fall, c)):
                for _ in range(power):
                    part *= shift
            total += part
        return total
