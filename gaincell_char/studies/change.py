"""The paper's chain with what a study varies and the circuits fix: levels, tokens of a tile, refresh, gains by age.

    S[t,s]   = sum_d I(K[s,d], age) Q[t,d] + what the wires take           age(t - s): since the last refresh
    P[t,s]   = clip(G_n(t) S / 80, 0, 1)                                   G_n = 1 but for `gain_by_age`
    Y[t]     = sum_n G_n(t) quantize(clip(A_n / 40, -1, 1)),  A_n[t] = sum_{s in n} I(V[s], age) P[t,s] + wires

Dense products of whole heads: a few times slower than `attention.analog`, which it equals where nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from gaincell_char.array import tile
from gaincell_char.attention.chain import INPUT_LEVELS, OUTPUT_LEVELS, TILE_TOKENS
from gaincell_char.attention.quantizers import quantize, scale, to_levels
from gaincell_char.attention.scalers import Scalers
from gaincell_char.attention.wires import wire_loss
from gaincell_char.behavior.law import CurrentLaw, current_law
from gaincell_char.behavior.schema import BehavioralModel

if TYPE_CHECKING:
    from gaincell_char.attention.cache import KVCache

Array = npt.NDArray[np.floating[Any]]

LARGEST_GAIN = 16.0
"""A converter's reference and a counter's weight are not trimmed farther: four bits."""


@dataclass(frozen=True)
class Change:
    """What of the chain is not as it is built; all that it depends on is JSON.

    Attributes
    ----------
    q_levels, k_levels, v_levels, out_levels: of input pulses, stored keys and values, and the counter over -1..1; None:
        any number, within the same limits.
    tile: tokens of a tile, rows of a value tile. Converters stay as they are.
    ir_drop: tier at which the resistance of bit lines and rails counts; None: ideal wires.
    refresh_tokens: stored levels are written again when they are this old; None: never.
    gain_by_age: what leaked since a tile was filled is given back, as a gain of its ReLU converters and a weight of its
        counts, by the middle of its tokens; at most `LARGEST_GAIN`.
    """

    q_levels: int | None = INPUT_LEVELS
    k_levels: int | None = 8
    v_levels: int | None = 8
    out_levels: int | None = OUTPUT_LEVELS
    tile: int = TILE_TOKENS
    ir_drop: str | None = None
    refresh_tokens: int | None = None
    gain_by_age: bool = False


class ChangedAttention:
    """The attention of a network on cells of `model` with `change`; quantizers and decay on.

    `scalers`: of every layer. `window`: tokens that a query sees, itself included. `observe`: called for every value
    tile with its stored voltages (tokens, D) and the pulses in T_max on its rows (tokens, queries), first tile first.
    """

    def __init__(
        self,
        model: BehavioralModel,
        scalers: Scalers,
        change: Change,
        window: int = 1024,
        observe: Callable[[Array, Array], None] | None = None,
    ) -> None:
        self._model, self._scalers, self._change, self._window = model, scalers, change, window
        self._observe = observe
        self._law = current_law(model)
        self._tile = None if change.ir_drop is None else tile(model)
        self._ages = lru_cache(maxsize=4)(self._aged)

    def __call__(self, layer: int, q: Array, k: Array, v: Array, cache: KVCache | None = None) -> Array:
        """Attention of `layer` over whole sequences q, k, v (B, H, T, D) -> (B, H, T, D).

        Raises
        ------
        ValueError
            With a cache: a study reads whole sequences.
        """
        if cache is not None:
            raise ValueError("a changed chain reads whole sequences, without a cache")
        change, scalers = self._change, self._scalers[layer]
        limits = self._model.cell.level_range_V
        Q = to_levels(q, *scalers["q"], 0.0, 1.0, change.q_levels)
        K = to_levels(k, *scalers["k"], *limits, change.k_levels)
        V = to_levels(v, *scalers["v"], *limits, change.v_levels)
        Y = np.empty_like(q)
        for at in np.ndindex(*q.shape[:2]):
            Y[at] = self._head(Q[at], K[at], V[at])
        return scale(Y, *scalers["out"])

    def _head(self, Q: Array, K: Array, V: Array) -> Array:
        """Y of one head, each (T, D); pulses in T_max, stored levels in V."""
        change, model = self._change, self._model
        seen, aged, gains = self._ages(len(Q), Q.dtype)
        tiles = [slice(low, min(low + change.tile, len(Q))) for low in range(0, len(Q), change.tile)]
        S = np.zeros((len(Q), len(Q)), Q.dtype)
        for f, g in zip(self._law.level_terms(K), aged, strict=True):
            S += (Q @ f.T) * g
        S += seen * self._lost(K.T, Q.T)
        S /= model.charge_to_pulse.full_scale_units
        Y = np.zeros_like(V)
        values = self._law.level_terms(V)
        for number, tokens in enumerate(tiles):
            t, gain = slice(tokens.start, None), gains[number][tokens.start :, np.newaxis]
            P = np.clip(S[t, tokens] * gain, 0, 1)
            if self._observe is not None:
                self._observe(V[tokens], P.T)
            A = sum((P * g[t, tokens]) @ f[tokens] for f, g in zip(values, aged, strict=True))
            A = (A + self._lost(V[tokens], P.T)) / model.signed_charge_to_pulse.full_scale_units
            y = np.clip(A, -1, 1)
            Y[t] += gain * (y if change.out_levels is None else quantize(y, -1, 1, change.out_levels))
        return Y

    def _lost(self, volts: Array, pulses: Array) -> Array | float:
        """What wires add to cells (rows, columns) for pulses (rows, queries): (queries, columns)."""
        if self._tile is None or self._change.ir_drop is None:
            return 0.0
        lost: Array = wire_loss(self._tile, volts, pulses, self._change.ir_drop).T
        return lost

    def _aged(self, tokens: int, dtype: np.dtype[Any]) -> tuple[Array, list[Array], list[Array]]:
        """Whether query t sees token s, and the law's age factors there, each (T, T); the gain of every tile at every
        query, (T,)."""
        ages = np.arange(tokens)
        since = ages if self._change.refresh_tokens is None else ages % self._change.refresh_tokens
        visible = (ages < self._window).astype(dtype)
        factors = [_toeplitz(visible * g.astype(dtype)) for g in self._law.age_terms(since.astype(float))]
        gains = np.ones((-(-tokens // self._change.tile), tokens), dtype)
        if self._change.gain_by_age:
            kept = retained(self._law, self._model, since.astype(float))
            for number, gain in enumerate(gains):
                low = number * self._change.tile
                middle = np.clip(ages - (low + np.minimum(low + self._change.tile - 1, ages)) // 2, 0, None)
                gain[:] = np.clip(1 / np.maximum(kept[middle], 1 / LARGEST_GAIN), 1, LARGEST_GAIN)
        return _toeplitz(visible), factors, list(gains)


def retained(law: CurrentLaw, model: BehavioralModel, age: Array) -> Array:
    """The share of the fresh current that is left at `age` (n,) tokens, least squares over the stored levels."""
    levels = np.linspace(*model.cell.level_range_V, model.cell.n_levels)
    f = law.level_terms(levels)
    fresh = law.age_terms(np.zeros(1))[:, 0] @ f
    kept: Array = (f @ fresh) @ law.age_terms(age) / (fresh @ fresh)
    return kept


def _toeplitz(values: Array) -> Array:
    """M[t, s] = values[t - s], 0 for s > t; a read-only view."""
    padded = np.concatenate([values[::-1], np.zeros(len(values) - 1, values.dtype)])
    return sliding_window_view(padded, len(values))[::-1]
