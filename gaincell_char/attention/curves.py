"""A converter's measured transfer, evaluated fast: scores in, pulses out, in units of full scale and T_max."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Polynomial

from gaincell_char.behavior.functions import PiecewisePolynomial

Array = npt.NDArray[np.floating[Any]]

_BUCKETS = 1024


class Curve:
    """y(x) = transfer(x x_scale)/y_scale, exactly the piecewise polynomial, without a search for every value.

    Equal buckets over the knots say which interval a value is in, or the one before it where a knot is within the
    bucket.
    """

    def __init__(self, transfer: PiecewisePolynomial, x_scale: float, y_scale: float, dtype: np.dtype[Any]) -> None:
        knots = np.asarray(transfer.knots) / x_scale
        powers = x_scale ** np.arange(len(transfer.coefficients[0])) / y_scale
        table = np.asarray(transfer.coefficients) * powers
        self._knots, self._table = knots, table
        self._low, self._high = dtype.type(knots[0]), dtype.type(knots[-1])
        self._starts = knots[:-1].astype(dtype)
        self._ends = np.append(knots[1:-1], np.inf).astype(dtype)
        self._orders = [np.ascontiguousarray(column) for column in table.T.astype(dtype)]
        # buckets are taken a little wider than they are, so that rounding never skips an interval
        edges = [knots[0] + (np.arange(_BUCKETS) + edge) * (knots[-1] - knots[0]) / _BUCKETS for edge in (-0.01, 1.01)]
        first, last = (np.clip(np.searchsorted(knots, edge, side="right") - 1, 0, len(knots) - 2) for edge in edges)
        self._first = first.astype(np.intp)
        self._steps = int(np.max(last - first))
        self._to_bucket = dtype.type((_BUCKETS - 0.005) / (knots[-1] - knots[0]))
        self._index = np.empty(0, np.intp)
        self._work = np.empty((2, 0), dtype)

    def beyond(self, y: float, sign: int = 1) -> list[tuple[float, float]]:
        """Intervals of x that hold all with sign y(x) > `y`, a millionth of the range wider than they have to be."""
        parts = []
        for (low, high), row in zip(pairwise(self._knots.tolist()), sign * self._table, strict=True):
            width, polynomial = high - low, Polynomial(row)
            roots = (polynomial - y).trim().roots()
            real = roots.real[np.abs(roots.imag) < 1e-6 * width]
            for begin, end in pairwise(np.sort([0.0, *real[(real > 0) & (real < width)], width]).tolist()):
                parts.append((low + begin, low + end, polynomial((begin + end) / 2)))
        # beyond the knots the end values are held
        first, last = Polynomial(sign * self._table[0])(0), Polynomial(sign * self._table[-1])(np.diff(self._knots)[-1])
        parts += [(-np.inf, self._knots[0], first), (self._knots[-1], np.inf, last)]
        margin = 1e-6 * (self._knots[-1] - self._knots[0])
        return [(float(low - margin), float(high + margin)) for low, high, value in parts if value > y]

    def __call__(self, x: Array) -> None:
        """Replace `x`, contiguous and of the curve's dtype, by y(x)."""
        if self._index.size < x.size:
            self._index = np.empty(x.size, np.intp)
            self._work = np.empty((2, x.size), x.dtype)
        index, offset, part = self._index[: x.size], self._work[0, : x.size], self._work[1, : x.size]
        y = x.reshape(-1)
        y.clip(self._low, self._high, out=offset)
        np.subtract(offset, self._low, out=part)
        part *= self._to_bucket
        np.copyto(index, part, casting="unsafe")
        self._first.take(index, out=index, mode="clip")
        for _ in range(self._steps):
            self._ends.take(index, out=part, mode="clip")
            index += offset >= part
        self._starts.take(index, out=part, mode="clip")
        offset -= part
        self._orders[-1].take(index, out=y, mode="clip")
        for order in reversed(self._orders[:-1]):
            y *= offset
            order.take(index, out=part, mode="clip")
            y += part
