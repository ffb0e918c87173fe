"""Sums of the model's functions, exactly, and functions moved along their argument: for models that differ a little.

A field is a smooth function over an interval, a Chebyshev series.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Chebyshev
from numpy.polynomial import Polynomial as Powers

from gaincell_char.behavior.functions import PiecewisePolynomial, Polynomial, TensorSpline

Array = npt.NDArray[np.float64]


def plus(f: PiecewisePolynomial, g: PiecewisePolynomial) -> PiecewisePolynomial:
    """f + g, in f's units; either keeps its end value beyond its knots."""
    knots = np.union1d(f.knots, g.knots)
    order = max(len(f.coefficients[0]), len(g.coefficients[0]))
    rows = [_about(f, low, high, order) + _about(g, low, high, order) for low, high in pairwise(knots)]
    return f.model_copy(update={"knots": knots.tolist(), "coefficients": [row.tolist() for row in rows]})


def times(f: PiecewisePolynomial, factor: float) -> PiecewisePolynomial:
    """factor x f."""
    return f.model_copy(update={"coefficients": (factor * np.asarray(f.coefficients)).tolist()})


def moved(f: PiecewisePolynomial, by: float) -> PiecewisePolynomial:
    """f(x - by)."""
    return f.model_copy(update={"knots": [knot + by for knot in f.knots]})


def stretched(f: PiecewisePolynomial, by: float) -> PiecewisePolynomial:
    """f(x / by), by > 0."""
    powers = by ** -np.arange(len(f.coefficients[0]), dtype=float)
    rows = np.asarray(f.coefficients) * powers
    return f.model_copy(update={"knots": [knot * by for knot in f.knots], "coefficients": rows.tolist()})


def piecewise(field: Chebyshev, x_unit: str, y_unit: str) -> PiecewisePolynomial:
    """`field` on its domain; beyond it the end values."""
    low, high = map(float, field.domain)
    return PiecewisePolynomial(
        knots=[low, high], coefficients=[_powers(field, low).tolist()], x_unit=x_unit, y_unit=y_unit
    )


def polynomial_plus(f: Polynomial, field: Chebyshev) -> Polynomial:
    """f + field, about f's center."""
    added = _powers(field, f.center)
    total = np.zeros(max(len(f.coefficients), added.size))
    total[: len(f.coefficients)] += f.coefficients
    total[: added.size] += added
    return f.model_copy(update={"coefficients": total.tolist()})


def surface_plus(f: TensorSpline, fields: Sequence[Chebyshev], y_zero: float, y_scale: float) -> TensorSpline:
    """f(x, y) + sum_j fields[j](x) ((y - y_zero)/y_scale)^j."""
    table = np.asarray(f.coefficients)
    most = max(field.degree() for field in fields) + 1
    wide = np.zeros((*table.shape[:2], max(table.shape[2], most), max(table.shape[3], len(fields))))
    wide[:, :, : table.shape[2], : table.shape[3]] = table
    for k, x in enumerate(f.x_knots[:-1]):
        parts = [_powers(field, x) for field in fields]
        for m, y in enumerate(f.y_knots[:-1]):
            for power, part in enumerate(parts):
                along = _shift(np.eye(power + 1)[power] / y_scale**power, y - y_zero)
                wide[k, m, : part.size, : power + 1] += np.outer(part, along)
    return f.model_copy(update={"coefficients": wide.tolist()})


def _about(f: PiecewisePolynomial, low: float, high: float, order: int) -> Array:
    """Coefficients of f about `low` on (low, high), which has no knot of f inside."""
    row = np.zeros(order)
    if high <= f.knots[0] or low >= f.knots[-1]:
        row[0] = f(low)
        return row
    interval = int(np.searchsorted(f.knots, (low + high) / 2, side="right")) - 1
    found = _shift(np.asarray(f.coefficients[interval]), low - f.knots[interval])
    row[: found.size] = found
    return row


def _shift(coefficients: Array, by: float) -> Array:
    """Of p(x + by): what p's powers of x are about x = by."""
    moved = coefficients.tolist()
    for lowest in range(len(moved) - 1):  # Horner's rule, once for each order
        for order in range(len(moved) - 2, lowest - 1, -1):
            moved[order] += by * moved[order + 1]
    return np.asarray(moved, float)


def _powers(field: Chebyshev, center: float) -> Array:
    """Coefficients of `field` in powers of (x - center)."""
    low, high = map(float, field.domain)
    half = (high - low) / 2
    inside = np.asarray(Chebyshev(field.coef).convert(kind=Powers).coef, float)  # powers of u, x = middle + half u
    about = _shift(inside, (center - (low + high) / 2) / half)
    scaled: Array = about / half ** np.arange(about.size)
    return scaled
