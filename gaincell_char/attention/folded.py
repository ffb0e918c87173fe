"""The attention at speed: heads side by side, blocks of queries, a tile at a time, memory reused.

The same numbers as `reference`, up to rounding: tiles that no query of a block may see are skipped, and nothing as
large as tokens x tokens is ever made. How one tile's product is done is in `products`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.blas import Run, in_turn
from gaincell_char.attention.chain import Chain
from gaincell_char.attention.observation import InnerMoments
from gaincell_char.attention.products import Prepared, Scratch
from gaincell_char.attention.quantizers import Heads, few_heads
from gaincell_char.attention.stages import Draws, Stages, measured, published
from gaincell_char.attention.tiles import Segment, mask, seeing, visible_pairs, visible_tiles, within

Array = npt.NDArray[np.floating[Any]]

# queries of a block, over all its heads: few enough for the processor's cache, enough for NumPy's calls to weigh
# little; the characterized chain makes more calls
_BLOCK = 256
_CIRCUIT_BLOCK = 1024


class TileSums:
    """The attention of `chain` between its levels and its sums; memory is kept from call to call."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._idle: list[_Heads] = []

    def __call__(
        self,
        levels: tuple[Array, Array, Array],
        start: int = 0,
        layer: int = 0,
        observed: InnerMoments | None = None,
        run: Run = in_turn,
    ) -> Array:
        """Y, the sum of the tiles' counts, for levels q (B, H, T, D), k and v (B, H, S, D) -> (B, H, T, D).

        Keys are the tokens from position `start` on; the queries are the last T of them. `layer` chooses the cells and
        converters where they differ.
        """
        q, k, _ = levels
        circuit = self._chain.circuit
        draws = None if circuit is None else Draws(circuit, layer, q, start + k.shape[2] - q.shape[2])
        y = np.empty(q.shape, q.dtype)

        def sum_tiles(heads: Heads) -> InnerMoments | None:
            seen = None if observed is None else InnerMoments(q.shape[1])
            part = tuple(x[heads] for x in levels)
            if circuit is not None and draws is not None:
                stages = measured(circuit, self._chain, q.dtype, draws, heads)
                _Heads(self._chain, stages, q.dtype).run(part, start, y[heads], heads[1].start, seen)
                return seen
            worker = self._worker(q.dtype)
            worker.run(part, start, y[heads], heads[1].start, seen)
            self._idle.append(worker)
            return seen

        for seen in run(sum_tiles, few_heads(q.shape, _block(self._chain) * q.shape[3])):
            if observed is not None and seen is not None:
                observed.merge(seen)
        return y

    def _worker(self, dtype: np.dtype[Any]) -> _Heads:
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = None
        if worker is None or worker.dtype != dtype:
            return _Heads(self._chain, published(self._chain, dtype), dtype)
        return worker


def _block(chain: Chain) -> int:
    return _BLOCK if chain.circuit is None else _CIRCUIT_BLOCK


class _Heads:
    """Some heads of one sequence at a time, with memory of its own."""

    def __init__(self, chain: Chain, stages: Stages, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._chain = chain
        self._stages = stages
        self._turned, self._pulses, self._sums, self._part, self._total = (Scratch(dtype) for _ in range(5))

    def run(
        self, levels: tuple[Array, ...], start: int, y: Array, number: int, observed: InnerMoments | None
    ) -> None:  # fmt: skip
        """Fill y of some heads from their levels, (heads, tokens, D) each; the first of them is head `number`."""
        self._q, self._k, self._v = levels
        self._y = y
        self._start = start
        self._first_query = start + self._k.shape[1] - self._q.shape[1]
        self._number = number
        self._observed = observed
        stop = self._first_query + self._q.shape[1]
        size = max(1, _block(self._chain) // len(self._q))
        for product in (self._stages.scores, self._stages.currents):
            if isinstance(product, Prepared):
                product.forget()
        for low in range(self._first_query, stop, size):
            self._run_block(Segment(low, min(low + size, stop)))

    def _run_block(self, block: Segment) -> None:
        rows = self._rows(block)
        heads, _, width = self._q.shape
        shape = heads, width, block.high - block.low
        q = self._turned(*shape)
        np.copyto(q, self._q[:, rows].swapaxes(1, 2))
        self._stages.scores.begin(block, q)
        self._stages.currents.begin(block, None)
        total = self._total(*shape)
        total.fill(0)
        for tile in visible_tiles(self._chain, self._start, block):
            queries, sums = self._tile_current(tile, block)
            self._stages.conversions.counts(sums, tile[0].low, self._rows(queries))
            seen = total[:, :, within(queries, block)]
            np.add(seen, sums, out=seen)
        total *= self._stages.step
        self._y[:, rows] = total.swapaxes(1, 2)

    def _tile_current(self, tile: list[Segment], block: Segment) -> tuple[Segment, Array]:
        """The queries of `block` that see `tile`, and its A_n/(full scale x step): (heads, D, queries)."""
        seers = [seeing(self._chain, segment, block) for segment in tile]
        queries = Segment(min(seer.low for seer in seers), max(seer.high for seer in seers))
        shape = self._q.shape[0], self._q.shape[2]
        sums = self._sums(*shape, queries.high - queries.low)
        if len(tile) == 1:
            self._segment_current(tile[0], queries, sums)
        else:
            sums[:] = 0
            for segment, seer in zip(tile, seers, strict=True):
                part = self._part(*shape, seer.high - seer.low)
                self._segment_current(segment, seer, part)
                sums[:, :, within(seer, queries)] += part
        if self._observed is not None:
            count, step = shape[1] * (queries.high - queries.low), self._stages.step
            self._observed.sum.add(self._number, sums, count, self._chain.current_scale * step, (-1 / step, 1 / step))
        return queries, sums

    def _segment_current(self, segment: Segment, queries: Segment, out: Array) -> None:
        stored = slice(segment.low - self._start, segment.high - self._start)
        pulses = self._pulses(self._q.shape[0], segment.high - segment.low, queries.high - queries.low)
        self._stages.scores.scores(self._k[:, stored], segment, queries, pulses)
        if self._observed is not None:
            mask(self._chain, pulses, segment, queries)
            count = visible_pairs(self._chain, segment, queries)
            self._observed.score.add(self._number, pulses, count, self._chain.score_scale, (-np.inf, 1.0))
        self._stages.conversions.pulses(pulses, segment, self._rows(queries))
        mask(self._chain, pulses, segment, queries)
        self._stages.currents.currents(self._v[:, stored], segment, queries, pulses, out)

    def _rows(self, queries: Segment) -> slice:
        """Where `queries` are among the queries of this call."""
        return slice(queries.low - self._first_query, queries.high - self._first_query)
