"""The two products of the attention, a segment of a tile at a time, in three exact ways.

    scores    S[s, t]   = sum_i g_i(t - s) sum_d f_i(K[s, d]) q[d, t]
    currents  A_n[d, t] = sum_i sum_{s in n} f_i(V[s, d]) g_i(t - s) P[s, t]

`Direct`    nothing decays: one term f, one matrix product.
`Folded`    f_i = A_i x^i and g_i = r^i with r = exp(-lambda (t - s)) = exp(-lambda (t - t0)) exp(-lambda (t0 - s)): the
            first factor goes into the query side, the second lets x decay on the stored side, and the orders are
            stacked into one matrix product. t0 is the first query of the block: no factor grows with the text.
`Aged`      any g_i: a matrix product for every term, times the Toeplitz matrix of g_i.

Stored arrays are (heads, tokens, D), all others (heads, ..., queries): the query runs along the last axis, so that what
depends on its time is a vector along contiguous memory. `full_scale` divides the result.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from gaincell_char.attention.chain import TILE_TOKENS
from gaincell_char.attention.scratch import Scratch as Scratch
from gaincell_char.attention.tiles import Segment, within
from gaincell_char.behavior.law import CurrentLaw, PolynomialLaw

Array = npt.NDArray[np.floating[Any]]

# what is stored is prepared once for the blocks of so many queries
_REFERENCE_TOKENS = 1024
_KEPT_AGES = 64


class Product(Protocol):
    """One of the two products, for some heads of one call."""

    def begin(self, block: Segment, pulses: Array | None) -> None:
        """Start a block of queries; for scores `pulses` is q (heads, D, queries of the block)."""

    def scores(self, stored: Array, segment: Segment, queries: Segment, out: Array) -> None:
        """S of `segment`, with keys `stored` (heads, tokens, D), and `queries` -> (heads, tokens, queries)."""

    def currents(self, stored: Array, segment: Segment, queries: Segment, pulses: Array, out: Array) -> None:
        """A of `segment`, with values `stored` (heads, tokens, D), for `queries` -> (heads, D, queries).

        `pulses` is P (heads, tokens, queries).
        """


def product(law: CurrentLaw, full_scale: float, dtype: np.dtype[Any]) -> Product:
    """The cheapest exact way for `law`."""
    if isinstance(law, PolynomialLaw) and not law.decay:
        return Direct(law, full_scale, dtype)
    if isinstance(law, PolynomialLaw) and not law.bfloat16:
        return Folded(law, full_scale, dtype)
    return Aged(law, full_scale, dtype)


class Prepared:
    """What a product makes of the stored side of a segment, once for all blocks of queries; memory is used again."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._made: dict[Segment, Array] = {}
        self._memory: list[Scratch] = []

    def forget(self) -> None:
        """Other heads follow, or another reference."""
        self._made.clear()

    def _new(self, *shape: int) -> Array:
        """Memory for the next segment."""
        if len(self._made) == len(self._memory):
            self._memory.append(Scratch(self._dtype))
        return self._memory[len(self._made)](*shape)


class Direct(Prepared):
    """A law without age."""

    def __init__(self, law: CurrentLaw, full_scale: float, dtype: np.dtype[Any]) -> None:
        super().__init__(dtype)
        self._law = law
        self._full_scale = full_scale
        self._q: Array = np.empty(0)
        self._block = Segment(0, 0)

    def begin(self, block: Segment, pulses: Array | None) -> None:
        self._block = block
        if pulses is not None:
            self._q = pulses

    def scores(self, stored: Array, segment: Segment, queries: Segment, out: Array) -> None:
        np.matmul(self._current(stored, segment), self._q[:, :, within(queries, self._block)], out=out)

    def currents(self, stored: Array, segment: Segment, queries: Segment, pulses: Array, out: Array) -> None:
        np.matmul(self._current(stored, segment).swapaxes(1, 2), pulses, out=out)

    def _current(self, stored: Array, segment: Segment) -> Array:
        current = self._made.get(segment)
        if current is None:
            current = self._new(*stored.shape)
            np.divide(self._law.level_terms(stored)[0], self._full_scale, out=current)
            self._made[segment] = current
        return current


