"""Figures of one hold condition: when a level has lost 10 %, and how well one time constant describes all levels."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from gaincell_char.fit.grids import Array

LOSS = 0.1
LOSS_OF_EXPONENTIAL = 0.105
"""-ln(1 - 0.1): an exponential has lost 10 % after 0.105 of its time constant."""


def loss_times(voltage: Array, ages_s: Array, loss_V: Array) -> tuple[Array, Array]:
    """When each level has moved by `loss_V` from its voltage at age 0.

    Parameters
    ----------
    voltage
        (levels, ages), the first age 0.
    loss_V
        (levels,).

    Returns
    -------
    Times (levels,) in s, and whether each is only a lower bound: the level had not moved so far at the last age.
    """
    moved = np.abs(voltage - voltage[:, :1])
    times, bounds = np.full(len(voltage), ages_s[-1]), np.ones(len(voltage), bool)
    for level, row in enumerate(moved):
        over = np.flatnonzero(row >= loss_V[level])
        if over.size and loss_V[level] > 0:  # a level at the voltage it tends to has nothing to lose
            times[level] = _between(ages_s, row, int(over[0]), float(loss_V[level]))
            bounds[level] = False
    return times, bounds


def _between(ages_s: Array, moved: Array, after: int, loss_V: float) -> float:
    """Age of `loss_V` between two ages: along a power law, which leakage at constant current follows exactly."""
    before = after - 1
    if moved[before] <= 0 or ages_s[before] <= 0:
        return float(
            ages_s[before]
            + (ages_s[after] - ages_s[before]) * (loss_V - moved[before]) / (moved[after] - moved[before])
        )
    share = np.log(loss_V / moved[before]) / np.log(moved[after] / moved[before])
    return float(ages_s[before] * (ages_s[after] / ages_s[before]) ** share)


def toward(level: Array, age_s: Array, tau_s: float, v_inf_V: float) -> Array:
    """Voltage of every level (rows) at every age (columns), all going to `v_inf_V` with `tau_s`."""
    return v_inf_V + (np.asarray(level)[:, None] - v_inf_V) * np.exp(-np.asarray(age_s) / tau_s)


def single_tau(voltage: Array, ages_s: Array, v_inf_V: float) -> tuple[float, float]:
    """The time constant toward `v_inf_V` nearest to all transients, each (level, age) counted alike, and its misfit.

    Returns
    -------
    tau (s), largest |misfit| (V).
    """
    positive = ages_s[ages_s > 0]

    def squares(log_tau: float) -> float:
        return float(np.sum((toward(voltage[:, 0], ages_s, np.exp(log_tau), v_inf_V) - voltage) ** 2))

    # one time constant can be far outside the ages simulated: transients that hardly move at all ask for that
    grid = np.linspace(np.log(positive[0] / 1e2), np.log(positive[-1] * 1e6), 161)
    start = int(np.argmin([squares(point) for point in grid]))
    bounds = (grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)])
    tau = float(np.exp(minimize_scalar(squares, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x))
    return tau, float(np.abs(toward(voltage[:, 0], ages_s, tau, v_inf_V) - voltage).max())
