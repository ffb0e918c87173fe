"""Models for the attention tests: the published ones, and a made-up cell with a measured (low-rank) retention."""

from __future__ import annotations

import numpy as np
import pytest

from gaincell_char.behavior import BehavioralModel, load_model
from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import Condition, LowRankRetention


@pytest.fixture(scope="session")
def nonlinear() -> BehavioralModel:
    return load_model("leroux2025")


@pytest.fixture(scope="session")
def linear() -> BehavioralModel:
    return load_model("leroux2025_linear")


def _piecewise(knots: list[float], rows: list[list[float]], y_unit: str) -> PiecewisePolynomial:
    return PiecewisePolynomial(knots=knots, coefficients=rows, x_unit="V", y_unit=y_unit)


@pytest.fixture(scope="session")
def measured(nonlinear: BehavioralModel) -> BehavioralModel:
    """A rank-3 law in amperes with bends in level and age; unit current 2e-7 A."""
    rng = np.random.default_rng(7)
    level_factors = [
        _piecewise([0.0, 0.4, 0.9], (2e-7 * rng.normal(0, 4, (2, 4))).tolist(), "A") for _ in range(3)
    ]  # fmt: skip
    age_factors = [_piecewise([0.0, 0.7, 2.5], rng.normal(0, 0.5, (2, 3)).tolist(), "1") for _ in range(3)]
    law = LowRankRetention(
        token_period_s=1e-6,
        age_scale_s=5e-6,
        level_factors=level_factors,
        age_factors=age_factors,
        error=None,
        single_tau_s=None,
        single_tau_error=None,
        condition=Condition(),
    )
    cell = nonlinear.cell.model_copy(update={"retention": law, "unit_current_A": 2e-7})
    return nonlinear.model_copy(update={"name": "measured", "cell": cell})
