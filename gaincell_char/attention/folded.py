"""The attention at speed: heads side by side, blocks of queries, a tile at a time, memory reused.

The same numbers as `reference`, up to rounding: tiles that no query of a block may see are skipped, and nothing as
large as tokens x tokens is ever made. How one tile's product is done is in `products`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.blas import single_threaded
from gaincell_char.attention.chain import Chain
from gaincell_char.attention.observation import InnerMoments
from gaincell_char.attention.products import Scratch
from gaincell_char.attention.stages import Draws, Stages, measured, published
from gaincell_char.attention.tiles import Segment, mask, seeing, visible_pairs, visible_tiles, within

Array = npt.NDArray[np.floating[Any]]

# queries of a block, over all its heads: long enough that NumPy's calls are few, short enough for the processor's cache
_BLOCK = 1024


def tile_sums(
    q: Array,
    k: Array,
    v: Array,
    chain: Chain,
    start: int = 0,
    observed: InnerMoments | None = None,
    layer: int = 0,
) -> Array:
    """Y, the sum of the tiles' counts, for levels q (B, H, T, D), k and v (B, H, S, D) -> (B, H, T, D).

    Keys are the tokens from position `start` on; the queries are the last T of them. `layer` chooses the cells and
    converters where they differ.
    """
    batch, heads, queries, _ = q.shape
    circuit = chain.circuit
    draws = None if circuit is None else Draws(circuit, layer, q, start + k.shape[2] - queries)
    together = max(1, _BLOCK // queries)
    chunks = [(b, slice(h, min(h + together, heads))) for b in range(batch) for h in range(0, heads, together)]
    y = np.empty(q.shape, q.dtype)

    def run(chunk: tuple[int, slice]) -> InnerMoments | None:
        seen = None if observed is None else InnerMoments(heads)
        if circuit is None or draws is None:
            stages = published(chain, q.dtype)
        else:
            stages = measured(circuit, chain, q.dtype, draws, chunk)
        _Heads(chain, stages, (q[chunk], k[chunk], v[chunk]), start, y[chunk], chunk[1].start, seen).run()
        return seen

    with single_threaded() as workers:
        if min(workers, len(chunks)) == 1:
            partial = [run(chunk) for chunk in chunks]
        else:
            with ThreadPoolExecutor(min(workers, len(chunks))) as pool:
                partial = list(pool.map(run, chunks))
    for seen in partial:
        if observed is not None and seen is not None:
            observed.merge(seen)
    return y


class _Heads:
    """Some heads of one sequence: levels (q, k, v) and y (heads, tokens, D); the first of them is head `number`."""

    def __init__(
        self,
        chain: Chain,
        stages: Stages,
        levels: tuple[Array, Array, Array],
        start: int,
        y: Array,
        number: int,
        observed: InnerMoments | None,
    ) -> None:
        self._chain = chain
        self._stages = stages
        self._q, self._k, self._v = levels
        self._y = y
        self._start = start
        self._first_query = start + self._k.shape[1] - self._q.shape[1]
        self._number = number
        self._observed = observed
        self._pulses, self._sums, self._part, self._total = (Scratch(self._q.dtype) for _ in range(4))

    def run(self) -> None:
        """Fill y."""
        stop = self._first_query + self._q.shape[1]
        for low in range(self._first_query, stop, _BLOCK):
            self._run_block(Segment(low, min(low + _BLOCK, stop)))

    def _run_block(self, block: Segment) -> None:
        rows = self._rows(block)
        self._stages.scores.begin(block, np.ascontiguousarray(self._q[:, rows].swapaxes(1, 2)))
        self._stages.currents.begin(block, None)
        heads, width = self._q.shape[0], self._q.shape[2]
        total = self._total(heads, width, block.high - block.low)
        total[:] = 0
        for tile in visible_tiles(self._chain, self._start, block):
            queries, sums = self._tile_current(tile, block)
            self._stages.conversions.counts(sums, tile[0].low, self._rows(queries))
            total[:, :, within(queries, block)] += sums
        total *= self._stages.step
        self._y[:, rows] = total.swapaxes(1, 2)

    def _tile_current(self, tile: list[Segment], block: Segment) -> tuple[Segment, Array]:
        """The queries that see `tile`, and its A_n/(full scale x step): (heads, D, queries)."""
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
