"""Colors of a loss: red where the circuit adds, blue where it takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_MORE, _LESS = (214, 69, 65), (52, 120, 200)


def strength(values: npt.NDArray[np.float64]) -> float:
    """The value that gets the full color: the 98th percentile of the sizes, so that one outlier hides no other."""
    return max(float(np.percentile(np.abs(values), 98)), 1e-12)


def mixed(value: float, full: float) -> tuple[tuple[int, int, int], float]:
    """The color of `value` and how much of it there is, 0..1."""
    return (_MORE if value > 0 else _LESS), min(abs(value) / full, 1.0)


def on_dark(value: float, full: float) -> str:
    """A background for terminals, as rich names colors."""
    color, share = mixed(value, full)
    return "rgb({},{},{})".format(*(round(30 + share * (part - 30)) for part in color))
