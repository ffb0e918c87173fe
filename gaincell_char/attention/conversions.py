"""From charge to pulse to count, for a block of queries: as published, or as the converters were measured."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.chain import LARGEST_COUNT, STEPS
from gaincell_char.attention.circuit import Circuit, Counter
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
        scores.clip(scores.dtype.type(0), scores.dtype.type(1), out=scores)

    def counts(self, sums: Array, position: int, queries: slice) -> None:
        limit = sums.dtype.type(self._limit)
        sums.clip(-limit, limit, out=sums)
        if self._quantize:
            np.rint(sums, out=sums)


class Measured:
    """The converters and the counter of `circuit`; what is not measured or switched off is as published.

    Most charges are too small for a pulse or a count: only the others are converted.

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
        self._no_pulse, self._no_count = circuit.quiet

    def pulses(self, scores: Array, segment: Segment, queries: slice) -> None:
        dtype = scores.dtype.type
        slot = self._circuit.places.slot(segment.low)
        slots = range(slot, slot + scores.shape[1])
        if self._relu_spread is not None:
            offset, gain = self._relu_spread[:, :, slots.start : slots.stop].swapaxes(0, 1)[..., None]
            scores *= 1 + gain
            scores += offset
        flat = scores.reshape(-1)
        (some,) = (flat > dtype(self._no_pulse)).nonzero()
        width = flat.take(some)
        if self._noise is not None and self._circuit.relu_jitter:
            noise, heads = self._noise
            width += dtype(self._circuit.relu_jitter) * noise.relu(heads, slots, queries, some)
        if self._relu is None:
            np.minimum(width, dtype(1), out=width)
        else:
            self._relu(width)
        if self._circuit.stretch:
            width += np.where(width > 0, dtype(self._circuit.stretch), dtype(0))
        np.maximum(width, 0, out=width)
        flat.fill(0)
        flat[some] = width

    def counts(self, sums: Array, position: int, queries: slice) -> None:
        tile, dtype = self._circuit.places.tile(position), sums.dtype.type
        if self._signed_spread is not None:
            positive = sums >= 0
            offset, gain, below, shrink = self._signed_spread[:, :, tile].swapaxes(0, 1)[..., None]
            sums *= 1 + np.where(positive, gain, shrink)
            sums += np.where(positive, offset, -below)
        flat = sums.reshape(-1)
        (some,) = (np.abs(flat) >= dtype(self._no_count)).nonzero()
        width = flat.take(some)
        if self._noise is not None and self._circuit.signed_jitter:
            noise, heads = self._noise
            width += dtype(self._circuit.signed_jitter) * noise.signed(heads, tile, sums.shape[1], queries, some)
        if self._signed is None:
            width.clip(dtype(-STEPS), dtype(STEPS), out=width)
        else:
            self._signed(width)
        phase: Any = 0.0
        if self._noise is not None and self._circuit.counter is not None and self._circuit.counter.spread:
            noise, heads = self._noise
            phase = noise.phase(heads, tile, sums.shape[1], queries, some)
        flat.fill(0)
        flat[some] = counted(self._circuit.counter, width, phase)


def counted(counter: Counter | None, widths: Array, phase: Any = 0.0) -> Array:
    """The counts of pulses of `widths`, with their signs; `phase`: where the clock is within what is unknown of it."""
    dtype = widths.dtype.type
    if counter is None:
        nearest: Array = np.clip(np.rint(widths), dtype(-LARGEST_COUNT), dtype(LARGEST_COUNT))
        return nearest
    edges = np.abs(widths)
    edges -= np.asarray(counter.phase + counter.spread * phase, widths.dtype)
    edges *= dtype(1 / counter.period)
    np.floor(edges, out=edges)
    edges += 1
    edges.clip(0, counter.largest, out=edges)
    np.copysign(edges, widths, out=edges)
    return edges
