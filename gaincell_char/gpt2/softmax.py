"""The attention that GPT-2 was published with, and the shape that every replacement of it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gaincell_char.attention.blas import side_by_side
from gaincell_char.attention.cache import KVCache
from gaincell_char.gpt2.weights import Array


class Attention(Protocol):
    """Mixes tokens head by head, in software or as a circuit does.

    `q`, `k`, `v`: raw projections (B, H, T, D) of the T newest tokens of layer `layer`, neither scaled nor biased.
    With a `cache`, the attention appends k and v to it and attends to all that it then holds. Returns (B, H, T, D).
    """

    def __call__(self, layer: int, q: Array, k: Array, v: Array, cache: KVCache | None) -> Array: ...


QUERY_ROWS = 128
"""Queries scored at a time: the scores are (B, H, QUERY_ROWS, S), never (T, S)."""


@dataclass(frozen=True)
class SoftmaxAttention:
    """softmax(q k^T / sqrt(D)) v over the past; a query sees the last `window` tokens, itself included (None: all)."""

    window: int | None = None

    def __call__(self, layer: int, q: Array, k: Array, v: Array, cache: KVCache | None = None) -> Array:
        if cache is not None:
            k, v, _ = cache.append(layer, k, v, self.window)
        if q.shape[2] == 1:
            return causal_softmax(q, k, v, self.window)
        with side_by_side() as run:
            heads = [slice(head, head + 1) for head in range(q.shape[1])]
            mixed = run(lambda some: causal_softmax(q[:, some], k[:, some], v[:, some], self.window), heads)
        return np.concatenate(mixed, axis=1)


def causal_softmax(q: Array, k: Array, v: Array, window: int | None = None) -> Array:
    """Softmax attention of the newest T tokens. q: (B, H, T, D); k, v: (B, H, S, D), S >= T. Returns (B, H, T, D)."""
    length, past = q.shape[2], k.shape[2] - q.shape[2]
    scale = 1 / np.sqrt(q.shape[3], dtype=q.dtype)
    out = np.empty_like(q)
    for first in range(0, length, QUERY_ROWS):
        last = min(first + QUERY_ROWS, length)
        begin = 0 if window is None else max(0, past + first - window + 1)
        end = past + last
        scores = (q[:, :, first:last] * scale) @ k[:, :, begin:end].swapaxes(2, 3)
        rows = last - first
        np.copyto(scores[..., -rows:], -np.inf, where=~np.tri(rows, dtype=bool))
        if window is not None:  # row j is blind before the token past + first + j - window + 1
            blind = np.tri(rows, end - begin, past + first - window - begin, dtype=bool)
            np.copyto(scores, -np.inf, where=blind)
        scores -= scores.max(axis=3, keepdims=True)
        np.exp(scores, out=scores)
        total = scores.sum(axis=3, keepdims=True)
        np.divide(scores @ v[:, :, begin:end], total, out=out[:, :, first:last])
    return out
