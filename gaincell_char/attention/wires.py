"""What resistive wires take from the two products: the array's tiers, for the heads and blocks of the fast path."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.array import Tile, fast

Array = npt.NDArray[np.floating[Any]]


class WireLoss:
    """To be added to a product, in unit currents x T_max, for the heads of one call."""

    def __init__(self, tile: Tile, tier: str) -> None:
        self._tile = tile
        self._tier = tier
        self._q: Array = np.empty(0)
        self._pulses: list[fast.Pulses] = []

    def begin(self, widths: Array) -> None:
        """The query pulses of a block, (heads, D, queries) in T_max: they are the same for every tile."""
        self._q = widths
        if self._tier == "fast":
            self._pulses = [fast.Pulses(head) for head in widths]

    def scores(self, volts: Array, queries: slice) -> Array:
        """Of K tiles, (heads, tokens, D) V, for some queries of the block: (heads, tokens, queries)."""
        columns, tile = volts.swapaxes(1, 2), self._tile
        if self._tier != "fast":
            return wire_loss(tile, columns, self._q[:, :, queries], self._tier)
        return np.stack(
            [
                fast.Stored(tile.law, stored, tile.bl_V, tile.rail_V).correction(_some(pulses, queries))
                for stored, pulses in zip(columns, self._pulses, strict=True)
            ]
        )

    def currents(self, volts: Array, pulses: Array, row: int) -> Array:
        """Of V tiles, (heads, tokens, D) V, for pulses (heads, tokens, queries); the first token is in row `row`."""
        return wire_loss(self._tile, volts, pulses, self._tier, row)


def wire_loss(tile: Tile, volts: Array, pulses: Array, tier: str, row: int = 0) -> Array:
    """`Tile.correction` of cells (..., rows, columns) V for pulses (..., rows, queries), the first in row `row`.

    Rows below the first are off; the fast tier counts them as cells that draw next to nothing.
    """
    if not np.any(pulses):
        return np.zeros((*volts.shape[:-2], volts.shape[-1], pulses.shape[-1]), volts.dtype)
    rows = [*[(0, 0)] * (volts.ndim - 2), (row, 0), (0, 0)]
    middle = float(tile.law.knots[0] + tile.law.knots[-1]) / 2
    return tile.correction(np.pad(volts, rows, constant_values=middle), np.pad(pulses, rows), tier)


def _some(pulses: fast.Pulses, queries: slice) -> fast.Pulses:
    part = copy(pulses)
    part.by_row, part.mode = pulses.by_row[:, queries], pulses.mode[:, queries]
    return part
