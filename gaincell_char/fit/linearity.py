"""Where a cell's current crosses zero, how steep it is, and over which stored voltages it is linear within 5 %."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from gaincell_char.behavior.schema import LinearRange
from gaincell_char.errors import GaincellError
from gaincell_char.fit.grids import Array

Current = Callable[[Array], Array]
TOLERANCE = 0.05
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)
_STEP_V = 5e-4


def least_squares_slope(current: Current, low: float, high: float) -> float:
    """Slope (A/V) of the straight line nearest to `current` in the mean square over low..high, all voltages alike.

    Continuous least squares, so that it does not depend on where a sweep put its points: 19.3 for 19.3 (V - 0.45).
    """
    half = (high - low) / 2
    values = current((low + high) / 2 + half * _NODES)
    return float(1.5 * np.sum(_WEIGHTS * _NODES * values) / half)


def full_scale(current: Current, low: float, high: float) -> float:
    """The largest |current| over low..high: what percentages of full scale refer to."""
    return float(np.abs(current(_samples(low, high))).max())


def zero_crossing(current: Current, low: float, high: float) -> float:
    """The stored voltage without current; of several, the one nearest to the middle of low..high.

    Raises
    ------
    GaincellError
        The current has one sign over the whole range.
    """
    points = _samples(low, high)
    values = current(points)
    changes = np.flatnonzero(np.signbit(values[:-1]) != np.signbit(values[1:]))
    if changes.size == 0:
        raise GaincellError(
            f"the cell's current does not cross zero between {low:g} and {high:g} V "
            f"({values[0]:.3g} to {values[-1]:.3g} A): it cannot store weights "
            "of both signs; balance its N and P read devices"
        )
    nearest = changes[np.argmin(np.abs(points[changes] - (low + high) / 2))]
    return _root(current, points[nearest], points[nearest + 1])


def linear_range(current: Current, low: float, high: float) -> LinearRange:
    """The < 5 % range under three definitions, inside low..high.

    The tangent touches at the zero crossing, and full scale is the largest |current| over low..high.

    - `tangent_full_scale_V`: |current - tangent| <= 5 % of full scale.
    - `tangent_relative_V`: |current - tangent| <= 5 % of |tangent| at the same voltage.
    - `best_line_half_width_V`: half the widest interval centered on the zero crossing in which the least-squares line
      stays within 5 % of the largest |current| in that interval.

    A range that ends at low or high is cut there.
    """
    zero = zero_crossing(current, low, high)
    slope = float(np.diff(current(np.array([zero - _STEP_V, zero + _STEP_V])))[0]) / (2 * _STEP_V)
    scale = TOLERANCE * full_scale(current, low, high)

    def deviation(voltage: Array) -> Array:
        return np.abs(current(voltage) - slope * (voltage - zero))

    def of_full_scale(voltage: Array) -> Array:
        return deviation(voltage) - scale

    def relative(voltage: Array) -> Array:
        return deviation(voltage) - TOLERANCE * np.abs(slope * (voltage - zero))

    return LinearRange(
        tangent_full_scale_V=(_first_excess(of_full_scale, zero, low), _first_excess(of_full_scale, zero, high)),
        tangent_relative_V=(_first_excess(relative, zero, low), _first_excess(relative, zero, high)),
        best_line_half_width_V=_best_line_half_width(current, zero, min(zero - low, high - zero)),
    )


def _first_excess(excess: Current, zero: float, end: float) -> float:
    """Where `excess` first becomes positive on the way from the zero crossing to `end`; `end` where it never does."""
    # at the zero crossing itself both sides of the relative definition vanish, so the walk starts a step away
    steps = np.arange(2 * _STEP_V, abs(end - zero), _STEP_V)
    path = np.append(zero + np.sign(end - zero) * steps, end)
    over = np.flatnonzero(excess(path) > 0)
    if over.size == 0:
        return end
    return float(path[0]) if over[0] == 0 else _root(excess, path[over[0] - 1], path[over[0]])


def _best_line_half_width(current: Current, zero: float, widest: float) -> float:
    def excess(half: Array) -> Array:
        return np.array([_line_misfit(current, zero, h) - TOLERANCE for h in np.atleast_1d(half)])

    widths = np.append(np.arange(10 * _STEP_V, widest, 10 * _STEP_V), widest)
    over = np.flatnonzero(excess(widths) > 0)
    if over.size == 0:
        return widest
    return float(widths[0]) if over[0] == 0 else _root(excess, widths[over[0] - 1], widths[over[0]])


def _line_misfit(current: Current, zero: float, half: float) -> float:
    """Largest deviation from the least-squares line over zero +- half, relative to the largest |current| there."""
    mean = 0.5 * float(np.sum(_WEIGHTS * current(zero + half * _NODES)))
    slope = least_squares_slope(current, zero - half, zero + half)
    points = np.linspace(zero - half, zero + half, 401)
    values = current(points)
    return float(np.abs(values - mean - slope * (points - zero)).max() / np.abs(values).max())


def _samples(low: float, high: float) -> Array:
    return np.linspace(low, high, round((high - low) / _STEP_V) + 1)


def _root(function: Current, left: float, right: float) -> float:
    return float(brentq(lambda v: float(function(np.array([v]))[0]), left, right, xtol=1e-12))