class Folded(Prepared):
    """A polynomial that decays exponentially: the orders 1, 2, ... stacked, order 0 as one more row.

    The stacks are (heads, orders x depth + 1, ...): the sum of the product runs over contiguous rows of both sides.
    """

    def __init__(self, law: PolynomialLaw, full_scale: float, dtype: np.dtype[Any]) -> None:
        super().__init__(dtype)
        self._decay = law.decay
        self._v_inf = dtype.type(law.v_inf_V)
        self._offset = law.coefficients[0] / full_scale
        self._orders = np.array(law.coefficients[1:])[:, np.newaxis] / full_scale
        self._aged = Aged(law, full_scale, dtype)
        # tokens after t0 grow by exp(lambda (s - t0)), up to a third of the dtype's exponents; beyond `Aged` takes over
        self._reach = float(np.log(np.finfo(dtype).max)) / 3 / (law.decay * max(len(self._orders), 1))
        self._fading = np.exp(-law.decay * np.arange(TILE_TOKENS)[::-1])
        self._ages: dict[tuple[int, int], Array] = {}
        self._block = Segment(0, 0)
        self._reference: int | None = None
        self._weights = np.empty(0, dtype)
        self._folded_q = np.empty(0, dtype)
        self._q_scratch, self._pulses = Scratch(dtype), Scratch(dtype)

    def forget(self) -> None:
        super().forget()
        self._reference = None

    def begin(self, block: Segment, pulses: Array | None) -> None:
        self._block = block
        self._aged.begin(block, pulses)
        if self._reference is None or block.high - 1 - self._reference > min(self._reach, _REFERENCE_TOKENS):
            self.forget()
            self._reference = block.low
        self._weights = self._ageing(block.low - self._reference, block.high - self._reference)
        if pulses is not None:
            self._folded_q = self._fold(pulses, self._weights, self._q_scratch)

    def scores(self, stored: Array, segment: Segment, queries: Segment, out: Array) -> None:
        if self._is_far(segment):
            self._aged.scores(stored, segment, queries, out)
            return
        powers = self._made.get(segment)
        if powers is None:
            powers = self._powers(stored.swapaxes(1, 2), self._decayed(segment), segment)
        np.matmul(powers, self._folded_q[:, :, within(queries, self._block)], out=out)

    def currents(self, stored: Array, segment: Segment, queries: Segment, pulses: Array, out: Array) -> None:
        if self._is_far(segment):
            self._aged.currents(stored, segment, queries, pulses, out)
            return
        powers = self._made.get(segment)
        if powers is None:
            powers = self._powers(stored, self._decayed(segment)[:, np.newaxis], segment)
        folded = self._fold(pulses, self._weights[:, :, within(queries, self._block)], self._pulses)
        np.matmul(powers, folded, out=out)

    def _ageing(self, low: int, high: int) -> Array:
        """A_i r^i for queries `low` to `high` - 1 tokens after t0, (orders, 1, queries)."""
        weights = self._ages.get((low, high))
        if weights is None:
            if len(self._ages) >= _KEPT_AGES:
                self._ages.clear()
            order = np.arange(1, len(self._orders) + 1)[:, np.newaxis]
            since = np.arange(low, high) * self._decay
            weights = (self._orders * np.exp(-order * since)).astype(self._dtype)[:, np.newaxis]
            self._ages[low, high] = weights
        return weights

    def _is_far(self, segment: Segment) -> bool:
        return self._reference is None or segment.high - 1 - self._reference > self._reach

    def _fold(self, pulses: Array, weights: Array, scratch: Scratch) -> Array:
        """Pulses x A_i r^i for every order, and the sum of the pulses for order 0, which has no decay."""
        heads, depth, queries = pulses.shape
        folded = scratch(heads, len(weights) * depth + 1, queries)
        by_order = folded[:, :-1].reshape(heads, len(weights), depth, queries)
        np.multiply(pulses[:, np.newaxis], weights, out=by_order)
        np.matmul(_ones(depth, self._dtype), pulses, out=folded[:, -1:])
        return folded

    def _powers(self, stored: Array, decayed: Array, segment: Segment) -> Array:
        """x^i for every order, x = (V - v_inf) x `decayed`, and A_0, of `stored` (heads, depth, columns): (heads,
        columns, orders x depth + 1), kept for the next blocks."""
        heads, depth, columns = stored.shape
        powers = self._new(heads, len(self._orders) * depth + 1, columns)
        orders = [powers[:, part] for part in _parts(len(self._orders), depth)]
        if orders:
            x = orders[0]
            np.subtract(stored, self._v_inf, out=x)
            x *= decayed
            for lower, power in pairwise(orders):
                np.multiply(lower, x, out=power)
        powers[:, -1] = self._offset
        turned: Array = powers.swapaxes(1, 2)
        self._made[segment] = turned
        return turned

    def _decayed(self, segment: Segment) -> Array:
        """r from each token of `segment` to t0, (tokens,)."""
        reference = self._block.low if self._reference is None else self._reference
        to_last = self._fading[TILE_TOKENS - (segment.high - segment.low) :]
        decayed: Array = (math.exp(-self._decay * (reference - (segment.high - 1))) * to_last).astype(self._dtype)
        return decayed


