"""From charge to pulse to count, for a block of queries: as published, or as the converters were measured."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.chain import LARGEST_COUNT, STEPS
from gaincell_char.attention.circuit import Circuit
from gaincell_char.attention.spread import Noise, Singles
from gaincell_char.attention.tiles import Segment

Array = npt.NDArray[np.floating[Any]]
Heads = tuple[int, slice]


class Conversions(Protocol):
    """In place, for some heads."""

    def pulses(self, scores: Array, segment: Segment, queries: slice) -> None:
        """S/80 of the tokens of `segment`, (heads, tokens, queries) -> pulse widths in T_max."""

    def counts(self, sums: Array, position: int, queries: slice) -> None:
        """A_n of the tile with the token at `position`, in steps of the counter, (heads, D, queries) -> counts."""


class Published:
    """clip(S/80, 0, 1); the nearest count within +-15.5 steps, or none where nothing is quantized (`step` 1)."""

    def __init__(self, step: float, quantize: bool) -> None:
        self._limit = 1 / step
        self._quantize = quantize

    def pulses(self, scores: Array, segment: Segment, queries: slice) -> None:
        scores.clip(0, 1, out=scores)

    def counts(self, sums: Array, position: int, queries: slice) -> None:
        sums.clip(-self._limit, self._limit, out=sums)
        if self._quantize:
            np.rint(sums, out=sums)


class Measured:
    """The converters and the counter of `circuit`; what is not measured or switched off is as published.

    `spread`: offset and gain numbers of the ReLU converters (heads, 2, slots) and of the signed ones (heads, 4, tiles,
    D), standard normal; `noise` and where these heads are in it; None without.
    """

    def __init__(
        self,
        circuit: Circuit,
        dtype: np.dtype[Any],
        spread: tuple[Singles, Singles] | None,
        noise: tuple[Noise, Heads] | None,
    ) -> None:
        self._circuit = circuit
        self._relu, self._signed = circuit.relu_curve(dtype), circuit.signed_curve(dtype)
        self._relu_spread = self._signed_spread = None
        if spread is not None and circuit.relu_sigma is not None:
            self._relu_spread = (spread[0] * circuit.relu_sigma[:, None]).astype(dtype)
        if spread is not None and circuit.signed_sigma is not None:
            self._signed_spread = (spread[1] * circuit.signed_sigma[:, None, None]).astype(dtype)
        self._noise = noise

    def pulses(self, scores: Array, segment: Segment, queries: slice) -> None:
        dtype = scores.dtype.type
        slot = self._circuit.places.slot(segment.low)
        slots = range(slot, slot + scores.shape[1])
        if self._relu_spread is not None:
            offset, gain = self._relu_spread[:, :, slots.start : slots.stop].swapaxes(0, 1)[..., None]
            scores *= 1 + gain
            scores += offset
        if self._noise is not None and self._circuit.relu_jitter:
            noise, heads = self._noise
            scores += dtype(self._circuit.relu_jitter) * noise.relu(heads, slots, queries)
        if self._relu is None:
            np.clip(scores, dtype(0), dtype(1), out=scores)
        else:
            self._relu(scores)
        if self._circuit.stretch:
            scores += np.where(scores > 0, dtype(self._circuit.stretch), dtype(0))
            np.maximum(scores, 0, out=scores)

    def counts(self, sums: Array, position: int, queries: slice) -> None:
        tile = self._circuit.places.tile(position)
        if self._signed_spread is not None:
            positive = sums >= 0
            offset, gain, below, shrink = self._signed_spread[:, :, tile].swapaxes(0, 1)[..., None]
            sums *= 1 + np.where(positive, gain, shrink)
            sums += np.where(positive, offset, -below)
        if self._noise is not None and self._circuit.signed_jitter:
            noise, heads = self._noise
            jitter = sums.dtype.type(self._circuit.signed_jitter)
            sums += jitter * noise.signed(heads, tile, sums.shape[1], queries)
        limit = sums.dtype.type(STEPS)
        if self._signed is None:
            np.clip(sums, -limit, limit, out=sums)
        else:
            self._signed(sums)
        self._count(sums, tile, queries)

    def _count(self, widths: Array, tile: int, queries: slice) -> None:
        counter = self._circuit.counter
        if counter is None:
            np.rint(widths, out=widths)
            np.clip(widths, -LARGEST_COUNT, LARGEST_COUNT, out=widths)
            return
        phase: Any = widths.dtype.type(counter.phase)
        if self._noise is not None and counter.spread:
            noise, heads = self._noise
            phase = (counter.phase + counter.spread * noise.phase(heads, tile, queries)).astype(widths.dtype)
        edges = np.abs(widths)
        edges -= phase
        edges *= widths.dtype.type(1 / counter.period)
        np.floor(edges, out=edges)
        edges += 1
        np.clip(edges, 0, counter.largest, out=edges)
        np.copysign(edges, widths, out=widths)
