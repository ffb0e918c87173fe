"""One query over a full window, as decoding asks it: every power of what is stored once, then a product for each.

A block of queries shares what is stored, so `folded` lets it decay and stacks the orders of the law; a single query
sees each token at one age, so that r^age is a number for each token and order that goes into S, or into P:

    S[s]     = A_0 sum_d q_d + sum_i A_i r_s^i sum_d q_d x[s, d]^i           x = V - V_inf as written
    A_n[d]   = A_0 sum_s P_s + sum_i sum_{s in n} (A_i r_s^i P_s) x[s, d]^i

Rows are slots in whole tiles; in those without a token x and P are 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.blas import in_turn
from gaincell_char.attention.chain import STEPS, TILE_TOKENS, Chain
from gaincell_char.attention.conversions import Published
from gaincell_char.attention.quantizers import Heads, Source, few_heads, ready
from gaincell_char.attention.scratch import Pool, Scratch
from gaincell_char.attention.tiles import Segment, segments
from gaincell_char.behavior.law import CurrentLaw, PolynomialLaw

Array = npt.NDArray[np.floating[Any]]

# the powers of one head fit the processor's cache; what is small is done for a few heads together
_HEADS_AT_ONCE = 6


class _Window(NamedTuple):
    """Where the tokens that a query sees are: runs of (tokens among the keys, rows), and rows without a token.

    A_i r^(i age) of both products for i = 1, 2, ...: (orders, 1, rows, 1); 1 in a row with a token, else 0: (rows, 1).
    """

    runs: tuple[tuple[slice, slice], ...]
    gaps: tuple[slice, ...]
    keys: Array
    values: Array
    present: Array


class _Memory(NamedTuple):
    x: Scratch
    power: Scratch
    parts: Scratch


class NewestQuery:
    """The attention of the newest token alone, for a polynomial law that decays exponentially or not at all."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        law = chain.key_law
        assert isinstance(law, PolynomialLaw)
        self._v_inf, self._decay = law.v_inf_V, law.decay
        step = 1 / STEPS if chain.quantize else 1.0
        self._step = step
        self._conversions = Published(step, chain.quantize)
        self._key = _orders(chain.key_law, chain.score_scale)
        self._value = _orders(chain.value_law, chain.current_scale * step)
        self._memories = Pool(lambda dtype: _Memory(Scratch(dtype), Scratch(dtype), Scratch(dtype)))
        self._last: tuple[tuple[Any, ...], _Window] | None = None

    @staticmethod
    def fits(chain: Chain) -> bool:
        """Whether both laws are polynomials, decay exactly, and no circuit is characterized."""
        laws = chain.key_law, chain.value_law
        return chain.circuit is None and all(isinstance(law, PolynomialLaw) and not law.bfloat16 for law in laws)

    def __call__(self, sources: tuple[Source, Source, Source], start: int, out: tuple[Array, Array]) -> Array:
        """gain Y + offset, (B, H, 1, D), for q (B, H, 1, D) of the token at the end of k and v, (B, H, S, D) from
        position `start` on; `out` is (gain, offset), (H, 1, 1) each."""
        q, k, v = (ready(source) for source in sources)
        y = np.empty(q.shape, q.dtype)
        window = self._window(start, start + k.shape[2], q.dtype)

        def attend(heads: Heads) -> None:
            with self._memories.lent(q.dtype) as memory:
                pulses = self._pulses(q[heads], k[heads], window, memory)
                total = self._sums(pulses, v[heads], window, memory)
            total *= self._step
            total *= out[0][heads[1]]
            total += out[1][heads[1]]
            y[heads] = total

        # on threads the calls are too short: on two quiet cores handing the interpreter over doubled a token's time
        in_turn(attend, few_heads(k.shape, _HEADS_AT_ONCE * k.shape[2] * k.shape[3]))
        return y

    def _pulses(self, q: Array, stored: Array, window: _Window, memory: _Memory) -> Array:
        """P of some heads, (heads, rows, 1): pulse widths by row."""
        parts = memory.parts(*window.keys.shape[:1], len(q), *window.present.shape)
        for head, cells in enumerate(stored):
            column = q[head].T
            for power, part in zip(self._powers(cells, window, memory), parts[:, head], strict=True):
                np.matmul(power, column, out=part)
        parts *= window.keys
        scores: Array = parts.sum(axis=0)
        scores += self._key[0] * q.sum(axis=2, keepdims=True)
        self._conversions.pulses(scores, Segment(0, 0), slice(0, 1))
        scores *= window.present
        return scores

    def _sums(self, pulses: Array, stored: Array, window: _Window, memory: _Memory) -> Array:
        """The sum of the tiles' counts, (heads, 1, D)."""
        heads, rows, width = len(pulses), len(window.present), stored.shape[2]
        by_tile = (rows // TILE_TOKENS, 1, TILE_TOKENS)
        orders = len(window.values)
        parts = memory.parts(orders, heads, by_tile[0], 1, width)
        aged = (pulses * window.values).reshape(orders, heads, *by_tile)
        for head, cells in enumerate(stored):
            for order, power in enumerate(self._powers(cells, window, memory)):
                np.matmul(aged[order, head], power.reshape(by_tile[0], TILE_TOKENS, width), out=parts[order, head])
        tiles: Array = parts.sum(axis=0)
        tiles += self._value[0] * pulses.reshape(heads, *by_tile).sum(axis=3, keepdims=True)
        self._conversions.counts(tiles, 0, slice(0, 1))
        total: Array = tiles.sum(axis=1)
        return total

    def _powers(self, stored: Array, window: _Window, memory: _Memory) -> Iterator[Array]:
        """x, x^2, ... of one head's `stored` (tokens, D) by row, (rows, D), each valid until the next."""
        shape = len(window.present), stored.shape[1]
        x, power = memory.x(*shape), memory.power(*shape)
        for rows in window.gaps:
            x[rows] = 0
        for tokens, rows in window.runs:
            np.subtract(stored[tokens], self._v_inf, out=x[rows])
        last = x
        for order in range(len(window.keys)):
            if order:
                last = np.multiply(last, x, out=power)
            yield last

    def _window(self, start: int, stop: int, dtype: np.dtype[Any]) -> _Window:
        key = start, stop, dtype
        if self._last is None or self._last[0] != key:
            self._last = key, self._make_window(*key)
        return self._last[1]

    def _make_window(self, start: int, stop: int, dtype: np.dtype[Any]) -> _Window:
        chain, first = self._chain, max(start, stop - self._chain.window)
        low = 0 if chain.tiles == "ring" else first // TILE_TOKENS * TILE_TOKENS
        end = min(stop, chain.window) if chain.tiles == "ring" else stop
        ages = np.full(-(-(end - low) // TILE_TOKENS) * TILE_TOKENS, -1)
        runs = []
        for segment in segments(chain, first, stop):
            row = segment.low % chain.window if chain.tiles == "ring" else segment.low - low
            rows = slice(row, row + segment.high - segment.low)
            runs.append((slice(segment.low - start, segment.high - start), rows))
            ages[rows] = stop - 1 - np.arange(segment.low, segment.high)
        order = np.arange(1, len(self._key))[:, np.newaxis]
        fading = np.where(ages < 0, 0.0, np.exp(-self._decay * order * np.maximum(ages, 0)))
        keys, values = (
            (np.array(orders[1:])[:, np.newaxis] * fading).astype(dtype)[:, np.newaxis, :, np.newaxis]
            for orders in (self._key, self._value)
        )
        return _Window(_joined(runs), _runs_of(ages < 0), keys, values, (ages >= 0).astype(dtype)[:, np.newaxis])


def _orders(law: CurrentLaw, full_scale: float) -> tuple[float, ...]:
    """A_0, A_1, ... in full scales."""
    assert isinstance(law, PolynomialLaw)
    return tuple(coefficient / full_scale for coefficient in law.coefficients)


def _runs_of(rows: npt.NDArray[np.bool_]) -> tuple[slice, ...]:
    """Where `rows` is true, in pieces."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rows, [False]])))
    return tuple(slice(int(low), int(high)) for low, high in edges.reshape(-1, 2))


def _joined(runs: list[tuple[slice, slice]]) -> tuple[tuple[slice, slice], ...]:
    """The same with neighbors in one piece."""
    joined = runs[:1]
    for tokens, rows in runs[1:]:
        before, above = joined[-1]
        if before.stop == tokens.start and above.stop == rows.start:
            joined[-1] = slice(before.start, tokens.stop), slice(above.start, rows.stop)
        else:
            joined.append((tokens, rows))
    return tuple(joined)
