"""One step of the published adaptation: scalers moved toward the linear model's statistics.

Leroux et al., Nature Computational Science 5, 813-824 (2025), arXiv 2409.19315.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaincell_char.adaptation.moments import LayerMoments, constant
from gaincell_char.attention.scalers import NAMES, LayerScalers, Scalers

TOLERANCE = 1e-4
"""A mean or deviation closer than this to its target is left alone (units of the scaler's output)."""

_STEPS = np.linspace(1.0, 0.1, 50)


def step_size(iteration: int) -> float:
    """alpha of update number `iteration` (from 0): 1 falling to 0.1 over 50 updates, then 0.1."""
    return float(_STEPS[min(iteration, _STEPS.size - 1)])


def mismatch(measured: Sequence[LayerMoments], target: Sequence[LayerMoments]) -> float:
    """Root mean square over scalers and heads of the errors of mean and deviation, each relative to the deviation."""
    errors = [
        np.concatenate([now[name].mean - goal[name].mean, now[name].std - goal[name].std])
        / np.tile(np.maximum(goal[name].std, TOLERANCE), 2)
        for now, goal in zip(measured, target, strict=True)
        for name in NAMES
    ]
    return float(np.sqrt(np.mean(np.square(errors))))


def update(
    scalers: Scalers,
    measured: Sequence[LayerMoments],
    target: Sequence[LayerMoments],
    alpha: float,
    tolerance: float = TOLERANCE,
) -> tuple[Scalers, bool]:
    """Every scaler of every layer, moved once; and whether any of them moved.

        a <- alpha a sigma_L / sigma + (1 - alpha) a    where |sigma - sigma_L| > tolerance and sigma != 0
        b <- b + alpha (mu_L - mu)                      where |mu - mu_L| > tolerance

    A head whose output is constant (sigma = 0, e.g. no score above zero) keeps its a: nothing says how to scale it.
    """
    moved = False
    layers: list[LayerScalers] = []
    for layer, now, goal in zip(scalers, measured, target, strict=True):
        after: LayerScalers = {}
        for name in NAMES:
            a, b = layer[name]
            sigma, sigma_goal = now[name].std, goal[name].std
            mean, mean_goal = now[name].mean, goal[name].mean
            scale = (np.abs(sigma - sigma_goal) > tolerance) & ~constant(now[name])
            shift = np.abs(mean - mean_goal) > tolerance
            ratio = np.divide(sigma_goal, sigma, out=np.ones_like(sigma), where=scale)
            after[name] = (
                np.where(scale, alpha * a * ratio + (1 - alpha) * a, a),
                np.where(shift, b + alpha * (mean_goal - mean), b),
            )
            moved = moved or bool(scale.any() or shift.any())
        layers.append(after)
    return layers, moved
