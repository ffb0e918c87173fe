"""Bursts: the same charge from few cells for long or from many at once, and what the bit line does meanwhile."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.converter import NUMERICS, ROWS, check_measurable
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.signed_charge_to_pulse import tile
from gaincell_char.circuits.signed_charge_to_pulse.transfer import groups
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

_SLOW_CELLS = 4
_SLOW_PARTS = (0.4, 1.0)
"""Two columns of few cells, with these parts of the charge: the line that a burst is measured against."""
AXES = (
    Axis("cells_on", "1", (8.0, 16.0, 24.0, 32.0, 48.0, 64.0), True, "cells that are read at once, a whole number"),
    Axis(
        "cell_time_s", "s", (54e-9,), False,
        "cells times read pulse: 54 ns is about nine tenths of full scale; negative: cells store 0 V and source",
    ),
)  # fmt: skip
COLUMNS = {"charge_C": "C", "pulse_s": "s", "shift_s": "s", "energy_J": "J", "bl_V": "V"}


def deck(setting: Setting) -> Deck:
    """A column for each number of cells and two of few cells at the end."""
    axes = axis_values(setting, AXES)
    (cell_time,) = axes["cell_time_s"]
    if cell_time == 0:
        raise InputError("axis cell_time_s: 0 s is no burst; give 54 ns or -54 ns")
    columns = []
    for cells in axes["cells_on"]:
        if cells != round(cells) or not 1 <= cells <= ROWS:
            raise InputError(f"axis cells_on: {cells:g} cells; expected a whole number, 1 to {ROWS}")
        columns.append(groups(cell_time, setting, round(cells)))
    columns += [groups(part * cell_time, setting, _SLOW_CELLS) for part in _SLOW_PARTS]
    return tile.deck("signed charge-to-pulse converter, bursts", setting, columns)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a number of cells: `shift_s` of its pulse's width from what the same charge gives when few cells deliver
    it (the line through the two slow columns), `bl_V` the farthest that the bit line was pulled.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a window or a pulse does not open or close once, a sign is not decided, or a
        pulse is zero or clamped.
    """
    axes = axis_values(setting, AXES)
    (cell_time,) = axes["cell_time_s"]
    cells = axes["cells_on"]
    *found, low, high = read = tile.readings(setting, waveforms, len(cells) + len(_SLOW_PARTS))
    narrowest = min(closed - opened for opened, closed in tile.windows(setting, waveforms).values())
    check_measurable((abs(each.pulse_s) for each in read), narrowest, tile.LSB_S)
    slope = (high.pulse_s - low.pulse_s) / (high.charge_C - low.charge_C)
    return [
        {
            "cells_on": number,
            "cell_time_s": cell_time,
            "charge_C": each.charge_C,
            "pulse_s": each.pulse_s,
            "shift_s": float(
                np.sign(cell_time) * (each.pulse_s - low.pulse_s - slope * (each.charge_C - low.charge_C))
            ),
            "energy_J": each.energy_J,
            "bl_V": each.bl_V,
        }
        for number, each in zip(cells, found, strict=True)
    ]


TESTBENCH = Testbench(
    circuit="signed_charge_to_pulse",
    name="burst",
    summary="pulse error and bit-line excursion over the number of cells that are read at once",
    parameters=tile.ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=2,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=tile.MISMATCH,
)
