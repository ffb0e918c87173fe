"""What an adaptation measures while a network runs: statistics per head at the points where the circuit clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
PerHead = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeadStatistics:
    """Of one head each, (H,): mean, standard deviation (ddof 1), and the share of values outside the clip's range."""

    mean: PerHead
    std: PerHead
    outside: PerHead


Observer = Callable[[int, str, HeadStatistics], None]
"""Called as observe(layer, name, statistics) in every forward pass. `name` is

q, k, v     the scaler's output before its clip, over (B, T, D)
score       S of the pairs a query may see, in unit currents; `outside`: P is 1, S is above full scale
sum         A_n of the tiles a query may see, in unit currents; `outside`: beyond the counter's full scale
out         the scaler's output after the tile sum, over (B, T, D); nothing clips it
"""


class Moments:
    """Running sums per head: values are added bit by bit, then the statistics are read."""

    def __init__(self, heads: int) -> None:
        self.count = np.zeros(heads)
        self.total = np.zeros(heads)
        self.squares = np.zeros(heads)
        self.outside = np.zeros(heads)

    def add(self, head: int, values: Array, count: int, unit: float, limits: tuple[float, float]) -> None:
        """Take in `values` (heads, ...) of the heads from `head` on, in `unit`; `outside` counts those beyond `limits`.

        `count` values of a head are meant; the others are 0, and 0 is within the limits.
        """
        among = slice(head, head + len(values))
        flat = values.reshape(len(values), -1).astype(np.float64)
        self.count[among] += count
        self.total[among] += unit * flat.sum(axis=1)
        self.squares[among] += unit**2 * np.square(flat).sum(axis=1)
        self.outside[among] += np.count_nonzero((flat < limits[0]) | (flat > limits[1]), axis=1)

    def merge(self, other: Moments) -> None:
        """Add what `other` has seen."""
        self.count += other.count
        self.total += other.total
        self.squares += other.squares
        self.outside += other.outside

    def statistics(self) -> HeadStatistics:
        """Mean, deviation and share outside."""
        mean = self.total / self.count
        variance = np.maximum(self.squares - self.count * mean**2, 0.0) / np.maximum(self.count - 1, 1)
        return HeadStatistics(mean, np.sqrt(variance), self.outside / self.count)


class InnerMoments:
    """Moments of S and of the tile sums A_n of one layer."""

    def __init__(self, heads: int) -> None:
        self.score = Moments(heads)
        self.sum = Moments(heads)

    def merge(self, other: InnerMoments) -> None:
        """Add what `other` has seen."""
        self.score.merge(other.score)
        self.sum.merge(other.sum)


def scaled_statistics(x: Array, gain: PerHead, offset: PerHead, limits: tuple[float, float]) -> HeadStatistics:
    """Statistics of gain x + offset per head, before the clip to `limits`: x (B, H, T, D), gain and offset (H,)."""
    scaled = gain[:, np.newaxis, np.newaxis] * x.astype(np.float64) + offset[:, np.newaxis, np.newaxis]
    outside = (scaled < limits[0]) | (scaled > limits[1])
    over = (0, 2, 3)
    return HeadStatistics(scaled.mean(axis=over), scaled.std(axis=over, ddof=1), outside.mean(axis=over))
