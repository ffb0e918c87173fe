"""Which tokens share a tile, and which of them a block of queries may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.chain import TILE_TOKENS, Chain

Array = npt.NDArray[np.floating[Any]]


class Segment(NamedTuple):
    """Neighbors in the text: the positions low .. high - 1."""

    low: int
    high: int


def within(part: Segment, whole: Segment) -> slice:
    """Where `part` is in an array that covers `whole`."""
    return slice(part.low - whole.low, part.high - whole.low)


def segments(chain: Chain, low: int, high: int) -> Iterator[Segment]:
    """The positions low .. high - 1, cut where a tile ends (and where the ring buffer begins again)."""
    while low < high:
        slot = low % chain.window if chain.tiles == "ring" else low
        end = low + TILE_TOKENS - slot % TILE_TOKENS
        if chain.tiles == "ring":
            end = min(end, low + chain.window - slot)
        yield Segment(low, min(end, high))
        low = end


def visible_tiles(chain: Chain, first_key: int, block: Segment) -> list[list[Segment]]:
    """Tile by tile, the segments that the queries of `block` may see, with keys from `first_key` on.

    In a ring buffer the tile under the write pointer holds tokens of two rounds, so it has two segments.
    """
    tiles: dict[int, list[Segment]] = {}
    for segment in segments(chain, max(first_key, block.low - chain.window + 1), block.high):
        tiles.setdefault(chain.tile_of(segment.low), []).append(segment)
    return list(tiles.values())


def seeing(chain: Chain, segment: Segment, block: Segment) -> Segment:
    """Of the queries of `block`, those that see at least one token of `segment`."""
    return Segment(max(block.low, segment.low), min(block.high, segment.high - 1 + chain.window))


_NOT_FUTURE = np.tri(TILE_TOKENS, dtype=bool).T


class Look(NamedTuple):
    """Queries that look at a segment; for some of them 1 where a (token, query) pair is allowed, else 0."""

    segment: Segment
    queries: Segment
    allowed: tuple[tuple[slice, Array], ...]

    def mask(self, scores: Array) -> None:
        """Set `scores` (heads, tokens, queries) to 0 where the age is not allowed."""
        for queries, allowed in self.allowed:
            scores[:, :, queries] *= allowed


class Block(NamedTuple):
    """Queries, and tile by tile how they look at the segments they may see."""

    queries: Segment
    tiles: list[list[Look]]


def blocks(chain: Chain, first_key: int, queries: Segment, size: int, dtype: np.dtype[Any]) -> list[Block]:
    """`queries` in blocks of `size`, with keys from `first_key` on; masks for scores of `dtype`."""
    plan = []
    for low in range(queries.low, queries.high, size):
        block = Segment(low, min(low + size, queries.high))
        tiles = visible_tiles(chain, first_key, block)
        plan.append(Block(block, [[_look(chain, segment, block, dtype) for segment in tile] for tile in tiles]))
    return plan


def _look(chain: Chain, segment: Segment, block: Segment, dtype: np.dtype[Any]) -> Look:
    """Only the queries that see a part of the segment need a mask: those within it (the future), and those for which
    the segment is leaving the window."""
    queries, allowed = seeing(chain, segment, block), []
    tokens = segment.high - segment.low
    for begin, pairs in ((segment.low, _NOT_FUTURE), (segment.low + chain.window, ~_NOT_FUTURE)):
        low, high = max(begin, queries.low), min(begin + tokens - 1, queries.high)
        if low < high:
            among = pairs[:tokens, low - begin : high - begin].astype(dtype)
            allowed.append((within(Segment(low, high), queries), among))
    return Look(segment, queries, tuple(allowed))


def visible_pairs(chain: Chain, segment: Segment, queries: Segment) -> int:
    """How many (token of `segment`, query) pairs have an allowed age; every query sees at least one token."""
    query = np.arange(queries.low, queries.high)
    return int(np.sum(np.minimum(query + 1, segment.high) - np.maximum(query - chain.window + 1, segment.low)))
