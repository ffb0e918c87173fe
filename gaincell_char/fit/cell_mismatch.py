"""Mismatch of the gain cell: how its current spreads from cell to cell, over the stored voltage."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from gaincell_char.behavior.functions import PiecewisePolynomial
from gaincell_char.behavior.schema import CellMismatch, Condition
from gaincell_char.fit import grids
from gaincell_char.fit.samples import samples_at
from gaincell_char.fit.spline import taylor
from gaincell_char.sweep.dataset import Dataset

_FEWEST_VOLTAGES = 4


def fit_cell_mismatch(dataset: Dataset, condition: Condition | None = None) -> CellMismatch:
    """Standard deviation (A) of the direct current over the samples of a `gain_cell.iv` sweep at one bit-line voltage.

    Between two swept voltages it is a cubic that does not leave their values (Fritsch and Carlson, SIAM J. Numer. Anal.
    17, 238, 1980), so a deviation is never negative.

    Raises
    ------
    InputError
        The condition was not swept, a sample failed, a voltage is missing, or there are too few samples or voltages.
    """
    samples = samples_at(dataset, condition)
    currents = grids.pivot(dataset, samples.rows, "sample", "v_store_V", "current_A")
    grids.at_least(dataset, "v_store_V", currents.y, _FEWEST_VOLTAGES)
    sigma = currents.z.std(axis=0, ddof=1)
    table = taylor(PchipInterpolator(currents.y, sigma), currents.y)
    return CellMismatch(
        condition=samples.condition,
        samples=samples.count,
        seed=samples.seed,
        current_sigma_A=PiecewisePolynomial(
            knots=currents.y.tolist(), coefficients=np.asarray(table).tolist(), x_unit="V", y_unit="A"
        ),
    )
