"""When a curve has come to rest."""

from __future__ import annotations

import numpy as np

from gaincell_char.sweep.measures.curve import Array, NoMeasure


def settling(x: Array, y: Array, band: float) -> float:
    """The x after which y stays within +- `band` of its last value; linear between two points."""
    if not band > 0:
        raise NoMeasure(f"a band of {band:g}; expected more than 0")
    distance = np.abs(y - y[-1])
    outside = np.flatnonzero(distance > band)
    if outside.size == 0:
        return float(x[0])
    last = int(outside[-1])
    if last == len(x) - 2:
        raise NoMeasure(f"it still moves: {distance[last]:.4g} from its end one point before it, band {band:g}")
    part = (distance[last] - band) / (distance[last] - distance[last + 1])
    return float(x[last] + part * (x[last + 1] - x[last]))
