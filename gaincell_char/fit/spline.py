"""Cubic splines fitted with few knots, and their exact conversion to the piecewise polynomials of a model file.

scipy fits; `behavior.functions` evaluates. On each knot interval a spline *is* a polynomial: its Taylor coefficients at
the left knot, so nothing is lost but rounding.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.interpolate import BSpline, CubicSpline, PPoly, make_lsq_spline

from gaincell_char.behavior.functions import PiecewisePolynomial, Polynomial, TensorSpline
from gaincell_char.fit.grids import Array, Grid
from gaincell_char.fit.held_out import fit_error, held_out

ORDER = 3
SURFACE_GOAL = 5e-4
"""Held-out rms at which the surface needs no more knots, relative to full scale."""
_MOST_INTERVALS = 16


def least_squares_spline(x: Array, y: Array, intervals: int) -> BSpline:
    """The cubic spline with `intervals` equal knot intervals over the range of `x` nearest to `y` (n, ...)."""
    breaks = np.linspace(x[0], x[-1], intervals + 1)
    knots = np.concatenate([np.repeat(breaks[0], ORDER), breaks, np.repeat(breaks[-1], ORDER)])
    return make_lsq_spline(x, y, knots, ORDER)


def taylor(spline: BSpline | PPoly, breaks: Array) -> Array:
    """Coefficients (len(breaks) - 1, 4, ...) of (x - left break)^i on each interval of `breaks`."""
    return np.stack([spline(breaks[:-1], nu=i) / math.factorial(i) for i in range(ORDER + 1)], axis=1)


def interpolating_piecewise(x: Array, y: Array, x_unit: str, y_unit: str) -> PiecewisePolynomial:
    """The cubic spline through every point (not-a-knot ends) as a piecewise polynomial."""
    table = taylor(CubicSpline(x, y), x)
    return PiecewisePolynomial(knots=x.tolist(), coefficients=table.tolist(), x_unit=x_unit, y_unit=y_unit)


def as_piecewise(polynomial: Polynomial) -> PiecewisePolynomial:
    """`polynomial` on its domain, re-expanded at the left end: one interval, the same function."""
    left, right = polynomial.domain
    powers = np.polynomial.Polynomial(polynomial.coefficients)(
        np.polynomial.Polynomial([left - polynomial.center, 1.0])
    )
    coefficients = np.zeros(polynomial.degree + 1)
    coefficients[: len(powers.coef)] = powers.coef
    return PiecewisePolynomial(
        knots=[left, right], coefficients=[coefficients.tolist()], x_unit=polynomial.x_unit, y_unit=polynomial.y_unit
    )


def tensor_spline(grid: Grid, x_intervals: int, y_intervals: int, units: tuple[str, str, str]) -> TensorSpline:
    """Least-squares tensor-product cubic spline of the whole of `grid`; `units` of x, y and z.

    On a rectangular grid the problem separates: one axis is fitted, then its coefficients along the other.
    """
    along_x = least_squares_spline(grid.x, grid.z, x_intervals)
    x_breaks = np.linspace(grid.x[0], grid.x[-1], x_intervals + 1)
    y_breaks = np.linspace(grid.y[0], grid.y[-1], y_intervals + 1)
    in_x = taylor(along_x, x_breaks)  # (k, i, ny)
    in_y = taylor(least_squares_spline(grid.y, np.moveaxis(in_x, -1, 0), y_intervals), y_breaks)  # (l, j, k, i)
    return TensorSpline(
        x_knots=x_breaks.tolist(),
        y_knots=y_breaks.tolist(),
        coefficients=in_y.transpose(2, 0, 3, 1).tolist(),
        x_unit=units[0],
        y_unit=units[1],
        z_unit=units[2],
    )


def choose_surface(
    grid: Grid, units: tuple[str, str, str], full_scale: float, goal: float = SURFACE_GOAL
) -> TensorSpline:
    """The surface with the fewest knot cells whose held-out rms is within `goal` of full scale.

    Where none is, the one with the smallest held-out rms.
    """
    held = held_out(len(grid.x)), held_out(len(grid.y))
    seen = Grid(grid.x[~held[0]], grid.y[~held[1]], grid.z[np.ix_(~held[0], ~held[1])])
    best: TensorSpline | None = None
    smallest = np.inf
    for x_intervals, y_intervals in _by_size(len(seen.x), len(seen.y)):
        surface = tensor_spline(seen, x_intervals, y_intervals, units)
        predicted = surface(grid.x[:, None], grid.y[None, :])
        rms = fit_error(predicted, grid.z, full_scale, seen.z.size, *held).rms_relative
        if rms <= goal:
            return surface
        if rms < smallest:
            best, smallest = surface, rms
    assert best is not None  # `_by_size` yields (1, 1) for every grid that `at_least` let through
    return best


def _by_size(x_points: int, y_points: int) -> list[tuple[int, int]]:
    """Interval counts along x and y, fewest cells first; more points than coefficients are kept along each axis."""
    most = (min(_MOST_INTERVALS, x_points - ORDER - 1), min(_MOST_INTERVALS, y_points - ORDER - 1))
    pairs = [(m, n) for m in range(1, most[0] + 1) for n in range(1, most[1] + 1)]
    return sorted(pairs, key=lambda pair: (pair[0] * pair[1], pair[1]))
