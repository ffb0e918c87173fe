"""What one forward pass over the calibration batch tells the adaptation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PerHead = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation (ddof 1) over batch, tokens and width, one of each a head: (H,)."""

    mean: PerHead
    std: PerHead

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Heads (H,) whose value never varies: the deviation is zero but for the rounding of its mean."""
        return self.std <= 1e-6 * np.abs(self.mean)


LayerMoments = Mapping[str, Moments]
"""Moments of one layer by name: `q`, `k`, `v`, `out` (a scaler's output before its clip, after the tile sum for `out`)
and `score` (S of the pairs a query may see, in units of unit current x T_max)."""


@dataclass(frozen=True)
class Observation:
    """One pass: the mean next-token loss in nats, the moments of every layer, and what the circuit's ranges cut off.

    `saturated`: layer by layer, the share (H,) of values outside the range of `q`, `k`, `v`, of visible `score`s above
    full scale (P = 1), and of tile `sum`s beyond theirs; empty where nobody counted.
    """

    loss: float
    layers: tuple[LayerMoments, ...]
    saturated: tuple[Mapping[str, PerHead], ...] = ()


def clipped_mean(mean: PerHead, std: PerHead, low: float, high: float) -> PerHead:
    """E[clip(x, low, high)] of a normal x, elementwise; `std` > 0."""
    a, b = (low - mean) / std, (high - mean) / std
    below, above = _normal_cdf(a), 1 - _normal_cdf(b)
    density = (np.exp(-0.5 * a * a) - np.exp(-0.5 * b * b)) / math.sqrt(2 * math.pi)
    return low * below + high * above + mean * (1 - below - above) + std * density


def _normal_cdf(x: PerHead) -> PerHead:
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x])
