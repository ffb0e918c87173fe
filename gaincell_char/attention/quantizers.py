"""Scaling, clipping and quantizing: how numbers of the network become pulse widths, stored voltages and counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.blas import Run, in_turn

Array = npt.NDArray[np.floating[Any]]
Heads = tuple[int, slice]

# a scaler's gain is kept positive, so that a frozen head stays finite
SMALLEST_GAIN = 1e-20

_VALUES_AT_ONCE = 1 << 16


def quantize(x: Array, low: float, high: float, levels: int) -> Array:
    """`x` on the grid of step (high - low)/(levels - 1) that contains 0, half to even."""
    step = (high - low) / (levels - 1)
    rounded: Array = step * np.rint(x / step)
    return rounded


def scale(x: Array, gain: Array, offset: Array) -> Array:
    """`gain` x + `offset` per head: x (B, H, T, D), gain and offset (H,); the gain is at least 1e-20."""
    a, b = _per_head(gain, offset, x.dtype)
    scaled: Array = x * a
    scaled += b
    return scaled


def to_levels(
    x: Array, gain: Array, offset: Array, low: float, high: float, levels: int | None, run: Run = in_turn
) -> Array:
    """quantize(clip(gain x + offset, low, high)), a new (B, H, T, D) array; `levels` None leaves the quantizer out.

    A few heads at a time, so that the passes over them stay in the processor's cache.
    """
    stored = np.empty(x.shape, x.dtype)
    a, b = _per_head(gain, offset, x.dtype)
    step = None if levels is None else x.dtype.type((high - low) / (levels - 1))

    def convert(heads: Heads) -> None:
        part = stored[heads]
        np.multiply(x[heads], a[heads[1]], out=part)
        part += b[heads[1]]
        part.clip(low, high, out=part)
        if step is not None:
            part /= step
            np.rint(part, out=part)
            part *= step

    run(convert, few_heads(x.shape))
    return stored


def rescale(y: Array, gain: Array, offset: Array, run: Run = in_turn) -> None:
    """y <- `gain` y + `offset` as `scale`, in place."""
    a, b = _per_head(gain, offset, y.dtype)

    def convert(heads: Heads) -> None:
        part = y[heads]
        part *= a[heads[1]]
        part += b[heads[1]]

    run(convert, few_heads(y.shape))


def few_heads(shape: tuple[int, ...], values: int = _VALUES_AT_ONCE) -> list[Heads]:
    """Where in (B, H, T, D) heads are that together hold about `values` values, at least one head each."""
    batch, heads, tokens, width = shape
    together = max(1, values // (tokens * width))
    return [(b, slice(h, min(h + together, heads))) for b in range(batch) for h in range(0, heads, together)]


def _per_head(gain: Array, offset: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """The gain, at least 1e-20, and the offset, both (H, 1, 1) of `dtype`."""
    a = np.maximum(gain, SMALLEST_GAIN).astype(dtype)[:, np.newaxis, np.newaxis]
    return a, np.asarray(offset, dtype)[:, np.newaxis, np.newaxis]
