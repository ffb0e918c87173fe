"""The least-squares line of a curve: its slope, and how far the curve is from it."""

from __future__ import annotations

import numpy as np

from gaincell_char.sweep.measures.curve import Array, NoMeasure


def slope(x: Array, y: Array) -> float:
    """The slope of the least-squares line."""
    centered = x - x.mean()
    return float(centered @ (y - y.mean()) / (centered @ centered))


def deviation(x: Array, y: Array) -> float:
    """The largest distance of y from the least-squares line, over the line's rise from the first x to the last."""
    steep = slope(x, y)
    rise = abs(steep * (x[-1] - x[0]))
    if rise == 0:
        raise NoMeasure("the line is flat: a deviation has nothing to be compared with")
    line = y.mean() + steep * (x - x.mean())
    return float(np.abs(y - line).max() / rise)
