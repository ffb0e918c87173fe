"""Tables over (level, age) as few products f(level) g(age), for the matrix products of the fast path."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from gaincell_char.attention.chain import TILE_TOKENS

Doubles = npt.NDArray[np.float64]

_HALF = TILE_TOKENS // 2


class AgedTable:
    """table[part, level, age] = base[part, level] + sum_r levels[r, part, level] g_r(age), within some `tolerance`s.

    There are two kinds of terms. Where all g change so slowly that over a tile's tokens s, with their middle m,

        g(t - s) = g(t - m) + slope (m - s)         for every query t,

    they are `smooth`: a product with f and one number for every query, and the rest belongs to what is stored. What
    leaks from a cell in a thousand tokens is of this kind. What its first read does to it is not: the change from age 0
    to 1 is a `young` term, with a product and a number for every pair of a token and a query, of age 0 only. Where
    the g are not smooth, all terms are young ones, of any age.

    base: (parts, levels). All parts share the functions of the age.
    """

    def __init__(self, table: Doubles, tolerance: float) -> None:
        self.base: Doubles
        self.smooth: Terms
        self.young: Terms
        aged = table[..., 1:] if table.shape[-1] > 1 else table
        self.base = aged[..., 0]
        self.smooth = Terms.of(aged - self.base[..., np.newaxis], tolerance)
        first = table[..., :1] - self.base[..., np.newaxis]
        if self.smooth.bend > tolerance:
            self.base = table[..., 0]
            self.smooth = Terms.of(np.zeros_like(first), tolerance)
            first = table - self.base[..., np.newaxis]
        self.young = Terms.of(first, tolerance)


class Terms:
    """levels (rank, parts, levels) times ages (rank, n): f_r(level) and g_r(age) from the first age on."""

    def __init__(self, levels: Doubles, ages: Doubles) -> None:
        self.levels, self.ages = levels, ages
        self.slopes: Doubles = (ages[:, -1] - ages[:, 0]) / max(ages.shape[1] - 1, 1)
        self._padded = np.pad(ages, ((0, 0), (1, 1)))

    @classmethod
    def of(cls, table: Doubles, tolerance: float) -> Terms:
        """As few as sum up to `table` (parts, levels, ages) within `tolerance`."""
        left, strength, right = np.linalg.svd(table.reshape(-1, table.shape[-1]), full_matrices=False)
        parts = left.T[:, :, np.newaxis] * (strength[:, np.newaxis] * right)[:, np.newaxis, :]
        dropped = [np.abs(parts[rank:].sum(axis=0)).max(initial=0.0) for rank in range(len(parts) + 1)]
        rank = int(np.argmax(np.array(dropped) <= tolerance))
        return cls(left.T[:rank].reshape(rank, *table.shape[:-1]), strength[:rank, np.newaxis] * right[:rank])

    @property
    def reach(self) -> int:
        """Tokens of fewer ages have these terms."""
        return self.ages.shape[1] if len(self.ages) else 0

    @property
    def bend(self) -> float:
        """How far the terms are from straight lines over half a tile, whichever the ages."""
        straight = self.ages - self.slopes[:, np.newaxis] * np.arange(self.ages.shape[1])
        windows = sliding_window_view(np.pad(straight, ((0, 0), (_HALF, _HALF)), "edge"), _HALF + 1, axis=1)
        spread = (windows.max(axis=-1) - windows.min(axis=-1)).max(axis=1, initial=0.0)
        return float((spread * np.abs(self.levels).max(axis=(1, 2), initial=0.0)).sum())

    def at(self, ages: npt.NDArray[np.integer[Any]]) -> Doubles:
        """g_r, (rank, *ages.shape); `ages` are counted from the first one, and 0 is what lies before and beyond."""
        values: Doubles = self._padded.take(ages + 1, axis=1, mode="clip")
        return values

    def around(self, ages: npt.NDArray[np.integer[Any]]) -> Doubles:
        """g_r, (rank, *ages.shape), on their slopes before the first age."""
        before = np.minimum(ages, 0)
        values = self.at(ages - before)
        values += self.slopes[:, np.newaxis] * before
        return values
