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

    Where the data rise throughout, one that rises is preferred: of a cell current that turns back, two stored voltages
    would give one current. Where no degree reaches the goal, it is the one with the smallest error, which says so.
    """
    highest = max(1, min(HIGHEST_DEGREE, int((~held_out(len(x))).sum()) - 2))
    tried = [fit_polynomial(x, y, degree, center, x_unit, y_unit) for degree in range(1, highest + 1)]
    errors = [float(np.abs(fitted(x) - y).max()) / full_scale for fitted in tried]
    within = [fitted for fitted, error in zip(tried, errors, strict=True) if error <= goal]
    if not within:
        return tried[int(np.argmin(errors))]
    if np.all(np.diff(y) > 0):
        fine = np.linspace(x[0], x[-1], 1001)
        return next((fitted for fitted in within if np.all(np.diff(fitted(fine)) > 0)), within[0])
    return within[0]
