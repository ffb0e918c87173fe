"""Where tokens are stored: the cells and converters that they use."""

from __future__ import annotations

from dataclasses import dataclass

from gaincell_char.attention.chain import TILE_TOKENS, Tiles


@dataclass(frozen=True)
class Places:
    """`slots` rows of cells, in tiles of 64 tokens; they are used again one after the other."""

    slots: int

    @classmethod
    def of(cls, window: int, tiles: Tiles) -> Places:
        """A ring buffer has a slot for every token of the window; whole tiles that wander over it need one more."""
        return cls(window if tiles == "ring" else TILE_TOKENS * (-(-window // TILE_TOKENS) + 1))

    def slot(self, position: int) -> int:
        """Where the token at `position` is stored."""
        return position % self.slots

    def tile(self, position: int) -> int:
        """The tile of that slot."""
        return self.slot(position) // TILE_TOKENS

    @property
    def tiles(self) -> int:
        return -(-self.slots // TILE_TOKENS)
