"""Bursts: the same charge from few cells for long or from many at once, and what the bit line does meanwhile."""

from __future__ import annotations

from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import NUMERICS, ROWS, Group
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.testbench import Axis, Mismatch, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

_SLOW_CELLS = 8
_SLOW_READS_S = (5e-9, 13.5e-9)
"""Two columns of few cells, near the ends of the scale: the line that a burst is measured against."""
AXES = (
    Axis("cells_on", "1", (8.0, 16.0, 24.0, 32.0, 40.0, 48.0, 56.0, 64.0), True, "cells that are read, a whole number"),
    Axis("cell_time_s", "s", (104e-9,), False, "cells times read pulse: 104 ns is about nine tenths of full scale"),
    Axis("stagger", "1", (0.0,), False, "0: all pulses start together; 1: every second one ends at the end instead"),
)
COLUMNS = {"charge_C": "C", "pulse_s": "s", "shift_s": "s", "energy_J": "J", "bl_V": "V"}


def deck(setting: Setting) -> Deck:
    """A column for each number of cells and two of few cells at the end."""
    axes = axis_values(setting, AXES)
    (cell_time,), (stagger,) = axes["cell_time_s"], axes["stagger"]
    columns = [_groups(cells, cell_time, stagger, setting) for cells in axes["cells_on"]]
    columns += [[Group(_SLOW_CELLS, setting.vdd_V, tile.read_start(setting), read)] for read in _SLOW_READS_S]
    return tile.deck("ReLU charge-to-pulse converter, bursts", setting, columns)


def _groups(cells_on: float, cell_time_s: float, stagger: float, setting: Setting) -> list[Group]:
    cells = round(cells_on)
    read = cell_time_s / cells if cells else float("inf")
    if cells != cells_on or not 1 <= cells <= ROWS or read > tile.LONGEST_READ_S:
        raise InputError(
            f"axis cells_on: {cells_on:g} cells; expected a whole number up to {ROWS}, and at least "
            f"{cell_time_s / tile.LONGEST_READ_S:.3g} for cell_time_s = {cell_time_s:g} s"
        )
    if stagger not in (0.0, 1.0):
        raise InputError(f"axis stagger: {stagger:g}; expected 0 or 1")
    start, vdd = tile.read_start(setting), setting.vdd_V
    late = cells // 2 if stagger else 0
    end_aligned = [Group(late, vdd, start + tile.LONGEST_READ_S - read, read)] if late else []
    return [Group(cells - late, vdd, start, read), *end_aligned]


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a number of cells: `shift_s` of its pulse from what the same charge gives when few cells deliver it (the
    line through the two slow columns), `bl_V` the farthest that the bit line was pulled.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the window or a pulse does not open or close.
    """
    axes = axis_values(setting, AXES)
    cells = axes["cells_on"]
    *found, low, high = tile.readings(setting, waveforms, len(cells) + len(_SLOW_READS_S))
    slope = (high.pulse_s - low.pulse_s) / (high.charge_C - low.charge_C)
    return [
        {
            "cells_on": number,
            "cell_time_s": axes["cell_time_s"][0],
            "stagger": axes["stagger"][0],
            "charge_C": each.charge_C,
            "pulse_s": each.pulse_s,
            "shift_s": each.pulse_s - low.pulse_s - slope * (each.charge_C - low.charge_C),
            "energy_J": each.energy_J,
            "bl_V": each.bl_V,
        }
        for number, each in zip(cells, found, strict=True)
    ]


TESTBENCH = Testbench(
    circuit="charge_to_pulse",
    name="burst",
    summary="pulse error and bit-line excursion over the number of cells that are read at once",
    parameters=tile.ALL_PARAMETERS,
    axes=AXES,
    columns=COLUMNS,
    version=1,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=Mismatch(r"xc\d+", same=True),
)
