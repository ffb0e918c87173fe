"""Scaling, clipping and quantizing: how numbers of the network become pulse widths, stored voltages and counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

# a scaler's gain is kept positive, so that a frozen head stays finite
SMALLEST_GAIN = 1e-20


def quantize(x: Array, low: float, high: float, levels: int) -> Array:
    """`x` on the grid of step (high - low)/(levels - 1) that contains 0, half to even."""
    step = (high - low) / (levels - 1)
    rounded: Array = step * np.rint(x / step)
    return rounded


def scale(x: Array, gain: Array, offset: Array) -> Array:
    """`gain` x + `offset` per head: x (B, H, T, D), gain and offset (H,); the gain is at least 1e-20."""
    a = np.maximum(gain, SMALLEST_GAIN).astype(x.dtype)[:, np.newaxis, np.newaxis]
    scaled: Array = x * a
    scaled += np.asarray(offset, x.dtype)[:, np.newaxis, np.newaxis]
    return scaled


def to_levels(x: Array, gain: Array, offset: Array, low: float, high: float, levels: int | None) -> Array:
    """quantize(clip(gain x + offset, low, high)), a new (B, H, T, D) array; `levels` None leaves the quantizer out.

    One head at a time, so that the passes over it stay in the processor's cache.
    """
    stored = np.empty(x.shape, x.dtype)
    a, b = np.maximum(gain, SMALLEST_GAIN).astype(x.dtype), np.asarray(offset, x.dtype)
    step = None if levels is None else x.dtype.type((high - low) / (levels - 1))
    for batch in range(x.shape[0]):
        for head in range(x.shape[1]):
            plane = stored[batch, head]
            np.multiply(x[batch, head], a[head], out=plane)
            plane += b[head]
            np.clip(plane, x.dtype.type(low), x.dtype.type(high), out=plane)
            if step is not None:
                plane /= step
                np.rint(plane, out=plane)
                plane *= step
    return stored
