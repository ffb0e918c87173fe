"""Stored functions against NumPy's own, and the current laws against what they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.interpolate import PPoly, RectBivariateSpline

from gaincell_char.behavior import load_model
from gaincell_char.behavior.functions import PiecewisePolynomial, Polynomial, TensorSpline
from gaincell_char.behavior.law import MeasuredLaw, PolynomialLaw, TabulatedLaw, coefficients_about, current_law
from gaincell_char.behavior.quantities import least_squares_slope
from gaincell_char.behavior.schema import Condition, LowRankRetention

numbers = st.floats(-10, 10)


def polynomial(center: float, coefficients: list[float]) -> Polynomial:
    return Polynomial(center=center, coefficients=coefficients, domain=(0.0, 0.9), x_unit="V", y_unit="A")


@settings(deadline=None)
@given(st.lists(numbers, min_size=1, max_size=8), numbers)
def test_polynomial(coefficients: list[float], center: float) -> None:
    x = np.linspace(-1, 2, 7)
    expected = np.polynomial.polynomial.polyval(x - center, coefficients)
    assert polynomial(center, coefficients)(x) == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_root_is_the_one_nearest_the_center() -> None:
    assert np.isnan(polynomial(0.45, [0.0]).root())
    cubic = np.poly([-0.1, 0.05, 0.4])[::-1]  # roots at 0.35, 0.5 and 0.85 V
    assert polynomial(0.45, cubic.tolist()).root() == pytest.approx(0.5)
    assert np.isnan(polynomial(0.45, [1.0, 0.1]).root())


def test_piecewise_polynomial_is_that_of_scipy_and_held_outside() -> None:
    rng = np.random.default_rng(0)
    knots, table = [0.0, 0.2, 0.5, 0.9], rng.normal(size=(3, 4))
    ours = PiecewisePolynomial(knots=knots, coefficients=table.tolist(), x_unit="V", y_unit="A")
    x = np.linspace(0, 0.9, 50).reshape(5, 10)
    assert ours(x) == pytest.approx(PPoly(table.T[::-1], knots)(x))
    assert ours([-1.0, 2.0]) == pytest.approx(ours([0.0, 0.9]))


def _patch(spline: RectBivariateSpline, x_knots: np.ndarray, y_knots: np.ndarray) -> list[list[float]]:
    """Coefficients of the bicubic on one cell of the knots, from sixteen of its values."""
    x, y = (np.linspace(*knots, 4) for knots in (x_knots, y_knots))
    powers_x, powers_y = (np.vander(each - each[0], increasing=True) for each in (x, y))
    return (np.linalg.inv(powers_x) @ spline(x, y) @ np.linalg.inv(powers_y).T).tolist()


def test_tensor_spline_tells_its_axes_apart() -> None:
    """A spline of scipy, cut into its patches: an asymmetric function, so that swapped axes would show."""
    x, y = np.linspace(0, 0.9, 7), np.linspace(0.25, 0.65, 6)
    spline = RectBivariateSpline(x, y, np.sin(3 * x)[:, None] * (1 + y) ** 2)
    x_knots, y_knots = (np.unique(knots) for knots in spline.get_knots())
    table = [
        [_patch(spline, x_knots[k : k + 2], y_knots[m : m + 2]) for m in range(len(y_knots) - 1)]
        for k in range(len(x_knots) - 1)
    ]
    ours = TensorSpline(
        x_knots=x_knots.tolist(), y_knots=y_knots.tolist(), coefficients=table, x_unit="V", y_unit="V", z_unit="A"
    )
    at_x, at_y = np.random.default_rng(1).uniform([[0.0], [0.25]], [[0.9], [0.65]], (2, 200))
    assert ours(at_x, at_y) == pytest.approx(spline(at_x, at_y, grid=False), abs=1e-9)
    assert ours(0.3, [0.0, 9.0]) == pytest.approx(ours(0.3, [0.25, 0.65]))


@pytest.mark.parametrize("knots", [[0.0], [0.0, 0.0], [1.0, 0.0]])
def test_knots_ascend(knots: list[float]) -> None:
    with pytest.raises(ValidationError, match="ascending"):
        PiecewisePolynomial(knots=knots, coefficients=[[1.0]], x_unit="V", y_unit="A")


@settings(deadline=None)
@given(st.lists(numbers, min_size=1, max_size=6))
def test_slope_is_that_of_a_dense_line_fit(coefficients: list[float]) -> None:
    function = polynomial(0.3, coefficients)
    x = np.linspace(0, 0.9, 4001)
    assert least_squares_slope(function, 0.0, 0.9) == pytest.approx(
        np.polyfit(x, function(x), 1)[0], rel=1e-2, abs=2e-2
    )


@settings(deadline=None)
@given(st.floats(0, 0.9), st.integers(0, 5000))
def test_exponential_law_is_the_current_of_the_decayed_voltage(volts: float, age: int) -> None:
    """The terms are a rewriting of I(V_inf + (V - V_inf) r): also where V_inf is not the polynomial's center."""
    model = load_model("leroux2025")
    retention = model.cell.retention.model_copy(update={"v_inf_V": 0.3})
    cell = model.cell.model_copy(update={"retention": retention})
    law = current_law(model.model_copy(update={"cell": cell}))
    terms = law.level_terms(np.array([volts]))[:, 0] * law.age_terms(np.array(float(age)))
    decayed = 0.3 + (volts - 0.3) * np.exp(-1.6e-4 * age)
    assert terms.sum() == pytest.approx(float(model.cell.current(decayed)), abs=1e-9)
    assert coefficients_about(model.cell, 0.45) == tuple(model.cell.current.coefficients)


