import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_cell import published

from gaincell_char.fit.polynomial import choose_degree, fit_polynomial, polynomial_error

X = np.linspace(0.0, 0.9, 73)
coefficients = st.lists(st.floats(-100, 100), min_size=1, max_size=8)


@given(coefficients)
def test_an_exact_polynomial_is_recovered(true: list[float]) -> None:
    y = np.polynomial.polynomial.polyval(X - 0.45, true)
    fitted = fit_polynomial(X, y, len(true) - 1, 0.45, "V", "A")
    # a coefficient is as well known as its term is large at the ends, 0.45 V from the center
    size = np.abs(true).max() + 1
    weight = 0.45 ** np.arange(len(true))
    np.testing.assert_allclose(np.asarray(fitted.coefficients) * weight, np.asarray(true) * weight, atol=1e-12 * size)
    assert polynomial_error(fitted, X, y, 1.0).maximum <= 1e-12 * size


def test_the_degree_chosen_is_the_smallest_within_the_goal() -> None:
    y = published(X)
    scale = float(np.abs(y).max())
    chosen = choose_degree(X, y, 0.45, "V", "A", scale)
    assert chosen.degree == 3
    below = fit_polynomial(X, y, 2, 0.45, "V", "A")
    assert np.abs(below(X) - y).max() > 0.005 * scale


def test_a_polynomial_that_turns_back_is_refused_where_the_current_rises() -> None:
    u = (X - 0.45) / 0.45
    y = u**7 + 0.002 * u
    degree_5 = fit_polynomial(X, y, 5, 0.45, "V", "A")  # close enough, but it turns back: u^7 - T_7(u)/64
    assert np.abs(degree_5(X) - y).max() < 0.05
    assert (np.diff(degree_5(X)) < 0).any()
    assert choose_degree(X, y, 0.45, "V", "A", 1.0, goal=0.05).degree == 7


def test_where_no_degree_is_good_enough_the_best_one_says_so() -> None:
    y = np.sign(X - 0.451)
    chosen = choose_degree(X, y, 0.45, "V", "A", 1.0)
    assert polynomial_error(chosen, X, y, 1.0).maximum_relative > 0.005


@pytest.mark.parametrize("degree", [3, 7, 11])
def test_held_out_points_are_not_seen(degree: int) -> None:
    y = published(X)
    spoiled = y.copy()
    spoiled[5] += 100.0  # index 5 is held out
    clean, same = (fit_polynomial(X, data, degree, 0.45, "V", "A") for data in (y, spoiled))
    assert clean == same
