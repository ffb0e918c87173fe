"""How far a curve keeps to its value at one place: the edges of a usable range."""

from __future__ import annotations

import numpy as np

from gaincell_char.sweep.measures.curve import Array, NoMeasure


def range_high(x: Array, y: Array, reference: float, part: float) -> float:
    """The first x above `reference` at which y has departed from y(reference) by `part` of it, linear in between."""
    return _edge(x, y, reference, part)


def range_low(x: Array, y: Array, reference: float, part: float) -> float:
    """The same below `reference`."""
    return -_edge(-x[::-1], y[::-1], -reference, part)


def _edge(x: Array, y: Array, reference: float, part: float) -> float:
    if not x[0] <= reference < x[-1]:
        raise NoMeasure(f"the reference {abs(reference):g} is not inside the curve, {abs(x[0]):g} to {abs(x[-1]):g}")
    nominal = float(np.interp(reference, x, y))
    if nominal == 0 or not part > 0:
        raise NoMeasure(f"{part:g} of {nominal:g}: nothing to depart from")
    beyond = x > reference
    at = np.concatenate(([reference], x[beyond]))
    departed = np.concatenate(([0.0], np.abs(y[beyond] / nominal - 1)))
    hits = np.flatnonzero(departed >= part)
    if hits.size == 0:
        raise NoMeasure(f"it stays within {part:g} of its value at {abs(reference):g}: {departed.max():.4g} at most")
    last = int(hits[0])
    share = (part - departed[last - 1]) / (departed[last] - departed[last - 1])
    return float(at[last - 1] + share * (at[last] - at[last - 1]))