def test_decay_options() -> None:
    model = load_model("leroux2025")
    laws = [current_law(model, decay) for decay in (True, False, 0.5)]
    assert [law.decay for law in laws if isinstance(law, PolynomialLaw)] == [1.6e-4, 0.0, 0.5]
    assert [law.rank for law in laws] == [4, 1, 4]
    bare = model.model_copy(update={"cell": model.cell.model_copy(update={"retention": None})})
    assert current_law(bare, True) == current_law(bare, False)


def test_measured_law_is_its_terms_in_unit_currents() -> None:
    rows = [[1.0, 2.0, 1.0], [3.0, 2.0, 9.0]]
    parts = [PiecewisePolynomial(knots=[0.0, 0.9], coefficients=[row], x_unit="V", y_unit="A") for row in rows]
    law = LowRankRetention(
        token_period_s=2e-6,
        age_scale_s=1e-6,
        level_factors=parts,
        age_factors=parts,
        error=None,
        single_tau_s=None,
        single_tau_error=None,
        condition=Condition(),
    )
    model = load_model("leroux2025")
    cell = model.cell.model_copy(update={"retention": law, "unit_current_A": 4.0})
    measured = current_law(model.model_copy(update={"cell": cell}))
    assert isinstance(measured, MeasuredLaw)
    levels, age = np.arange(8) * 0.9 / 7, np.array([0.0, 1.0, 3.0])
    assert measured.level_terms(levels)[1] == pytest.approx((3 + 2 * levels + 9 * levels**2) / 4)
    x = np.minimum(np.log10(1 + 2 * age), 0.9)
    assert measured.age_terms(age)[0] == pytest.approx(1 + 2 * x + x**2)
    table = TabulatedLaw(measured, 0.9 / 7, 8)
    assert table.level_terms(levels) == pytest.approx(measured.level_terms(levels), rel=1e-14)
    assert np.array_equal(table.age_terms(age), measured.age_terms(age))
    assert table.rank == 2


def test_a_measured_law_is_not_another_conditions() -> None:
    model = load_model("cmos28")
    assert isinstance(current_law(model), MeasuredLaw)
    fast = model.model_copy(update={"condition": Condition(corner="ff")})
    assert current_law(fast) == current_law(model, decay=False)
