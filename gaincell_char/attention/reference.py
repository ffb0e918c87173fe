"""The behavioral attention as it is written down, to be held against the paper; slow, and the measure of the fast path.

arXiv 2409.19315, methods: raw projections q, k, v, no 1/sqrt(d) and no softmax. With the published nonlinear cell the
terms of the law are f_i = A_i (V - 0.45)^i and g_i = r^i, r = exp(-lambda age); the linear model has the one term
19.3 (V - 0.45) r.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gaincell_char.attention.chain import INPUT_LEVELS, OUTPUT_LEVELS, Chain
from gaincell_char.attention.quantizers import quantize, scale
from gaincell_char.attention.scalers import LayerScalers

Array = npt.NDArray[np.floating[Any]]


def reference_attention(
    q: npt.ArrayLike, k: npt.ArrayLike, v: npt.ArrayLike, chain: Chain, scalers: LayerScalers
) -> Array:
    """Attention over q, k, v (B, H, T, D), computed in float64 -> (B, H, T, D)."""
    low, high = chain.level_range_V
    Q = _levels(q, scalers["q"], 0.0, 1.0, INPUT_LEVELS, chain.quantize)
    K = _levels(k, scalers["k"], low, high, chain.stored_levels, chain.quantize)
    V = _levels(v, scalers["v"], low, high, chain.stored_levels, chain.quantize)

    tokens = np.arange(Q.shape[2], dtype=float)
    age = tokens[:, None] - tokens[None, :]
    keep = (age >= 0) & (age < chain.window)
    age = np.where(keep, age, 0.0)

    S = np.zeros(keep.shape)
    for f, g in zip(chain.key_law.level_terms(K), chain.key_law.age_terms(age), strict=True):
        S = S + g * np.einsum("bhtd,bhsd->bhts", Q, f)
    S = np.where(keep, S, 0.0)
    P = np.clip(S / chain.score_scale, 0.0, 1.0)

    Y = np.zeros(V.shape)
    tile_of = np.array([chain.tile_of(int(s)) for s in tokens])
    for n in np.unique(tile_of):
        tile = tile_of == n
        A = np.zeros(V.shape)
        for f, g in zip(chain.value_law.level_terms(V), chain.value_law.age_terms(age), strict=True):
            A = A + np.einsum("bhts,bhsd->bhtd", (P * g)[..., tile], f[:, :, tile])
        y = np.clip(A / chain.current_scale, -1.0, 1.0)
        Y = Y + (quantize(y, -1.0, 1.0, OUTPUT_LEVELS) if chain.quantize else y)
    return scale(Y, *scalers["out"])


def _levels(
    x: npt.ArrayLike, scaler: tuple[Any, Any], low: float, high: float, levels: int, quantized: bool
) -> Array:  # fmt: skip
    clipped = np.clip(scale(np.asarray(x, float), *scaler), low, high)
    return quantize(clipped, low, high, levels) if quantized else clipped
