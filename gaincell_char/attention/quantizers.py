"""Scaling, clipping and quantizing: how numbers of the network become pulse widths, stored voltages and counts."""

from __future__ import annotations

from dataclasses import dataclass
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
    a, b = per_head(gain, offset, x.dtype)
    scaled: Array = x * a
    scaled += b
    return scaled


@dataclass(frozen=True)
class Converter:
    """quantize(clip(gain x + offset, low, high)) head by head, gain and offset (H, 1, 1); step None: not quantized."""

    gain: Array
    offset: Array
    low: float
    high: float
    step: float | None

    def __call__(self, x: Array, heads: slice, out: Array) -> None:
        """Of `heads`, x (heads, T, D) into `out`."""
        np.multiply(x, self.gain[heads], out=out)
        out += self.offset[heads]
        out.clip(self.low, self.high, out=out)
        if self.step is not None:
            out /= self.step
            np.rint(out, out=out)
            out *= self.step


def converter(
    gain: Array, offset: Array, low: float, high: float, levels: int | None, dtype: np.dtype[Any]
) -> Converter:  # fmt: skip
    """To `levels` levels, or to all numbers between `low` and `high`; the gain is at least 1e-20."""
    step = None if levels is None else (high - low) / (levels - 1)
    return Converter(*per_head(gain, offset, dtype), low, high, step)


@dataclass(frozen=True)
class Raw:
    """x (B, H, T, D) that is converted where it is needed."""

    x: Array
    convert: Converter

    @property
    def shape(self) -> tuple[int, ...]:
        return self.x.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.x.dtype

    def levels(self, run: Run) -> Array:
        """All of them, a few heads at a time, so that the passes over them stay in the processor's cache."""
        stored = np.empty(self.x.shape, self.x.dtype)
        run(lambda heads: self.convert(self.x[heads], heads[1], stored[heads]), few_heads(self.x.shape))
        return stored


Source = Array | Raw
"""Levels, or what is converted to them."""


def ready(source: Source, run: Run = in_turn) -> Array:
    """Levels of all heads."""
    return source.levels(run) if isinstance(source, Raw) else source


def to_levels(x: Array, gain: Array, offset: Array, low: float, high: float, levels: int | None) -> Array:
    """quantize(clip(gain x + offset, low, high)), a new (B, H, T, D) array; `levels` None leaves the quantizer out."""
    return Raw(x, converter(gain, offset, low, high, levels, x.dtype)).levels(in_turn)


def few_heads(shape: tuple[int, ...], values: int = _VALUES_AT_ONCE) -> list[Heads]:
    """Where in (B, H, T, D) heads are that together hold about `values` values, at least one head each."""
    batch, heads, tokens, width = shape
    together = max(1, values // (tokens * width))
    return [(b, slice(h, min(h + together, heads))) for b in range(batch) for h in range(0, heads, together)]


def per_head(gain: Array, offset: Array, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """The gain, at least 1e-20, and the offset, both (H, 1, 1) of `dtype`."""
    a = np.maximum(gain, SMALLEST_GAIN).astype(dtype)[:, np.newaxis, np.newaxis]
    return a, np.asarray(offset, dtype)[:, np.newaxis, np.newaxis]
