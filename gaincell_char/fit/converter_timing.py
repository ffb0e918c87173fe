"""Settling and bursts of a charge-to-pulse converter: tables of the datasheet."""

from __future__ import annotations

import numpy as np

from gaincell_char.behavior.schema import Burst, Condition, Settling
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.sweep.dataset import Dataset


def fit_settling(dataset: Dataset, tolerance_s: float, condition: Condition | None = None) -> Settling:
    """Shift of the pulse over the wait before the conversion, and the shortest wait from which on it is within
    `tolerance_s` of the longest wait's.

    Raises
    ------
    InputError
        The condition was not swept, a column is missing, or there is one wait only.
    """
    grids.require(dataset, ["wait_s", "pulse_s"])
    condition, rows = grids.at_condition(dataset, condition)
    rows = rows.sort_values("wait_s")
    wait, pulse = rows["wait_s"].to_numpy(float), rows["pulse_s"].to_numpy(float)
    grids.at_least(dataset, "wait_s", wait, 2)
    shift = pulse - pulse[-1]
    late = np.flatnonzero(np.abs(shift) > tolerance_s)
    return Settling(
        condition=condition,
        waits_s=wait.tolist(),
        pulse_shift_s=shift.tolist(),
        tolerance_s=tolerance_s,
        settled_s=float(wait[late[-1] + 1 if late.size else 0]),
    )


def fit_burst(dataset: Dataset, condition: Condition | None = None, stagger: float = 0.0) -> Burst:
    """Shift of the pulse over the number of cells that are read at once.

    Raises
    ------
    InputError
        The condition or `stagger` was not swept, or several charges were.
    """
    grids.require(dataset, ["cells_on", "stagger", "cell_time_s", "shift_s", "bl_V"])
    condition, rows = grids.at_condition(dataset, condition)
    rows = rows[rows["stagger"] == stagger].sort_values("cells_on")
    if rows.empty or rows["cells_on"].duplicated().any():
        raise InputError(
            f"{grids.name(dataset)}: {len(rows)} rows with stagger = {stagger:g}; a burst section needs each number of "
            "cells once, so one cell_time_s"
        )
    return Burst(
        condition=condition,
        cells_on=[int(cells) for cells in rows["cells_on"]],
        bl_V=rows["bl_V"].tolist(),
        pulse_shift_s=rows["shift_s"].tolist(),
    )
