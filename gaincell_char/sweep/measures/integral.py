"""The area under a curve."""

from __future__ import annotations

import numpy as np

from gaincell_char.sweep.measures.curve import Array


def integral(x: Array, y: Array) -> float:
    """By trapezoids over the whole curve."""
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
