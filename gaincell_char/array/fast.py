"""The charge that resistive wires take from a tile to first order in their drops: matrix products over many queries.

To first order column j of a tile loses, by the current c of one branch and the response a of the cells to it,

    dQ[j, q] = sum_ik a[i, j] G[i, k] c[k, j] min(T[i, q], T[k, q])

(G the wire's Green's function, T the pulses: rows i and k are on together for the shorter of theirs). Summed as it
stands that is rows times the work of the ideal product. Here a and c are split into their column's mean and the rest:

    mean of one x all of the other   exact, one product: min(T, T') summed over a column's mean does not know the column
    rest x rest, the cell by itself  exact, one product: it knows one row only
    rest x rest, between cells       a sum of random signs: the leading mode of G times that of min(T, T')

Summed over a column min(T, T') is T T', exact where either pulse is 0 or T_max, and a few products f(T) f(T') of what
is left; a cell with itself has min(T, T) = T exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.array.law import Law
from gaincell_char.array.wire import greens_function

Array = npt.NDArray[np.floating[Any]]
Table = npt.NDArray[np.float64]
_PULSE_STEPS = 1024
_PULSE_MODES = 3
_SHORT = 0.05
"""Pulses are taken to be as dense as 1/(T + _SHORT): queries fill 0..1, the converters' pulses are mostly short."""


class Stored:
    """What a tile's stored voltages contribute: made once, used for all queries."""

    def __init__(self, law: Law, stored: Array, bl: float, rail: float) -> None:
        rows = len(stored)
        wire_mode, self._strength = _wire_mode(rows)
        weight = (wire_mode / wire_mode.sum()).astype(stored.dtype)
        by_mean, by_itself, modes = np.zeros_like(stored), np.zeros_like(stored), []
        for response, current in _branches(law, stored, bl, rail):
            mean_response, mean_current = weight @ response, weight @ current
            response -= mean_response
            by_mean += mean_response * current + mean_current * response
            current -= mean_current
            by_itself += response * current
            modes += [response, current]
        self._by_row = np.concatenate([by_mean, by_itself])
        self._modes = np.concatenate(modes, axis=1)

    def correction(self, pulses: Pulses) -> Array:
        """dQ (columns, queries) in unit currents x T_max, for `pulses` of the tile's rows."""
        columns = self._by_row.shape[1]
        lost: Array = self._by_row.T @ pulses.by_row
        seen = self._modes.T @ pulses.mode
        for first in range(0, len(seen), 2 * columns):
            response, current = seen[first : first + columns], seen[first + columns : first + 2 * columns]
            response *= current
            response *= response.dtype.type(self._strength)
            lost += response
        return lost


class Pulses:
    """What the pulses (rows, queries) in T_max contribute: the same for every tile that they are applied to."""

    def __init__(self, pulses: Array) -> None:
        rows, queries = pulses.shape
        dtype = pulses.dtype
        wire_mode, strength = _wire_mode(rows)
        green = greens_function(rows).astype(dtype)
        own = green.diagonal()[:, np.newaxis].copy()
        np.fill_diagonal(green, 0)
        step = np.rint(pulses * dtype.type(_PULSE_STEPS)).astype(np.intp)
        self.by_row = np.empty((2 * rows, queries), dtype)
        together, alone = self.by_row[:rows], self.by_row[rows:]
        np.multiply(own, pulses, out=alone)
        np.matmul(green, pulses, out=together)
        together *= pulses
        together += alone
        value, of_others = np.empty_like(pulses), np.empty_like(pulses)
        leading, *others = _pulse_modes().astype(dtype)
        for mode in others:
            np.take(mode, step, out=value, mode="clip")
            np.matmul(green, value, out=of_others)
            of_others *= value
            together += of_others
        self.mode = np.take(leading, step, out=value, mode="clip")
        self.mode *= wire_mode.astype(dtype)[:, np.newaxis]
        alone -= dtype.type(strength) * self.mode**2


def _branches(law: Law, stored: Array, bl: float, rail: float) -> list[tuple[Array, Array]]:
    """(response, current) of each branch that loads a wire: what one unit current drawn a segment away changes in the
    cell's current, and the current; both (rows, columns)."""
    net = law.sink - law.source
    by_bl = law.evaluate(net[[law.powers.index((1, 0, 0))]], stored)[0]
    if rail == 0:
        return [(-bl * by_bl, law.evaluate(net[:1], stored)[0])]
    slopes = net[[law.powers.index((0, 1, 0)), law.powers.index((0, 0, 1))]]
    by_vss, by_vdd = law.evaluate(slopes, stored)
    sink, source = law.evaluate(np.stack([law.sink[0], law.source[0]]), stored)
    return [(rail * by_vss - bl * by_bl, sink), (rail * by_vdd + bl * by_bl, source)]


@lru_cache(maxsize=16)
def _wire_mode(rows: int) -> tuple[Table, float]:
    """The leading mode of min(i + 1, k + 1), of length 1, and its eigenvalue."""
    values, vectors = np.linalg.eigh(greens_function(rows))
    return np.abs(vectors[:, -1]), float(values[-1])


@lru_cache(maxsize=1)
def _pulse_modes() -> Table:
    """At T = 0, 1/1024, ..., 1: first e with e(T) e(T') nearest to min(T, T'), then the f_m, largest first, with
    min(T, T') = T T' + sum_m f_m(T) f_m(T') + a rest; (1 + modes, steps + 1)."""
    return np.concatenate([_modes(np.minimum, 1), _modes(lambda t, s: np.minimum(t, s) - t * s, _PULSE_MODES)])


def _modes(kernel: Callable[[Table, Table], Table], count: int) -> Table:
    """f_m of kernel(T, T') = sum_m f_m(T) f_m(T'), (count, steps + 1), that are best where pulses are."""
    middle = (np.arange(_PULSE_STEPS) + 0.5) / _PULSE_STEPS
    at = np.linspace(0, 1, _PULSE_STEPS + 1)
    density = np.sqrt(1 / (middle + _SHORT))
    density /= np.linalg.norm(density)
    values, vectors = np.linalg.eigh(density[:, np.newaxis] * kernel(middle[:, np.newaxis], middle) * density)
    leading = slice(-1, -count - 1, -1)
    modes: Table = (kernel(at[:, np.newaxis], middle) * density) @ vectors[:, leading] / np.sqrt(values[leading])
    return np.ascontiguousarray(modes.T)
