"""What resistive wires take from a product, as the tile itself computes it; the fast path folds the fast tier in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.array import Tile

Array = npt.NDArray[np.floating[Any]]

KEY_MODES, VALUE_MODES = 8, 2
"""`Pulses` modes of the fast tier: those of a K tile's pulses are made once for all tiles that a query sees."""


def wire_loss(tile: Tile, volts: Array, pulses: Array, tier: str, row: int = 0, modes: int = KEY_MODES) -> Array:
    """`Tile.correction` of cells (..., rows, columns) V for pulses (..., rows, queries), the first in row `row`."""
    if not np.any(pulses):
        return np.zeros((*volts.shape[:-2], volts.shape[-1], pulses.shape[-1]), volts.dtype)
    return tile.correction(volts, pulses, tier, row, modes)
