"""The wire network of a tile: what resistive bit lines and rails do to its currents and charges. NumPy only."""

from gaincell_char.array.fast import Cells, Pulses
from gaincell_char.array.tile import TIERS, Tile, tile, tile_of

__all__ = ["TIERS", "Cells", "Pulses", "Tile", "tile", "tile_of"]
