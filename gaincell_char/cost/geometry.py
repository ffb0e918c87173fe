"""How large a head is, and with it how many cells, rows, columns and tiles a token pays for."""

from __future__ import annotations

from dataclasses import dataclass

from gaincell_char.behavior.energy import EnergyPart
from gaincell_char.errors import InputError

HEAD_WIDTH = 64
"""Numbers of a token in one head: rows of a key tile, columns of a value tile."""


@dataclass(frozen=True)
class Geometry:
    """Of a network: `window` tokens in tiles of `tile` tokens; `heads` in parallel in each of `layers`.

    Raises
    ------
    InputError
        A number below 1.
    """

    window: int = 1024
    tile: int = 64
    heads: int = 12
    layers: int = 12

    def __post_init__(self) -> None:
        for name in ("window", "tile", "heads", "layers"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: {getattr(self, name)}; expected 1 or more")

    @property
    def tiles(self) -> int:
        """Of one product; the last may be short, and is paid for in full."""
        return -(-self.window // self.tile)

    @property
    def tokens(self) -> int:
        """Places for tokens."""
        return self.tiles * self.tile

    def count(self, part: EnergyPart) -> int:
        """How many there are of what `part` is paid for."""
        if part.product == "write":
            return 2 * HEAD_WIDTH
        tokens_are_columns = part.product == "key"
        return {
            "cell": self.tokens * HEAD_WIDTH,
            "row": self.tiles * HEAD_WIDTH if tokens_are_columns else self.tokens,
            "column": self.tokens if tokens_are_columns else self.tiles * HEAD_WIDTH,
            "tile": self.tiles,
        }[part.per]
