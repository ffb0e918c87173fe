"""Analog attention and its surrogate gradients written out in NumPy, float64, tokens x tokens: no code of the package.

Equations of arXiv 2409.19315 (methods). The law of the cell is a list of (level function, age function) pairs; the
surrogate is 19.3 r(age) (V - center).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Term = tuple[Callable[[Array], Array], Callable[[Array], Array]]
NAMES = ("q", "k", "v", "out")


@dataclass(frozen=True)
class Setup:
    """Everything a head is made of; `first_terms` are of the first product, `terms` of the second."""

    terms: list[Term]
    first_terms: list[Term]
    r: Callable[[Array], Array]
    first_r: Callable[[Array], Array]
    window: int = 1024
    quantize: bool = True
    ring: bool = False
    center: float = 0.45


def polynomial(coefficients: list[float], decay: float) -> list[Term]:
    """A_i (V - 0.45)^i and exp(-i decay age)."""
    return [
        (lambda V, a=a, i=i: a * (V - 0.45) ** i, lambda age, i=i: np.exp(-i * decay * age))
        for i, a in enumerate(coefficients)
    ]


def attention_and_gradients(
    q: Array, k: Array, v: Array, scalers: dict[str, tuple[Array, Array]], upstream: Array, setup: Setup
) -> tuple[Array, dict[str, Array], dict[str, float]]:
    """out (B, H, T, D); the gradients of sum(upstream out) by q, k, v and a, b of every scaler ("q.a", ...); and which
    share of the visible scores and of the tile sums is clipped ("score low", "score high", "sum low", "sum high").
    """
    x = {"q": q, "k": k, "v": v}
    wide = {name: per_head(scalers[name][0]) * x[name] + per_head(scalers[name][1]) for name in x}
    limits = {"q": (0.0, 1.0, 15), "k": (0.0, 0.9, 7), "v": (0.0, 0.9, 7)}
    level = {
        name: snapped(np.clip(wide[name], low, high), (high - low) / n, setup)
        for name, (low, high, n) in limits.items()
    }
    Q, K, V = level["q"], level["k"], level["v"]

    t = np.arange(q.shape[2])
    age = t[:, None] - t[None, :]
    keep = (age >= 0) & (age < setup.window)
    age = np.where(keep, age, 0).astype(float)
    S = sum(g(age) * np.einsum("bhtd,bhsd->bhts", Q, f(K)) for f, g in setup.first_terms) * keep
    P = np.clip(S / 80, 0, 1)
    slots = (t % setup.window if setup.ring else t) // 64
    tiles = [slots == n for n in np.unique(slots)]
    A = [
        sum(np.einsum("bhts,bhsd->bhtd", (P * g(age))[..., tile], f(V)[:, :, tile]) for f, g in setup.terms) / 40
        for tile in tiles
    ]
    Y = sum(snapped(np.clip(a, -1, 1), 2 / 31, setup) for a in A)
    a_out, b_out = scalers["out"]
    out = per_head(a_out) * Y + per_head(b_out)

    dY = per_head(a_out) * upstream
    dP, dV = np.zeros_like(P), np.zeros_like(V)
    for tile, a in zip(tiles, A, strict=True):
        dA = dY * ((a >= -1) & (a <= 1)) / 40
        dP[..., tile] = 19.3 * np.einsum("bhtd,bhsd->bhts", dA, V[:, :, tile] - setup.center) * setup.r(age)[:, tile]
        dV[:, :, tile] = 19.3 * np.einsum("bhts,bhtd->bhsd", (P * setup.r(age))[..., tile], dA)
    dS = dP * ((S >= 0) & (S <= 80)) * keep / 80
    dQ = 19.3 * np.einsum("bhts,bhsd->bhtd", dS * setup.first_r(age), K - setup.center)
    dK = 19.3 * np.einsum("bhts,bhtd->bhsd", dS * setup.first_r(age), Q)
    gradients = {"out.a": (upstream * Y).sum((0, 2, 3)), "out.b": upstream.sum((0, 2, 3))}
    for name, d_level in (("q", dQ), ("k", dK), ("v", dV)):
        low, high, _ = limits[name]
        d_wide = d_level * ((wide[name] >= low) & (wide[name] <= high))
        gradients[name] = per_head(scalers[name][0]) * d_wide
        gradients[f"{name}.a"] = (d_wide * x[name]).sum((0, 2, 3))
        gradients[f"{name}.b"] = d_wide.sum((0, 2, 3))
    seen, sums = S[..., keep], np.stack(A)
    clipped = {
        "score low": float(np.mean(seen < 0)),
        "score high": float(np.mean(seen > 80)),
        "sum low": float(np.mean(sums < -1)),
        "sum high": float(np.mean(sums > 1)),
    }
    return out, gradients, clipped


def per_head(values: Array) -> Array:
    """(H,) beside (B, H, T, D)."""
    return values[:, None, None]


def snapped(x: Array, step: float, setup: Setup) -> Array:
    """On the grid of `step` that contains 0, half to even."""
    return step * np.rint(x / step) if setup.quantize else x
