"""What of a cell the network feels, in five numbers that vary smoothly with its sizes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gaincell_char.behavior import BehavioralModel
from gaincell_char.behavior.schema import LowRankRetention
from gaincell_char.errors import InputError
from gaincell_char.fit.retention_law import law_current
from gaincell_char.optimize.energy import gain_of
from gaincell_char.optimize.space import Array

NAMES = ("log_gain", "zero_V", "bend_one_side", "bend_both_sides", "log_leak")
HALF_WINDOW = 512
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_FELT = 0.01
"""Share of the current below which a loss is not felt: a hold may vary by decades there."""


def features(model: BehavioralModel, nominal: BehavioralModel) -> Mapping[str, float]:
    """Of the cell of `model`, current I(V) over its range, law I(V, age):

    - `log_gain`: log of the slope over the nominal cell's;
    - `zero_V`: zero crossing minus the middle of the range, of the straight part: -range/2 c_0/c_1;
    - `bend_one_side`, `bend_both_sides`: c_2/c_1 and c_3/c_1;
    - `log_leak`: log of 1 % and what half a window takes of the current, rms over the levels.

    c_n are the coefficients of Legendre polynomials over the range: signed, and without a kink at a straight cell.

    Raises
    ------
    InputError
        The model has no measured retention.
    """
    cell = model.cell
    if not isinstance(cell.retention, LowRankRetention):
        raise InputError(f"{model.name}: cell.retention is no measured law")
    low, high = cell.level_range_V
    half = (high - low) / 2
    values = cell.current((low + high) / 2 + half * _NODES)
    basis = np.polynomial.legendre.legvander(_NODES, 3)
    series = (2 * np.arange(4) + 1) / 2 * (basis.T @ (_WEIGHTS * values))
    return {
        "log_gain": float(np.log(gain_of(model, nominal))),
        "zero_V": float(-half * series[0] / series[1]),
        "bend_one_side": float(series[2] / series[1]),
        "bend_both_sides": float(series[3] / series[1]),
        "log_leak": float(np.log(_FELT + _leak(cell.retention, np.linspace(low, high, cell.n_levels)))),
    }


def _leak(law: LowRankRetention, levels_V: Array) -> float:
    current = law_current(law)
    fresh = current(levels_V, np.zeros(1))
    lost = current(levels_V, np.array([HALF_WINDOW * law.token_period_s])) - fresh
    return float(np.sqrt(np.mean(lost**2) / np.mean(fresh**2)))
