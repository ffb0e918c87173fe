"""The charge of a read pulse, a line in the pulse width at every stored voltage, and what it does to the store."""

from __future__ import annotations

import numpy as np

from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import Condition, PulseCharge
from gaincell_char.fit import grids
from gaincell_char.fit.grids import Array, Grid
from gaincell_char.fit.held_out import fit_error, held_out
from gaincell_char.fit.polynomial import choose_degree, polynomial_error
from gaincell_char.fit.spline import choose_surface, interpolating_piecewise
from gaincell_char.sweep.dataset import Dataset

_FEWEST_LEVELS, _FEWEST_WIDTHS = 9, 7
_FIXED_CHARGE_GOAL = 2e-4
"""Error of the fixed charge's polynomial, relative to the largest charge."""


def fit_pulse(dataset: Dataset, condition: Condition | None = None) -> PulseCharge:
    """Q(v_store, T) = read_current(v_store) T + fixed_charge(v_store) and the surface beside it, at one condition.

    The read current and the fixed charge of a level are the least-squares line through its fitted pulse widths;
    `linearity_error_C` is the largest distance of any width, held out or fitted, from that line. Kick and disturb are
    those of the longest pulse.

    Raises
    ------
    InputError
        The condition was not swept, or the grid has holes or is too coarse.
    """
    condition, rows = grids.at_condition(dataset, condition)
    charge, kick, disturb = (
        grids.pivot(dataset, rows, "v_store_V", "pulse_s", column) for column in ("charge_C", "kick_V", "disturb_V")
    )
    grids.at_least(dataset, "v_store_V", charge.x, _FEWEST_LEVELS)
    grids.at_least(dataset, "pulse_s", charge.y, _FEWEST_WIDTHS)
    current, fixed = lines(charge)
    center = condition.vdd_V / 2
    stored = grids.stored(charge.x, condition.vdd_V)
    x = charge.x[stored]
    largest_A, largest_C = float(np.abs(current[stored]).max()), float(np.abs(charge.z).max())
    surface = choose_surface(charge, ("V", "s", "C"), largest_C)
    held = held_out(len(charge.x)), held_out(len(charge.y))
    read_current = choose_degree(x, current[stored], center, "V", "A", largest_A)
    return PulseCharge(
        condition=condition,
        surface=surface,
        surface_error=fit_error(
            surface(charge.x[:, None], charge.y), charge.z, largest_C, int((~held[0]).sum() * (~held[1]).sum()), *held
        ),
        read_current=read_current,
        read_current_error=polynomial_error(read_current, x, current[stored], largest_A),
        fixed_charge=choose_degree(x, fixed[stored], center, "V", "C", largest_C, _FIXED_CHARGE_GOAL),
        linearity_error_C=float(np.abs(charge.z - current[:, None] * charge.y - fixed[:, None]).max()),
        kick_V=_at_longest(kick),
        disturb_V=_at_longest(disturb),
    )


def lines(charge: Grid) -> tuple[Array, Array]:
    """Slope (A) and intercept (C) of charge over pulse width at every stored voltage, from the fitted widths."""
    seen = ~held_out(len(charge.y))
    slope, intercept = np.polynomial.polynomial.polyfit(charge.y[seen] * 1e9, charge.z[:, seen].T, 1)[::-1]
    return slope * 1e9, intercept


def _at_longest(shift: Grid) -> PiecewisePolynomial:
    seen = ~held_out(len(shift.x))
    return interpolating_piecewise(shift.x[seen], shift.z[seen, -1], "V", "V")
