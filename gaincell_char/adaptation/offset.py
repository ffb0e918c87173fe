"""Targets that know the cell: where its current is zero, and how large a score should be.

The published targets for q, k and v of the first layer are the linear model's own, so the first product keeps whatever
the cell adds to it: a current I(0.45 V) that is not zero adds I/I_u x sum(q) to every score, and there is no softmax
to cancel it. `offset-aware` keeps the published update and moves four of its targets:

    k   mean       to where mean(S)/std(S) is the linear model's:
                   mu_k + (sigma_S mu_S,L / sigma_S,L - mu_S) / (slope x D x E[clip(q, 0, 1)])
    q   deviation  while more scores or tile sums saturate than in the linear model, toward where std(S) is the linear
                   model's: sigma_q sigma_S,L / sigma_S; never above sigma_q,L
        mean       in step with it: mu_q,L x (target of the deviation) / sigma_q,L
    v   mean       to where the stored values' mean current is to its deviation as in the linear model; for a straight
                   cell that is mu_v,L + V_zero - V_zero,L

Only the ratio of mean to deviation matters as long as nothing saturates: P = clip(S / full scale, 0, 1) is proportional
to S above zero, so the size of S is a gain that the output's scaler takes back, and a smaller S only means fewer counts
of the output. Where scores or tile sums do saturate, S is made smaller through q, because charge is proportional to the
pulse width whatever the cell's curve; q is never driven harder than the linear model does. The offset is set through
k because an offset of the cell is one of the stored voltage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaincell_char.adaptation.moments import LayerMoments, PerHead, Target, clipped_mean, constant
from gaincell_char.attention.observation import HeadStatistics
from gaincell_char.attention.scalers import Scalers
from gaincell_char.behavior import BehavioralModel

Measured = Mapping[str, HeadStatistics]

_LARGEST_STEP_V = 0.1
_LARGEST_RATIO = 2.0
"""Limits of one step: statistics measured while earlier layers are still wrong must not throw a head far away."""

_NEAR = 0.005
"""S this close to its target, relative to its deviation, is left alone: quantized levels do not resolve less."""

_MORE = 0.002
"""Share of values by which a head may saturate more than in the linear model."""

_TINY = 1e-9
_SEARCH_V = 0.3
_NORMAL = np.linspace(-4.0, 4.0, 161)
_WEIGHT = np.exp(-0.5 * _NORMAL**2) / np.exp(-0.5 * _NORMAL**2).sum()


@dataclass(frozen=True)
class OffsetAware:
    """The moved targets for cells of `model`, in a network with heads of `width` trained on cells of `linear`."""

    model: BehavioralModel
    linear: BehavioralModel
    width: int

    @property
    def zero_shift_V(self) -> float:
        """Zero crossing minus the linear model's; 0 where a cell's current has no zero in its range."""
        shift = self.model.cell.zero_crossing_V - self.linear.cell.zero_crossing_V
        return shift if np.isfinite(shift) else 0.0

    def start(self, scalers: Scalers) -> Scalers:
        """`scalers` with b of k and v moved by `zero_shift_V`."""
        return [
            {**layer, **{name: (layer[name][0], layer[name][1] + self.zero_shift_V) for name in ("k", "v")}}
            for layer in scalers
        ]

    def targets(self, measured: Sequence[Measured], linear: Sequence[Measured]) -> list[LayerMoments]:
        """The linear model's moments with those of q, k and v moved; a head without varying scores keeps its q."""
        per_volt = self.width * _slope(self.model)
        return [self._layer(now, goal, per_volt) for now, goal in zip(measured, linear, strict=True)]

    def _layer(self, now: Measured, goal: Measured, score_per_V: float) -> LayerMoments:
        q_std, shift = self._pulses(now, goal), self._offset(now, goal, score_per_V)
        return {
            **goal,
            "q": Target(goal["q"].mean * q_std / np.maximum(goal["q"].std, _TINY), q_std),
            "k": Target(now["k"].mean + shift, goal["k"].std),
            "v": Target(self.value_mean(goal["v"].mean, goal["v"].std), goal["v"].std),
        }

    def _pulses(self, now: Measured, goal: Measured) -> PerHead:
        """Deviation (H,) that q should have."""
        score = now["score"]
        ratio = np.divide(goal["score"].std, score.std, out=np.ones_like(score.std), where=~constant(score))
        ratio = np.where(np.abs(ratio - 1) < _NEAR, 1.0, np.clip(ratio, 1 / _LARGEST_RATIO, _LARGEST_RATIO))
        saturated = np.zeros(ratio.shape, bool)
        for name in ("score", "sum"):
            saturated |= now[name].outside > goal[name].outside + _MORE
        return np.minimum(now["q"].std * np.where(saturated, ratio, np.maximum(ratio, 1.0)), goal["q"].std)

    def _offset(self, now: Measured, goal: Measured, score_per_V: float) -> PerHead:
        """Volts (H,) by which k should move."""
        score, wanted = now["score"], goal["score"]
        missing = wanted.mean * score.std / np.maximum(wanted.std, _TINY) - score.mean
        missing = np.where(np.abs(missing) < _NEAR * score.std, 0.0, missing)
        pulses = clipped_mean(now["q"].mean, np.maximum(now["q"].std, _TINY), 0.0, 1.0)
        return np.clip(missing / (score_per_V * np.maximum(pulses, 1e-3)), -_LARGEST_STEP_V, _LARGEST_STEP_V)

    def value_mean(self, mean: PerHead, std: PerHead) -> PerHead:
        """Mean of v (H,) whose stored values, taken as normal, have the linear model's mean over deviation of current.

        Found by bisection within 0.3 V; `mean + zero_shift_V` where there is no such mean.
        """
        wanted_mean, wanted_std = _current_moments(self.linear, mean, std)

        def excess(shift: PerHead) -> PerHead:
            found_mean, found_std = _current_moments(self.model, mean + shift, std)
            return found_mean * wanted_std - wanted_mean * found_std

        low, high = np.full_like(mean, -_SEARCH_V), np.full_like(mean, _SEARCH_V)
        bracketed = (excess(low) < 0) & (excess(high) > 0)
        for _ in range(40):
            middle = (low + high) / 2
            above = excess(middle) > 0
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return mean + np.where(bracketed, (low + high) / 2, self.zero_shift_V)


def _slope(model: BehavioralModel) -> float:
    """Least-squares slope of I/I_u over the stored range, 1/V: 19.3 for the nominal cell."""
    stored = np.linspace(*model.cell.level_range_V, 181)
    centered = stored - stored.mean()
    return float(centered @ model.cell.current(stored) / (centered @ centered) / model.cell.unit_current_A)


def _current_moments(model: BehavioralModel, mean: PerHead, std: PerHead) -> tuple[PerHead, PerHead]:
    """Mean and deviation (H,) of I/I_u where the stored voltage is a clipped normal one."""
    stored = np.clip(mean[:, None] + std[:, None] * _NORMAL, *model.cell.level_range_V)
    current = model.cell.current(stored) / model.cell.unit_current_A
    average = current @ _WEIGHT
    return average, np.sqrt(np.maximum((current**2) @ _WEIGHT - average**2, 0.0))
