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
score       S of the pairs a query may see, in unit currents; `outside`: S above full scale, or below 0
sum         A_n of the tiles a query may see, in unit currents
out         the scaler's output after the tile sum, over (B, T, D); nothing clips it
"""


class Moments:
    """Running sums per head: add arrays bit by bit, then read the statistics."""

    def __init__(self, heads: int) -> None:
        self.count = np.zeros(heads)
        self.total = np.zeros(heads)
        self.squares = np.zeros(heads)
        self.outside = np.zeros(heads)

    def add(self, head: int, values: Array, count: float, low: float, high: float) -> None:
        """Take in `values` of `head`: `count` of them are meant, the others are 0 and inside the range."""
        self.count[head] += count
        self.total[head] += values.sum(dtype=np.float64)
        self.squares[head] += np.square(values, dtype=np.float64).sum()
        self.outside[head] += np.count_nonzero((values < low) | (values > high))

    def merge(self, other: Moments) -> None:
        """Add what `other` has seen."""
        self.count += other.count
        self.total += other.total
        self.squares += other.squares
        self.outside += other.outside

    def statistics(self) -> HeadStatistics:
        mean = self.total / self.count
        variance = np.maximum(self.squares - self.count * mean**2, 0.0) / np.maximum(self.count - 1, 1)
        return HeadStatistics(mean, np.sqrt(variance), self.outside / self.count)


def scaled_statistics(x: Array, gain: PerHead, offset: PerHead, low: float, high: float) -> HeadStatistics:
    """Statistics of gain x + offset per head, x (B, H, T, D), gain and offset (H,), gain > 0."""
    mean = x.mean(axis=(0, 2, 3), dtype=np.float64)
    std = x.std(axis=(0, 2, 3), dtype=np.float64, ddof=1)
    gain, offset = np.asarray(gain, float), np.asarray(offset, float)
    below, above = ((edge - offset) / gain for edge in (low, high))
    outside = (x < below[:, None, None]) | (x > above[:, None, None])
    return HeadStatistics(gain * mean + offset, gain * std, outside.mean(axis=(0, 2, 3)))
