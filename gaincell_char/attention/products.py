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
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from gaincell_char.attention.tiles import Segment, within
from gaincell_char.behavior.law import CurrentLaw, PolynomialLaw

Array = npt.NDArray[np.floating[Any]]


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


class Scratch:
    """Memory asked for again and again in changing shapes; fresh pages would cost more than the arithmetic."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._memory = np.empty(0, dtype)

    def __call__(self, *shape: int) -> Array:
        size = math.prod(shape)
        if size > self._memory.size:
            self._memory = np.empty(size, self._memory.dtype)
        return self._memory[:size].reshape(shape)


def product(law: CurrentLaw, full_scale: float, dtype: np.dtype[Any]) -> Product:
    """The cheapest exact way for `law`."""
    if isinstance(law, PolynomialLaw) and not law.decay:
        return Direct(law, full_scale)
    if isinstance(law, PolynomialLaw) and not law.bfloat16:
        return Folded(law, full_scale, dtype)
    return Aged(law, full_scale, dtype)


class Direct:
    """A law without age."""

    def __init__(self, law: CurrentLaw, full_scale: float) -> None:
        self._law = law
        self._full_scale = full_scale
        self._q: Array = np.empty(0)
        self._block = Segment(0, 0)

    def begin(self, block: Segment, pulses: Array | None) -> None:
        self._block = block
        if pulses is not None:
            self._q = pulses

    def scores(self, stored: Array, segment: Segment, queries: Segment, out: Array) -> None:
        np.matmul(self._current(stored), self._q[:, :, within(queries, self._block)], out=out)

    def currents(self, stored: Array, segment: Segment, queries: Segment, pulses: Array, out: Array) -> None:
        np.matmul(self._current(stored).swapaxes(1, 2), pulses, out=out)

    def _current(self, stored: Array) -> Array:
        current: Array = self._law.level_terms(stored)[0]
        current /= self._full_scale
        return current


class Folded:
    """A polynomial that decays exponentially: the orders 1, 2, ... stacked, order 0 as one more row."""

    def __init__(self, law: PolynomialLaw, full_scale: float, dtype: np.dtype[Any]) -> None:
        self._law = law
        self._v_inf = dtype.type(law.v_inf_V)
        self._offset = law.coefficients[0] / full_scale
        self._orders = np.array(law.coefficients[1:])[:, np.newaxis] / full_scale
        self._aged = Aged(law, full_scale, dtype)
        # tokens after t0 grow by exp(lambda (s - t0)); beyond a third of the dtype's exponents they are left to `Aged`
        self._reach = float(np.log(np.finfo(dtype).max)) / 3 / (law.decay * max(len(self._orders), 1))
        self._dtype = dtype
        self._block = Segment(0, 0)
        self._weights = np.empty(0, dtype)
        self._folded_q = np.empty(0, dtype)
        self._q_scratch, self._stored, self._pulses = Scratch(dtype), Scratch(dtype), Scratch(dtype)

    def begin(self, block: Segment, pulses: Array | None) -> None:
        self._block = block
        self._aged.begin(block, pulses)
        since = np.arange(block.high - block.low) * self._law.decay
        order = np.arange(1, len(self._orders) + 1)[:, np.newaxis]
        # A_i r^i from t0 to the query
        self._weights = (self._orders * np.exp(-order * since)).astype(self._dtype)
        if pulses is not None:
            heads, width, queries = pulses.shape
            self._folded_q = self._q_scratch(heads, len(order) * width + 1, queries)
            self._fold(pulses, self._weights, self._folded_q)

    def scores(self, stored: Array, segment: Segment, queries: Segment, out: Array) -> None:
        if segment.high - 1 - self._block.low > self._reach:
            self._aged.scores(stored, segment, queries, out)
            return
        heads, tokens, width = stored.shape
        powers = self._stored(heads, tokens, len(self._orders) * width + 1)
        self._powers(stored, segment, [powers[:, :, part] for part in _parts(len(self._orders), width)])
        powers[:, :, -1] = self._offset
        np.matmul(powers, self._folded_q[:, :, within(queries, self._block)], out=out)

    def currents(self, stored: Array, segment: Segment, queries: Segment, pulses: Array, out: Array) -> None:
        if segment.high - 1 - self._block.low > self._reach:
            self._aged.currents(stored, segment, queries, pulses, out)
            return
        heads, tokens, width = stored.shape
        folded = self._pulses(heads, len(self._orders) * tokens + 1, pulses.shape[2])
        self._fold(pulses, self._weights[:, within(queries, self._block)], folded)
        powers = self._stored(heads, len(self._orders) * tokens + 1, width)
        self._powers(stored, segment, [powers[:, part] for part in _parts(len(self._orders), tokens)])
        powers[:, -1] = self._offset
        np.matmul(powers.swapaxes(1, 2), folded, out=out)

    def _fold(self, pulses: Array, weights: Array, out: Array) -> None:
        """Stack pulses x A_i r^i for every order, and the sum of the pulses for order 0, which has no decay."""
        for part, weight in zip(_parts(len(self._orders), pulses.shape[1]), weights, strict=True):
            np.multiply(pulses, weight, out=out[:, part])
        np.add.reduce(pulses, axis=1, out=out[:, -1])

    def _powers(self, stored: Array, segment: Segment, outs: list[Array]) -> None:
        """x^i for every order, x = (V - v_inf) as it has decayed at the block's first query t0."""
        if not outs:
            return
        age = self._block.low - np.arange(segment.low, segment.high)
        decayed = np.exp(-self._law.decay * age).astype(self._dtype)[:, np.newaxis]
        x = outs[0]
        np.subtract(stored, self._v_inf, out=x)
        x *= decayed
        for lower, power in pairwise(outs):
            np.multiply(lower, x, out=power)


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


def _parts(count: int, size: int) -> list[slice]:
    return [slice(i * size, (i + 1) * size) for i in range(count)]
