"""How far a write misses its level: against the level, the pulse width, and what was stored before."""

from __future__ import annotations

import numpy as np

from gaincell_char.behavior.schema import Condition, WriteModel
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.sweep.dataset import Dataset


def fit_write(dataset: Dataset, condition: Condition | None = None, design_pulse_s: float | None = None) -> WriteModel:
    """The table of write errors (V, reached minus asked) at one condition.

    Parameters
    ----------
    condition
        None: tt nearest to 27 C.
    design_pulse_s
        The write pulse of the design, one of those swept; None: the longest.

    Raises
    ------
    InputError
        The condition or the design pulse was not swept, or a point is missing.
    """
    grids.require(dataset, ["pulse_s"])
    condition, rows = grids.at_condition(dataset, condition)
    tables = [
        (width, grids.pivot(dataset, rows[rows["pulse_s"] == width], "v_level_V", "v_previous_V", "error_V"))
        for width in sorted(rows["pulse_s"].unique().tolist())
    ]
    widths = [width for width, _ in tables]
    design = widths[-1] if design_pulse_s is None else design_pulse_s
    at = np.flatnonzero(np.isclose(widths, design, rtol=1e-9, atol=0))
    if at.size == 0:
        swept = ", ".join(f"{width:g}" for width in widths)
        raise InputError(f"{grids.name(dataset)}: no write pulse of {design:g} s; swept: {swept}")
    first = tables[0][1]
    if any(grid.z.shape != first.z.shape for _, grid in tables):
        raise InputError(
            f"{grids.name(dataset)}: the pulse widths do not all have the same levels; run the sweep again"
        )
    error = np.stack([grid.z for _, grid in tables], axis=1)
    return WriteModel(
        condition=condition,
        levels_V=first.x.tolist(),
        pulse_widths_s=widths,
        previous_levels_V=first.y.tolist(),
        error_V=error.tolist(),
        design_pulse_s=widths[at[0]],
        worst_error_V=float(np.abs(error[:, at[0]]).max()),
    )
