"""A curve read at one place."""

from __future__ import annotations

import numpy as np

from gaincell_char.sweep.measures.curve import Array, NoMeasure


def value(x: Array, y: Array, at: float) -> float:
    """y at x = `at`; linear between two points, never beyond the ends."""
    slack = 1e-9 * max(abs(x[0]), abs(x[-1]))
    if not x[0] - slack <= at <= x[-1] + slack:
        raise NoMeasure(f"{at:g} is outside the curve, which goes from {x[0]:g} to {x[-1]:g}")
    return float(np.interp(at, x, y))
