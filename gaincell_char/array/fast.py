"""The charge that resistive wires take from a tile to first order in their drops: matrix products over many queries.

To first order column j of a tile loses, by the current c of one branch and the response a of the cells to it,

    dQ[j, q] = sum_ik a[i, j] K[i, k] c[k, j]          K[i, k] = G[i, k] min(T[i, q], T[k, q])

(G the wire's Green's function, T the pulses: rows i and k are on together for the shorter of theirs). Summed as it
stands that is rows times the work of the ideal product. But a cell with itself knows one row only, and between cells K
is nearly what its sums over the rows say, which know no column:

    K[i, k] = u[i] u[k]/sum(u) + (i = k) (sum_l K[i, l] - u[i])

so that dQ is a product of two numbers, a . u and c . u, and a sum over cells. Both sides have the same sums over every
row, so it is exact where all rows have the same response or the same current. u[i] is such that the diagonal is K's own
(but for the second order of u[i]/sum(u)): it is exact too where one or two rows are on, and what it leaves out is
a sum of random signs. A row that is off has u = 0: nothing depends on the rows that are off, nor on how many there are.

The sums over a row take min(T, T') for T T'/L + a few products f(T) f(T'), with L the longest pulse of a query: exact
where either pulse is 0 or L. A cell with itself has min(T, T) = T.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.array.law import Law
from gaincell_char.array.wire import greens_function

Array = npt.NDArray[np.floating[Any]]
Table = npt.NDArray[np.float64]
_PULSE_STEPS, _NODES = 1024, 256
MODES = 8
"""Products f(T) f(T') that are known."""
_SHORT = 0.2
"""Pulses are taken to be as dense as 1/(T + _SHORT), T over the longest: more of the converters' pulses are short."""


class Cells:
    """What cells at some stored `volts` (n,) do to the wires, and feel of them, over `full_scale`: made once, looked up
    by tiles.

    `branches` (2 x branches, n): the responses a, then the currents c. `by_itself` (n,): the sum of their products.
    """

    def __init__(self, law: Law, volts: Array, bl: float, rail: float, full_scale: float = 1.0) -> None:
        self.branches = _branches(law, volts, bl / full_scale, rail / full_scale)
        half = len(self.branches) // 2
        self.by_itself: Array = (self.branches[:half] * self.branches[half:]).sum(axis=0)

    def between(self, which: npt.NDArray[np.intp], together: Array, lost: Array, work: Array) -> None:
        """Add to `lost` (..., columns, queries) what the cells `which` (..., rows, columns) take from each other.

        `together` is of their rows' `Pulses`; `work` (2, *lost.shape) is overwritten.
        """
        half = len(self.branches) // 2
        for response, current in zip(self.branches[:half], self.branches[half:], strict=True):
            for values, sums in zip((response, current), work, strict=True):
                np.matmul(values.take(which).swapaxes(-1, -2), together, out=sums)
            work[0] *= work[1]
            lost += work[0]

    def correction(self, which: npt.NDArray[np.intp], pulses: Pulses) -> Array:
        """dQ (..., columns, queries) in unit currents x T_max, of the cells `which` (..., rows, columns)."""
        lost: Array = self.by_itself.take(which).swapaxes(-1, -2) @ pulses.alone
        self.between(which, pulses.together, lost, np.empty((2, *lost.shape), lost.dtype))
        return lost


class Pulses:
    """What pulses (..., rows, queries) in T_max contribute: the same for every tile that they are applied to.

    `alone`: the diagonal that is added to u[i] u[k]/sum(u). `together`: u/sqrt(sum(u)). Both (..., rows, queries);
    `alone` is written to `out` where that is given.

    Parameters
    ----------
    first_row: how many rows lie between the first one and the clamp.
    modes: products f(T) f(T') that stand for min(T, T') - T T'/L, at most `MODES`.
    """

    def __init__(self, pulses: Array, first_row: int = 0, modes: int = MODES, out: Array | None = None) -> None:
        dtype, rows = pulses.dtype, pulses.shape[-2]
        green = greens_function(first_row + rows)[first_row:, first_row:].astype(dtype)
        own = green.diagonal()[:, np.newaxis].copy()
        np.fill_diagonal(green, 0)
        longest = _at_least_tiny(pulses.max(axis=-2, keepdims=True))
        part = pulses / longest
        others = np.matmul(green, part)
        others *= part
        step = np.rint(part * dtype.type(_PULSE_STEPS)).astype(np.intp)
        value, of_others = part, np.empty_like(pulses)
        for mode in _pulse_modes()[:modes].astype(dtype):
            mode.take(step, out=value, mode="clip")
            np.matmul(green, value, out=of_others)
            of_others *= value
            others += of_others
        others *= longest
        self.alone = np.multiply(own, pulses, out=out)
        self.alone += others
        # u[i] u[k]/sum(u) without its diagonal lacks the share of a row's sum that u[i] has of all
        share = np.divide(others, _at_least_tiny(others.sum(axis=-2, keepdims=True)), out=value)
        np.subtract(1, share, out=share)
        others /= share
        self.alone -= others
        others /= np.sqrt(_at_least_tiny(others.sum(axis=-2, keepdims=True)))
        self.together = others


def _at_least_tiny(values: Array) -> Array:
    """So that it can be divided by: 0 is where no row is on."""
    return np.maximum(values, np.finfo(values.dtype).tiny)


def _branches(law: Law, volts: Array, bl: float, rail: float) -> Array:
    """Of cells at `volts` (n,): what a unit current drawn a segment away changes in the current of each branch that
    loads a wire, then the currents of the branches; (2 x branches, n)."""
    net = law.sink - law.source
    by_bl = law.evaluate(net[[law.powers.index((1, 0, 0))]], volts)[0]
    if rail == 0:
        return np.stack([-bl * by_bl, law.evaluate(net[:1], volts)[0]])
    slopes = net[[law.powers.index((0, 1, 0)), law.powers.index((0, 0, 1))]]
    by_vss, by_vdd = law.evaluate(slopes, volts)
    sink, source = law.evaluate(np.stack([law.sink[0], law.source[0]]), volts)
    return np.stack([rail * by_vss - bl * by_bl, rail * by_vdd + bl * by_bl, sink, source])


@lru_cache(maxsize=1)
def _pulse_modes() -> Table:
    """f_m at T = 0, 1/1024, ..., 1 with min(T, T') = T T' + sum_m f_m(T) f_m(T') + a rest, largest first, those that
    are best where pulses are: (modes, steps + 1)."""

    def kernel(one: Table, other: Table) -> Table:
        left: Table = np.minimum(one, other) - one * other
        return left

    middle = (np.arange(_NODES) + 0.5) / _NODES
    at = np.linspace(0, 1, _PULSE_STEPS + 1)
    density = np.sqrt(1 / (middle + _SHORT))
    density /= np.linalg.norm(density)
    values, vectors = np.linalg.eigh(density[:, np.newaxis] * kernel(middle[:, np.newaxis], middle) * density)
    leading = slice(-1, -MODES - 1, -1)
    modes: Table = (kernel(at[:, np.newaxis], middle) * density) @ vectors[:, leading] / np.sqrt(values[leading])
    return np.ascontiguousarray(modes.T)
