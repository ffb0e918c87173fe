"""Sums and moves of the model's functions, against what NumPy computes of them point by point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Chebyshev

from gaincell_char.behavior.arithmetic import moved, piecewise, plus, polynomial_plus, stretched, surface_plus, times
from gaincell_char.behavior.functions import PiecewisePolynomial, Polynomial, TensorSpline

numbers = st.floats(-3, 3, allow_nan=False)


@st.composite
def curves(draw):
    steps = draw(st.lists(st.floats(0.1, 2), min_size=1, max_size=5))
    order = draw(st.integers(1, 4))
    rows = [draw(st.lists(numbers, min_size=order, max_size=order)) for _ in steps]
    knots = (draw(numbers) + np.cumsum([0.0, *steps])).tolist()
    return PiecewisePolynomial(knots=knots, coefficients=rows, x_unit="V", y_unit="A")


def between(*functions):
    """Points that are on no knot, inside and beyond all of them."""
    knots = np.unique(np.concatenate([f.knots for f in functions]))
    x = np.linspace(knots[0] - 1, knots[-1] + 1, 301)
    return x[np.abs(x[:, None] - knots).min(axis=1) > 1e-6]


@given(curves(), curves())
def test_a_sum_is_the_sum_everywhere(f, g):
    x = between(f, g)
    np.testing.assert_allclose(plus(f, g)(x), f(x) + g(x), atol=1e-9)


@given(curves(), st.floats(-1, 1), st.floats(0.5, 2), numbers)
def test_a_curve_moves_stretches_and_grows(f, by, width, factor):
    x = between(f)
    np.testing.assert_allclose(moved(f, by)(x + by), f(x), atol=1e-9)
    np.testing.assert_allclose(stretched(f, width)(x * width), f(x), atol=1e-8)
    np.testing.assert_allclose(times(f, factor)(x), factor * f(x), atol=1e-9)


def test_a_field_is_added_to_a_polynomial_and_to_a_surface():
    fields = [Chebyshev([0.3, -1.0, 0.2, 0.7], domain=[0, 0.9]), Chebyshev([0.1, 0.5, -0.4], domain=[0, 0.9])]
    x, y = np.linspace(0, 0.9, 31)[:, None], np.linspace(1e-9, 15e-9, 7)
    current = Polynomial(center=0.45, coefficients=[1.0, 2.0], domain=(0.0, 0.9), x_unit="V", y_unit="A")
    assert polynomial_plus(current, fields[0])(x) == pytest.approx(current(x) + fields[0](x), abs=1e-12)
    assert piecewise(fields[0], "V", "A")(x) == pytest.approx(fields[0](x), abs=1e-12)
    table = np.random.default_rng(0).normal(size=(2, 2, 3, 2)) * np.array([1.0, 1e8])
    knots = {"x_knots": [0.0, 0.4, 0.9], "y_knots": [1e-9, 8e-9, 15e-9]}
    surface = TensorSpline(**knots, coefficients=table.tolist(), x_unit="V", y_unit="s", z_unit="C")
    wanted = surface(x, y) + fields[0](x) + fields[1](x) * (y - 8e-9) / 7e-9
    assert surface_plus(surface, fields, 8e-9, 7e-9)(x, y) == pytest.approx(wanted, abs=1e-10)
