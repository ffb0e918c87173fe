"""Random numbers that belong to a place, not to a moment: the same cell, or the same conversion, draws the same again.

Mismatch is a field over the cells and converters of a layer, drawn once for a seed. Noise is a function of what is
converted: seed, layer, the query's levels and position, and the column. So a cache, blocks or threads change nothing,
and another text sees other noise.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Keys = npt.NDArray[np.uint64]

_GOLDEN = 0x9E3779B97F4A7C15
_TO_UNIT = np.float32(2.0**-32)
LARGEST_NORMAL = 6.77
"""`normal` gives no number beyond: sqrt(-2 log(2^-33)), rounded up."""


@lru_cache(maxsize=64)
def mismatch_field(seed: int, layer: int, kind: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Standard normal numbers of `shape`, the first axis being the head; read-only."""
    generator = np.random.default_rng([seed, layer, *kind.encode()])
    field = generator.standard_normal(shape, np.float32)
    field.flags.writeable = False
    return field


def query_keys(levels: npt.NDArray[np.integer[Any]], positions: npt.NDArray[np.integer[Any]], seed: int) -> Keys:
    """A key for every query from its levels (..., T, D) and positions (T,) -> (..., T)."""
    odd = 2 * np.random.default_rng(seed).integers(2**62, size=levels.shape[-1], dtype=np.uint64) + np.uint64(1)
    content = (levels.astype(np.uint64) * odd).sum(axis=-1, dtype=np.uint64)
    return _mix(content + positions.astype(np.uint64) * np.uint64(_GOLDEN))


def column_keys(numbers: npt.NDArray[np.integer[Any]], stream: int) -> Keys:
    """A key for every column from its number, for one of several independent `stream`s."""
    return _mix((numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN) ^ np.uint64(stream))


def normal(keys: Keys) -> npt.NDArray[np.float32]:
    """A standard normal number for every key (Box and Muller 1958)."""
    bits = _mix(keys)
    radius = ((bits >> np.uint64(32)).astype(np.float32) + np.float32(0.5)) * _TO_UNIT
    angle = (bits & np.uint64(0xFFFFFFFF)).astype(np.float32) * (_TO_UNIT * np.float32(2 * np.pi))
    np.minimum(radius, np.float32(1), out=radius)
    drawn: npt.NDArray[np.float32] = np.sqrt(np.float32(-2) * np.log(radius)) * np.cos(angle)
    return drawn


def uniform(keys: Keys) -> npt.NDArray[np.float64]:
    """A number in [-1/2, 1/2) for every key."""
    drawn: npt.NDArray[np.float64] = (_mix(keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53 - 0.5
    return drawn


def _mix(keys: Keys) -> Keys:
    """The finalizer of splitmix64 (Steele, Lea and Flood 2014): every bit of the key moves every bit of the result."""
    x = keys ^ (keys >> np.uint64(30))
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x
