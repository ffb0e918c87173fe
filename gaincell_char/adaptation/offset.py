"""Targets that know the cell: where its current is zero, and how large a score should be.

The published targets for q, k and v of the first layer are the linear model's own, so the first product keeps whatever
the cell adds to it: a current I(0.45 V) that is not zero adds I/I_u x sum(q) to every score, and there is no softmax
to cancel it. `offset_aware` keeps the published update and moves three of its targets:

    v   mean                mu_v,L + V_zero - 0.45 V
    k   mean                where mean(S) becomes mean(S_L):  mu_k + (mu_S,L - mu_S) / (slope x D x E[clip(q, 0, 1)])
    q   mean and deviation  both scaled so that std(S) becomes std(S_L):  sigma_q x sigma_S,L / sigma_S

The deviation of S is set through q because charge is proportional to the pulse width, so q scales a score exactly
whatever the cell's curve; the mean is set through k because a stored voltage is what an offset is made of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaincell_char.adaptation.moments import LayerMoments, Target, clipped_mean, constant
from gaincell_char.attention.scalers import LayerScalers, Scalers
from gaincell_char.behavior import BehavioralModel

MID_SUPPLY_V = 0.45
"""Where the linear model's current is zero."""

_LARGEST_SHIFT_V = 0.1
_LARGEST_RATIO = 2.0
"""Limits of one step: statistics measured while earlier layers are still wrong must not throw a head far away."""


def zero_offset_V(model: BehavioralModel) -> float:
    """V_zero - 0.45 V; 0 where the cell's current has no zero in its range."""
    zero = model.cell.zero_crossing_V
    return zero - MID_SUPPLY_V if np.isfinite(zero) else 0.0


def slope(model: BehavioralModel) -> float:
    """Least-squares slope of I/I_u over the stored range, 1/V: 19.3 for the nominal cell."""
    cell = model.cell
    stored = np.linspace(*cell.level_range_V, 181)
    centered = stored - stored.mean()
    return float(centered @ cell.current(stored) / (centered @ centered) / cell.unit_current_A)


def shifted(scalers: Scalers, offset_V: float) -> Scalers:
    """`scalers` with b of k and v moved by `offset_V`."""
    layers: list[LayerScalers] = []
    for layer in scalers:
        moved = {name: (layer[name][0], layer[name][1] + offset_V) for name in ("k", "v")}
        layers.append({**layer, **moved})
    return layers


def offset_aware(
    measured: Sequence[LayerMoments], target: Sequence[LayerMoments], offset_V: float, slope_per_V: float, width: int
) -> list[LayerMoments]:
    """The linear model's moments with those of q, k, v moved as above. `width`: D, cells a score adds up.

    A head whose scores are all the same keeps the scale of its q.
    """
    return [_layer(now, goal, offset_V, slope_per_V * width) for now, goal in zip(measured, target, strict=True)]


def _layer(now: LayerMoments, goal: LayerMoments, offset_V: float, score_per_V: float) -> LayerMoments:
    score, wanted = now["score"], goal["score"]
    ratio = np.divide(wanted.std, score.std, out=np.ones_like(score.std), where=~constant(score))
    q_std = now["q"].std * np.clip(ratio, 1 / _LARGEST_RATIO, _LARGEST_RATIO)
    drive = clipped_mean(now["q"].mean, np.maximum(now["q"].std, 1e-9), 0.0, 1.0)
    missing = (wanted.mean - score.mean) / (score_per_V * np.maximum(drive, 1e-3))
    k_mean = now["k"].mean + np.clip(missing, -_LARGEST_SHIFT_V, _LARGEST_SHIFT_V)
    return {
        **goal,
        "q": Target(goal["q"].mean * q_std / np.maximum(goal["q"].std, 1e-9), q_std),
        "k": Target(k_mean, goal["k"].std),
        "v": Target(goal["v"].mean + offset_V, goal["v"].std),
    }
