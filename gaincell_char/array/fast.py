"""The charge that resistive wires take from a tile to first order in their drops: matrix products over many queries.

To first order column j of a tile loses, by the current c of one branch and the response a of the cells to it,

    dQ[j, q] = sum_ik a[i, j] G[i, k] c[k, j] min(T[i, q], T[k, q])

(G the wire's Green's function, T the pulses: rows i and k are on together for the shorter of theirs). Summed as it
stands that is rows times the work of the ideal product. Here a and c are split into their column's mean and the rest:

    mean of one x all of the other   exact, one product: min(T, T') summed over a column's mean does not know the column
    rest x rest, the cell by itself  exact, one product: it knows one row only
    rest x rest, between cells       a sum of random signs: the leading mode of G times that of min(T, T')

The last is a sum of products x y, one for each branch, where x and y are of a cell's a and c: a quadratic form in four
functions of the stored voltage. Over the stored range two of its four principal axes hold nearly all of it; a product
becomes the square of one number, and half of the matrix products are saved.

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


class Cells:
    """What cells at some stored `volts` (n,) do to the wires, and feel of them, over `full_scale`: made once, looked up
    by tiles.

    `values` (2 x branches, n): the responses, then the currents. `forms` (axes, 2 x branches) and `signs` (axes,):
    sum over branches of response x current, of what a tile sums up = sum over axes of sign (form . values)^2.
    """

    def __init__(self, law: Law, volts: Array, bl: float, rail: float, full_scale: float = 1.0) -> None:
        bl, rail = bl / full_scale, rail / full_scale
        self.values = _branches(law, volts, bl, rail)
        forms, self.signs = _principal_axes(_branches(law, law.knots, bl, rail))
        self.forms = forms.astype(volts.dtype)


class Stored:
    """What a tile's cells contribute, `which` (..., rows, columns) of `cells`: made once, used for all queries."""

    def __init__(self, cells: Cells, which: npt.NDArray[np.intp]) -> None:
        values = cells.values.take(which, axis=1)
        half, rows = len(values) // 2, which.shape[-2]
        wire_mode, strength = _wire_mode(rows)
        mean = (wire_mode / wire_mode.sum()).astype(values.dtype) @ values
        by_mean = (np.concatenate([mean[half:], mean[:half]])[..., np.newaxis, :] * values).sum(axis=0)
        by_mean -= (mean[:half] * mean[half:]).sum(axis=0)[..., np.newaxis, :]
        values -= mean[..., np.newaxis, :]
        by_itself = (values[:half] * values[half:]).sum(axis=0)
        self.by_row: Array = np.concatenate([by_mean, by_itself], axis=-2)
        """Of `Pulses.by_row`: (..., 2 x rows, columns)."""
        forms = cells.forms * values.dtype.type(np.sqrt(strength))
        self.modes: Array = (forms @ values.reshape(2 * half, -1)).reshape(-1, *which.shape)
        """Of `Pulses.mode`, for every axis: (axes, ..., rows, columns)."""
        self._signs = cells.signs

    def correction(self, pulses: Pulses) -> Array:
        """dQ (..., columns, queries) in unit currents x T_max, for `pulses` of the tile's rows."""
        lost: Array = self.by_row.swapaxes(-1, -2) @ pulses.by_row
        self.add_modes(pulses.mode, lost, np.empty_like(lost))
        return lost

    def add_modes(self, mode: Array, lost: Array, seen: Array) -> None:
        """Add to `lost` (..., columns, queries) what rest x rest, between cells, takes; `seen` is overwritten."""
        for axis, sign in zip(self.modes, self._signs, strict=True):
            np.matmul(axis.swapaxes(-1, -2), mode, out=seen)
            seen *= seen
            if sign > 0:
                lost += seen
            else:
                lost -= seen


class Pulses:
    """What pulses (..., rows, queries) in T_max contribute: the same for every tile that they are applied to.

    `by_row` (..., 2 x rows, queries): the other rows' pulses as a row sees them, and a row's own.
    """

    def __init__(self, pulses: Array, by_row: Array | None = None) -> None:
        *many, rows, queries = pulses.shape
        dtype = pulses.dtype
        wire_mode, strength = _wire_mode(rows)
        green = greens_function(rows).astype(dtype)
        own = green.diagonal()[:, np.newaxis].copy()
        np.fill_diagonal(green, 0)
        step = np.rint(pulses * dtype.type(_PULSE_STEPS)).astype(np.intp)
        self.by_row = np.empty((*many, 2 * rows, queries), dtype) if by_row is None else by_row
        together, alone = self.by_row[..., :rows, :], self.by_row[..., rows:, :]
        np.multiply(own, pulses, out=alone)
        np.matmul(green, pulses, out=together)
        together *= pulses
        together += alone
        value, of_others = np.empty_like(pulses), np.empty_like(pulses)
        leading, *others = _pulse_modes().astype(dtype)
        for mode in others:
            mode.take(step, out=value, mode="clip")
            np.matmul(green, value, out=of_others)
            of_others *= value
            together += of_others
        self.mode = leading.take(step, out=value, mode="clip")
        """The leading mode of the wire times that of the pulses, (..., rows, queries)."""
        self.mode *= wire_mode.astype(dtype)[:, np.newaxis]
        np.multiply(self.mode, self.mode, out=of_others)
        of_others *= dtype.type(strength)
        alone -= of_others


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


def _principal_axes(values: Array) -> tuple[Table, Table]:
    """`Cells.forms` and `signs` for cells whose `values` are spread like the columns of these, (2 x branches, n).

    Axes are left out as long as those that are hold less than 5 % of the form's strength.
    """
    half = len(values) // 2
    product = np.kron([[0.0, 0.5], [0.5, 0.0]], np.eye(half))
    spread, turned = np.linalg.eigh(np.cov(values))
    known = spread > 1e-12 * spread[-1]
    root = turned[:, known] * np.sqrt(spread[known])
    strength, axes = np.linalg.eigh(root.T @ product @ root)
    order = np.argsort(-np.abs(strength))
    held = np.cumsum(np.abs(strength[order]))
    kept = order[: int(np.argmax(held >= 0.95 * held[-1])) + 1]
    forms = np.sqrt(np.abs(strength[kept]))[:, np.newaxis] * (axes[:, kept].T @ np.linalg.pinv(root))
    return forms, np.sign(strength[kept])


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
