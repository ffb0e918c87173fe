"""Where a curve bends most."""

from __future__ import annotations

import numpy as np

from gaincell_char.sweep.measures.curve import Array, NoMeasure


def kink(x: Array, y: Array) -> float:
    """The point at which the slope changes most, from the interval before it to the one after."""
    if len(x) < 3:
        raise NoMeasure(f"{len(x)} points have no bend")
    slopes = np.diff(y) / np.diff(x)
    change = np.abs(np.diff(slopes))
    if not change.max() > 0:
        raise NoMeasure("the curve is straight")
    return float(x[int(change.argmax()) + 1])
