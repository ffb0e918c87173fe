"""What resistive wires take from a product, as the tile itself computes it; the fast path folds the fast tier in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.array import Tile

Array = npt.NDArray[np.floating[Any]]


def wire_loss(tile: Tile, volts: Array, pulses: Array, tier: str, row: int = 0) -> Array:
    """`Tile.correction` of cells (..., rows, columns) V for pulses (..., rows, queries), the first in row `row`.

    Rows below the first are off; the fast tier counts them as cells that draw next to nothing.
    """
    if not np.any(pulses):
        return np.zeros((*volts.shape[:-2], volts.shape[-1], pulses.shape[-1]), volts.dtype)
    rows = [*[(0, 0)] * (volts.ndim - 2), (row, 0), (0, 0)]
    middle = float(tile.law.knots[0] + tile.law.knots[-1]) / 2
    return tile.correction(np.pad(volts, rows, constant_values=middle), np.pad(pulses, rows), tier)
