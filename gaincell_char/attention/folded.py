"""The attention at speed: heads side by side, blocks of queries, a tile at a time, memory reused.

The same numbers as `reference`, up to rounding: tiles that no query of a block may see are skipped, and nothing as
large as tokens x tokens is ever made. How one tile's product is done is in `products`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.blas import Run
from gaincell_char.attention.chain import Chain
from gaincell_char.attention.observation import InnerMoments
from gaincell_char.attention.products import Prepared
from gaincell_char.attention.quantizers import Heads, Raw, Source, few_heads, ready
from gaincell_char.attention.scratch import Pool, Scratch
from gaincell_char.attention.stages import Draws, Stages, measured, published
from gaincell_char.attention.tiles import Block, Look, Segment, blocks, visible_pairs, within

Array = npt.NDArray[np.floating[Any]]

# queries of a block, over all its heads: few enough for the processor's cache, enough for NumPy's calls to weigh
# little; the characterized chain makes more calls
_BLOCK = 512
_CIRCUIT_BLOCK = 1024


class TileSums:
    """The attention of `chain` between its levels and its sums; memory is kept from call to call."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._workers = Pool(lambda dtype: _Worker(chain, published(chain, dtype), dtype))

    def __call__(
        self,
        sources: tuple[Source, Source, Source],
        start: int,
        layer: int,
        out: tuple[Array, Array] | None,
        observed: InnerMoments | None,
        run: Run,
    ) -> Array:
        """The sum of the tiles' counts for q (B, H, T, D), k and v (B, H, S, D) -> Y (B, H, T, D), or gain Y + offset.

        Parameters
        ----------
        sources: q, k and v, as levels or to be converted to them.
        start: position of the first key; the queries are the last T tokens.
        layer: chooses the cells and converters where they differ.
        out: gain and offset, (H, 1, 1) each.
        """
        shape, dtype = sources[0].shape, sources[0].dtype
        stop = start + sources[1].shape[2]
        queries = Segment(stop - shape[2], stop)
        circuit = self._chain.circuit
        size = _BLOCK if circuit is None else _CIRCUIT_BLOCK
        chunks = few_heads(shape, size * shape[3])
        together = chunks[0][1].stop - chunks[0][1].start
        plan = blocks(self._chain, start, queries, max(1, size // together), dtype)
        draws = None if circuit is None else Draws(circuit, layer, ready(sources[0]), queries.low)
        y = np.empty(shape, dtype)

        def sum_tiles(heads: Heads) -> InnerMoments | None:
            seen = None if observed is None else InnerMoments(shape[1])
            given = sources, heads, start, plan, seen, y, out
            if circuit is not None and draws is not None:
                _Worker(self._chain, measured(circuit, self._chain, dtype, draws, heads), dtype).run(*given)
            else:
                with self._workers.lent(dtype) as worker:
                    worker.run(*given)
            return seen

        for seen in run(sum_tiles, chunks):
            if observed is not None and seen is not None:
                observed.merge(seen)
        return y


class _Worker:
    """Computes some heads of one sequence after others, in memory of its own."""

    def __init__(self, chain: Chain, stages: Stages, dtype: np.dtype[Any]) -> None:
        self._chain = chain
        self._stages = stages
        self._levels = tuple(Scratch(dtype) for _ in range(3))
        self._turned, self._pulses, self._sums, self._part, self._total = (Scratch(dtype) for _ in range(5))

    def run(
        self,
        sources: tuple[Source, Source, Source],
        heads: Heads,
        start: int,
        plan: list[Block],
        observed: InnerMoments | None,
        y: Array,
        out: tuple[Array, Array] | None,
    ) -> None:
        """Fill y (B, H, T, D) at `heads`."""
        self._q, self._k, self._v = (
            self._of(source, heads, scratch) for source, scratch in zip(sources, self._levels, strict=True)
        )
        self._start = start
        self._first_query = plan[0].queries.low
        self._number = heads[1].start
        self._observed = observed
        for product in (self._stages.scores, self._stages.currents):
            if isinstance(product, Prepared):
                product.forget()
        scaler = None if out is None else (out[0][heads[1]], out[1][heads[1]])
        for block in plan:
            total = self._block_total(block)
            total *= self._stages.step
            if scaler is not None:
                total *= scaler[0]
                total += scaler[1]
            y[heads][:, self._rows(block.queries)] = total.swapaxes(1, 2)

    @staticmethod
    def _of(source: Source, heads: Heads, scratch: Scratch) -> Array:
        if not isinstance(source, Raw):
            return source[heads]
        x = source.x[heads]
        levels = scratch(*x.shape)
        source.convert(x, heads[1], levels)
        return levels

    def _block_total(self, block: Block) -> Array:
        """Counts of all tiles for a block of queries, (heads, D, queries)."""
        rows = self._rows(block.queries)
        heads, _, width = self._q.shape
        shape = heads, width, rows.stop - rows.start
        q = self._turned(*shape)
        np.copyto(q, self._q[:, rows].swapaxes(1, 2))
        self._stages.scores.begin(block.queries, q)
        self._stages.currents.begin(block.queries, None)
        total = self._total(*shape)
        total.fill(0)
        for tile in block.tiles:
            queries, sums = self._tile_current(tile)
            self._stages.conversions.counts(sums, tile[0].segment.low, self._rows(queries))
            seen = total[:, :, within(queries, block.queries)]
            np.add(seen, sums, out=seen)
        return total

    def _tile_current(self, tile: list[Look]) -> tuple[Segment, Array]:
        """The queries that see `tile`, and its A_n/(full scale x step): (heads, D, queries)."""
        shape = self._q.shape[0], self._q.shape[2]
        if len(tile) == 1:
            queries = tile[0].queries
            sums = self._sums(*shape, queries.high - queries.low)
            self._segment_current(tile[0], sums)
        else:
            queries = Segment(min(look.queries.low for look in tile), max(look.queries.high for look in tile))
            sums = self._sums(*shape, queries.high - queries.low)
            sums.fill(0)
            for look in tile:
                part = self._part(*shape, look.queries.high - look.queries.low)
                self._segment_current(look, part)
                sums[:, :, within(look.queries, queries)] += part
        if self._observed is not None:
            count, step = shape[1] * (queries.high - queries.low), self._stages.step
            self._observed.sum.add(self._number, sums, count, self._chain.current_scale * step, (-1 / step, 1 / step))
        return queries, sums

    def _segment_current(self, look: Look, out: Array) -> None:
        segment, queries, _ = look
        stored = slice(segment.low - self._start, segment.high - self._start)
        pulses = self._pulses(self._q.shape[0], segment.high - segment.low, queries.high - queries.low)
        self._stages.scores.scores(self._k[:, stored], segment, queries, pulses)
        if self._observed is not None:
            look.mask(pulses)
            count = visible_pairs(self._chain, segment, queries)
            self._observed.score.add(self._number, pulses, count, self._chain.score_scale, (-np.inf, 1.0))
        self._stages.conversions.pulses(pulses, segment, self._rows(queries))
        look.mask(pulses)
        self._stages.currents.currents(self._v[:, stored], segment, queries, pulses, out)

    def _rows(self, queries: Segment) -> slice:
        """Where `queries` are among the queries of this call."""
        return slice(queries.low - self._first_query, queries.high - self._first_query)
