"""Bursts: the same charge from few cells for long or from many at once, and what the bit line does meanwhile."""

from __future__ import annotations

from gaincell_char.circuits import converter
from gaincell_char.circuits.charge_to_pulse import tile
from gaincell_char.circuits.converter import NUMERICS, ROWS, Group
from gaincell_char.circuits.settings import axis_values
from gaincell_char.circuits.testbench import Axis, Setting, Testbench
from gaincell_char.errors import InputError
from gaincell_char.spice.types import Deck, Waveforms

_SLOW_CELLS = 8
_SLOW_READS_S = {1: (5e-9, 13.5e-9), -1: (2e-9, 6.2e-9)}
"""Two columns of few cells, by the sign of the burst: the line that a burst is measured against."""
_LIFT_CELLS, _LIFT_READ_S = 12, 8.4e-9
"""Sinking cells that follow a burst of sources: without them the ReLU converter would show nothing of it."""
AXES = (
    Axis("cells_on", "1", (8.0, 16.0, 24.0, 32.0, 40.0, 48.0, 56.0, 64.0), True, "cells that are read, a whole number"),
    Axis(
        "cell_time_s", "s", (104e-9,), False,
        "cells times read pulse: 104 ns is about nine tenths of full scale; negative: the cells store 0 V and source, "
        f"and {_LIFT_CELLS} sinking cells follow for {_LIFT_READ_S:g} s",
    ),
    Axis("stagger", "1", (0.0,), False, "0: all pulses start together; 1: every second one ends at the end instead"),
)  # fmt: skip
COLUMNS = {"charge_C": "C", "pulse_s": "s", "shift_s": "s", "energy_J": "J", "bl_V": "V"}


def deck(setting: Setting) -> Deck:
    """A column for each number of cells and two of few cells at the end."""
    axes = axis_values(setting, AXES)
    (cell_time,), (stagger,) = axes["cell_time_s"], axes["stagger"]
    sign = 1 if cell_time > 0 else -1
    reads = [(cells, cell_time / cells if cells else 0.0) for cells in axes["cells_on"]]
    slow = [(float(_SLOW_CELLS), sign * read) for read in _SLOW_READS_S[sign]]
    columns = [_groups(cells, read, stagger, setting) for cells, read in reads] + [
        _groups(cells, read, 0.0, setting) for cells, read in slow
    ]
    return tile.deck("ReLU charge-to-pulse converter, bursts", setting, columns)


def _groups(cells_on: float, read_s: float, stagger: float, setting: Setting) -> list[Group]:
    cells, sinks = round(cells_on), read_s > 0
    rows = ROWS if sinks else ROWS - _LIFT_CELLS
    longest = tile.LONGEST_READ_S - (0.0 if sinks else _LIFT_READ_S)
    if cells != cells_on or not 1 <= cells <= rows or not converter.EDGE_S < abs(read_s) <= longest:
        raise InputError(
            f"axis cells_on: {cells_on:g} cells for {read_s:.3g} s each; expected a whole number from 1 to {rows} and "
            f"read pulses of at most {longest:g} s (cell_time_s / cells_on)"
        )
    if stagger not in ((0.0, 1.0) if sinks else (0.0,)):
        raise InputError(f"axis stagger: {stagger:g}; expected 0, or 1 where cell_time_s is positive")
    start, vdd = tile.read_start(setting), setting.vdd_V
    if not sinks:
        lift = Group(_LIFT_CELLS, vdd, start + longest, _LIFT_READ_S)
        return [Group(cells, 0.0, start, -read_s), lift]
    late = cells // 2 if stagger else 0
    end_aligned = [Group(late, vdd, start + longest - read_s, read_s)] if late else []
    return [Group(cells - late, vdd, start, read_s), *end_aligned]


def measure(setting: Setting, waveforms: Waveforms) -> list[dict[str, float]]:
    """One row a number of cells: `shift_s` of its pulse from what the same charge gives when few cells deliver it (the
    line through the two slow columns), `bl_V` the farthest that the bit line was pulled.

    Raises
    ------
    SimulationFailure
        `MEASURE_FAILED` where the window or a pulse does not open or close, or a pulse is zero or clamped.
    """
    axes = axis_values(setting, AXES)
    cells = axes["cells_on"]
    *found, low, high = read = tile.readings(setting, waveforms, len(cells) + 2)
    converter.check_measurable((each.pulse_s for each in read), tile.values(setting)[0]["t_max_s"], tile.LSB_S)
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
    version=2,
    deck=deck,
    measure=measure,
    numerics=NUMERICS,
    mismatch=tile.MISMATCH,
)
