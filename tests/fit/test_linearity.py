"""Zero crossing, slope and the < 5 % ranges, against the published cubic and against lines."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_cell import ZERO_V, published

from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.quantities import least_squares_slope as exact_slope
from gaincell_char.errors import GaincellError
from gaincell_char.fit.linearity import least_squares_slope, linear_range, zero_crossing


def line(v: np.ndarray) -> np.ndarray:
    return 19.3 * (v - 0.45)


def inward(low: float, high: float) -> tuple[float, float]:
    """The range on a grid of 5 mV, as the published figures were read off."""
    return math.ceil(low / 0.005) * 0.005, math.floor(high / 0.005) * 0.005


def test_published_zero_crossing() -> None:
    assert zero_crossing(published, 0, 0.9) == pytest.approx(ZERO_V, abs=1e-5)


def test_published_ranges_under_the_three_definitions() -> None:
    found = linear_range(published, 0, 0.9)
    assert inward(*found.tangent_full_scale_V) == pytest.approx((0.235, 0.705))
    assert inward(*found.tangent_relative_V) == pytest.approx((0.350, 0.645))
    assert math.floor(found.best_line_half_width_V / 0.005) * 0.005 == pytest.approx(0.105)


def test_each_range_ends_exactly_where_its_definition_does() -> None:
    found = linear_range(published, 0, 0.9)
    zero = zero_crossing(published, 0, 0.9)
    shift = zero - 0.45
    slope = 13.612260634 - 2 * 2.620445619 * shift + 3 * 46.05483778 * shift**2
    scale = 10.33154100194  # I(0.9 V)
    for end in found.tangent_full_scale_V:
        assert abs(published(end) - slope * (end - zero)) == pytest.approx(0.05 * scale, rel=1e-5)
    for end in found.tangent_relative_V:
        assert abs(published(end) / (slope * (end - zero)) - 1) == pytest.approx(0.05, rel=1e-4)
    half = found.best_line_half_width_V
    v = np.linspace(zero - half, zero + half, 20001)
    best = np.polynomial.polynomial.polyval(v, np.polynomial.polynomial.polyfit(v, published(v), 1))
    assert np.abs(published(v) - best).max() / np.abs(published(v)).max() == pytest.approx(0.05, rel=1e-3)


def test_a_line_is_linear_everywhere() -> None:
    found = linear_range(line, 0, 0.9)
    assert found.tangent_full_scale_V == (0, 0.9)
    assert found.tangent_relative_V == (0, 0.9)
    assert found.best_line_half_width_V == pytest.approx(0.45)
    assert least_squares_slope(line, 0, 0.9) == pytest.approx(19.3, rel=1e-12)


def test_slope_is_the_limit_of_many_points() -> None:
    v = np.linspace(0, 0.9, 200_001)
    assert least_squares_slope(published, 0, 0.9) == pytest.approx(np.polyfit(v, published(v), 1)[0], rel=1e-4)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=9))
def test_slope_agrees_with_the_models_own(coefficients: list[float]) -> None:
    polynomial = Polynomial(center=0.45, coefficients=coefficients, domain=(0.0, 0.9), x_unit="V", y_unit="A")
    assert least_squares_slope(polynomial, 0, 0.9) == pytest.approx(exact_slope(polynomial, 0, 0.9), rel=1e-9, abs=1e-9)


@given(st.floats(0.1, 10))
@settings(max_examples=25, deadline=None)
def test_scaling_a_current_scales_its_slope_and_nothing_else(factor: float) -> None:
    def scaled(v: np.ndarray) -> np.ndarray:
        return factor * published(v)

    assert least_squares_slope(scaled, 0, 0.9) == pytest.approx(factor * least_squares_slope(published, 0, 0.9))
    assert zero_crossing(scaled, 0, 0.9) == pytest.approx(zero_crossing(published, 0, 0.9), abs=1e-10)
    before, after = linear_range(published, 0, 0.9), linear_range(scaled, 0, 0.9)
    np.testing.assert_allclose(after.tangent_full_scale_V, before.tangent_full_scale_V, atol=1e-9)
    np.testing.assert_allclose(after.tangent_relative_V, before.tangent_relative_V, atol=1e-7)
    assert after.best_line_half_width_V == pytest.approx(before.best_line_half_width_V, abs=1e-9)


def test_a_current_of_one_sign_is_refused() -> None:
    with pytest.raises(GaincellError, match=r"does not cross zero between 0 and 0\.9 V"):
        zero_crossing(lambda v: 1e-6 + 0 * v, 0, 0.9)