class Aged:
    """Any law: each term is a matrix product of its own, and its age function a Toeplitz matrix."""

    def __init__(self, law: CurrentLaw, full_scale: float, dtype: np.dtype[Any]) -> None:
        self._law = law
        self._full_scale = full_scale
        self._dtype = dtype
        self._block = Segment(0, 0)
        self._q = np.empty(0, dtype)
        self._term, self._pulses = Scratch(dtype), Scratch(dtype)

    def begin(self, block: Segment, pulses: Array | None) -> None:
        self._block = block
        if pulses is not None:
            self._q = pulses

    def scores(self, stored: Array, segment: Segment, queries: Segment, out: Array) -> None:
        q = self._q[:, :, within(queries, self._block)]
        term = self._term(*out.shape)
        out[:] = 0
        for f, g in zip(self._law.level_terms(stored), self._toeplitz(segment, queries), strict=True):
            np.matmul(f, q, out=term)
            term *= g
            out += term

    def currents(self, stored: Array, segment: Segment, queries: Segment, pulses: Array, out: Array) -> None:
        aged, term = self._pulses(*pulses.shape), self._term(*out.shape)
        out[:] = 0
        for f, g in zip(self._law.level_terms(stored), self._toeplitz(segment, queries), strict=True):
            np.multiply(pulses, g, out=aged)
            np.matmul(f.swapaxes(1, 2), aged, out=term)
            out += term

    def _toeplitz(self, segment: Segment, queries: Segment) -> Array:
        """g_i(t - s)/full_scale: (rank, tokens, queries). A pair that is not causal has age 0: its P is 0 anyway."""
        ages = np.arange(queries.low - segment.high + 1, queries.high - segment.low, dtype=float)
        table = self._law.age_terms(np.maximum(ages, 0.0)) / self._full_scale
        return sliding_window_view(table.astype(self._dtype), queries.high - queries.low, axis=1)[:, ::-1]


@lru_cache(maxsize=8)
def _ones(count: int, dtype: np.dtype[Any]) -> Array:
    return np.ones((1, count), dtype)


def _parts(count: int, size: int) -> list[slice]:
    return [slice(i * size, (i + 1) * size) for i in range(count)]
