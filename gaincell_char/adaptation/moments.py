"""What one forward pass over the calibration batch tells the adaptation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.observation import HeadStatistics

PerHead = npt.NDArray[np.float64]


class Moments(Protocol):
    """Mean and standard deviation (ddof 1), one of each a head: (H,). `HeadStatistics` are such."""

    @property
    def mean(self) -> PerHead: ...

    @property
    def std(self) -> PerHead: ...


@dataclass(frozen=True)
class Target:
    """Moments that a scaler's output should have, (H,) each."""

    mean: PerHead
    std: PerHead


LayerMoments = Mapping[str, Moments]
"""Moments of one layer by the names of `attention.observation.Observer`; the update reads `q`, `k`, `v` and `out`."""


@dataclass(frozen=True)
class Observation:
    """One pass: the mean next-token loss in nats, and the statistics of every layer by name."""

    loss: float
    layers: tuple[Mapping[str, HeadStatistics], ...]


def constant(moments: Moments) -> npt.NDArray[np.bool_]:
    """Heads (H,) whose value never varies: the deviation is zero but for the rounding of its mean."""
    return moments.std <= 1e-6 * np.abs(moments.mean)


def clipped_mean(mean: PerHead, std: PerHead, low: float, high: float) -> PerHead:
    """E[clip(x, low, high)] of a normal x, elementwise; `std` > 0."""
    a, b = (low - mean) / std, (high - mean) / std
    below, above = _normal_cdf(a), 1 - _normal_cdf(b)
    density = (np.exp(-0.5 * a * a) - np.exp(-0.5 * b * b)) / math.sqrt(2 * math.pi)
    return low * below + high * above + mean * (1 - below - above) + std * density


def _normal_cdf(x: PerHead) -> PerHead:
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x])
