"""Keys and values of the tokens a network has read: one more token costs one row, not a whole forward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.errors import InputError

Array = npt.NDArray[np.floating[Any]]


class KVCache:
    """The cache of one network and one batch; software and analog attention use it the same way.

    A forward pass over T new tokens takes their positions from `length` (0 for an empty cache) and calls each layer's
    attention with q, k, v of the new tokens only, (B, H, T, D). The attention hands its k and v to `append` and attends
    over what comes back:

        keys, values, start = cache.append(layer, k, v)    # (B, H, S, D) each: tokens start .. start + S - 1
        # query row j of this call is the token at position start + S - T + j; it may see positions up to its own

    Software attention stores k and v as they are. Analog attention stores what the gain cells hold, the scaled, clipped
    and quantized levels, so a cache belongs to the attention that filled it.
    """

    def __init__(self, n_layer: int) -> None:
        self._layers = [_LayerCache() for _ in range(n_layer)]

    @property
    def n_layer(self) -> int:
        return len(self._layers)

    @property
    def length(self) -> int:
        """Tokens read so far, forgotten ones included: the position of the next token.

        It moves when the last layer has appended, so it is constant during a forward pass.
        """
        return self._layers[-1].end

    def append(self, layer: int, k: Array, v: Array, window: int | None = None) -> tuple[Array, Array, int]:
        """Store k, v (B, H, T, D) of the next T tokens of `layer`; return all kept keys, values and the first position.

        With `window`, tokens that no query from here on can see (age >= window) are forgotten first. The arrays are
        views, valid until the next `append` to this layer, and must not be written to.

        Raises
        ------
        InputError
            k, v do not fit what is stored (another batch, head count or width).
        """
        return self._layers[layer].append(k, v, window)


class _LayerCache:
    """Growing arrays of one layer: tokens `start` .. `end - 1` at `offset` in the buffers."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self._offset = 0
        self._k: Array | None = None
        self._v: Array | None = None

    def append(self, k: Array, v: Array, window: int | None) -> tuple[Array, Array, int]:
        if window is not None:
            forgotten = max(0, self.end - self.start - (window - 1))
            self.start += forgotten
            self._offset += forgotten
        kept, new = self.end - self.start, k.shape[2]
        buffers = []
        for held, given in ((self._k, k), (self._v, v)):
            buffer = _with_room(held, self._offset, kept, given)
            where = kept if buffer is not held else self._offset + kept
            buffer[:, :, where : where + new] = given
            buffers.append(buffer)
        if buffers[0] is not self._k:
            self._offset = 0
        self._k, self._v = buffers
        self.end += new
        visible = slice(self._offset, self._offset + kept + new)
        return self._k[:, :, visible], self._v[:, :, visible], self.start


def _with_room(held: Array | None, offset: int, kept: int, given: Array) -> Array:
    """`held`, or a larger copy of its kept tokens where `given` (B, H, T, D) does not fit behind them."""
    batch, heads, new, width = given.shape
    if held is not None:
        if held.shape[:2] != (batch, heads) or held.shape[3] != width:
            stored = (held.shape[0], held.shape[1], "T", held.shape[3])
            raise InputError(f"cache: it holds (B, H, T, D) = {stored}, given {given.shape}; start a new KVCache")
        if offset + kept + new <= held.shape[2]:
            return held
    larger = np.empty((batch, heads, 2 * (kept + new), width), given.dtype)
    if held is not None:
        larger[:, :, :kept] = held[:, :, offset : offset + kept]
    return larger
