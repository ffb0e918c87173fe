"""Settling: how long after the last read pulse the sign may be latched and a replica enabled."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.converter import NUMERICS, Group, check_measurable
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.signed_charge_to_pulse import tile
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

_CELLS = 24
AXES = (
    Axis(
        "wait_s", "s", (0.1e-9, 0.2e-9, 0.3e-9, 0.5e-9, 1e-9, 2e-9, 4e-9, 10e-9), True,
        f"from the end of the read pulse of {_CELLS} cells to the latching of the sign",
    ),
    Axis("cell_time_s", "s", (36e-9,), False, "cells times read pulse; negative: the cells store 0 V and source"),
)  # fmt: skip
COLUMNS = {"charge_C": "C", "pulse_s": "s", "shift_s": "s"}


def deck(setting: Setting) -> Deck:
    """A column for each wait; they share the latch, so the read pulses start at different times."""
    axes, at = axis_values(setting, AXES), tile.phases(setting)
    (cell_time,) = axes["cell_time_s"]
    read, level = abs(cell_time) / _CELLS, setting.vdd_V if cell_time > 0 else 0.0
    columns = []
    for wait in axes["wait_s"]:
        start = at.latch - wait - read
        if wait <= 0 or start < at.read:
            raise InputError(
                f"axis wait_s: {wait:g} s; expected more than 0 and at most {at.latch - read - at.read:g} s"
            )
        columns.append([Group(_CELLS, level, start, read)])
    return tile.deck("signed charge-to-pulse converter, settling", setting, columns)


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a wait; `shift_s` is the pulse's width against that of the longest wait.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where a window or a pulse does not open or close once, a sign is not decided, or a
        pulse is zero or clamped.
    """
    axes = axis_values(setting, AXES)
    waits, (cell_time,) = axes["wait_s"], axes["cell_time_s"]
    found = tile.readings(setting, waveforms, len(waits))
    narrowest = min(closed - opened for opened, closed in tile.windows(setting, waveforms).values())
    check_measurable((abs(each.pulse_s) for each in found), narrowest, tile.LSB_S)
    settled = found[waits.index(max(waits))].pulse_s
    return [
        {
            "wait_s": wait,
            "cell_time_s": cell_time,
            "charge_C": each.charge_C,
            "pulse_s": each.pulse_s,
            "shift_s": float(np.sign(cell_time) * (each.pulse_s - settled)),
        }
        for wait, each in zip(waits, found, strict=True)
    ]


TESTBENCH = Testbench(
    circuit="signed_charge_to_pulse",
    name="settling",
    summary="pulse error over the wait between the last read pulse and the latching of the sign",
    parameters=tile.ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=2,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=tile.MISMATCH,
)
