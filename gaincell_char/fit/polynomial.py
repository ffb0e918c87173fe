"""Polynomials in the stored voltage: the published degree, and the smallest degree that the data accept."""

from __future__ import annotations

import numpy as np

from gaincell_char.behavior.functions import Polynomial
from gaincell_char.behavior.schema import FitError
from gaincell_char.fit.grids import Array
from gaincell_char.fit.held_out import fit_error, held_out

PUBLISHED_DEGREE = 3
HIGHEST_DEGREE = 15
GOAL = 5e-3
"""Largest error that the chosen degree may have anywhere, relative to full scale."""


def fit_polynomial(x: Array, y: Array, degree: int, center: float, x_unit: str, y_unit: str) -> Polynomial:
    """Least squares on the points that `held_out` leaves, in powers of (x - center).

    Solved in the Chebyshev basis of the domain: the normal matrix of plain powers is close to singular at degree 9.
    """
    seen = ~held_out(len(x))
    domain = (float(x[0]), float(x[-1]))
    series = np.polynomial.Chebyshev.fit(
        x[seen] - center, y[seen], degree, domain=[domain[0] - center, domain[1] - center]
    )
    powers = series.convert(kind=np.polynomial.Polynomial).coef
    coefficients = np.zeros(degree + 1)
    coefficients[: len(powers)] = powers
    return Polynomial(center=center, coefficients=coefficients.tolist(), domain=domain, x_unit=x_unit, y_unit=y_unit)


def polynomial_error(fitted: Polynomial, x: Array, y: Array, full_scale: float) -> FitError:
    """Error of `fitted` on the held-out points among `x`, `y`."""
    held = held_out(len(x))
    return fit_error(fitted(x), y, full_scale, int((~held).sum()), held)


def choose_degree(
    x: Array, y: Array, center: float, x_unit: str, y_unit: str, full_scale: float, goal: float = GOAL
) -> Polynomial:
    """The polynomial of the smallest degree that is within `goal` of full scale at every point, held out or fitted.

    It must also rise where the data rise throughout: a cell current that turns back would let two stored voltages give
    one current. Where no degree reaches the goal, the one with the smallest error is returned; its error says so.
    """
    rises = bool(np.all(np.diff(y) > 0))
    fine = np.linspace(x[0], x[-1], 1001)
    best: Polynomial | None = None
    smallest = np.inf
    highest = min(HIGHEST_DEGREE, int((~held_out(len(x))).sum()) - 2)
    for degree in range(1, max(highest, 1) + 1):
        fitted = fit_polynomial(x, y, degree, center, x_unit, y_unit)
        worst = float(np.abs(fitted(x) - y).max()) / full_scale
        turns = rises and not np.all(np.diff(fitted(fine)) > 0)
        if worst <= goal and not turns:
            return fitted
        if worst < smallest:
            best, smallest = fitted, worst
    assert best is not None  # the loop runs at least once, and an error is finite
    return best
