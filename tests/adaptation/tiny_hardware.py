"""A random two-layer GPT-2 with gain-cell heads, written out plainly, independent of the package's attention.

Its "loss" is the cross-entropy against the linear network's own predictions: lowest, and equal to their entropy,
exactly where a network on other cells computes the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gaincell_char.adaptation.moments import Observation
from gaincell_char.attention.observation import HeadStatistics

LAYERS, HEADS, WIDTH, VOCABULARY = 2, 2, 64, 50


def linear_cell(v):
    return 19.3 * (v - 0.45)


def statistics(x, low=-np.inf, high=np.inf):
    """x (B, H, ...) -> mean, std and share outside low .. high, a head."""
    rows = x.swapaxes(0, 1).reshape(x.shape[1], -1)
    return HeadStatistics(rows.mean(1), rows.std(1, ddof=1), ((rows < low) | (rows > high)).mean(1))


def scaled(layer, name, x):
    a, b = layer[name]
    return np.maximum(a, 1e-20)[:, None, None] * x + b[:, None, None]


def normalized(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def softmax_log(logits):
    top = logits - logits.max(-1, keepdims=True)
    return top - np.log(np.exp(top).sum(-1, keepdims=True))


@dataclass
class TinyNetwork:
    """Call with scalers -> Observation; `cell` maps stored voltage to current in the paper's units."""

    cell: Callable[[np.ndarray], np.ndarray] = linear_cell
    seed: int = 0
    tokens: int = 40
    reference: np.ndarray | None = None
    logits: np.ndarray = field(init=False)

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        c = HEADS * WIDTH
        self.x0 = rng.normal(size=(3, self.tokens, c))
        self.qkv = [rng.normal(size=(c, 3 * c)) / np.sqrt(c) for _ in range(LAYERS)]
        self.out = [rng.normal(size=(c, c)) / np.sqrt(c) for _ in range(LAYERS)]
        self.mlp = [
            (rng.normal(size=(c, c)) / np.sqrt(c), 0.3 * rng.normal(size=(c, c)) / np.sqrt(c)) for _ in range(LAYERS)
        ]
        self.head = 2.5 * rng.normal(size=(c, VOCABULARY)) / np.sqrt(c)

    def trained_scalers(self):
        """Scalers that put the linear network in a working range: sparse scores, outputs of order one."""
        rng = np.random.default_rng(self.seed + 1)
        around = {"q": (0.25, 0.2), "k": (0.12, 0.44), "v": (0.12, 0.45), "out": (6.0, 0.0)}
        return [
            {n: (a * rng.uniform(0.8, 1.2, HEADS), b + rng.uniform(-0.02, 0.02, HEADS)) for n, (a, b) in around.items()}
            for _ in range(LAYERS)
        ]

    def __call__(self, scalers):
        x, layers = self.x0, []
        batch, tokens, _ = x.shape
        keep = np.tri(tokens, dtype=bool)
        for i in range(LAYERS):
            heads = (normalized(x) @ self.qkv[i]).reshape(batch, tokens, 3, HEADS, WIDTH).transpose(2, 0, 3, 1, 4)
            q, k, v = (scaled(scalers[i], name, y) for name, y in zip("qkv", heads, strict=True))
            found = {"q": statistics(q, 0, 1), "k": statistics(k, 0, 0.9), "v": statistics(v, 0, 0.9)}
            drive = np.clip(q, 0, 1)
            s = drive @ self.cell(np.clip(k, 0, 0.9)).transpose(0, 1, 3, 2)
            p = np.clip(np.where(keep, s, 0) / 80, 0, 1)
            a = p @ self.cell(np.clip(v, 0, 0.9))
            y = scaled(scalers[i], "out", np.clip(a / 40, -1, 1))
            found |= {"out": statistics(y), "score": statistics(s[:, :, keep], high=80), "sum": statistics(a, -40, 40)}
            layers.append(found)
            x = x + y.transpose(0, 2, 1, 3).reshape(x.shape) @ self.out[i]
            x = x + np.maximum(normalized(x) @ self.mlp[i][0], 0) @ self.mlp[i][1]
        self.logits = normalized(x) @ self.head
        goal = np.exp(softmax_log(self.logits if self.reference is None else self.reference))
        return Observation(loss=float(-(goal * softmax_log(self.logits)).sum(-1).mean()), layers=tuple(layers))
