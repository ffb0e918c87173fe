"""One query over a full window, as decoding asks it: every cell's current at its age once, then two products a head.

A block of queries shares what is stored, and `folded` brings each order of the law to all of them; a single query has
one age for every token, so the polynomial itself is cheaper: x = (V - V_inf) r^age, and Horner's rule on it, whose
leading coefficient is left to the query. Rows are slots in whole tiles; those without a token hold x = 0 and P = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.blas import Run
from gaincell_char.attention.chain import STEPS, TILE_TOKENS, Chain
from gaincell_char.attention.conversions import Published
from gaincell_char.attention.quantizers import Heads, Source, few_heads, ready
from gaincell_char.attention.scratch import Pool, Scratch
from gaincell_char.attention.tiles import Segment, segments
from gaincell_char.behavior.law import PolynomialLaw

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class _Window:
    """Where the tokens that a query sees are: runs of (tokens among the keys, rows), r^age by row and column, and 1 in
    a row with a token, 0 without."""

    runs: tuple[tuple[slice, slice], ...]
    fading: Array
    present: Array


class NewestQuery:
    """The attention of the newest token alone, for a polynomial law that decays exponentially or not at all."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        step = 1 / STEPS if chain.quantize else 1.0
        self._step = step
        self._conversions = Published(step, chain.quantize)
        self._key = _Polynomial.of(chain.key_law, chain.score_scale)
        self._value = _Polynomial.of(chain.value_law, chain.current_scale * step)
        self._memories = Pool(lambda dtype: (Scratch(dtype), Scratch(dtype)))
        self._last: tuple[tuple[Any, ...], _Window] | None = None

    @staticmethod
    def fits(chain: Chain) -> bool:
        """Whether both laws are polynomials, decay exactly, and no circuit is characterized."""
        laws = chain.key_law, chain.value_law
        return chain.circuit is None and all(isinstance(law, PolynomialLaw) and not law.bfloat16 for law in laws)

    def __call__(
        self, sources: tuple[Source, Source, Source], start: int, out: tuple[Array, Array], run: Run
    ) -> Array:  # fmt: skip
        """gain Y + offset, (B, H, 1, D), for q (B, H, 1, D) of the token at the end of k and v, (B, H, S, D) from
        position `start` on; `out` is (gain, offset), (H, 1, 1) each."""
        q, k, v = (ready(source) for source in sources)
        y = np.empty(q.shape, q.dtype)
        window = self._window(start, start + k.shape[2], k.shape[3], q.dtype)

        def attend(heads: Heads) -> None:
            with self._memories.lent(q.dtype) as memory:
                pulses = self._pulses(q[heads], k[heads], window, memory)
                total = self._sums(pulses, v[heads], window, memory)
            total *= self._step
            total *= out[0][heads[1]]
            total += out[1][heads[1]]
            y[heads] = total

        run(attend, few_heads(k.shape))
        return y

    def _pulses(self, q: Array, stored: Array, window: _Window, memory: tuple[Scratch, Scratch]) -> Array:
        """P of some heads, (heads, rows, 1): pulse widths by slot."""
        current = self._key.current(stored, window, memory)
        scores: Array = np.matmul(current, (q * self._key.leading).swapaxes(1, 2))
        scores += self._key.constant * q.sum(axis=2, keepdims=True)
        self._conversions.pulses(scores, Segment(0, 0), slice(0, 1))
        scores *= window.present
        return scores

    def _sums(self, pulses: Array, stored: Array, window: _Window, memory: tuple[Scratch, Scratch]) -> Array:
        """The sum of the tiles' counts, (heads, 1, D)."""
        current = self._value.current(stored, window, memory)
        by_tile = pulses.reshape(len(pulses), -1, 1, TILE_TOKENS)
        tiles = np.matmul(by_tile, current.reshape(*by_tile.shape[:2], TILE_TOKENS, -1))
        tiles *= self._value.leading
        tiles += self._value.constant * by_tile.sum(axis=3, keepdims=True)
        self._conversions.counts(tiles, 0, slice(0, 1))
        total: Array = tiles.sum(axis=1)
        return total

    def _window(self, start: int, stop: int, width: int, dtype: np.dtype[Any]) -> _Window:
        key = start, stop, width, dtype
        if self._last is None or self._last[0] != key:
            self._last = key, self._make_window(*key)
        return self._last[1]

    def _make_window(self, start: int, stop: int, width: int, dtype: np.dtype[Any]) -> _Window:
        chain, first = self._chain, max(start, stop - self._chain.window)
        low = 0 if chain.tiles == "ring" else first // TILE_TOKENS * TILE_TOKENS
        end = min(stop, chain.window) if chain.tiles == "ring" else stop
        height = -(-(end - low) // TILE_TOKENS) * TILE_TOKENS
        fading, present = np.zeros((height, width), dtype), np.zeros((height, 1), dtype)
        runs = []
        for segment in segments(chain, first, stop):
            row = segment.low % chain.window if chain.tiles == "ring" else segment.low - low
            rows = slice(row, row + segment.high - segment.low)
            runs.append((slice(segment.low - start, segment.high - start), rows))
            age = stop - 1 - np.arange(segment.low, segment.high)
            fading[rows] = np.exp(-self._key.decay * age)[:, np.newaxis]
            present[rows] = 1
        return _Window(_joined(runs), fading, present)


@dataclass(frozen=True)
class _Polynomial:
    """`constant` + `leading` x (monic polynomial of x without its constant), x = (V - v_inf) r^age, r = e^-decay."""

    v_inf: float
    decay: float
    constant: float
    leading: float
    lower: tuple[float, ...]
    """From the second highest order down to the first, of the monic polynomial."""

    @classmethod
    def of(cls, law: Any, full_scale: float) -> _Polynomial:
        constant, *orders = (coefficient / full_scale for coefficient in law.coefficients)
        while orders and orders[-1] == 0:
            orders.pop()
        leading = orders[-1] if orders else 0.0
        lower = tuple(coefficient / leading for coefficient in orders[-2::-1])
        return cls(law.v_inf_V, law.decay, constant, leading, lower)

    def current(self, stored: Array, window: _Window, memory: tuple[Scratch, Scratch]) -> Array:
        """The monic polynomial of `stored` (heads, tokens, D) by row, (heads, rows, D)."""
        shape = len(stored), *window.fading.shape
        x, power = (scratch(*shape) for scratch in memory)
        if len(window.runs) != 1 or window.runs[0][1] != slice(0, shape[1]):
            x.fill(0)
        for tokens, rows in window.runs:
            np.subtract(stored[:, tokens], self.v_inf, out=x[:, rows])
        x *= window.fading
        if not self.lower:
            return x
        np.add(x, self.lower[0], out=power)
        for coefficient in self.lower[1:]:
            power *= x
            power += coefficient
        power *= x
        return power


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
