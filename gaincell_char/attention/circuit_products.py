"""The two products of a characterized chain, a segment of a tile at a time.

    scores    S[s, t]   = sum_d I(K[s, d], t - s) T[d, t] + F(K[s, d], t - s) [T[d, t] > 0] + what the wires take
    currents  A_n[d, t] = sum_{s in n} I(V[s, d], t - s) P[s, t] + F(V[s, d], t - s) [P[s, t] > 0] + what the wires take

Both are columns of cells that pulses read: rows are d and columns tokens in one, rows tokens and columns d in the
other.
I and F, the charge of a pulse that does not grow with its width, are the same at all ages but for a few terms (`aged`):
one matrix product has the widths and [T > 0] stacked, and the wires' part that is linear in the cells. A smooth term is
another, times a number for every query; a young one, times the Toeplitz matrix of its age function.

Most pulses of a trained network are 0: queries that no token of a tile sends a pulse for are left out of `currents`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gaincell_char.array import Cells, Pulses
from gaincell_char.attention.chain import INPUT_LEVELS, TILE_TOKENS
from gaincell_char.attention.circuit import Circuit
from gaincell_char.attention.products import Scratch
from gaincell_char.attention.spread import Singles
from gaincell_char.attention.tiles import Segment, within
from gaincell_char.attention.wires import KEY_MODES, VALUE_MODES, wire_loss

Array = npt.NDArray[np.floating[Any]]
Levels = npt.NDArray[np.intp]

_WORTH = 0.8
"""Share of the queries with a pulse below which it pays to gather them."""


class _Pulses(NamedTuple):
    """What a product is taken with: `stacked` (heads, depth, queries), its first rows the widths, and what rows take
    from each other by the wires, `together` (heads, rows, queries)."""

    stacked: Array
    together: Array | None

    def of(self, queries: slice) -> _Pulses:
        together = None if self.together is None else self.together[..., queries]
        return _Pulses(self.stacked[..., queries], together)


class CircuitProduct:
    """A `products.Product` of `circuit`; `full_scale` divides the result.

    `spread`: standard normal numbers of the cells by slot, (heads, slots, D), or None without mismatch.
    """

    def __init__(self, circuit: Circuit, full_scale: float, dtype: np.dtype[Any], spread: Singles | None) -> None:
        self._circuit = circuit
        self._full_scale = full_scale
        self._dtype = dtype
        self._table = table = circuit.tables[dtype.name]
        self._base, self._smooth, self._young = (
            (levels / full_scale).astype(dtype) for levels in (table.base, table.smooth.levels, table.young.levels)
        )
        self._sigma = None if circuit.cell_sigma is None else (circuit.cell_sigma / full_scale).astype(dtype)
        self._spread = spread
        self._step_V = circuit.model.cell.level_range_V[1] / (circuit.model.cell.n_levels - 1)
        # by level, what is multiplied with each of the parts that are stacked
        self._by_part = self._base
        self._cells: Cells | None = None
        if circuit.tile is not None and circuit.tier == "fast":
            self._cells = circuit.tile.cells(circuit.cells.levels_V.astype(dtype), full_scale)
            self._by_part = np.concatenate([self._base, self._cells.by_itself[np.newaxis]])
        self._block = Segment(0, 0)
        self._q = _Pulses(np.empty(0, dtype), None)
        self._stacked, self._some, self._out, self._term, self._sums = (Scratch(dtype) for _ in range(5))

    def begin(self, block: Segment, pulses: Array | None) -> None:
        self._block = block
        if pulses is not None:
            code = np.rint(pulses * (INPUT_LEVELS - 1)).astype(np.intp)
            widths = self._circuit.widths.astype(self._dtype)[code]
            self._q = self._features(widths, 0, KEY_MODES)

    def scores(self, stored: Array, segment: Segment, queries: Segment, out: Array) -> None:
        level = np.ascontiguousarray(self._level(stored).swapaxes(1, 2))
        pulses, positions = self._q.of(within(queries, self._block)), np.arange(queries.low, queries.high)
        spread = None if self._spread is None else self._places(segment, stored).swapaxes(1, 2)
        self._multiply(level, _since_middle(segment), spread, pulses, out)
        self._add_smooth(level, segment, positions, pulses, out)
        for f, g, part in self._young_terms(level, segment, positions, pulses):
            out[..., : g.shape[1]] += np.matmul(f, part) * g
        if self._circuit.tile is not None and self._cells is None:
            self._lose(level, pulses.stacked[:, : level.shape[1]], 0, out)

    def currents(self, stored: Array, segment: Segment, queries: Segment, pulses: Array, out: Array) -> None:
        (some,) = np.maximum.reduce(pulses, axis=(0, 1)).nonzero()
        if some.size > _WORTH * pulses.shape[2]:
            self._currents(stored, segment, np.arange(queries.low, queries.high), pulses, out)
            return
        out[:] = 0
        if some.size:
            heads, tokens, width = stored.shape
            read, found = self._some(heads, tokens, some.size), self._out(heads, width, some.size)
            pulses.take(some, axis=2, out=read, mode="clip")
            self._currents(stored, segment, queries.low + some, read, found)
            out[:, :, some] = found

    def _currents(
        self, stored: Array, segment: Segment, positions: npt.NDArray[np.intp], pulses: Array, out: Array
    ) -> None:
        level, row = self._level(stored), segment.low % TILE_TOKENS
        read = self._features(pulses, row, VALUE_MODES)
        spread = None if self._spread is None else self._places(segment, stored)
        self._multiply(level, _since_middle(segment)[:, np.newaxis], spread, read, out)
        self._add_smooth(level, segment, positions, read, out)
        for f, g, part in self._young_terms(level, segment, positions, read):
            aged = part.reshape(len(level), -1, *g.shape) * g
            out[..., : g.shape[1]] += np.matmul(f, aged.reshape(part.shape))
        if self._circuit.tile is not None and self._cells is None:
            self._lose(level, pulses, row, out)

    def _level(self, stored: Array) -> Levels:
        return np.rint(stored / stored.dtype.type(self._step_V)).astype(np.intp)

    def _places(self, segment: Segment, stored: Array) -> Singles:
        """`spread` of the cells of `segment`, (heads, tokens, D)."""
        assert self._spread is not None
        slot, (_, tokens, width) = self._circuit.places.slot(segment.low), stored.shape
        return self._spread[:, slot : slot + tokens, :width]

    def _features(self, pulses: Array, row: int, modes: int) -> _Pulses:
        """The widths, [widths > 0] where a pulse has a fixed charge, and what wires need, one behind the other; the
        first of the pulses is in row `row`."""
        heads, rows, queries = pulses.shape
        charges = len(self._base)
        stacked = self._stacked(heads, len(self._by_part) * rows, queries)
        stacked[:, :rows] = pulses
        if charges > 1:
            np.greater(pulses, 0, out=stacked[:, rows : 2 * rows], casting="unsafe")
        if self._cells is None:
            return _Pulses(stacked, None)
        return _Pulses(stacked, Pulses(pulses, row, modes, stacked[:, charges * rows :]).together)

    def _multiply(self, level: Levels, since: Array, spread: Singles | None, pulses: _Pulses, out: Array) -> None:
        """What does not age, and the folded wires, of cells at `level` (heads, rows, columns) for `pulses`; `since`: of
        their tokens, from the middle of the tile on."""
        charge = self._by_part.take(level, axis=1)
        for f, slope in zip(self._smooth, self._table.smooth.slopes, strict=True):
            moved = f.take(level, axis=1)
            moved *= (slope * since).astype(self._dtype)
            charge[: len(f)] -= moved
        if self._sigma is not None and spread is not None:
            charge[0] += self._sigma.take(level) * spread
        np.matmul(_stack(charge).swapaxes(1, 2), pulses.stacked, out=out)
        if self._cells is not None and pulses.together is not None:
            self._cells.between(level, pulses.together, out, self._sums(2, *out.shape))

    def _add_smooth(
        self, level: Levels, segment: Segment, positions: npt.NDArray[np.intp], pulses: _Pulses, out: Array
    ) -> None:
        if not len(self._smooth):
            return
        term, rows = self._term(*out.shape), level.shape[1]
        # ages count from 1 here
        g = self._table.smooth.around(positions - _middle(segment) - 1).astype(self._dtype)
        for f, weights in zip(self._smooth, g, strict=True):
            cells = _stack(f.take(level, axis=1)).swapaxes(1, 2)
            np.matmul(cells, pulses.stacked[:, : len(f) * rows], out=term)
            term *= weights
            out += term

    def _young_terms(
        self, level: Levels, segment: Segment, positions: npt.NDArray[np.intp], pulses: _Pulses
    ) -> Iterator[tuple[Array, Array, Array]]:
        """f of the cells (heads, columns, depth), g(t - s) of those queries that it reaches, which are the first, and
        their pulses (heads, depth, queries).

        A pair that is not causal has no pulse.
        """
        terms = self._table.young
        young = positions[: positions.searchsorted(segment.high - 1 + terms.reach)]
        if not (terms.reach and young.size):
            return
        ages = young - np.arange(segment.low, segment.high)[:, np.newaxis]
        part = pulses.stacked[:, : len(self._base) * level.shape[1], : young.size]
        for f, g in zip(self._young, terms.at(ages).astype(self._dtype), strict=True):
            yield _stack(f.take(level, axis=1)).swapaxes(1, 2), g, part

    def _lose(self, level: Levels, pulses: Array, row: int, out: Array) -> None:
        """Add what the wires take, as the tile itself says it; the first row of the cells is row `row`."""
        tile, volts = self._circuit.tile, self._circuit.cells.levels_V.astype(self._dtype)[level]
        assert tile is not None
        out += wire_loss(tile, volts, pulses, self._circuit.tier, row) / self._full_scale


def _middle(segment: Segment) -> int:
    return (segment.low + segment.high) // 2


def _since_middle(segment: Segment) -> Array:
    """Of the tokens of `segment`, in tokens."""
    return np.arange(segment.low, segment.high) - float(_middle(segment))


def _stack(parts: Array) -> Array:
    """(parts, heads, rows, columns) -> (heads, parts x rows, columns)."""
    _, heads, _, columns = parts.shape
    return parts.swapaxes(0, 1).reshape(heads, -1, columns)
