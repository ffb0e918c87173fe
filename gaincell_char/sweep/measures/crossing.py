"""Where a curve crosses a level."""

from __future__ import annotations

import numpy as np

from gaincell_char.sweep.measures.curve import Array, NoMeasure


def crossing(x: Array, y: Array, level: float) -> float:
    """The first x at which y passes `level`, rising or falling; linear between two points."""
    above = y - level
    hits = np.flatnonzero(np.sign(above[:-1]) * np.sign(above[1:]) <= 0)
    if hits.size == 0:
        raise NoMeasure(f"no crossing of {level:g}: it goes from {y[0]:.4g} to {y[-1]:.4g}")
    at = int(hits[0])
    rise = above[at + 1] - above[at]
    return float(x[at] if rise == 0 else x[at] - above[at] * (x[at + 1] - x[at]) / rise)
