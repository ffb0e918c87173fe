"""Splines in a model file against scipy's own evaluation of the spline they were made from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline, NdBSpline, make_interp_spline
from synthetic_cell import current

from gaincell_char.behavior.functions import PiecewisePolynomial, Polynomial
from gaincell_char.fit import spline
from gaincell_char.fit.grids import Grid
from gaincell_char.fit.held_out import held_out

seeds = st.integers(0, 10_000)


@given(seeds, st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_least_squares_spline_is_converted_exactly(seed: int, intervals: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 0.9, 60) + rng.uniform(-0.005, 0.005, 60)
    y = rng.normal(size=60)
    there = np.linspace(x[0], x[-1], 501)
    theirs = spline.least_squares_spline(x, y, intervals)
    breaks = np.linspace(x[0], x[-1], intervals + 1)
    ours = PiecewisePolynomial(
        knots=breaks.tolist(), coefficients=spline.taylor(theirs, breaks).tolist(), x_unit="V", y_unit="A"
    )
    np.testing.assert_allclose(ours(there), theirs(there), atol=1e-12 * np.abs(theirs.c).max(), rtol=0)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_interpolating_spline_is_converted_exactly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(0.1, 1.0, 14))
    y = rng.normal(size=14)
    there = np.linspace(x[0], x[-1], 501)
    ours = spline.interpolating_piecewise(x, y, "1", "1")
    theirs = CubicSpline(x, y)(there)
    np.testing.assert_allclose(ours(there), theirs, atol=1e-12 * np.abs(theirs).max(), rtol=0)
    np.testing.assert_allclose(ours(x), y, atol=1e-12 * np.abs(theirs).max(), rtol=0)


@pytest.mark.parametrize(("x_intervals", "y_intervals"), [(1, 1), (5, 3), (9, 4)])
def test_tensor_spline_is_converted_exactly(x_intervals: int, y_intervals: int) -> None:
    rng = np.random.default_rng(3)
    grid = Grid(np.linspace(-0.05, 0.95, 40), np.linspace(0.25, 0.65, 19), rng.normal(size=(40, 19)))
    ours = spline.tensor_spline(grid, x_intervals, y_intervals, ("V", "V", "A"))
    along_x = spline.least_squares_spline(grid.x, grid.z, x_intervals)
    along_y = spline.least_squares_spline(grid.y, along_x.c.T, y_intervals)
    theirs = NdBSpline((along_x.t, along_y.t), along_y.c.T, 3)
    x, y = np.meshgrid(np.linspace(-0.05, 0.95, 83), np.linspace(0.25, 0.65, 47), indexing="ij")
    np.testing.assert_allclose(
        ours(x, y), theirs(np.stack([x, y], axis=-1)), atol=1e-12 * np.abs(theirs.c).max(), rtol=0
    )


def test_the_axes_are_not_swapped() -> None:
    grid = Grid(np.linspace(0, 1, 30), np.linspace(5, 7, 20), np.add.outer(np.linspace(0, 1, 30) ** 3, np.zeros(20)))
    surface = spline.tensor_spline(grid, 2, 3, ("a", "b", "c"))
    assert float(surface(0.5, 6.6)) == pytest.approx(0.125, abs=1e-12)
    assert (len(surface.x_knots), len(surface.y_knots)) == (3, 4)


def test_a_polynomial_re_expanded_at_its_left_end_is_the_same_function() -> None:
    cubic = Polynomial(center=0.45, coefficients=[0.5, 13.6, -2.6, 46.0], domain=(0.0, 0.9), x_unit="V", y_unit="A")
    there = np.linspace(0, 0.9, 101)
    np.testing.assert_allclose(spline.as_piecewise(cubic)(there), cubic(there), atol=1e-13)


def test_the_surface_chosen_reaches_the_goal_on_held_out_points_with_the_fewest_cells() -> None:
    v, b = np.linspace(-0.05, 0.95, 81), np.linspace(0.25, 0.65, 17)
    truth = np.tanh(6 * (v[:, None] - 0.5)) * (1 + b)
    grid = Grid(v, b, truth)
    chosen = spline.choose_surface(grid, ("V", "V", "A"), 1.5)
    held = np.ix_(held_out(81), held_out(17))
    rms = np.sqrt(np.mean((chosen(v[:, None], b) - truth)[held] ** 2)) / 1.5
    assert rms <= spline.SURFACE_GOAL
    cells = (len(chosen.x_knots) - 1) * (len(chosen.y_knots) - 1)
    seen = Grid(v[~held_out(81)], b[~held_out(17)], truth[np.ix_(~held_out(81), ~held_out(17))])
    for m, n in [(m, n) for m in range(1, 9) for n in range(1, 5) if m * n < cells]:
        smaller = spline.tensor_spline(seen, m, n, ("V", "V", "A"))
        assert np.sqrt(np.mean((smaller(v[:, None], b) - truth)[held] ** 2)) / 1.5 > spline.SURFACE_GOAL


def test_a_cubic_surface_needs_one_cell_in_the_stored_voltage() -> None:
    v, b = np.linspace(-0.05, 0.95, 81), np.linspace(0.25, 0.65, 17)
    chosen = spline.choose_surface(Grid(v, b, current(v[:, None], b)), ("V", "V", "A"), 1e-6)
    assert len(chosen.x_knots) == 2


def test_interpolation_agrees_with_another_constructor() -> None:
    x, y = np.linspace(0, 1, 12), np.cos(np.linspace(0, 4, 12))
    there = np.linspace(0, 1, 97)
    np.testing.assert_allclose(
        spline.interpolating_piecewise(x, y, "1", "1")(there), make_interp_spline(x, y, 3)(there), atol=1e-12
    )
