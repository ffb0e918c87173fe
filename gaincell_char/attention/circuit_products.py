"""The two products of a characterized chain, a segment of a tile at a time.

    scores    S[s, t]   = sum_d I(K[s, d], t - s) T[d, t] + F(K[s, d], t - s) [T[d, t] > 0]
    currents  A_n[d, t] = sum_{s in n} I(V[s, d], t - s) P[s, t] + F(V[s, d], t - s) [P[s, t] > 0]

I and F, the charge of a pulse that does not grow with its width, are each what they are at age 0 plus terms f(level)
g(age). Age 0 is one matrix product with I, F and T, [T > 0] stacked; every term is another, times the Toeplitz matrix
of its g.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from gaincell_char.attention.chain import INPUT_LEVELS, TILE_TOKENS
from gaincell_char.attention.circuit import Circuit
from gaincell_char.attention.products import Scratch
from gaincell_char.attention.spread import Singles
from gaincell_char.attention.tiles import Segment, within
from gaincell_char.attention.wires import WireLoss

Array = npt.NDArray[np.floating[Any]]
Levels = npt.NDArray[np.intp]


class CircuitProduct:
    """A `products.Product` of `circuit`; `full_scale` divides the result.

    `spread`: standard normal numbers of the cells by slot, (heads, slots, D), or None without mismatch.
    """

    def __init__(self, circuit: Circuit, full_scale: float, dtype: np.dtype[Any], spread: Singles | None) -> None:
        self._circuit = circuit
        self._full_scale = full_scale
        self._dtype = dtype
        self._table = circuit.tables[dtype.name]
        self._fresh = (self._table.fresh / full_scale).astype(dtype)
        self._aging = (self._table.levels / full_scale).astype(dtype)
        self._sigma = None if circuit.cell_sigma is None else (circuit.cell_sigma / full_scale).astype(dtype)
        self._spread = spread
        self._step_V = circuit.model.cell.level_range_V[1] / (circuit.model.cell.n_levels - 1)
        self._wires = None if circuit.tile is None else WireLoss(circuit.tile, circuit.tier)
        self._block = Segment(0, 0)
        self._q: Array = np.empty(0, dtype)
        self._stacked, self._aged, self._term = Scratch(dtype), Scratch(dtype), Scratch(dtype)

    def begin(self, block: Segment, pulses: Array | None) -> None:
        self._block = block
        if pulses is not None:
            code = np.rint(pulses * (INPUT_LEVELS - 1)).astype(np.intp)
            widths = self._circuit.widths.astype(self._dtype)[code]
            self._q = self._with_edges(widths).copy()
            if self._wires is not None:
                self._wires.begin(widths)

    def scores(self, stored: Array, segment: Segment, queries: Segment, out: Array) -> None:
        level = self._level(stored)
        pulses = self._q[:, :, within(queries, self._block)]
        np.matmul(self._charge(level, segment, axis=2), pulses, out=out)
        term = self._term(*out.shape)
        for f, g in zip(self._aging, self._toeplitz(segment, queries), strict=True):
            np.matmul(_looked_up(f, level, axis=2), pulses, out=term)
            term *= g
            out += term
        if self._wires is not None:
            loss = self._wires.scores(self._volts(level), within(queries, self._block))
            out += loss / self._full_scale

    def currents(self, stored: Array, segment: Segment, queries: Segment, pulses: Array, out: Array) -> None:
        level = self._level(stored)
        stacked = self._with_edges(pulses)
        np.matmul(self._charge(level, segment, axis=1).swapaxes(1, 2), stacked, out=out)
        aged, term = self._aged(*stacked.shape), self._term(*out.shape)
        by_part = (len(stored), -1, *pulses.shape[1:])
        for f, g in zip(self._aging, self._toeplitz(segment, queries), strict=True):
            np.multiply(stacked.reshape(by_part), g, out=aged.reshape(by_part))
            np.matmul(_looked_up(f, level, axis=1).swapaxes(1, 2), aged, out=term)
            out += term
        if self._wires is not None:
            loss = self._wires.currents(self._volts(level), pulses, segment.low % TILE_TOKENS)
            out += loss / self._full_scale

    def _level(self, stored: Array) -> Levels:
        return np.rint(stored / stored.dtype.type(self._step_V)).astype(np.intp)

    def _volts(self, level: Levels) -> Array:
        return self._circuit.cells.levels_V.astype(self._dtype)[level]

    def _charge(self, level: Levels, segment: Segment, axis: int) -> Array:
        """I of the cells at age 0, and F behind it along `axis`."""
        charge = _looked_up(self._fresh, level, axis)
        if self._sigma is not None and self._spread is not None:
            slot, (_, tokens, width) = self._circuit.places.slot(segment.low), level.shape
            charge[:, :tokens, :width] += self._sigma[level] * self._spread[:, slot : slot + tokens]
        return charge

    def _with_edges(self, pulses: Array) -> Array:
        """`pulses` (heads, depth, queries), and [pulses > 0] behind them where a pulse has a fixed charge."""
        if len(self._fresh) == 1:
            return pulses
        heads, depth, queries = pulses.shape
        stacked = self._stacked(heads, 2 * depth, queries)
        stacked[:, :depth] = pulses
        np.greater(pulses, 0, out=stacked[:, depth:], casting="unsafe")
        return stacked

    def _toeplitz(self, segment: Segment, queries: Segment) -> Array:
        """g_r(t - s), (rank, tokens, queries). A pair that is not causal has age 0: its pulse is 0 anyway."""
        if not len(self._aging):
            return np.empty((0, 1, 1), self._dtype)
        ages = np.maximum(np.arange(queries.low - segment.high + 1, queries.high - segment.low), 0)
        table = self._table.age_terms(ages).astype(self._dtype)
        return sliding_window_view(table, queries.high - queries.low, axis=1)[:, ::-1]


def _looked_up(parts: Array, level: Levels, axis: int) -> Array:
    """Every part at `level` (heads, tokens, D), one behind the other along `axis`."""
    return np.concatenate([part[level] for part in parts], axis)
