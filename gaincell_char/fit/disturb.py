"""Read disturb over many more reads than were simulated: the first reads' coupling and a constant loss a read."""

from __future__ import annotations

import numpy as np

from gaincell_char.behavior.schema import Condition, ReadDisturb
from gaincell_char.errors import InputError
from gaincell_char.fit import grids
from gaincell_char.sweep.dataset import Dataset

_READS = (1, 100, 10_000)
_SETTLED = 50
"""From this read on a shift is taken as a line in the number of reads."""
_GOAL_V, _GOAL_SHARE = 1e-6, 0.01


def fit_read_disturb(dataset: Dataset, condition: Condition | None = None) -> ReadDisturb:
    """Shift of every level after 1, 100 and 10,000 reads at one condition.

    The first two are measured. The last is the line through the measured shifts from 50 reads on: a read takes the
    same charge each time as long as the level has hardly moved. The largest number of reads is held out, and the line
    must meet it within a microvolt or 1 % of the shift.

    Raises
    ------
    InputError
        The condition was not swept, reads are missing, or the shift is no line.
    """
    condition, rows = grids.at_condition(dataset, condition)
    shift = grids.pivot(dataset, rows, "v_level_V", "reads", "shift_V")
    reads = shift.y
    settled = np.flatnonzero(reads >= _SETTLED)
    if settled.size < 3 or not {1.0, 100.0} <= set(reads.tolist()):
        raise InputError(
            f"{grids.name(dataset)}: reads {', '.join(f'{count:g}' for count in reads)}; needs 1, 100 and "
            f"at least three of {_SETTLED} or more"
        )
    fitted, last = settled[:-1], settled[-1]
    slope, start = np.polyfit(reads[fitted], shift.z[:, fitted].T, 1)
    miss = np.abs(start + slope * reads[last] - shift.z[:, last])
    if np.any(miss > np.maximum(_GOAL_V, _GOAL_SHARE * np.abs(shift.z[:, last]))):
        raise InputError(
            f"{grids.name(dataset)}: after {reads[last]:g} reads the shift is {miss.max():g} V off the line "
            "through fewer; sweep more reads"
        )
    measured = {count: shift.z[:, np.flatnonzero(reads == count)[0]] for count in _READS[:-1]}
    table = [*measured.values(), start + slope * _READS[-1]]
    return ReadDisturb(
        condition=condition,
        pulse_s=single_value(dataset, "pulse_s"),
        levels_V=shift.x.tolist(),
        reads=list(_READS),
        shift_V=np.stack(table, axis=1).tolist(),
    )


def single_value(dataset: Dataset, column: str) -> float:
    """The one value of a column; raises `InputError` where there are several."""
    values = dataset.good[column].unique()
    if len(values) != 1:
        raise InputError(f"{grids.name(dataset)}: {len(values)} values of {column}, a fit is of one design; choose one")
    return float(values[0])
