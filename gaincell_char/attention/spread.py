"""Mismatch and noise of the heads of one layer: which cell, which converter, which conversion draws what."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.circuit import Circuit
from gaincell_char.attention.draws import Keys, column_keys, mismatch_field, normal, query_keys, uniform

Array = npt.NDArray[np.floating[Any]]
Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

_RELU, _SIGNED, _PHASE = range(3)


class Mismatch:
    """Standard normal numbers of `heads` heads of width `width` in layer `layer`, by place."""

    def __init__(self, circuit: Circuit, layer: int, heads: int, width: int) -> None:
        self._places = circuit.places
        self._seed, self._layer, self._heads, self._width = circuit.seed, layer, heads, width

    def cells(self, kind: str) -> Singles:
        """Of the cells that store `kind`, "k" or "v": (heads, slots, width)."""
        return self._field(f"cells {kind}", (self._heads, self._places.slots, self._width))

    def relu(self) -> Singles:
        """Offset and gain of the ReLU converter of every slot: (heads, 2, slots)."""
        return self._field("relu", (self._heads, 2, self._places.slots))

    def signed(self) -> Singles:
        """Offset and gain of positive, then of negative pulses, of every signed converter: (heads, 4, tiles, width)."""
        return self._field("signed", (self._heads, 4, self._places.tiles, self._width))

    def _field(self, kind: str, shape: tuple[int, ...]) -> Singles:
        return mismatch_field(self._seed, self._layer, kind, shape)


class Noise:
    """Numbers for every conversion of the queries with levels `q_levels` (..., heads, T, width), from `first` on."""

    def __init__(self, circuit: Circuit, layer: int, q_levels: npt.NDArray[np.integer[Any]], first: int) -> None:
        heads, queries = q_levels.shape[-3:-1]
        positions = np.arange(first, first + queries)
        places = column_keys(np.arange(heads), layer)[:, np.newaxis]
        self._queries: Keys = query_keys(q_levels, positions, circuit.seed) ^ places

    def relu(self, heads: tuple[Any, ...], slots: range, queries: slice, some: Places) -> Singles:
        """Standard normal, for places `some` in (heads, slots, queries), flattened."""
        return normal(self._keys(heads, slots, _RELU, queries, some))

    def signed(self, heads: tuple[Any, ...], tile: int, width: int, queries: slice, some: Places) -> Singles:
        """Standard normal, for places `some` in (heads, width, queries), flattened."""
        return normal(self._keys(heads, range(tile * width, (tile + 1) * width), _SIGNED, queries, some))

    def phase(self, heads: tuple[Any, ...], tile: int, width: int, queries: slice, some: Places) -> Array:
        """Of the clock that a tile's counters share: uniform in [-1/2, 1/2), for places as in `signed`."""
        keys = self._queries[heads][..., queries] ^ column_keys(np.array([tile]), _PHASE)
        shared, count = uniform(keys.reshape(-1)), keys.shape[-1]
        query = some % count if len(keys) == 1 else some // (width * count) * count + some % count
        drawn: Array = shared[query]
        return drawn

    def _keys(self, heads: tuple[Any, ...], columns: range, stream: int, queries: slice, some: Places) -> Keys:
        own = column_keys(np.arange(columns.start, columns.stop), stream)
        keys: Keys = self._queries[heads][..., np.newaxis, queries] ^ own[:, np.newaxis]
        return keys.reshape(-1)[some]
