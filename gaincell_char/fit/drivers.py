"""The sections of the word-line driver and of the write driver."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gaincell_char.behavior.schema import Condition, WordLineDriver, WriteDriver
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.sweep.dataset import Dataset

_INPUT_LEVELS, _STORED_LEVELS = 16, 8


def fit_word_line_driver(widths: Dataset, buffer: Dataset, condition: Condition | None = None) -> WordLineDriver:
    """Widths, edges and energy at one condition. A width is the mean of both word lines', as N and P branch of a cell
    follow one each; edges and stretch are those of the longest pulse through the buffer.

    Raises
    ------
    InputError
        The condition was not swept, or not all 16 levels were.
    """
    condition, rows = grids.at_condition(widths, condition)
    rows = _levels(widths, rows, "level", _INPUT_LEVELS)
    _, buffered = grids.at_condition(buffer, condition)
    longest = buffered.sort_values("width_s").iloc[-1]
    return WordLineDriver(
        condition=condition,
        widths_s=((rows["width_s"] + rows["width_b_s"]) / 2).tolist(),
        rise_s=float(longest["rise_s"]),
        fall_s=float(longest["fall_s"]),
        energy_per_pulse_J=float(rows["energy_J"][1:].mean()),
        buffer_stretch_s=float(longest["stretch_s"] + longest["stretch_b_s"]) / 2,
    )


def fit_write_driver(write: Dataset, disturb: Dataset | None = None, condition: Condition | None = None) -> WriteDriver:
    """Levels on the line and in the cell, at one condition: the mean over what the cell held before; the longest
    settling time, the mean energy. `disturb`: a sweep of gain_cell.write_disturb, for the largest shift of a
    neighbor.

    Raises
    ------
    InputError
        The condition was not swept, or not all 8 levels were.
    """
    condition, rows = grids.at_condition(write, condition)
    mean = _levels(write, rows.groupby("level", as_index=False).mean(numeric_only=True), "level", _STORED_LEVELS)
    shift = None
    if disturb is not None:
        _, neighbors = grids.at_condition(disturb, condition)
        shift = float(neighbors["shift_V"].abs().max())
    return WriteDriver(
        condition=condition,
        driven_V=mean["driven_V"].tolist(),
        stored_V=mean["v_store_V"].tolist(),
        settle_s=float(rows["settle_s"].max()),
        energy_per_write_J=float(rows["energy_J"].mean()),
        neighbor_shift_V=shift,
    )


def _levels(dataset: Dataset, rows: pd.DataFrame, column: str, count: int) -> pd.DataFrame:
    ordered = rows.sort_values(column)
    if not np.array_equal(ordered[column].to_numpy(float), np.arange(count)):
        found = ", ".join(f"{level:g}" for level in ordered[column])
        raise InputError(f"{grids.name(dataset)}: needs each of the levels 0 to {count - 1} once, found {found}")
    return ordered
