"""Transfer of the ReLU converter: charge of a bit line to pulse width, one column a point, all in one transient."""

from __future__ import annotations

import numpy as np

from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import EDGE_S, NUMERICS, Group
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

CELLS = 12
"""Cells that are read at once: full scale in about 10 ns."""
AXES = (
    Axis(
        "read_s", "s", (-2e-9, 0.0, 0.1e-9, 1e-9, 2.5e-9, 4e-9, 5.5e-9, 7e-9, 8.5e-9, 9.3e-9, 12.5e-9), True,
        f"read pulse of {CELLS} cells; positive: they store the supply and sink, negative: they store 0 V and source",
    ),
)  # fmt: skip
COLUMNS = {
    "charge_C": "C",
    "pulse_s": "s",
    "residual_s": "s",
    "offset_s": "s",
    "energy_J": "J",
    "bl_V": "V",
    "opening_s": "s",
}


def deck(setting: Setting) -> Deck:
    """A column for each read pulse."""
    columns = [_groups(read, setting) for read in axis_values(setting, AXES)["read_s"]]
    return tile.deck("ReLU charge-to-pulse converter, transfer", setting, columns)


def _groups(read_s: float, setting: Setting) -> list[Group]:
    if read_s == 0:
        return []
    if not EDGE_S < abs(read_s) <= tile.LONGEST_READ_S:
        raise InputError(
            f"axis read_s: {read_s:g} s; a read pulse is 0 or between its edge ({EDGE_S:g} s) and "
            f"{tile.LONGEST_READ_S:g} s long, of either sign"
        )
    return [Group(CELLS, setting.vdd_V if read_s > 0 else 0.0, tile.read_start(setting), abs(read_s))]


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a column: `charge_C` that its cells draw from a held bit line, `pulse_s` at half the supply, `residual_s`
    from the best line through the deck's pulses that are neither zero nor clamped and `offset_s` of that line,
    `energy_J` of the conversion, `bl_V` the farthest that the bit line was pulled, `opening_s` of the window after the
    replica was enabled.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the window or a pulse does not open or close, or too few pulses are on the line.
    """
    reads = axis_values(setting, AXES)["read_s"]
    found = tile.readings(setting, waveforms, len(reads))
    own, _ = tile.values(setting)
    opened, _ = tile.opening(setting, waveforms)
    _, offset, residual = tile.best_line(
        np.array([each.charge_C for each in found]), np.array([each.pulse_s for each in found]), own["t_max_s"]
    )
    return [
        {
            "read_s": read,
            "charge_C": each.charge_C,
            "pulse_s": each.pulse_s,
            "residual_s": float(residual[row]),
            "offset_s": offset,
            "energy_J": each.energy_J,
            "bl_V": each.bl_V,
            "opening_s": opened - tile.phases(own).enable,
        }
        for row, (read, each) in enumerate(zip(reads, found, strict=True))
    ]


TESTBENCH = Testbench(
    circuit="charge_to_pulse",
    name="transfer",
    summary="pulse width over bit-line charge, with offset, residual, clamp and energy",
    parameters=tile.ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=tile.MISMATCH,
)
